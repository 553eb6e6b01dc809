//! The exchange of heads: asks every other member where it stands, and compares copies that stand at the same place.

use std::{sync::Arc, time::Duration};

use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use wire::proto::{self, peer_reply, peer_request};

use super::Ledger;
use crate::heads::Head;

/// How long an exchange of heads may take.
const HEADS_WITHIN: Duration = Duration::from_millis(900);

impl Ledger {
    /// Whether another member was heard of whose copy of the log holds `seq`.
    pub fn held_elsewhere(&self, log: &Log, seq: Seq) -> bool {
        let topology = self.ports.registry.topology();
        topology.members().any(|member| self.heads.of(log, member).is_some_and(|head| head.seq >= seq))
    }

    pub(super) fn spawn_heads(self: &Arc<Self>) {
        let ledger = Arc::clone(self);
        self.ports.env.tasks().spawn(async move { ledger.exchange_heads().await });
    }

    /// Once a round, asks every other member where it stands. Each exchange is a task of its own: a silent member holds up nobody.
    async fn exchange_heads(self: Arc<Self>) {
        let mut rng = SmallRng::seed_from_u64(self.ports.env.seed("heads"));
        loop {
            self.snapshots_out.expire(self.ports.env.as_ref());
            for member in self.ports.registry.topology().members() {
                if member != self.config.member {
                    let ledger = Arc::clone(&self);
                    self.ports.env.tasks().spawn(async move { ledger.exchange_with(member).await });
                }
            }
            let ms = u64::try_from(self.config.timing.round.as_millis()).unwrap_or(u64::MAX);
            self.ports.env.sleep(Duration::from_millis(rng.random_range(ms * 8 / 10..=ms * 12 / 10))).await;
        }
    }

    async fn exchange_with(&self, member: MemberId) {
        let request = proto::HeadsRequest { heads: self.heads_out() };
        if let Ok(peer_reply::Body::Heads(reply)) =
            self.peers.call(member, peer_request::Body::Heads(request), HEADS_WITHIN).await
        {
            self.take_heads(member, &reply.heads);
        }
    }

    pub(super) fn heads_out(&self) -> Vec<proto::Head> {
        let logs = self.groups.keys().chain(self.replicas.keys());
        logs.filter_map(|log| self.copy(log)).map(|copy| copy.head().to_proto()).collect()
    }

    /// Remembers where another member stands, and compares digests where both stand at the same place.
    pub(super) fn take_heads(&self, member: MemberId, heads: &[proto::Head]) {
        let topology = self.ports.registry.topology();
        if topology.region_of(member).is_none() {
            return;
        }
        for head in self.heads.take(member, heads, &topology.logs().collect()) {
            let Some(copy) = self.copy(&head.log) else { continue };
            let Some((hash, digest)) = copy.cell.head_at(head.seq) else { continue };
            if copy.cell.state().incarnation == head.incarnation && (hash, digest) != (head.hash, head.state_digest) {
                self.differs(member, &head);
            }
        }
    }

    fn differs(&self, member: MemberId, head: &Head) {
        let (here, there) = (self.config.member, member);
        tracing::error!(%here, %there, log = %head.log, seq = %head.seq, "two copies of a log differ");
        if let Some(replica) = self.replicas.get(&head.log).filter(|_| head.voter) {
            let why = format!("its state differs from that of {member} of the log's own group at {}", head.seq);
            let home = self.ports.registry.topology().home_of(&head.log).len();
            replica.accuse(there, home / 2 + 1, QuarantineCause::Digest, why);
        } else if head.voter && self.groups.contains_key(&head.log) {
            let (log, seq) = (&head.log, head.seq);
            self.ports.env.observe(&|| Observation::CopiesDiffer { member: here, other: there, log: log.clone(), seq });
        }
    }
}
