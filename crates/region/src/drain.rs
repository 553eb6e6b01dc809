//! What a region owes the global log: to be in its registry, and to say when it holds no cluster of a project that is being deleted.
//!
//! One worker per member; it acts only while its member leads the region's group. It is level-triggered: what is to be done follows from
//! the two states alone, so it may be interrupted anywhere, run twice, or start anew at another member. A wish is sent under a request
//! id that is derived from what it is about, so two leaders in a row send one and the same request. Where nothing is to be done nothing is
//! sent; what did not succeed is tried again after a while that doubles.
//!
//! **Not promised:** that a region holds no cluster of a project *after* it said so. The acknowledgement rests on a confirmed state in
//! which there is none, and on this copy of the global log, in which the project is DELETING. A create that was decided before that,
//! here or by an earlier leader whose copy was behind, may still be on its way and be committed after the look. Only a row in the
//! region's own log that creates guard on, and that is written before the acknowledgement, closes that gap; there is none yet.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{
    Command, Entity, State, View,
    command::{AcknowledgeDrain, RegisterRegion},
    sets,
};
use futures_util::future::{FutureExt, join_all, pending, select};
use ids::{Log, ProjectName, RegionId, RequestId, Revision, Subject};
use ledger::{LogState, Verdict, group::Group};
use ports::timeout;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sha2::{Digest, Sha256};
use wire::{command::Submission, entity::decode_entity};

use crate::{
    freshness::CONFIRM_WITHIN,
    region::{Inner, Region},
};

/// Between two looks, when neither state changes: how soon a new leader begins.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks, at least, however fast the states change.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one wish may take.
const WITHIN: Duration = Duration::from_secs(5);
/// After a wish that was not granted, at first and at most.
const AGAIN_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Wishes under way at once.
const AT_ONCE: usize = 16;

/// What the worker remembers between two looks; all of it can be lost.
struct Drains {
    region: RegionId,
    rng: SmallRng,
    /// The term in which this member led when it looked last: another one begins anew.
    term: Option<u64>,
    /// The global log as it was looked at last in this term.
    looked: LogState,
    /// Projects that were seen to wait for this region.
    waiting: BTreeSet<ProjectName>,
    again_after: Duration,
}

impl Region {
    pub(crate) fn spawn_drains(&self) {
        let inner = Arc::clone(&self.inner);
        self.inner.env.tasks().spawn(async move { inner.drain().await });
    }
}

impl Inner {
    async fn drain(&self) {
        let region = self.ledger.config().region.clone();
        let own = Log::Region(region.clone());
        let (Some(global), Some(own)) = (self.ledger.group(&Log::Global), self.ledger.group(&own)) else { return };
        let rng = SmallRng::seed_from_u64(self.env.seed("drain"));
        let (looked, waiting) = (LogState::new(Log::Global), BTreeSet::new());
        let mut drains = Drains { region, rng, term: None, looked, waiting, again_after: AGAIN_AFTER.0 };
        loop {
            let (global_seen, own_seen) = (global.cell().seq(), own.cell().seq());
            let all = self.look(&mut drains, global, own).await;
            let pause = if all { PAUSE } else { drains.again_after };
            drains.again_after = if all { AGAIN_AFTER.0 } else { (drains.again_after * 2).min(AGAIN_AFTER.1) };
            self.env.sleep(jittered(&mut drains.rng, pause)).await;
            let global_changes = Box::pin(global.cell().reached(global_seen.next()));
            // What the region does matters only while somebody waits for it.
            let own_changes = match drains.waiting.is_empty() {
                true => pending().boxed(),
                false => own.cell().reached(own_seen.next()).boxed(),
            };
            let change = select(global_changes, own_changes);
            let _ = timeout(self.env.as_ref(), jittered(&mut drains.rng, LOOK_EVERY), change).await;
        }
    }

    /// Does what is to be done, if this member leads its region's group. `false`: something was not granted.
    async fn look(&self, drains: &mut Drains, global: &Group, own: &Group) -> bool {
        let term = own.is_leader().then(|| own.term());
        if term != drains.term {
            (drains.term, drains.looked) = (term, LogState::new(Log::Global));
            drains.waiting.clear();
        }
        if term.is_none() || self.admission.closing() {
            return true;
        }
        let state = global.cell().state();
        self.register(&drains.region, &state).await && self.acknowledge(drains, &state, own).await
    }

    async fn register(&self, region: &RegionId, global: &LogState) -> bool {
        let registered = global.revision(&sets::regions().entry(region.as_str()));
        if registered != Revision::ABSENT {
            return true;
        }
        let ring = &self.ledger.config().ring;
        let request_id = derived("register region", &[ring.as_str().as_bytes(), region.as_str().as_bytes()]);
        self.wish(request_id, RegisterRegion { region: region.clone() }.into()).await
    }

    async fn acknowledge(&self, drains: &mut Drains, global: &LogState, own: &Group) -> bool {
        drains.take_in(global);
        let drained =
            |state: &LogState, project: &ProjectName| state.entries(&sets::clusters(project), None, 1).is_empty();
        let here = own.cell().state();
        if !drains.waiting.iter().any(|project| drained(&here, project)) {
            return true;
        }
        // This state alone proves nothing: another member may lead, and may have made a cluster.
        let Ok(confirmed) = own.confirmed(CONFIRM_WITHIN).await else { return false };
        let empty = drains.waiting.iter().filter(|project| drained(&confirmed, project)).take(AT_ONCE);
        let wishes = empty.filter_map(|project| {
            let uid = waits_for(global, project, &drains.region)?;
            let request_id = derived("acknowledge drain", &[&uid.0, drains.region.as_str().as_bytes()]);
            let command = AcknowledgeDrain { project: project.clone(), region: drains.region.clone() };
            Some(self.wish(request_id, command.into()))
        });
        join_all(wishes).await.into_iter().all(|granted| granted)
    }

    /// Sends a command in the name of this region. `true`: it took effect, and this copy of the global log shows it. A rejection
    /// says that this copy is behind, or that nothing can be done now; both are looked at again, later.
    async fn wish(&self, request_id: RequestId, command: Command) -> bool {
        let actor = format!("region:{}", self.ledger.config().region);
        let what = command.subject();
        let submission = Submission {
            request_id,
            actor,
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
        };
        let verdict = self.submit(&submission, WITHIN).await;
        tracing::debug!(member = %self.member(), %what, ?verdict, "told the global log about the region");
        let (Verdict::Done { seq, .. }, Some(copy)) = (verdict, self.ledger.copy(&Log::Global)) else { return false };
        timeout(self.env.as_ref(), WITHIN, copy.cell.reached(seq)).await.is_some()
    }
}

impl Drains {
    /// Notes which projects wait for this region, from the rows that are new since the last look, and forgets those that no longer do.
    fn take_in(&mut self, global: &LogState) {
        let projects = global.changed_since(&self.looked).filter_map(|(_, row)| match decode_entity(&row.value) {
            Ok(Entity::Project(project)) if project.state == State::Deleting => Some(project.name),
            _ => None,
        });
        self.waiting.extend(projects);
        self.waiting.retain(|project| waits_for(global, project, &self.region).is_some());
        self.looked = global.clone();
    }
}

/// The uid of a project that is being deleted and waits for the region.
fn waits_for(global: &LogState, project: &ProjectName, region: &RegionId) -> Option<RequestId> {
    let subject = Subject::resource(&project.clone().into());
    let view: &dyn View = global;
    let (_, project) = view.row::<domain::Project>(&subject).ok()??;
    (project.state == State::Deleting && project.awaiting.contains(region)).then_some(project.uid)
}

/// One id for one wish, whoever has it: the first 16 bytes of a SHA-256.
fn derived(what: &str, about: &[&[u8]]) -> RequestId {
    let mut digest = Sha256::new();
    for part in std::iter::once(&what.as_bytes()).chain(about) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut id = [0; 16];
    id.iter_mut().zip(digest.finalize()).for_each(|(byte, digested)| *byte = digested);
    RequestId(id)
}

fn jittered(rng: &mut SmallRng, about: Duration) -> Duration {
    let ms = u64::try_from(about.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.random_range(ms * 8 / 10..=ms * 12 / 10))
}
