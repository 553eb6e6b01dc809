//! Keeping clusters as they are wished: this region's log as reconciling needs it ([`reconcile::Book`]).
//!
//! ```text
//!   Cluster (wish, basis) ─┐
//!   edition of the catalogue ─┼─ planner ─▶ Desired ─┐
//!   ClusterStatus ──────────── Held ─────────────────┼─▶ Case ─▶ reconcile ─▶ Entry ─▶ Progress ─▶ this region's leader
//! ```
//!
//! Only the leader of the region's own group keeps its clusters. What is read may be behind what is committed; each record is guarded by
//! the revision that it rests on, so nothing that rests on something older gets in.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    Basis, Cluster, ClusterStatus, Entity, SharedVpc, Tenancy, View,
    catalog::Catalog,
    command::Progress,
    progress::{self, Kept},
};
use futures_util::future::FutureExt;
use ids::{Hlc, Log, ProjectName, RegionId, RequestId, Revision, Seq, Subject};
use invariants::Observation;
use ledger::{LogState, Verdict, group::Group};
use planner::{
    Settler, Undecided,
    plan::{Desired, Held, Part, Status},
};
use ports::{BoxFuture, Cloud};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use reconcile::{Book, Case, Entry, Keys, Named, NotRecorded, Shared};
use wire::{command::Submission, entity::decode_entity};

use crate::{
    decided::{Decided, Given},
    freshness::CONFIRM_WITHIN,
    region::{Inner, Region},
};

/// How long one record may take.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(5);
/// What is decided of a cluster may change from one day to the next: support of versions ends.
const DAY_MS: u64 = 86_400_000;

/// What a region with a cloud has besides.
#[derive(Clone)]
pub struct Keeping {
    pub cloud: Arc<dyn Cloud>,
    /// The one that the region's decisions are made with.
    pub settler: Arc<Settler>,
    pub options: reconcile::Options,
}

impl Region {
    /// Keeps the region's clusters while this member leads its group.
    pub(crate) fn spawn_keeping(&self, keeping: Keeping) {
        let (inner, env) = (Arc::clone(&self.inner), Arc::clone(&self.inner.env));
        let book = Arc::new(RegionBook::new(inner, keeping.settler));
        let engine = reconcile::Engine::new(Arc::clone(&env), keeping.cloud, book, keeping.options);
        // The task holds it and nobody else: what it holds of the region is let go when the task ends.
        let kept = Arc::downgrade(&engine);
        env.tasks().spawn(engine.run());
        // There is one start of a member.
        let _ = self.inner.keeper.set(kept);
    }
}

#[derive(Clone)]
struct RegionBook {
    inner: Arc<Inner>,
    settler: Arc<Settler>,
    region: RegionId,
    log: Log,
    /// The state from which changes were told last.
    told: Arc<Mutex<LogState>>,
    decided: Arc<Mutex<Decided>>,
    rng: Arc<Mutex<SmallRng>>,
}

impl RegionBook {
    fn new(inner: Arc<Inner>, settler: Arc<Settler>) -> Self {
        let region = inner.ledger.config().region.clone();
        let log = Log::Region(region.clone());
        let rng = SmallRng::seed_from_u64(inner.env.seed("keep"));
        let told = Arc::new(Mutex::new(LogState::new(log.clone())));
        Self { inner, settler, region, log, told, decided: Arc::default(), rng: Arc::new(Mutex::new(rng)) }
    }

    fn group(&self) -> Option<&Arc<Group>> {
        self.inner.ledger.group(&self.log)
    }

    fn states(&self) -> Result<(LogState, LogState), String> {
        let missing = |log: &Log| format!("read {log}: it is not in service here");
        let own = self.group().ok_or_else(|| missing(&self.log))?.cell().state();
        let global = self.inner.ledger.copy(&Log::Global).ok_or_else(|| missing(&Log::Global))?.cell.state();
        Ok((own, global))
    }

    fn now(&self) -> Hlc {
        Hlc::at_unix_ms(self.inner.env.wall_ms())
    }

    /// The keys whose rows are among these.
    fn keys_of<'a>(&self, rows: impl Iterator<Item = (&'a Subject, &'a ledger::state::Row)>) -> Vec<Named> {
        let wishes = rows.filter(|(subject, _)| is_wish(subject));
        wishes.filter_map(|(_, row)| self.named(decode_entity(&row.value).ok()?)).collect()
    }

    fn named(&self, entity: Entity) -> Option<Named> {
        match entity {
            // Without a basis it was made while the region had no cloud: nothing is kept.
            Entity::Cluster(row) => {
                let account = row.basis.as_ref()?.account;
                Some(Named { key: Kept::Cluster(row.name), uid: row.uid, account })
            }
            Entity::SharedVpc(row) => Some(self.named_vpc(&row)),
            _of_another_kind => None,
        }
    }

    fn named_vpc(&self, row: &SharedVpc) -> Named {
        let (project, location) = (row.project.clone(), self.region.clone());
        Named { key: Kept::SharedVpc { project, location, vpc: row.vpc }, uid: row.uid, account: row.account }
    }

    fn cluster(&self, own: &dyn View, global: &dyn View, row: Cluster) -> Result<Option<Case>, String> {
        let Some(basis) = &row.basis else { return Ok(None) };
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let now = self.now();
        let catalog = self.settler.catalog_after(global, &self.region, now, &basis.edition);
        let catalog = catalog.map_err(|error| told(&error))?;
        let catalog =
            catalog.ok_or("decided what a cluster becomes: its edition of the catalogue is not known here")?;
        let desired = self.desired(global, &row, basis, catalog, now).map_err(|error| told(&error))?;
        let shared = match basis.network.tenancy {
            Tenancy::Dedicated => None,
            Tenancy::Shared => Some(self.shared(own, &row.name.project, basis.network.vpc)?),
        };
        let named = Named { key: Kept::Cluster(row.name), uid: row.uid, account: basis.account };
        case(own, named, desired, shared).map(Some)
    }

    fn desired(
        &self,
        global: &dyn View,
        row: &Cluster,
        basis: &Basis,
        catalog: Arc<Catalog>,
        now: Hlc,
    ) -> Result<Arc<Desired>, Undecided> {
        let (day, wish) = (now.unix_ms() / DAY_MS, row.wish_at(now));
        let policies = planner::policies(global, &row.name.project)?;
        let given = Given { row: row.clone(), edition: catalog.edition.clone(), day, wish, policies };
        let decided = || self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desired) = decided().get(&given) {
            return Ok(desired);
        }
        let (catalog, blueprint) = self.settler.blueprint(global, row, basis, catalog, now)?;
        let workers = u16::try_from(blueprint.workers.initial).unwrap_or(u16::MAX);
        let desired = Arc::new(Desired::cluster(&blueprint, &catalog, workers, wish));
        decided().keep(given, &desired);
        Ok(desired)
    }

    fn shared(&self, own: &dyn View, project: &ProjectName, vpc: domain::Cidr) -> Result<Shared, String> {
        let kept = Kept::SharedVpc { project: project.clone(), location: self.region.clone(), vpc };
        let status = own.row::<ClusterStatus>(&kept.status()).map_err(|error| error.to_string())?;
        let id = |part: &Part| status.as_ref().and_then(|(_, row)| Some(row.held.parts.get(part)?.id.clone()));
        Ok(Shared { vpc: id(&Part::Vpc), gateway: id(&Part::InternetGateway) })
    }

    fn vpc(&self, own: &dyn View, row: &SharedVpc) -> Result<Case, String> {
        let users = progress::users(own, row).map_err(|error| error.to_string())?;
        let wish = if users == 0 { domain::Wish::Delete } else { domain::Wish::Run };
        case(own, self.named_vpc(row), Arc::new(Desired::network(row.vpc, wish, users)), None)
    }

    fn submission(&self, command: Progress) -> Submission {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Submission {
            request_id: RequestId(rng.random()),
            actor: format!("region:{}", self.region),
            command: command.into(),
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        }
    }
}

/// With what the log holds of it.
fn case(own: &dyn View, named: Named, desired: Arc<Desired>, shared: Option<Shared>) -> Result<Case, String> {
    let row = own.row::<ClusterStatus>(&named.key.status()).map_err(|error| error.to_string())?;
    let revision = row.as_ref().map_or(Revision::ABSENT, |(revision, _)| *revision);
    // What is held of an earlier one of the name is not its.
    let row = row.map(|(_, row)| row).filter(|row| row.uid == named.uid);
    let (held, status): (Held, Option<Status>) = match row {
        Some(row) => (row.held, Some(row.status)),
        None => (Held::nothing(), None),
    };
    Ok(Case { named, desired, held, status, revision, shared })
}

/// Rows that say what is wished, by their names alone.
fn is_wish(subject: &Subject) -> bool {
    let text = subject.as_str();
    text.contains("#vpcs/") || (text.contains("/clusters/") && !text.contains('#'))
}

impl Book for RegionBook {
    fn leading(&self) -> Option<u64> {
        let group = self.group()?;
        (group.is_leader() && !self.inner.admission.closing()).then(|| group.term())
    }

    fn keys(&self) -> Keys {
        let Ok((own, _)) = self.states() else { return Keys::default() };
        let keys = Keys { until: own.seq, keys: self.keys_of(own.rows()) };
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = own;
        keys
    }

    fn changed(&self, since: Seq) -> BoxFuture<'static, Keys> {
        let Some(group) = self.group().cloned() else { return futures_util::future::pending().boxed() };
        let this = self.clone();
        async move {
            let (mut since, mut before) = (since, this.told.lock().unwrap_or_else(PoisonError::into_inner).clone());
            loop {
                group.cell().reached(since.next()).await;
                let own = group.cell().state();
                let keys = match before.seq == since {
                    true => this.keys_of(own.changed_since(&before)),
                    false => this.keys_of(own.rows()),
                };
                if !keys.is_empty() {
                    let until = own.seq;
                    *this.told.lock().unwrap_or_else(PoisonError::into_inner) = own;
                    return Keys { until, keys };
                }
                (since, before) = (own.seq, own);
            }
        }
        .boxed()
    }

    fn case(&self, key: &Kept) -> Result<Option<Case>, String> {
        let (own, global) = self.states()?;
        let subject = key.subject();
        let told = |error: domain::ViewError| error.to_string();
        match key {
            Kept::Cluster(_) => {
                let row = (&own as &dyn View).row::<Cluster>(&subject).map_err(told)?;
                row.map_or(Ok(None), |(_, row)| self.cluster(&own, &global, row))
            }
            Kept::SharedVpc { .. } => {
                let row = (&own as &dyn View).row::<SharedVpc>(&subject).map_err(told)?;
                row.map(|(_, row)| self.vpc(&own, &row)).transpose()
            }
        }
    }

    fn record(&self, of: &Named, seen: Revision, entry: Entry) -> BoxFuture<'static, Result<Revision, NotRecorded>> {
        let Entry { held, status, edges, deeds, waited } = entry;
        let (of, uid) = (of.key.clone(), of.uid);
        let submission = self.submission(Progress { of, uid, seen, held, status, deeds, edges, waited });
        let inner = Arc::clone(&self.inner);
        async move {
            let verdict = inner.submit(&submission, WITHIN).await;
            match verdict {
                Verdict::Done { seq, .. } => Ok(Revision::from(seq)),
                Verdict::Rejected { reason, .. } if reason == "ETAG_MISMATCH" => Err(NotRecorded::Conflict),
                Verdict::Rejected { message, .. } => Err(NotRecorded::Refused(message)),
                Verdict::NotLeader { .. } | Verdict::Unavailable { .. } => Err(NotRecorded::NotLeading),
                Verdict::Unsettled { message } => Err(NotRecorded::Unsettled(message)),
            }
        }
        .boxed()
    }

    /// A majority of the region's members says that this one leads, hence that nobody has taken the log over from them.
    fn fence(&self) -> BoxFuture<'static, Result<(), String>> {
        let (group, inner, log) = (self.group().cloned(), Arc::clone(&self.inner), self.log.clone());
        async move {
            let group = group.ok_or("proved the fence: the region's log is not in service here")?;
            let confirmed = group.confirmed(CONFIRM_WITHIN).await;
            confirmed.map_err(|_| "proved the fence: no majority of the region answered".to_owned())?;
            inner.env.observe(&|| Observation::Fenced { member: inner.member(), log: log.clone() });
            Ok(())
        }
        .boxed()
    }
}
