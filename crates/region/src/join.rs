//! A new member in the place of one that is gone for good: it asks the leaders of its groups to take it in.
//!
//! The operator says who is gone; nothing here decides that. The leader refuses while it still hears from the one that is said to be
//! gone, takes requests only from the new member itself, and only when its own configuration lists it. All of it may be repeated: what is
//! done stays done.

use std::time::Duration;

use ids::{Log, MemberId};
use ledger::group::refusal;
use ports::{BoxFuture, timeout};
use wire::proto::{self, peer_reply, peer_request, replace_reply};

use crate::region::{Inner, Region};

/// How long a leader works on one request: a new voter has to catch up first.
const REPLACE_WITHIN: Duration = Duration::from_secs(30);
/// How long the asker waits for the answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);
const AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Region {
    /// Asks until this member votes in both of its groups, in the place of `gone`. Every failed round is told to `failed`.
    pub fn join(
        &self,
        gone: MemberId,
        failed: impl Fn(&Log, String) + Send + Sync + 'static,
    ) -> BoxFuture<'static, ()> {
        let region = self.clone();
        Box::pin(async move {
            let inner = &region.inner;
            for log in [Log::Global, Log::Region(inner.ledger.config().region.clone())] {
                while !inner.votes(&log) {
                    if let Err(why) = inner.ask_to_be_taken_in(&log, gone).await {
                        failed(&log, why);
                    }
                    inner.env.sleep(AGAIN_AFTER).await;
                }
            }
        })
    }
}

impl Inner {
    /// As far as this member knows, every voter set holds it.
    fn votes(&self, log: &Log) -> bool {
        let voters = self.ledger.group(log).map(|group| group.voters()).unwrap_or_default();
        !voters.is_empty() && voters.iter().all(|set| set.contains(&self.member()))
    }

    /// One round: the members of the log's group, and whomever they name as the leader.
    async fn ask_to_be_taken_in(&self, log: &Log, gone: MemberId) -> Result<(), String> {
        let mut candidates = self.registry.topology().home_of(log);
        candidates.retain(|member| *member != self.member() && *member != gone);
        let mut why = "the configuration lists no other member of its group".to_owned();
        let mut asked = Vec::new();
        while let Some(to) = candidates.pop() {
            if asked.contains(&to) {
                continue;
            }
            asked.push(to);
            let request = proto::ReplaceRequest { log: log.to_string(), gone: gone.0, new: self.member().0 };
            let reply = self.ledger.peers().call(to, peer_request::Body::Replace(request), ANSWER_WITHIN).await;
            why = match reply {
                Ok(peer_reply::Body::Replace(proto::ReplaceReply { body: Some(replace_reply::Body::Done(_)) })) => {
                    return Ok(());
                }
                Ok(peer_reply::Body::Replace(proto::ReplaceReply {
                    body: Some(replace_reply::Body::NotLeader(other)),
                })) => {
                    candidates.extend((other.leader != 0).then_some(MemberId(other.leader)));
                    format!("{to} does not lead it")
                }
                Ok(peer_reply::Body::Replace(proto::ReplaceReply {
                    body: Some(replace_reply::Body::Unavailable(why)),
                })) => {
                    format!("{to} refused: {}", why.message)
                }
                Ok(peer_reply::Body::Refusal(why)) => format!("{to} refused: {}", why.message),
                Ok(_) => format!("{to} gave another answer"),
                Err(error) => error.to_string(),
            };
        }
        Err(why)
    }

    /// Takes a member in, if this one leads.
    pub(crate) async fn serve_replace(&self, from: MemberId, request: &proto::ReplaceRequest) -> peer_reply::Body {
        let (gone, new) = (MemberId(request.gone), MemberId(request.new));
        let Ok(log) = request.log.parse::<Log>() else {
            return refusal(
                "NOT_SERVED",
                format!("read the log {:?} of a request: wanted global or region/NAME", request.log),
            );
        };
        let unavailable = |reason: &str, message: String| {
            replace_reply::Body::Unavailable(proto::Unavailable { reason: reason.to_owned(), message })
        };
        let body = match self.ledger.group(&log) {
            Some(group) if group.is_leader() => {
                let listed = self.registry.topology().home_of(&log).contains(&new);
                if from != new {
                    unavailable("OTHER_MEMBER", format!("asked by {from} to take {new} in: wanted {new} to ask itself"))
                } else if !listed {
                    unavailable(
                        "NOT_LISTED",
                        format!("asked to take {new} in: the configuration of {} does not list it", self.member()),
                    )
                } else if gone == self.member() || self.reachable(gone) {
                    unavailable(
                        "STILL_THERE",
                        format!("asked to replace {gone} by {new}: {gone} still answers, wanted one that is gone"),
                    )
                } else {
                    match timeout(self.env.as_ref(), REPLACE_WITHIN, group.replace(gone, new)).await {
                        Some(Ok(())) => replace_reply::Body::Done(proto::Replaced {}),
                        Some(Err(error)) => unavailable("NOT_REPLACED", error.to_string()),
                        None => unavailable(
                            "NOT_REPLACED",
                            format!("{new} did not catch up in time: asked again it goes on"),
                        ),
                    }
                }
            }
            Some(group) => {
                replace_reply::Body::NotLeader(proto::NotLeader { leader: group.leader().map_or(0, |leader| leader.0) })
            }
            None => unavailable("NOT_SERVED", format!("asked {} about {log}: it does not vote in it", self.member())),
        };
        peer_reply::Body::Replace(proto::ReplaceReply { body: Some(body) })
    }
}
