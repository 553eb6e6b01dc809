//! Calls to other members: stamps who asks, and remembers who answered when.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ids::{MemberId, RingId};
use ports::{CallError, Env, Instant, PeerTransport};
use tokio::sync::Notify;
use wire::proto::{self, peer_reply, peer_request};

/// A call that was given less says nothing about the member: it may be far away, or busy.
const PATIENCE: Duration = Duration::from_millis(500);

/// See the module.
pub struct Peers {
    ring: RingId,
    member: MemberId,
    transport: Arc<dyn PeerTransport>,
    env: Arc<dyn Env>,
    calls: Mutex<BTreeMap<MemberId, Calls>>,
    failures: Notify,
}

/// What became of the calls of one member.
#[derive(Clone, Copy, Default)]
struct Calls {
    /// When it last answered.
    answered: Option<Instant>,
    /// Whether a call had no answer since.
    failed: bool,
}

impl Peers {
    pub fn new(ring: RingId, member: MemberId, transport: Arc<dyn PeerTransport>, env: Arc<dyn Env>) -> Self {
        Self { ring, member, transport, env, calls: Mutex::default(), failures: Notify::new() }
    }

    pub fn member(&self) -> MemberId {
        self.member
    }

    pub fn ring(&self) -> &RingId {
        &self.ring
    }

    /// Sends `body` to another member and waits for its reply, at most `within`.
    pub async fn call(
        &self,
        to: MemberId,
        body: peer_request::Body,
        within: Duration,
    ) -> Result<peer_reply::Body, CallError> {
        let request = proto::PeerRequest { ring: self.ring.as_str().to_owned(), from: self.member.0, body: Some(body) };
        let began = self.env.now();
        let reply = self.transport.call(to, request, within).await;
        match &reply {
            Ok(_) => self.remember(to, None),
            Err(error) if within >= PATIENCE && self.of(to).answered.is_none_or(|at| at < began) => {
                self.remember(to, Some(error));
            }
            Err(_) => {}
        }
        // A reply without a body is one of a version that this build does not know: as good as none.
        reply?.body.ok_or(CallError::TimedOut { to, within })
    }

    /// Remembers how a call ended, and says so where it is news.
    fn remember(&self, to: MemberId, error: Option<&CallError>) {
        let now = self.env.now();
        let failed = error.is_some();
        let news = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let calls = calls.entry(to).or_default();
            if !failed {
                calls.answered = Some(now);
            }
            std::mem::replace(&mut calls.failed, failed) != failed
        };
        let here = self.member;
        match error {
            Some(error) if news => tracing::warn!(%here, %to, %error, "a member does not answer"),
            None if news => tracing::info!(%here, %to, "a member answers again"),
            _ => {}
        }
        if failed {
            self.failures.notify_waiters();
        }
    }

    fn of(&self, member: MemberId) -> Calls {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(&member).copied().unwrap_or_default()
    }

    /// How long ago the member last answered a call of ours; zero for one's own self.
    pub fn answered_ago(&self, member: MemberId) -> Option<Duration> {
        if member == self.member {
            return Some(Duration::ZERO);
        }
        self.of(member).answered.map(|at| self.env.now().since(at))
    }

    /// Whether the member answered a call of ours within the last `span`. One's own self always did.
    pub fn answered_within(&self, member: MemberId, span: Duration) -> bool {
        self.answered_ago(member).is_some_and(|ago| ago <= span)
    }

    /// Whether a call had no answer, nor any other call since it began. The member is not given up for that, but whoever can ask another
    /// does.
    pub fn silent(&self, member: MemberId) -> bool {
        self.of(member).failed
    }

    /// Waits until the member leaves a call without an answer, whoever made it.
    pub async fn falls_silent(&self, member: MemberId) {
        loop {
            let mut failure = pin!(self.failures.notified());
            failure.as_mut().enable();
            failure.await;
            if self.silent(member) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
