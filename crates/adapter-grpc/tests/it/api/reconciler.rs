//! What a region's reconciling would write down of a cluster, played by tests.

use domain::{
    Cluster, ClusterStatus, Deed, View,
    command::Progress,
    held::{
        CreationPhase, Edge, Health, Held, HeldMachine, Image, MachineEdge, Part, PhaseState, Refused, Slot, State,
        Status, Time, Truth,
    },
    progress::Kept,
};
use ids::{ClusterName, Log, Revision, Subject};

use super::ring::{CLOUD, Ring, cluster_name};

/// One cluster of `web`, with what was written down of it so far.
pub struct Reconciler<'a> {
    ring: &'a Ring,
    name: ClusterName,
    requests: u8,
}

impl<'a> Reconciler<'a> {
    pub fn of(ring: &'a Ring, region: &str, id: &str) -> Self {
        Self { ring, name: cluster_name(region, id).parse().unwrap(), requests: 100 }
    }

    /// The member of the cluster's region.
    fn member(&self) -> u64 {
        let place = CLOUD.iter().position(|region| *region == self.name.location.as_str()).unwrap();
        place as u64 + 1
    }

    /// Writes down the next step, as `change` makes it out of the last, and waits until members hold it.
    pub async fn step(&mut self, state: State, change: impl FnOnce(&mut Progress)) {
        let log = Log::Region(self.name.location.clone());
        let rows = self.ring.region(self.member()).ledger().copy(&log).unwrap().cell.state();
        let view: &dyn View = &rows;
        let (_, row) = view.row::<Cluster>(&Subject::resource(&self.name.clone().into())).unwrap().unwrap();
        let before = view.row::<ClusterStatus>(&domain::cluster::status(&self.name)).unwrap();
        let (seen, held) =
            before.map_or_else(|| (Revision::ABSENT, Held::nothing()), |(revision, row)| (revision, row.held));
        let status = Status {
            state,
            health: Health::Healthy,
            conditions: [(domain::held::Condition::EtcdQuorum, (Truth::True, "3 of 3".to_owned()))].into(),
            constraints: [(domain::held::Constraint::DeletionPossible, None)].into(),
            phases: None,
        };
        let mut step = Progress {
            of: Kept::Cluster(self.name.clone()),
            uid: row.uid,
            seen,
            held: Held { state, ..held },
            status,
            deeds: Vec::new(),
            edges: Vec::new(),
            waited: Default::default(),
        };
        change(&mut step);
        self.requests += 1;
        let seq = self.ring.submit(self.member(), step.into(), self.requests).await;
        for id in [1, 2, 3] {
            self.ring.holds(id, &log, seq).await;
        }
    }
}

pub fn phases(step: &mut Progress, phases: &[(CreationPhase, PhaseState)]) {
    step.status.phases = Some(phases.iter().copied().collect());
}

/// A machine that runs since `at` and has joined, or not.
pub fn machine(step: &mut Progress, id: &str, slot: &str, at: u64, joined: bool) {
    let slot: Slot = slot.parse().unwrap();
    let held = HeldMachine {
        slot,
        generation: 1,
        attempt: 1,
        instance_type: "m7g.large".into(),
        zone: "use1-az1".into(),
        image: Image { id: "ami-1".into(), built: Time(0) },
        launched: Time(at - 10),
        started: Some(Time(at)),
        stopped: None,
        joined: joined.then_some(Time(at + 5)),
        changed: Time(at),
        ending: None,
    };
    let edge = Edge::Started(Time(at));
    step.edges.push(MachineEdge { machine: id.into(), slot, instance_type: held.instance_type.clone(), edge });
    step.held.machines.insert(id.into(), held);
}

pub fn deed(step: &mut Progress, at: u64, part: &str, did: &str, cause: &str) {
    let part: Part = part.parse().unwrap();
    step.deeds.push(Deed { at: Time(at), part, did: did.to_owned(), cause: cause.to_owned() });
}

pub fn refused(step: &mut Progress, part: &str, times: u32, why: &str) {
    step.held.refused.insert(part.parse().unwrap(), Refused { times, last: Time(1), why: why.to_owned() });
}
