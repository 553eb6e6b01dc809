//! What became of clusters, to messages and back.

use std::collections::BTreeMap;

use domain::{
    CloudWait, ClusterStatus, Deed, Deeds, PhaseTimes,
    held::{
        Condition, Constraint, Creation, CreationPhase, Credential, Edge, Etcd, Failed, Health, Held, HeldMachine,
        HeldPart, Image, Intent, Launch, MachineEdge, Part, PhaseState, Placement, Refused, Slot, State, Status, Time,
        Truth,
    },
};
use ids::Hlc;

use super::uid_out;
use crate::{Error, field::uid_in, proto};

const STATUS: &str = "the status of a cluster";
const HELD: &str = "what is held of a cluster";
const DEED: &str = "a deed";

impl From<&ClusterStatus> for proto::ClusterStatus {
    fn from(row: &ClusterStatus) -> Self {
        let ClusterStatus { uid, held, status, report, waits } = row;
        let times = |(phase, times): (&CreationPhase, &PhaseTimes)| proto::PhaseTimes {
            phase: phase.number(),
            began: times.began.map(|time| time.0),
            done: times.done.map(|time| time.0),
        };
        let wait = |(part, wait): (&Part, &CloudWait)| proto::CloudWait {
            part: part.to_string(),
            from: wait.from.0,
            until: wait.until.0,
        };
        Self {
            uid: uid_out(uid),
            held: Some(held_out(held)),
            status: Some(status_out(status)),
            report: report.iter().map(times).collect(),
            waits: waits.iter().map(wait).collect(),
        }
    }
}

impl TryFrom<proto::ClusterStatus> for ClusterStatus {
    type Error = Error;

    fn try_from(message: proto::ClusterStatus) -> Result<Self, Error> {
        let proto::ClusterStatus { uid, held, status, report, waits } = message;
        let times = |times: proto::PhaseTimes| {
            let phase = word(STATUS, "report.phase", times.phase, CreationPhase::from_number)?;
            Ok((phase, PhaseTimes { began: times.began.map(Hlc), done: times.done.map(Hlc) }))
        };
        let wait = |wait: proto::CloudWait| {
            Ok((part_in(STATUS, &wait.part)?, CloudWait { from: Hlc(wait.from), until: Hlc(wait.until) }))
        };
        Ok(Self {
            uid: uid_in(STATUS, &uid)?,
            held: held_in(held)?,
            status: status_in(status)?,
            report: report.into_iter().map(times).collect::<Result<_, Error>>()?,
            waits: waits.into_iter().map(wait).collect::<Result<_, Error>>()?,
        })
    }
}

impl From<&Deeds> for proto::Deeds {
    fn from(row: &Deeds) -> Self {
        Self { deeds: row.0.iter().map(deed_out).collect() }
    }
}

impl TryFrom<proto::Deeds> for Deeds {
    type Error = Error;

    fn try_from(message: proto::Deeds) -> Result<Self, Error> {
        Ok(Self(message.deeds.into_iter().map(deed_in).collect::<Result<_, _>>()?))
    }
}

pub(crate) fn deed_out(deed: &Deed) -> proto::Deed {
    let Deed { at, part, did, cause } = deed;
    proto::Deed { at: at.0, part: part.to_string(), did: did.clone(), cause: cause.clone() }
}

pub(crate) fn deed_in(message: proto::Deed) -> Result<Deed, Error> {
    let proto::Deed { at, part, did, cause } = message;
    Ok(Deed { at: Time(at), part: part_in(DEED, &part)?, did, cause })
}

pub(crate) fn held_out(held: &Held) -> proto::Held {
    let Held { state, made, parts, machines, generations, intents, refused, failed, renewed } = held;
    let part = |(part, has): (&Part, &HeldPart)| proto::HeldPart {
        part: part.to_string(),
        id: has.id.to_string(),
        generation: has.generation,
        changed: has.changed.0,
    };
    // Most parts have the generation that was tried last.
    let others = generations.iter().filter(|(part, last)| parts.get(part).is_none_or(|has| has.generation != **last));
    let generation = |(part, last): (&Part, &u64)| proto::Generation { part: part.to_string(), generation: *last };
    let refused_out = |(part, of): (&Part, &Refused)| proto::Refused {
        part: part.to_string(),
        times: of.times,
        last: of.last.0,
        why: of.why.clone(),
    };
    let failed_out = |(part, of): (&Part, &Failed)| proto::Failed {
        part: part.to_string(),
        generation: of.generation,
        times: of.times,
        last: of.last.0,
        why: of.why.clone(),
    };
    let renewed_out = |(what, at): (&Credential, &Time)| proto::Renewed { credential: what.to_string(), at: at.0 };
    proto::Held {
        state: state.number(),
        made: made.map(|time| time.0),
        parts: parts.iter().map(part).collect(),
        machines: machines.iter().map(|(id, machine)| machine_out(&id.0, machine)).collect(),
        generations: others.map(generation).collect(),
        intents: intents.iter().map(intent_out).collect(),
        refused: refused.iter().map(refused_out).collect(),
        renewed: renewed.iter().map(renewed_out).collect(),
        failed: failed.iter().map(failed_out).collect(),
    }
}

pub(crate) fn held_in(message: Option<proto::Held>) -> Result<Held, Error> {
    let message = message.ok_or_else(|| Error::field(STATUS, "held", "not set", "what is held"))?;
    let proto::Held { state, made, parts, machines, generations, intents, refused, renewed, failed } = message;
    let mut held = Held { state: word(HELD, "state", state, State::from_number)?, ..Held::nothing() };
    held.made = made.map(Time);
    for has in parts {
        let part = part_in(HELD, &has.part)?;
        held.generations.insert(part.clone(), has.generation);
        let (id, changed) = (has.id.as_str().into(), Time(has.changed));
        held.parts.insert(part, HeldPart { id, generation: has.generation, changed });
    }
    for machine in machines {
        held.machines.insert(machine.id.as_str().into(), machine_in(machine)?);
    }
    for last in generations {
        held.generations.insert(part_in(HELD, &last.part)?, last.generation);
    }
    for intent in intents {
        let (part, intent) = intent_in(intent)?;
        held.intents.insert(part, intent);
    }
    for of in refused {
        let one = Refused { times: of.times, last: Time(of.last), why: of.why };
        held.refused.insert(part_in(HELD, &of.part)?, one);
    }
    for of in failed {
        let part = part_in(HELD, &of.part)?;
        let one = Failed { generation: of.generation, times: of.times, last: Time(of.last), why: of.why };
        held.failed.insert(part, one);
    }
    for one in renewed {
        let known = Credential::ALL.into_iter().find(|of| of.to_string() == one.credential);
        let wanted = "certificates or keys";
        let of = known.ok_or_else(|| Error::field(HELD, "renewed.credential", &one.credential, wanted))?;
        held.renewed.insert(of, Time(one.at));
    }
    Ok(held)
}

fn machine_out(id: &str, machine: &HeldMachine) -> proto::HeldMachine {
    let time = |time: Option<Time>| time.map(|time| time.0);
    let HeldMachine {
        slot,
        generation,
        attempt,
        instance_type,
        zone,
        image,
        launched,
        started,
        stopped,
        joined,
        changed,
        ending,
    } = machine;
    proto::HeldMachine {
        id: id.to_owned(),
        slot: slot.to_string(),
        generation: *generation,
        attempt: *attempt,
        instance_type: instance_type.clone(),
        zone: zone.clone(),
        image: Some(image_out(image)),
        launched: launched.0,
        started: time(*started),
        stopped: time(*stopped),
        joined: time(*joined),
        changed: changed.0,
        ending: time(*ending),
    }
}

fn machine_in(message: proto::HeldMachine) -> Result<HeldMachine, Error> {
    Ok(HeldMachine {
        slot: slot_in(HELD, &message.slot)?,
        generation: message.generation,
        attempt: message.attempt,
        instance_type: message.instance_type,
        zone: message.zone,
        image: image_in(message.image)?,
        launched: Time(message.launched),
        started: message.started.map(Time),
        stopped: message.stopped.map(Time),
        joined: message.joined.map(Time),
        changed: Time(message.changed),
        ending: message.ending.map(Time),
    })
}

fn image_out(image: &Image) -> proto::LaunchImage {
    proto::LaunchImage { id: image.id.clone(), built: image.built.0 }
}

fn image_in(message: Option<proto::LaunchImage>) -> Result<Image, Error> {
    let message = message.ok_or_else(|| Error::field(HELD, "image", "not set", "a machine image"))?;
    Ok(Image { id: message.id, built: Time(message.built) })
}

fn intent_out((part, intent): (&Part, &Intent)) -> proto::Intent {
    let launch = match &intent.creation {
        Creation::Plain => None,
        Creation::Launch(launch) => {
            let etcd = match launch.etcd {
                None => proto::LaunchEtcd::None,
                Some(Etcd::Form) => proto::LaunchEtcd::Form,
                Some(Etcd::Join) => proto::LaunchEtcd::Join,
                Some(Etcd::Restore) => proto::LaunchEtcd::Restore,
            };
            let Placement { instance_type, zone } = launch.placement.clone();
            Some(proto::Launch { instance_type, zone, image: Some(image_out(&launch.image)), etcd: etcd.into() })
        }
    };
    let (generation, attempt, at) = (intent.generation, intent.attempt, intent.at.0);
    proto::Intent { part: part.to_string(), generation, attempt, at, launch }
}

fn intent_in(message: proto::Intent) -> Result<(Part, Intent), Error> {
    let proto::Intent { part, generation, attempt, at, launch } = message;
    let creation = match launch {
        None => Creation::Plain,
        Some(launch) => {
            let etcd = match proto::LaunchEtcd::try_from(launch.etcd) {
                Ok(proto::LaunchEtcd::None) => None,
                Ok(proto::LaunchEtcd::Form) => Some(Etcd::Form),
                Ok(proto::LaunchEtcd::Join) => Some(Etcd::Join),
                Ok(proto::LaunchEtcd::Restore) => Some(Etcd::Restore),
                Err(_) => return Err(Error::field(HELD, "intents.launch.etcd", launch.etcd, "0 to 3")),
            };
            let placement = Placement { instance_type: launch.instance_type, zone: launch.zone };
            Creation::Launch(Box::new(Launch { placement, image: image_in(launch.image)?, etcd }))
        }
    };
    Ok((part_in(HELD, &part)?, Intent { generation, attempt, creation, at: Time(at) }))
}

pub(crate) fn status_out(status: &Status) -> proto::Status {
    let Status { state, health, conditions, constraints, phases } = status;
    let condition = |(condition, (truth, why)): (&Condition, &(Truth, String))| proto::ConditionIs {
        condition: condition.number(),
        truth: truth.number(),
        why: why.clone(),
    };
    let constraint = |(constraint, refusal): (&Constraint, &Option<String>)| proto::ConstraintIs {
        constraint: constraint.number(),
        refusal: refusal.clone(),
    };
    let phase =
        |(phase, state): (&CreationPhase, &PhaseState)| proto::PhaseIs { phase: phase.number(), state: state.number() };
    proto::Status {
        state: state.number(),
        health: health.number(),
        conditions: conditions.iter().map(condition).collect(),
        constraints: constraints.iter().map(constraint).collect(),
        phases: phases.iter().flatten().map(phase).collect(),
    }
}

pub(crate) fn status_in(message: Option<proto::Status>) -> Result<Status, Error> {
    let message = message.ok_or_else(|| Error::field(STATUS, "status", "not set", "how it stands"))?;
    let condition = |of: proto::ConditionIs| {
        let condition = word(STATUS, "conditions.condition", of.condition, Condition::from_number)?;
        Ok((condition, (word(STATUS, "conditions.truth", of.truth, Truth::from_number)?, of.why)))
    };
    let constraint = |of: proto::ConstraintIs| {
        Ok((word(STATUS, "constraints.constraint", of.constraint, Constraint::from_number)?, of.refusal))
    };
    let phase = |of: proto::PhaseIs| {
        let phase = word(STATUS, "phases.phase", of.phase, CreationPhase::from_number)?;
        Ok((phase, word(STATUS, "phases.state", of.state, PhaseState::from_number)?))
    };
    let phases: BTreeMap<_, _> = message.phases.into_iter().map(phase).collect::<Result<_, Error>>()?;
    Ok(Status {
        state: word(STATUS, "state", message.state, State::from_number)?,
        health: word(STATUS, "health", message.health, Health::from_number)?,
        conditions: message.conditions.into_iter().map(condition).collect::<Result<_, Error>>()?,
        constraints: message.constraints.into_iter().map(constraint).collect::<Result<_, Error>>()?,
        phases: Some(phases).filter(|phases| !phases.is_empty()),
    })
}

pub(crate) fn edge_out(edge: &MachineEdge) -> proto::MachineEdge {
    use proto::machine_edge::Edge as Kind;
    let MachineEdge { machine, slot, instance_type, edge } = edge;
    let edge = match edge {
        Edge::Started(at) => Kind::Started(at.0),
        Edge::Joined(at) => Kind::Joined(at.0),
        Edge::Stopped(at) => Kind::Stopped(at.0),
        Edge::Ended(at) => Kind::Ended(at.0),
    };
    proto::MachineEdge {
        machine: machine.to_string(),
        slot: slot.to_string(),
        instance_type: instance_type.clone(),
        edge: Some(edge),
    }
}

pub(crate) fn edge_in(message: proto::MachineEdge) -> Result<MachineEdge, Error> {
    use proto::machine_edge::Edge as Kind;
    const EDGE: &str = "an edge of a machine";
    let proto::MachineEdge { machine, slot, instance_type, edge } = message;
    let edge = match edge {
        Some(Kind::Started(at)) => Edge::Started(Time(at)),
        Some(Kind::Joined(at)) => Edge::Joined(Time(at)),
        Some(Kind::Stopped(at)) => Edge::Stopped(Time(at)),
        Some(Kind::Ended(at)) => Edge::Ended(Time(at)),
        None => return Err(Error::field(EDGE, "edge", "not set", "started, joined, stopped or ended")),
    };
    Ok(MachineEdge { machine: machine.as_str().into(), slot: slot_in(EDGE, &slot)?, instance_type, edge })
}

pub(crate) fn part_in(what: &'static str, value: &str) -> Result<Part, Error> {
    value.parse().map_err(|_| Error::field(what, "part", value, "a part, such as subnet use1-az1 public"))
}

fn slot_in(what: &'static str, value: &str) -> Result<Slot, Error> {
    value.parse().map_err(|_| Error::field(what, "slot", value, "a slot, such as worker-3"))
}

fn word<T>(what: &'static str, field: &'static str, number: u32, read: impl Fn(u32) -> Option<T>) -> Result<T, Error> {
    read(number).ok_or_else(|| Error::field(what, field, number, "a number that this build knows"))
}
