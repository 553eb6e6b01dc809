//! The cloud as regions reach it, with somebody beside it who notes when a master is ended or stopped that still answers, and how many
//! others answer then. Whether etcd could spare it is judged at the end, when all records are there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cloud_sim::{Place, Sim, SimCloud};
use ids::RequestId;
use planner::plan::{Part, Role, Slot};
use ports::{
    BoxFuture, Cloud,
    cloud::{CallSite, CloudError, CloudReply, CloudRequest, Instance, InstanceId},
};
use reconcile::mark;

/// What reconciling saw may be so old, in milliseconds: a plan believes a view for five minutes.
const BELIEVED_MS: u64 = 6 * 60_000;

/// A master that answered when its end, or its stop, was called for.
#[derive(Clone, Debug)]
pub struct Taken {
    /// In Unix milliseconds of the cloud's clock.
    pub at: u64,
    pub owner: RequestId,
    pub machine: InstanceId,
    /// Slots of its cluster in which another machine answered lately.
    pub others: usize,
}

#[derive(Default)]
struct Seen {
    /// When a master was last seen to answer.
    answered: BTreeMap<InstanceId, (RequestId, Slot, u64)>,
    taken: Vec<Taken>,
}

/// See the module.
#[derive(Clone)]
pub struct Watched {
    cloud: SimCloud,
    seen: Arc<Mutex<Seen>>,
}

impl Watched {
    pub fn new(cloud: SimCloud) -> Self {
        Self { cloud, seen: Arc::default() }
    }

    /// Every call that took a master away which answered.
    pub fn taken(&self) -> Vec<Taken> {
        self.lock().taken.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, at: &CallSite, request: &CloudRequest) {
        let ids: BTreeSet<InstanceId> = match request {
            CloudRequest::TerminateInstances(ask) => ask.ids.iter().cloned().collect(),
            CloudRequest::StopInstances(ask) => ask.ids.iter().cloned().collect(),
            CloudRequest::DescribeInstances(_) => BTreeSet::new(),
            _ => return,
        };
        let place = Place { account: at.account, region: at.region.clone() };
        self.cloud.with(|sim, now| self.lock().look(sim, now, &place, &ids));
    }
}

impl Seen {
    fn look(&mut self, sim: &Sim, now: u64, place: &Place, ids: &BTreeSet<InstanceId>) {
        let answering = sim.answering(place).filter_map(|of| Some((of.id.clone(), master(of)?)));
        let answering: BTreeMap<InstanceId, (RequestId, Slot)> = answering.collect();
        for (id, (owner, slot)) in &answering {
            self.answered.insert(id.clone(), (*owner, *slot, now));
        }
        self.answered.retain(|_, (_, _, at)| *at + BELIEVED_MS >= now);
        for (id, (owner, _)) in answering.iter().filter(|(id, _)| ids.contains(id)) {
            let others = self.answered.iter().filter(|(other, (of, ..))| !ids.contains(other) && of == owner);
            let others = others.map(|(_, (_, slot, _))| *slot).collect::<BTreeSet<_>>().len();
            self.taken.push(Taken { at: now, owner: *owner, machine: id.clone(), others });
        }
    }
}

fn master(of: &Instance) -> Option<(RequestId, Slot)> {
    let owner = of.tags.get(mark::OWNER)?.parse().ok()?;
    match mark::part(of.tags.get(mark::PART)?)? {
        Part::Machine(slot) if slot.role == Role::Master => Some((owner, slot)),
        _ => None,
    }
}

impl Cloud for Watched {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        self.look(at, &request);
        self.cloud.call(at, request)
    }
}
