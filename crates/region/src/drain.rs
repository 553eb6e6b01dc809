//! What a region owes the global log: to be in its registry, and to say when it holds no cluster of a project that is being deleted.
//!
//! Three steps, each of which rests on the one before: the region closes its gate for the project (`domain::gate`), then sees a confirmed
//! state of its own log in which the gate is closed and no cluster of the project is left, then says so to the global log. What was
//! decided while the gate stood open, here or by an earlier leader whose copy of the global log was behind, is committed before that
//! state, hence seen, or conflicts with the gate's closing. So no cluster of the project follows.
//!
//! One worker per member (see [`crate::wish`]); it acts only while its member leads the region's group. The request id of a gate names
//! the term too, because a leader whose copy of the global log is behind refuses it, and a refusal may be remembered.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Entity, Project, State, View,
    command::{AcknowledgeDrain, CloseGate, RegisterRegion},
    gate, sets,
};
use futures_util::future::{FutureExt, join_all, pending, select};
use ids::{Log, ProjectName, RegionId, Revision};
use ledger::{Canary, LogState, group::Group};
use wire::entity::decode_entity;

use crate::{
    freshness::CONFIRM_WITHIN,
    region::{Inner, Region},
    wish::{AT_ONCE, Pace, derived},
};

/// What the worker remembers between two looks; all of it can be lost.
struct Drains {
    region: RegionId,
    /// The term in which this member led when it looked last: another one begins anew.
    term: Option<u64>,
    /// The global log as it was looked at last in this term.
    looked: LogState,
    /// Projects that were seen to wait for this region.
    waiting: BTreeMap<ProjectName, Project>,
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
        let (looked, waiting) = (LogState::new(Log::Global), BTreeMap::new());
        let mut drains = Drains { region, term: None, looked, waiting };
        let mut pace = Pace::new(self.env.as_ref(), "drain");
        loop {
            let (global_seen, own_seen) = (global.cell().seq(), own.cell().seq());
            let granted = self.look(&mut drains, global, own).await;
            let global_changes = Box::pin(global.cell().reached(global_seen.next()));
            // What the region does matters only while somebody waits for it.
            let own_changes = match drains.waiting.is_empty() {
                true => pending().boxed(),
                false => own.cell().reached(own_seen.next()).boxed(),
            };
            pace.rest(self.env.as_ref(), granted, select(global_changes, own_changes)).await;
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
        // A gate that could not be closed holds up its own project only.
        join_all(wishes).await.into_iter().all(|granted| granted) && closed
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
