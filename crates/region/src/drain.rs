//! What a region owes the global log: to be in its registry, and to say when it holds no cluster of a project that is being deleted.
//!
//! Three steps, each of which rests on the one before: the region closes its gate for the project (`domain::gate`), then sees a confirmed
//! state of its own log in which the gate is closed and no cluster of the project is left, then says so to the global log. What was
//! decided while the gate stood open, here or by an earlier leader whose copy of the global log was behind, is committed before that
//! state, hence seen, or conflicts with the gate's closing. So no cluster of the project follows.
//!
//! One worker per member; it acts only while its member leads the region's group. It is level-triggered: what is to be done follows from
//! the two states alone, so it may be interrupted anywhere, run twice, or start anew at another member. A wish is sent under a request
//! id that is derived from what it is about, so two leaders in a row send one and the same request; that of a gate names the term too, because
//! a leader whose copy of the global log is behind refuses it, and a refusal may be remembered. Where nothing is to be done nothing is
//! sent; what did not succeed is tried again after a while that doubles.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    Command, Entity, Project, State, View,
    command::{AcknowledgeDrain, CloseGate, RegisterRegion},
    gate, sets,
};
use futures_util::future::{FutureExt, join_all, pending, select};
use ids::{Log, ProjectName, RegionId, RequestId, Revision};
use ledger::{Canary, LogState, Verdict, group::Group};
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
    waiting: BTreeMap<ProjectName, Project>,
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
        let (looked, waiting) = (LogState::new(Log::Global), BTreeMap::new());
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
        let closed = self.close_gates(drains, &own.cell().state()).await;
        let ungated = self.ledger.config().canary.is(Canary::NoGate);
        let drained = |state: &LogState, project: &Project| {
            (ungated || is_closed(state, project)) && state.entries(&sets::clusters(&project.name), None, 1).is_empty()
        };
        let here = own.cell().state();
        if !drains.waiting.values().any(|project| drained(&here, project)) {
            return closed;
        }
        // This state alone proves nothing: another member may lead, and may have made a cluster.
        let Ok(confirmed) = own.confirmed(CONFIRM_WITHIN).await else { return false };
        let empty = drains.waiting.values().filter(|project| drained(&confirmed, project)).take(AT_ONCE);
        let wishes = empty.map(|project| {
            let request_id = derived("acknowledge drain", &[&project.uid.0, drains.region.as_str().as_bytes()]);
            let command = AcknowledgeDrain { project: project.name.clone(), region: drains.region.clone() };
            self.wish(request_id, command.into())
        });
        closed && join_all(wishes).await.into_iter().all(|granted| granted)
    }

    /// Closes the gates that stand open for projects that wait. `false`: one was not closed.
    async fn close_gates(&self, drains: &Drains, own: &LogState) -> bool {
        if self.ledger.config().canary.is(Canary::NoGate) {
            return true;
        }
        let term = drains.term.unwrap_or_default().to_be_bytes();
        let open = drains.waiting.values().filter(|project| !is_closed(own, project)).take(AT_ONCE);
        let wishes = open.map(|project| {
            let request_id = derived("close gate", &[&project.uid.0, drains.region.as_str().as_bytes(), &term]);
            let command = CloseGate { project: project.name.clone(), region: drains.region.clone() };
            self.wish(request_id, command.into())
        });
        join_all(wishes).await.into_iter().all(|granted| granted)
    }

    /// Sends a command in the name of this region. `true`: it took effect, and this copy of its log shows it. A rejection
    /// says that this copy is behind, or that nothing can be done now; both are looked at again, later.
    async fn wish(&self, request_id: RequestId, command: Command) -> bool {
        let actor = format!("region:{}", self.ledger.config().region);
        let (what, log) = (command.subject(), command.log());
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
        tracing::debug!(member = %self.member(), %what, ?verdict, "asked for what the region owes the global log");
        let (Verdict::Done { seq, .. }, Some(copy)) = (verdict, self.ledger.copy(&log)) else { return false };
        timeout(self.env.as_ref(), WITHIN, copy.cell.reached(seq)).await.is_some()
    }
}

impl Drains {
    /// Notes which projects wait for this region, from the rows that are new since the last look, and forgets those that no longer do.
    fn take_in(&mut self, global: &LogState) {
        for (_, row) in global.changed_since(&self.looked) {
            let Ok(Entity::Project(project)) = decode_entity(&row.value) else { continue };
            if project.state == State::Deleting && project.awaiting.contains(&self.region) {
                self.waiting.insert(project.name.clone(), project);
            } else {
                self.waiting.remove(&project.name);
            }
        }
        self.looked = global.clone();
    }
}

/// Whether the region is closed to new clusters of the project. A row that cannot be read says nothing: it is looked at again.
fn is_closed(own: &LogState, project: &Project) -> bool {
    gate::is_closed(own, project).unwrap_or(false)
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
