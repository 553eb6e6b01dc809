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
    contacts: Mutex<BTreeMap<MemberId, Contact>>,
}

/// What the last calls to a member came to.
#[derive(Clone, Copy, Debug, Default)]
struct Contact {
    answered: Option<Instant>,
    failed: Option<Instant>,
}

impl Peers {
    pub fn new(ring: RingId, member: MemberId, transport: Arc<dyn PeerTransport>, env: Arc<dyn Env>) -> Self {
        Self { ring, member, transport, env, contacts: Mutex::default() }
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
        let request =
            proto::PeerRequest { ring: self.ring.as_str().to_owned(), from: self.member.0, body: Some(body) };
        let reply = self.transport.call(to, request, within).await;
        self.note(to, reply.is_ok());
        // A reply without a body is one of a version that this build does not know: as good as none.
        reply?.body.ok_or(CallError::TimedOut { to, within })
    }

    fn note(&self, member: MemberId, answered: bool) {
        let now = self.env.now();
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        let contact = contacts.entry(member).or_default();
        let time = if answered { &mut contact.answered } else { &mut contact.failed };
        *time = Some(now);
    }

    fn contact(&self, member: MemberId) -> Contact {
        let contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        contacts.get(&member).copied().unwrap_or_default()
    }

    /// Whether the member answered a call of ours within the last `span`. One's own self always did.
    pub fn answered_within(&self, member: MemberId, span: Duration) -> bool {
        let now = self.env.now();
        member == self.member || self.contact(member).answered.is_some_and(|at| now.since(at) <= span)
    }

    /// Whether the last call to the member failed, less than `span` ago, and none was answered since.
    pub fn failing(&self, member: MemberId, span: Duration) -> bool {
        let contact = self.contact(member);
        let recent = contact.failed.is_some_and(|at| self.env.now().since(at) <= span);
        recent && contact.failed >= contact.answered
    }
}
