//! The machines of a cluster, slot by slot, and how fit each is: judged once, before anything is decided about any.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AGAIN, Cause, CloudId, Desired, Edge, Held, HeldMachine, LATE_AT_MOST, MachineFacts, MachineState, Observed, Part,
    Planner, Role, STALE, Seen, Slot, Time, Verb,
};

/// How a machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fitness {
    Healthy,
    /// It has to join until the time is over.
    Starting {
        since: Time,
        until: Time,
    },
    /// Impaired, and may still recover.
    Ailing {
        since: Time,
        until: Time,
    },
    /// Impaired for too long.
    Impaired {
        since: Time,
    },
    NeverJoined {
        since: Time,
    },
    Asleep,
    FallingAsleep,
    /// It ends, or its end was called for.
    Ending,
    InDoubt {
        since: Time,
        why: String,
    },
}

impl Fitness {
    /// Why it is given up, where it is.
    pub(super) fn lost(&self) -> Option<Cause> {
        match *self {
            Self::Impaired { since } => Some(Cause::Impaired { since }),
            Self::NeverJoined { since } => Some(Cause::NeverJoined { since }),
            _ => None,
        }
    }
}

/// One machine that our log holds.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub id: &'a CloudId,
    pub held: &'a HeldMachine,
    /// As seen since our last call.
    pub facts: Option<&'a MachineFacts>,
    pub fitness: Fitness,
}

/// All of them.
pub(super) struct Fleet<'a> {
    /// Every slot that is wished or has a machine; the newest machine first.
    pub slots: BTreeMap<Slot, Vec<Member<'a>>>,
    /// Slots that had a machine, and have none.
    pub emptied: BTreeSet<Slot>,
    /// Members that etcd has, lost ones too: those that are wished where it is still to be formed.
    pub masters: usize,
}

impl<'a> Fleet<'a> {
    pub fn of(desired: &Desired, held: &'a Held, observed: &'a Observed, now: Time) -> Self {
        let mut fleet = Self {
            slots: desired.slots.keys().map(|slot| (*slot, Vec::new())).collect(),
            emptied: BTreeSet::new(),
            masters: desired.masters(),
        };
        let mut judge = Judge { desired, observed, now, served: formed(desired, held, observed) };
        for role in [Role::Master, Role::Worker] {
            for (id, machine) in held.machines.iter().filter(|(_, machine)| machine.slot.role == role) {
                if let Some(member) = judge.member(id, machine) {
                    fleet.slots.entry(machine.slot).or_default().push(member);
                }
            }
            judge.served = fleet.served();
        }
        for members in fleet.slots.values_mut() {
            members.sort_by_key(|member| std::cmp::Reverse((member.held.generation, member.held.launched, member.id)));
        }
        let had = |slot: &Slot| {
            let part = Part::Machine(*slot);
            // What was never launched but tried is no loss.
            let tried = held.intents.contains_key(&part) || held.refused.contains_key(&part);
            held.generations.get(&part).is_some_and(|last| *last > 1 || !tried)
        };
        let empty = fleet.slots.iter().filter(|(slot, members)| members.is_empty() && had(slot));
        fleet.emptied = empty.map(|(slot, _)| *slot).collect();
        if held.made.is_some() {
            let is = |(slot, members): &(&Slot, &Vec<Member<'_>>)| !members.is_empty() || fleet.emptied.contains(slot);
            fleet.masters = fleet.role(Role::Master).filter(is).count();
        }
        fleet
    }

    pub fn majority(&self) -> usize {
        self.masters / 2 + 1
    }

    /// Masters that certainly are healthy.
    pub fn healthy_masters(&self) -> usize {
        self.role(Role::Master).filter(|(_, members)| members.iter().any(|of| of.fitness == Fitness::Healthy)).count()
    }

    /// Whether so many masters certainly are lost that the others have no majority.
    pub fn quorum_lost(&self) -> bool {
        let lost = |(slot, members): &(&Slot, &Vec<Member<'_>>)| {
            let gone = members.iter().all(|of| of.fitness.lost().is_some() || of.fitness == Fitness::Ending);
            gone && (!members.is_empty() || self.emptied.contains(slot))
        };
        self.masters - self.role(Role::Master).filter(lost).count().min(self.masters) < self.majority()
    }

    pub fn role(&self, role: Role) -> impl Iterator<Item = (&Slot, &Vec<Member<'a>>)> {
        self.slots.iter().filter(move |(slot, _)| slot.role == role)
    }

    pub fn members(&self) -> impl Iterator<Item = &Member<'a>> {
        self.slots.values().flatten()
    }

    /// Since when a majority of masters has joined; workers cannot join before.
    fn served(&self) -> Option<Time> {
        let masters = self.role(Role::Master).flat_map(|(_, members)| members);
        let healthy = masters.filter(|of| of.fitness == Fitness::Healthy);
        let joined = healthy.filter_map(|of| of.facts.and_then(|facts| facts.joined)).max();
        joined.filter(|_| self.healthy_masters() >= self.majority())
    }

    /// Machines that the API is to be asked from: running masters, and of those that are targets the ones in doubt.
    pub fn targets(&self, seen: &BTreeSet<CloudId>) -> BTreeSet<CloudId> {
        let masters = self.role(Role::Master).flat_map(|(_, members)| members);
        let is = masters.filter(|of| match of.fitness {
            Fitness::InDoubt { .. } => seen.contains(of.id),
            _ => of.runs(),
        });
        is.map(|of| of.id.clone()).collect()
    }

    /// The machine of a slot that a volume belongs to: the one that has it, unless that is given up, else the newest that runs.
    pub fn user(&self, slot: Slot, has: Option<&CloudId>) -> Option<&CloudId> {
        let members = self.slots.get(&slot)?;
        let stays = |of: &Member<'_>| of.fitness != Fitness::Ending && of.fitness.lost().is_none();
        let user = members.iter().find(|of| Some(of.id) == has && stays(of));
        user.or_else(|| members.iter().find(|of| of.runs())).map(|of| of.id)
    }
}

impl Member<'_> {
    pub fn runs(&self) -> bool {
        let running = matches!(self.facts.map(|facts| facts.state), Some(MachineState::Running(_)));
        running && !matches!(self.fitness, Fitness::Ending | Fitness::InDoubt { .. })
    }
}

/// Since when so many masters run that etcd can form, and each of them can join. In a cluster that ran, etcd is there.
fn formed(desired: &Desired, held: &Held, observed: &Observed) -> Option<Time> {
    if held.made.is_some() {
        return Some(Time(0));
    }
    let mut running: BTreeMap<Slot, Time> = BTreeMap::new();
    for (id, machine) in held.machines.iter().filter(|(_, machine)| machine.slot.role == Role::Master) {
        if let Some(Seen::Present(MachineFacts { state: MachineState::Running(at), .. }, _)) = observed.machines.get(id)
        {
            running.entry(machine.slot).and_modify(|first| *first = (*at).min(*first)).or_insert(*at);
        }
    }
    let mut since: Vec<Time> = running.into_values().collect();
    since.sort_unstable();
    since.get(desired.masters() / 2).copied()
}

struct Judge<'d, 'a> {
    desired: &'d Desired,
    observed: &'a Observed,
    now: Time,
    /// Since when a machine can join.
    served: Option<Time>,
}

impl<'a> Judge<'_, 'a> {
    /// None where it is known to be gone.
    fn member(&self, id: &'a CloudId, held: &'a HeldMachine) -> Option<Member<'a>> {
        let doubt = |since: Time, why: &str| Fitness::InDoubt { since, why: why.to_owned() };
        let (facts, mut fitness) = match self.observed.machines.get(id) {
            Some(Seen::Absent(as_of)) if *as_of > held.changed => return None,
            Some(Seen::Absent(_)) => (None, doubt(held.changed, "looked for before our last call")),
            Some(Seen::Present(facts, as_of)) => match facts.state {
                MachineState::Ended(_) => return None,
                _ if *as_of <= held.changed => (None, doubt(held.changed, "seen before our last call")),
                // How long it starts or is impaired cannot be told from what was seen once.
                _ if as_of.plus(STALE) <= self.now => (None, doubt(*as_of, "what was seen is old")),
                _ => (Some(facts), self.fitness(held, facts)),
            },
            Some(Seen::Unknown { since, why }) => (None, doubt(*since, why)),
            None => (None, doubt(held.changed, "not listed")),
        };
        // A call for its end that had no effect by now has none.
        let spared = fitness == Fitness::Healthy && self.now >= held.changed.plus(LATE_AT_MOST);
        if held.ending.is_some() && !spared {
            fitness = Fitness::Ending;
        }
        Some(Member { id, held, facts, fitness })
    }

    fn fitness(&self, held: &HeldMachine, facts: &MachineFacts) -> Fitness {
        let since = match facts.state {
            MachineState::Ending | MachineState::Ended(_) => return Fitness::Ending,
            MachineState::Stopping => return Fitness::FallingAsleep,
            MachineState::Stopped(_) => return Fitness::Asleep,
            MachineState::Pending => held.changed.max(held.launched),
            MachineState::Running(at) => at.max(held.launched),
        };
        if let Some(since) = facts.impaired {
            let until = since.plus(self.desired.limits.impaired);
            return if self.now >= until { Fitness::Impaired { since } } else { Fitness::Ailing { since, until } };
        }
        if facts.joined.is_some() {
            return Fitness::Healthy;
        }
        let Some(served) = self.served else {
            return Fitness::Starting { since, until: self.now.plus(self.desired.limits.join) };
        };
        let since = since.max(served);
        let until = since.plus(self.desired.limits.join);
        if self.now >= until { Fitness::NeverJoined { since } } else { Fitness::Starting { since, until } }
    }
}

impl Planner<'_> {
    /// What was seen of machines goes into the log; what is ours and not in it is adopted, or ended where its slot has an older one.
    pub(super) fn note_machines(&mut self) {
        let (held, observed) = (self.held, self.observed);
        for (id, seen) in &observed.machines {
            match (held.machines.get(id), seen) {
                (Some(machine), Seen::Absent(as_of)) if *as_of > machine.changed => {
                    self.note(id, machine, Edge::Ended(*as_of));
                }
                (Some(machine), Seen::Present(facts, _)) => self.note_edges(id, machine, facts),
                (None, Seen::Present(facts, _)) => self.found(id, facts),
                (_, Seen::Unknown { .. } | Seen::Absent(_)) => {}
            }
        }
    }

    fn note(&mut self, id: &CloudId, machine: &HeldMachine, edge: Edge) {
        let part = Part::Machine(machine.slot);
        self.act(&part, machine.generation, Verb::Note(id.clone(), edge), Cause::SeenSo);
    }

    fn note_edges(&mut self, id: &CloudId, machine: &HeldMachine, facts: &MachineFacts) {
        // A replica that lags tells of the time before it was last started.
        let past = |at: Time| machine.started.is_some_and(|started| at < started);
        match facts.state {
            MachineState::Running(at) if machine.started.is_none_or(|started| at > started) => {
                self.note(id, machine, Edge::Started(at));
            }
            MachineState::Stopped(at) if machine.stopped.is_none() && !past(at) => {
                self.note(id, machine, Edge::Stopped(at))
            }
            MachineState::Ended(at) => return self.note(id, machine, Edge::Ended(at)),
            _ => {}
        }
        if let Some(at) = facts.joined.filter(|at| machine.joined.is_none_or(|joined| *at > joined) && !past(*at)) {
            self.note(id, machine, Edge::Joined(at));
        }
    }

    /// A machine with our tag that our log does not hold.
    fn found(&mut self, id: &CloudId, facts: &MachineFacts) {
        if matches!(facts.state, MachineState::Ending | MachineState::Ended(_)) {
            return;
        }
        let part = Part::Machine(facts.slot);
        let intended = self.held.intents.get(&part).filter(|intent| intent.generation == facts.generation);
        let members = self.fleet.slots.get(&facts.slot).map_or(&[][..], Vec::as_slice);
        // What joined goes for nobody who is not certainly healthy.
        let stays = members.iter().filter(|of| match of.fitness {
            Fitness::Healthy => true,
            Fitness::Ending | Fitness::InDoubt { .. } => false,
            _ => of.fitness.lost().is_none() && facts.joined.is_none(),
        });
        let oldest = stays.min_by_key(|of| (of.held.launched, of.id)).map(|of| (of.held.launched, of.id));
        // Of several that nobody holds, one is adopted now and the next plan sees the others beside it.
        let adopted = self.actions.iter().any(|action| action.part == part && matches!(action.verb, Verb::Adopt(_)));
        match oldest {
            _ if adopted => {}
            Some((launched, kept)) if intended.is_none() && (launched, kept) < (facts.launched, id) => {
                let cause = Cause::TwoInOneSlot { kept: kept.clone() };
                self.act(&part, facts.generation, Verb::Terminate(id.clone(), None), cause);
            }
            _ => {
                let since = intended.map(|intent| intent.at);
                let cause = since.map_or(Cause::FoundByTag, |since| Cause::Unanswered { since });
                self.act(&part, facts.generation, Verb::Adopt(id.clone()), cause);
            }
        }
    }

    /// Calls for a machine's end, also again where the first call shows no effect.
    pub(super) fn end(&mut self, member: &Member<'_>, drained: bool, cause: Cause) {
        let part = Part::Machine(member.held.slot);
        if let Some(since) = member.held.ending {
            let again = member.held.changed.plus(AGAIN * 6);
            if self.now < again || member.facts.is_some_and(|facts| facts.state == MachineState::Ending) {
                return self.wait(&part, super::Waiting::Under("ends"), again.max(self.soon()));
            }
            // It may have recovered, and be needed now.
            let (healthy, majority) = (self.fleet.healthy_masters(), self.fleet.majority());
            let serves = member.facts.is_none_or(|facts| facts.joined.is_some() && facts.impaired.is_none());
            if member.held.slot.role == Role::Master && serves && healthy < majority && !self.deleting() {
                return self.wait(
                    &part,
                    super::Waiting::Quorum { healthy, majority, cause: Cause::Unanswered { since } },
                    self.soon(),
                );
            }
            let verb = Verb::Terminate(member.id.clone(), None);
            return self.act(&part, member.held.generation, verb, Cause::Unanswered { since });
        }
        if member.fitness == Fitness::Ending {
            return self.wait(&part, super::Waiting::Under("ends"), self.soon());
        }
        let drain = (drained && member.fitness == Fitness::Healthy).then_some(self.desired.limits.drain);
        self.act(&part, member.held.generation, Verb::Terminate(member.id.clone(), drain), cause);
    }
}
