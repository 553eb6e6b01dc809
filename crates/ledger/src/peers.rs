//! Calls to other members: stamps who asks, and remembers who answered when.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ids::{MemberId, RingId};
use ports::{CallError, Env, Instant, PeerTransport};
use wire::proto::{self, peer_reply, peer_request};

/// See the module.
pub struct Peers {
    ring: RingId,
    member: MemberId,
    transport: Arc<dyn PeerTransport>,
    env: Arc<dyn Env>,
    /// When each member last answered.
    answered: Mutex<BTreeMap<MemberId, Instant>>,
}

impl Peers {
    pub fn new(ring: RingId, member: MemberId, transport: Arc<dyn PeerTransport>, env: Arc<dyn Env>) -> Self {
        Self { ring, member, transport, env, answered: Mutex::default() }
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
        let reply = self.transport.call(to, request, within).await;
        if reply.is_ok() {
            let now = self.env.now();
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(to, now);
        }
        // A reply without a body is one of a version that this build does not know: as good as none.
        reply?.body.ok_or(CallError::TimedOut { to, within })
    }

    /// How long ago the member last answered a call of ours; zero for one's own self.
    pub fn answered_ago(&self, member: MemberId) -> Option<Duration> {
        let now = self.env.now();
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if member == self.member { Some(Duration::ZERO) } else { answered.get(&member).map(|at| now.since(*at)) }
    }

    /// Whether the member answered a call of ours within the last `span`. One's own self always did.
    pub fn answered_within(&self, member: MemberId, span: Duration) -> bool {
        let now = self.env.now();
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        member == self.member || answered.get(&member).is_some_and(|at| now.since(*at) <= span)
    }
}
