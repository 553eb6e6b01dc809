//! One member of one region, whole.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use ids::{Log, MemberId, Seq};
use ledger::{Config, Feed, Ledger, Ports, StartError, group::refusal};
use ports::{BoxFuture, Env, Instant, PeerService, Registry};
use wire::proto::{self, PeerReply, PeerRequest, peer_reply, peer_request};

use crate::{
    admission::{Admission, Asker},
    freshness::Freshness,
    keep::Keeping,
    policies::Policies,
    relay::Relayed,
    trial,
};

/// A running member. Cheap to clone; it ends with the task scope of its environment.
#[derive(Clone)]
pub struct Region {
    pub(crate) inner: Arc<Inner>,
}

/// What the parts of a region share.
pub struct Inner {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) freshness: Freshness,
    pub(crate) started: Instant,
    pub(crate) admission: Admission,
    /// Leaders of other regions' logs, as far as they told.
    leaders: Mutex<BTreeMap<Log, MemberId>>,
    pub(crate) policies: Mutex<Policies>,
    /// What keeps the region's clusters; none in a region without a cloud.
    pub(crate) keeper: OnceLock<Weak<reconcile::Engine>>,
}

impl Region {
    /// Starts a member over the given ports. With `form`, groups that were never formed are formed. Without `keeping` the region has no
    /// cloud: clusters in it are wishes and nothing else.
    pub async fn start(
        config: Config,
        mut ports: Ports,
        keeping: Option<Keeping>,
        form: bool,
    ) -> Result<Self, StartError> {
        if let Some(keeping) = &keeping {
            ports.planner = Some(Arc::clone(&keeping.settler) as _);
        }
        let (env, registry) = (Arc::clone(&ports.env), Arc::clone(&ports.registry));
        let freshness = Freshness::new(Arc::clone(&env), config.canary);
        let ledger = Ledger::start(config, ports, form, trial::rule).await?;
        let started = env.now();
        let (admission, leaders, policies, keeper) = Default::default();
        let inner = Inner { ledger, env, registry, freshness, started, admission, leaders, policies, keeper };
        let region = Self { inner: Arc::new(inner) };
        region.spawn_probes();
        region.spawn_drains();
        region.spawn_claims();
        region.spawn_quotas();
        if let Some(keeping) = keeping {
            region.spawn_keeping(keeping);
        }
        Ok(region)
    }

    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.inner.ledger
    }

    /// What keeps the region's clusters; none in a region without a cloud.
    pub fn keeper(&self) -> Option<Arc<reconcile::Engine>> {
        self.inner.keeper.get()?.upgrade()
    }

    /// Watches a log from a place on; `None` when no copy of it is in service here.
    pub fn watch(&self, log: &Log, after: Seq) -> Option<Feed> {
        self.inner.ledger.watch(log, after)
    }
}

impl Inner {
    pub(crate) fn member(&self) -> MemberId {
        self.ledger.config().member
    }

    pub(crate) fn remembered_leader(&self, log: &Log) -> Option<MemberId> {
        self.leaders.lock().unwrap_or_else(PoisonError::into_inner).get(log).copied()
    }

    pub(crate) fn remember_leader(&self, log: &Log, leader: Option<MemberId>) {
        let mut leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
        match leader {
            Some(leader) => leaders.insert(log.clone(), leader),
            None => leaders.remove(log),
        };
    }

    pub(crate) fn forget_leader_at(&self, member: MemberId) {
        self.leaders.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, leader| *leader != member);
    }

    async fn serve(&self, request: PeerRequest) -> peer_reply::Body {
        let ring = self.ledger.peers().ring();
        if request.ring != ring.as_str() {
            let message =
                format!("called {ring} as a member of the ring {:?}: members of {ring} are served", request.ring);
            return refusal("OTHER_RING", message);
        }
        let from = MemberId(request.from);
        match request.body {
            None => refusal("EMPTY", "read a request without a body: wanted one that this build knows"),
            Some(peer_request::Body::Submit(submit)) => self.serve_relayable(Relayed::Submit(submit)).await,
            Some(peer_request::Body::Replace(replace)) => self.serve_replace(from, &replace).await,
            Some(peer_request::Body::Head(head)) => self.serve_relayable(Relayed::Head(head)).await,
            Some(body) => self.ledger.serve(from, body).await,
        }
    }

    /// Answers what may also be meant for another member, while there is room for it.
    async fn serve_relayable(&self, question: Relayed) -> peer_reply::Body {
        let _admitted = match self.admission.admit(Asker::Member) {
            Ok(admitted) => admitted,
            Err(why) => return question.not_done(why.reason, why.message),
        };
        match (self.other_target(question.to()), question) {
            (Some(to), question) => self.relay(question, to).await,
            (None, Relayed::Submit(submit)) => peer_reply::Body::Submit(self.serve_submit(submit).await),
            (None, Relayed::Head(head)) => peer_reply::Body::Head(self.serve_head(&head).await),
        }
    }

    fn other_target(&self, to: u64) -> Option<MemberId> {
        (to != 0 && to != self.member().0).then_some(MemberId(to))
    }
}

impl PeerService for Region {
    fn serve(&self, request: PeerRequest) -> BoxFuture<'static, PeerReply> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { proto::PeerReply { body: Some(inner.serve(request).await) } })
    }
}
