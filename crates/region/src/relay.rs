//! The hop in between: passes a question on to a member that its sender cannot reach.
//!
//! At most one relay: what came over a relay is not passed on again, so questions cannot wander in circles while links flap.

use std::time::Duration;

use ids::MemberId;
use ledger::{Canary, Verdict};
use ports::{CallError, trace::tracing::Instrument, trace_span};
use wire::proto::{self, head_reply, peer_reply, peer_request};

use crate::{admission::NotAdmitted, freshness::CONFIRM_WITHIN, region::Inner};

/// How long the way back to the asker may take.
const WAY_BACK: Duration = Duration::from_millis(150);

/// What can be relayed.
#[expect(clippy::large_enum_variant, reason = "there is one of each question on its way, and it is moved once")]
pub enum Relayed {
    Submit(proto::SubmitRequest),
    Head(proto::HeadRequest),
}

impl Relayed {
    /// The member that it is meant for; 0 is whoever receives it.
    pub(crate) fn to(&self) -> u64 {
        match self {
            Self::Submit(request) => request.to,
            Self::Head(request) => request.to,
        }
    }

    /// The trace context of the request; questions carry none.
    fn traceparent(&self) -> &str {
        match self {
            Self::Submit(request) => request.submission.as_ref().map_or("", |submission| &submission.traceparent),
            Self::Head(_) => "",
        }
    }

    fn via(&self) -> &[u64] {
        match self {
            Self::Submit(request) => &request.via,
            Self::Head(request) => &request.via,
        }
    }

    fn passed_by(&self, relay: MemberId, to: Option<MemberId>) -> peer_request::Body {
        let to = to.map_or(0, |member| member.0);
        match self {
            Self::Submit(request) => {
                let mut request = proto::SubmitRequest { to, ..request.clone() };
                request.via.push(relay.0);
                peer_request::Body::Submit(request)
            }
            Self::Head(request) => {
                let mut request = proto::HeadRequest { to, ..request.clone() };
                request.via.push(relay.0);
                peer_request::Body::Head(request)
            }
        }
    }

    fn within(&self) -> Duration {
        match self {
            Self::Submit(request) => Duration::from_millis(u64::from(request.within_ms)),
            Self::Head(_) => CONFIRM_WITHIN,
        }
    }

    /// Certainly not passed on.
    pub(crate) fn not_done(&self, reason: &str, message: String) -> peer_reply::Body {
        match self {
            Self::Submit(_) => peer_reply::Body::Submit(Verdict::unavailable(reason, message).into_proto()),
            Self::Head(_) => {
                let why = proto::Unavailable { reason: reason.to_owned(), message };
                peer_reply::Body::Head(proto::HeadReply { body: Some(head_reply::Body::Unavailable(why)) })
            }
        }
    }

    /// Passed on, and no answer came back.
    fn maybe(&self, message: String) -> peer_reply::Body {
        match self {
            Self::Submit(_) => peer_reply::Body::Submit(Verdict::Unsettled { message }.into_proto()),
            Self::Head(_) => self.not_done("NO_ANSWER", message),
        }
    }
}

impl Inner {
    /// Passes a question on to `to` and its answer back.
    pub(crate) async fn relay(&self, relayed: Relayed, to: MemberId) -> peer_reply::Body {
        let once_more = self.ledger.config().canary.is(Canary::RelayTwice);
        if !relayed.via().is_empty() && !once_more {
            let message = format!("passed a question on to {to}: it came over a relay already, at most one is allowed");
            return relayed.not_done("RELAYED_ALREADY", message);
        }
        if self.admission.closed() {
            let why = NotAdmitted::shutting_down();
            return relayed.not_done(why.reason, why.message);
        }
        let peers = self.ledger.peers();
        // Its own answer must be back before the asker takes this member for silent.
        let within = relayed.within().saturating_sub(WAY_BACK);
        if once_more
            && relayed.via().is_empty()
            && let Some(other) = self.another_relay(to)
        {
            // The bug: hands it to another relay instead of its target.
            let body = relayed.passed_by(self.member(), Some(to));
            return self.answer(&relayed, peers.call(other, body, within).await);
        }
        if !self.reachable(to) {
            let message = format!(
                "passed a question on to {to}: it did not answer {} for {} ms",
                self.member(),
                self.reachable_within().as_millis()
            );
            return relayed.not_done("HOME_UNREACHABLE", message);
        }
        let span = trace_span!("region.relay", relayed.traceparent(), member = %self.member(), to = %to);
        let body = relayed.passed_by(self.member(), None);
        self.answer(&relayed, peers.call(to, body, within).instrument(span).await)
    }

    fn answer(&self, relayed: &Relayed, reply: Result<peer_reply::Body, CallError>) -> peer_reply::Body {
        match reply {
            Ok(body) => body,
            Err(error @ CallError::Unreachable { .. }) => relayed.not_done("HOME_UNREACHABLE", error.to_string()),
            Err(error @ CallError::TimedOut { .. }) => relayed.maybe(error.to_string()),
        }
    }

    fn another_relay(&self, to: MemberId) -> Option<MemberId> {
        let topology = self.registry.topology();
        topology.members().find(|member| *member != to && *member != self.member() && self.reachable(*member))
    }
}
