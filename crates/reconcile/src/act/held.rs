//! What our log holds before calls are made and after they were answered.

use planner::plan::{
    Action, CloudId, Creation, Edge, Failed, Held, HeldMachine, HeldPart, Image, Intent, Part, Phase, Refused, Seen,
    Time, Verb,
};
use ports::cloud::{Instance, guest};

use super::outcome::Outcome;
use crate::{
    book::MachineEdge,
    mark,
    observe::{Sight, Thing, reading},
};

/// What is committed before a call.
pub(crate) fn intend(held: &mut Held, action: &Action, now: Time) {
    let Action { part, generation, attempt, verb, .. } = action;
    if let Some(creation) = verb.creation() {
        held.generations.insert(part.clone(), *generation);
        let intent = Intent { generation: *generation, attempt: *attempt, creation, at: now };
        held.intents.insert(part.clone(), intent);
    }
    touch(held, action, now);
    note_failure(held, action, now);
    if let Verb::Terminate(id, _) = verb
        && let Some(of) = held.machines.get_mut(id)
    {
        of.ending.get_or_insert(now);
    }
}

/// What ends because it was of no use is counted, each once.
fn note_failure(held: &mut Held, action: &Action, now: Time) {
    let Some(why) = action.cause.failure() else { return };
    let before = held.failed.get(&action.part);
    if before.is_none_or(|of| of.generation < action.generation) {
        let times = before.map_or(0, |of| of.times).saturating_add(1);
        let failed = Failed { generation: action.generation, times, last: now, why: why.to_owned() };
        held.failed.insert(action.part.clone(), failed);
    }
}

/// From now on older views say nothing about it.
fn touch(held: &mut Held, action: &Action, now: Time) {
    match &action.verb {
        Verb::Terminate(id, _) | Verb::Stop(id) | Verb::Start(id) => {
            held.machines.get_mut(id).into_iter().for_each(|of| of.changed = now);
        }
        Verb::Change(id, _) | Verb::Delete(id) => {
            let of = held.parts.get_mut(&action.part).filter(|of| of.id == *id);
            of.into_iter().for_each(|of| of.changed = now);
        }
        _ => {}
    }
}

pub(crate) fn creates(verb: &Verb) -> bool {
    matches!(verb, Verb::Create | Verb::Launch(_))
}

/// The log in the making: what is held, and the edges that are told with it.
pub(crate) struct Ledger<'a> {
    pub held: Held,
    pub edges: Vec<MachineEdge>,
    pub sight: &'a Sight,
    pub now: Time,
}

impl Ledger<'_> {
    /// An action that is an entry of our log and nothing else.
    pub fn log(&mut self, action: &Action) {
        let part = &action.part;
        match &action.verb {
            Verb::Adopt(id) => match self.sight.things.get(id) {
                Some(Thing::Machine(of, _)) => self.hold_machine(action, &of.clone()),
                Some(thing) => {
                    let generation = tagged(thing.tags().get(guest::GENERATION)).unwrap_or(action.generation);
                    self.hold_part(part, generation, id.clone());
                }
                None => {}
            },
            Verb::Note(id, edge) => self.note(id, *edge),
            Verb::Forget(id) if self.held.parts.get(part).is_some_and(|of| of.id == *id) => {
                self.held.parts.remove(part);
            }
            Verb::GiveUp => self.give_up(part),
            _ => {}
        }
    }

    /// What became of a call. `before` is what was held before it was intended.
    pub fn settle(&mut self, action: &Action, outcome: Outcome, before: &Held) {
        let part = &action.part;
        if matches!(outcome, Outcome::NotCalled) {
            return self.take_back(action, before);
        }
        touch(&mut self.held, action, self.now);
        match (&action.verb, outcome) {
            (Verb::Create, Outcome::Done { made: Some(id), .. }) => self.hold_part(part, action.generation, id),
            (Verb::Launch(_), Outcome::Done { instance: Some(of), .. }) => self.hold_machine(action, &of),
            (Verb::Create | Verb::Launch(_), Outcome::Refused { why, .. }) => {
                self.refuse(part, why);
                match before.intents.get(part) {
                    Some(earlier) => drop(self.held.intents.insert(part.clone(), earlier.clone())),
                    None => drop(self.held.intents.remove(part)),
                }
            }
            // What it made is known to be gone: nothing is left of the call.
            (Verb::Launch(_), Outcome::Spent { why }) => {
                self.give_up(part);
                self.refuse(part, why);
            }
            (Verb::Create | Verb::Launch(_), _) => {
                self.held.intents.get_mut(part).into_iter().for_each(|intent| intent.at = self.now);
            }
            (Verb::Start(_), Outcome::Refused { why, .. }) => self.refuse(part, why),
            (Verb::Start(_), Outcome::Done { .. }) => drop(self.held.refused.remove(part)),
            (Verb::Delete(id), Outcome::Done { .. }) => self.deleted(part, id),
            _ => {}
        }
    }

    /// A part that is ready, or a machine that joined, ends the count of those before it that were of no use.
    pub fn forget_failures(&mut self) {
        let (held, observed) = (&self.held, &self.sight.observed);
        let of_use = |part: &Part, failed: &Failed| match part {
            Part::Machine(slot) => held.machines.values().any(|of| {
                of.slot == *slot && of.generation > failed.generation && of.joined.is_some() && of.ending.is_none()
            }),
            _ => match (held.parts.get(part), observed.parts.get(part)) {
                (Some(has), Some(Seen::Present(facts, _))) => {
                    facts.id == has.id && facts.phase == Phase::Ready && has.generation > failed.generation
                }
                _ => false,
            },
        };
        let ended: Vec<Part> =
            held.failed.iter().filter(|(part, failed)| of_use(part, failed)).map(|(part, _)| part.clone()).collect();
        ended.iter().for_each(|part| drop(self.held.failed.remove(part)));
    }

    /// Nothing was called: it is as if nothing had been intended.
    fn take_back(&mut self, action: &Action, before: &Held) {
        let part = &action.part;
        if action.cause.failure().is_some() {
            match before.failed.get(part) {
                Some(earlier) => drop(self.held.failed.insert(part.clone(), earlier.clone())),
                None => drop(self.held.failed.remove(part)),
            }
        }
        if creates(&action.verb) {
            let generation = before.generations.get(part).copied();
            match generation {
                Some(generation) => drop(self.held.generations.insert(part.clone(), generation)),
                None => drop(self.held.generations.remove(part)),
            }
            match before.intents.get(part) {
                Some(earlier) => drop(self.held.intents.insert(part.clone(), earlier.clone())),
                None => drop(self.held.intents.remove(part)),
            }
        }
        if let Verb::Terminate(id, _) | Verb::Stop(id) | Verb::Start(id) = &action.verb
            && let (Some(of), Some(was)) = (self.held.machines.get_mut(id), before.machines.get(id))
        {
            (of.changed, of.ending) = (was.changed, was.ending);
        }
    }

    fn refuse(&mut self, part: &Part, why: String) {
        let times = self.held.refused.get(part).map_or(0, |refused| refused.times).saturating_add(1);
        self.held.refused.insert(part.clone(), Refused { times, last: self.now, why });
    }

    fn hold_part(&mut self, part: &Part, generation: u64, id: CloudId) {
        self.held.intents.remove(part);
        self.held.refused.remove(part);
        let last = self.held.generations.entry(part.clone()).or_default();
        *last = generation.max(*last);
        // Whatever shows it was told after it was made, also within the same second.
        let changed = Time(self.now.0.saturating_sub(1));
        self.held.parts.insert(part.clone(), HeldPart { id, generation, changed });
    }

    fn hold_machine(&mut self, action: &Action, of: &Instance) {
        let part = &action.part;
        let Some(slot) = reading::slot(part) else { return };
        let generation = tagged(of.tags.get(guest::GENERATION)).unwrap_or(action.generation);
        let attempt =
            tagged(of.tags.get(mark::ATTEMPT)).and_then(|of| u32::try_from(of).ok()).unwrap_or(action.attempt);
        let intent = self.held.intents.get(part).filter(|intent| intent.generation == generation).cloned();
        let launch = intent.as_ref().and_then(|intent| match &intent.creation {
            Creation::Launch(launch) if launch.image.id == of.image.as_str() => Some(launch.image.clone()),
            _ => None,
        });
        let facts = match self.sight.observed.machines.get(&CloudId::from(of.id.as_str())) {
            Some(Seen::Present(facts, _)) => Some(facts),
            _ => None,
        };
        let planned = if let Verb::Launch(launch) = &action.verb { Some(&launch.placement) } else { None };
        let zone = planned.map(|placement| placement.zone.clone()).or_else(|| facts.map(|facts| facts.zone.clone()));
        let built = tagged(of.tags.get(mark::BUILT)).map_or(Time(of.launched.0), Time);
        let image = launch
            .or_else(|| facts.map(|facts| facts.image.clone()))
            .unwrap_or_else(|| Image { id: of.image.to_string(), built });
        if intent.is_some() {
            self.held.intents.remove(part);
        }
        self.held.refused.remove(part);
        let last = self.held.generations.entry(part.clone()).or_default();
        *last = generation.max(*last);
        let machine = HeldMachine {
            slot,
            generation,
            attempt,
            instance_type: of.instance_type.to_string(),
            zone: zone.unwrap_or_else(|| of.zone.to_string()),
            image,
            launched: Time(of.launched.0),
            started: None,
            stopped: None,
            joined: None,
            changed: self.now,
            ending: None,
        };
        self.held.machines.entry(CloudId::from(of.id.as_str())).or_insert(machine);
    }

    /// An edge, and those before it that nobody saw: when a machine began to run is told also after it ended.
    fn note(&mut self, id: &CloudId, edge: Edge) {
        let Some(mut of) = self.held.machines.get(id).cloned() else { return };
        let run = self.sight.things.get(id).and_then(|thing| match thing {
            Thing::Machine(of, _) => of.running,
            _ => None,
        });
        let missed = run.map(|run| Time(run.from.0)).filter(|from| of.started.is_none_or(|started| *from > started));
        if let (Edge::Stopped(_) | Edge::Ended(_), Some(from)) = (edge, missed) {
            self.tell(id, &of, Edge::Started(from));
            (of.started, of.stopped) = (Some(from), None);
        }
        let ran_until = |at: Time| of.stopped.unwrap_or(at);
        let told = if let Edge::Ended(at) = edge { Edge::Ended(ran_until(at)) } else { edge };
        self.tell(id, &of, told);
        match edge {
            Edge::Started(at) => (of.started, of.stopped, of.joined) = (Some(at), None, None),
            Edge::Joined(at) => of.joined = Some(at),
            Edge::Stopped(at) => of.stopped = Some(at),
            Edge::Ended(_) => {
                self.held.refused.remove(&Part::Machine(of.slot));
                self.held.machines.remove(id);
                return;
            }
        }
        self.held.machines.insert(id.clone(), of);
    }

    /// With the type that it is: that is what it is billed for, whatever it was launched as.
    fn tell(&mut self, id: &CloudId, of: &HeldMachine, edge: Edge) {
        let is = self.sight.things.get(id).and_then(|thing| match thing {
            Thing::Machine(of, _) => Some(of.instance_type.to_string()),
            _ => None,
        });
        let instance_type = is.unwrap_or_else(|| of.instance_type.clone());
        self.edges.push(MachineEdge { machine: id.clone(), slot: of.slot, instance_type, edge });
    }

    /// Ends an intent that nothing is left of. A machine that it launched, and that ended before anybody saw it, was paid for.
    fn give_up(&mut self, part: &Part) {
        let Some(intent) = self.held.intents.remove(part) else { return };
        let Some(slot) = reading::slot(part) else { return };
        let held = &self.held.machines;
        let is_of = |thing: &&Thing| match thing {
            Thing::Machine(of, _) => {
                of.state.ending()
                    && !held.contains_key(&CloudId::from(of.id.as_str()))
                    && thing.part().as_ref() == Some(part)
                    && tagged(of.tags.get(guest::GENERATION)) == Some(intent.generation)
                    && tagged(of.tags.get(mark::ATTEMPT)) == Some(u64::from(intent.attempt))
            }
            _ => false,
        };
        let ended: Vec<Instance> = self.sight.things.values().filter(is_of).filter_map(instance).collect();
        for of in ended {
            let Some(run) = of.running else { continue };
            for edge in [Some(Edge::Started(Time(run.from.0))), run.until.map(|until| Edge::Ended(Time(until.0)))] {
                self.edges.extend(edge.map(|edge| MachineEdge {
                    machine: CloudId::from(of.id.as_str()),
                    slot,
                    instance_type: of.instance_type.to_string(),
                    edge,
                }));
            }
        }
    }

    /// A gateway ends for a while, and needs its address until then; one that failed has ended.
    fn deleted(&mut self, part: &Part, id: &CloudId) {
        let seen = self.sight.observed.parts.get(part);
        let failed = matches!(seen, Some(Seen::Present(facts, _)) if matches!(facts.phase, Phase::Failed(_)));
        let ends = matches!(part, Part::Nat { .. }) && !failed;
        if !ends && self.held.parts.get(part).is_some_and(|of| of.id == *id) {
            self.held.parts.remove(part);
        }
    }
}

fn instance(thing: &Thing) -> Option<Instance> {
    if let Thing::Machine(of, _) = thing { Some((**of).clone()) } else { None }
}

fn tagged(value: Option<&str>) -> Option<u64> {
    value?.parse().ok()
}
