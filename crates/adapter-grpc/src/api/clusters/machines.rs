//! Machines of clusters, as the region's log holds them. Read-only: nobody asks for machines.

use api::v1::{self, machine::State};
use domain::{
    Deed, Deeds,
    held::{CloudId, Creation, Held, HeldMachine, Launch, Part, Role, Slot, Time},
};

use super::show::at;

/// How many there are, by role; roles without one are left out.
pub fn counted(held: &Held) -> Vec<v1::MachineCount> {
    let of_role = |role: Role| {
        let there =
            || held.machines.values().filter(move |machine| machine.slot.role == role && machine.ending.is_none());
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let joined = there().filter(|machine| stands(machine).0 == State::Joined).count();
        v1::MachineCount { role: role.to_string(), count: number(there().count()), joined: number(joined) }
    };
    [Role::Master, Role::Worker].map(of_role).into_iter().filter(|of| of.count > 0).collect()
}

/// What a machine does, and since when.
pub fn stands(machine: &HeldMachine) -> (State, Time) {
    let HeldMachine { launched, started, stopped, joined, ending, .. } = machine;
    match (ending, stopped, joined, started) {
        (Some(ending), ..) => (State::Ending, *ending),
        (None, Some(stopped), ..) if started.is_none_or(|started| started <= *stopped) => (State::Stopped, *stopped),
        (None, _, Some(joined), _) => (State::Joined, *joined),
        (None, _, None, Some(started)) => (State::Started, *started),
        (None, _, None, None) => (State::Launched, *launched),
    }
}

/// Every machine, in the order of slots. `capacity` knows instance types.
pub fn list(held: &Held, deeds: &Deeds, capacity: impl Fn(&str) -> Option<(u32, u64)>) -> Vec<v1::Machine> {
    let there = held.machines.iter().map(|(id, machine)| (machine.slot, one(id, machine, &deeds.0)));
    let coming = held.intents.iter().filter_map(|(part, intent)| match (part, &intent.creation) {
        (Part::Machine(slot), Creation::Launch(launch)) => Some((*slot, launching(*slot, launch, intent.at, &deeds.0))),
        _of_another_kind => None,
    });
    let mut all: Vec<(Slot, v1::Machine)> = there.chain(coming).collect();
    all.sort_by(|(slot, machine), (other, another)| (slot, &machine.id).cmp(&(other, &another.id)));
    let sized = |(_, mut machine): (Slot, v1::Machine)| {
        if let Some((vcpus, memory_mib)) = capacity(&machine.instance_type) {
            machine.vcpus = i32::try_from(vcpus).unwrap_or(i32::MAX);
            machine.memory_mib = i64::try_from(memory_mib).unwrap_or(i64::MAX);
        }
        machine
    };
    all.into_iter().map(sized).collect()
}

fn one(id: &CloudId, machine: &HeldMachine, deeds: &[Deed]) -> v1::Machine {
    let (state, since) = stands(machine);
    v1::Machine {
        id: id.to_string(),
        slot: machine.slot.to_string(),
        role: machine.slot.role.to_string(),
        instance_type: machine.instance_type.clone(),
        zone: machine.zone.clone(),
        image: machine.image.id.clone(),
        state: state.into(),
        state_time: Some(at(since)),
        launch_time: Some(at(machine.launched)),
        cause: cause(machine.slot, machine.launched, deeds),
        ..v1::Machine::default()
    }
}

fn launching(slot: Slot, launch: &Launch, since: Time, deeds: &[Deed]) -> v1::Machine {
    v1::Machine {
        slot: slot.to_string(),
        role: slot.role.to_string(),
        instance_type: launch.placement.instance_type.clone(),
        zone: launch.placement.zone.clone(),
        image: launch.image.id.clone(),
        state: State::Launching.into(),
        state_time: Some(at(since)),
        cause: cause(slot, since, deeds),
        ..v1::Machine::default()
    }
}

/// Of the last launch into the slot until then, where that deed is kept.
fn cause(slot: Slot, until: Time, deeds: &[Deed]) -> String {
    let launch = |deed: &&Deed| deed.part == Part::Machine(slot) && deed.did.starts_with("launch") && deed.at <= until;
    deeds.iter().rev().find(launch).map(|deed| deed.cause.clone()).unwrap_or_default()
}

/// What was done about a machine, named by its slot or its id; everything where none is named.
pub fn explained(held: &Held, deeds: &Deeds, machine: &str) -> Vec<v1::Deed> {
    let slot = machine.parse().ok().or_else(|| Some(held.machines.get(&CloudId::from(machine))?.slot));
    let about = |deed: &&Deed| {
        let of_slot = slot.is_some_and(|slot| deed.part == Part::Machine(slot) || deed.part == Part::Volume(slot));
        // One that is gone is in no slot any more.
        machine.is_empty() || of_slot || deed.did.split([' ', ',', ':']).any(|word| word == machine)
    };
    deeds.0.iter().filter(about).map(super::show::deed).collect()
}
