//! A small naive cloud and the log beside it: carries out plans, forgets answers, loses machines, and checks what is never to be done.

mod effect;

use std::collections::{BTreeMap, BTreeSet};

use planner::plan::{
    Action, Cause, CloudId, Desired, Edge, Etcd, Failed, Held, HeldMachine, HeldPart, Intent, Look, MachineFacts,
    MachineState, Observed, Part, PartFacts, Phase, Plan, Refused, Role, Seen, Slot, State, Time, TokenInputs, Verb,
    Wish, plan,
};

/// Noon of a Saturday, 2026-11-21: outside of a window on Sundays.
pub const NOON: Time = Time(20_778 * 86_400 + 12 * 3600);

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// It never arrived, and nobody knows.
    LostBefore,
    /// It took effect, and nobody knows.
    LostAfter,
    /// It takes effect so many seconds later, and nobody knows.
    Late(u64),
    /// Our process stopped before it called.
    Dropped,
}

#[derive(Clone)]
pub struct Resource {
    pub facts: PartFacts,
    /// When it is what it is becoming.
    settles: Time,
}

#[derive(Clone)]
pub struct World {
    pub desired: Desired,
    pub held: Held,
    pub now: Time,
    pub parts: BTreeMap<Part, Resource>,
    /// Gone, and listed as that.
    pub ended: BTreeSet<Part>,
    pub machines: BTreeMap<CloudId, MachineFacts>,
    tokens: BTreeMap<TokenInputs, CloudId>,
    late: Vec<(Time, Action)>,
    /// Zones without free machines.
    pub full: BTreeSet<String>,
    /// What is of no use whenever it is made: gateways fail, machines never join.
    pub useless: BTreeSet<Part>,
    /// What lists leave out.
    pub lists_nothing: bool,
    pub lists_no_machines: bool,
    next: u64,
    /// What was done and must not be.
    pub broken: Vec<String>,
}

impl World {
    pub fn new(desired: Desired) -> Self {
        let parts = BTreeMap::new();
        let mut world = Self {
            desired,
            held: Held::nothing(),
            now: NOON,
            parts,
            ended: BTreeSet::new(),
            machines: BTreeMap::new(),
            tokens: BTreeMap::new(),
            late: Vec::new(),
            full: BTreeSet::new(),
            useless: BTreeSet::new(),
            lists_nothing: false,
            lists_no_machines: false,
            next: 0,
            broken: Vec::new(),
        };
        if world.desired.parts.contains_key(&Part::Network) {
            let facts = PartFacts { id: "shared".into(), phase: Phase::Ready, look: Look::Plain };
            world.parts.insert(Part::Network, Resource { facts, settles: NOON });
        }
        world
    }

    pub fn observe(&self) -> Observed {
        // Of a list that lacks something held it is known that it lacks something; of another it cannot be.
        if self.lists_nothing && !(self.held.parts.is_empty() && self.held.machines.is_empty()) {
            return Observed { listed: Some(self.now), ..Observed::default() };
        }
        let present = self.parts.iter().map(|(part, of)| (part.clone(), Seen::Present(of.facts.clone(), self.now)));
        let ended = self.ended.iter().map(|part| (part.clone(), Seen::Absent(self.now)));
        let listed = self.machines.iter().filter(|_| !self.lists_no_machines || self.held.machines.is_empty());
        let machines = listed.map(|(id, of)| (id.clone(), Seen::Present(of.clone(), self.now)));
        Observed {
            listed: Some(self.now),
            untold: None,
            parts: ended.chain(present).collect(),
            machines: machines.collect(),
        }
    }

    pub fn plan(&self) -> Plan {
        plan(&self.desired, &self.held, &self.observe(), self.now)
    }

    /// Plans and does everything until nothing is left to do; the plans that there were.
    pub fn settle(&mut self) -> Vec<Plan> {
        let mut plans = Vec::new();
        for _ in 0..2000 {
            let plan = self.plan();
            let made = self.held.made;
            self.carry_out(&plan, |_| Fate::Done);
            // That it was made is news to the next plan.
            if plan.actions.is_empty() && plan.waits.is_empty() && made == self.held.made {
                return plans;
            }
            plans.push(plan);
            self.pass(15);
        }
        panic!("not settled:\n{}", plans.last().unwrap().text());
    }

    pub fn carry_out(&mut self, plan: &Plan, mut fate: impl FnMut(&Action) -> Fate) {
        self.held.state = plan.status.state;
        if plan.status.state == State::Running {
            self.held.made.get_or_insert(self.now);
        }
        let (parts, machines) = (&self.parts, &self.machines);
        self.held.failed.retain(|part, _| match part {
            Part::Machine(slot) => !machines.values().any(|of| of.slot == *slot && healthy(of)),
            _ => parts.get(part).is_none_or(|of| of.facts.phase != Phase::Ready),
        });
        for action in &plan.actions {
            let fate = if action.only_logged() { Fate::Done } else { fate(action) };
            self.act(action, fate);
        }
    }

    fn act(&mut self, action: &Action, fate: Fate) {
        self.check(action);
        let before = self.held.intents.get(&action.part).cloned();
        if fate == Fate::Dropped && !matches!(action.verb, Verb::Create | Verb::Launch(_)) {
            return;
        }
        self.intend(action);
        match fate {
            Fate::Dropped | Fate::LostBefore => {}
            Fate::Late(seconds) => self.late.push((self.now.plus(seconds), action.clone())),
            Fate::LostAfter => drop(self.effect(action)),
            Fate::Done => {
                let outcome = self.effect(action);
                let refused = outcome.is_err();
                self.answer(action, outcome);
                if let (Some(intent), true) = (before, refused) {
                    self.held.intents.insert(action.part.clone(), intent);
                }
            }
        }
    }

    fn check(&mut self, action: &Action) {
        let made = self.held.made.is_some() && self.desired.wish == Wish::Run;
        if let (Verb::Terminate(id, _) | Verb::Stop(id), true) = (&action.verb, made) {
            let healthy = |of: &&MachineFacts| of.slot.role == Role::Master && healthy(of);
            let others = self.machines.iter().filter(|(other, of)| *other != id && healthy(of)).map(|(_, of)| of.slot);
            let others = others.collect::<BTreeSet<_>>().len();
            let masters = self.desired.slots.keys().filter(|slot| slot.role == Role::Master).count();
            if self.machines.get(id).is_some_and(|of| healthy(&of)) && others < masters / 2 + 1 {
                self.broken.push(format!("ended {id} with {others} other healthy masters: {:?}", action.cause));
            }
        }
        if let (Verb::Launch(launch), true) = (&action.verb, made) {
            let healthy = self.machines.values().filter(|of| of.slot.role == Role::Master && healthy(of)).count();
            let masters = self.desired.slots.keys().filter(|slot| slot.role == Role::Master).count();
            let repeated = matches!(action.cause, Cause::Unanswered { .. });
            let ended = |of: &MachineFacts| matches!(of.state, MachineState::Ended(_));
            let living =
                self.machines.values().filter(|of| of.slot.role == Role::Master && !ended(of)).map(|of| of.slot);
            let living = living.collect::<BTreeSet<_>>().len();
            if launch.etcd == Some(Etcd::Restore) && living > masters / 2 && !repeated {
                self.broken.push(format!("restored etcd beside {living} masters that live"));
            }
            // What is called again with its token, and made that master, makes no other.
            let again = self.tokens.contains_key(&action.token());
            if launch.etcd == Some(Etcd::Restore) && healthy > masters / 2 && !again {
                self.broken.push(format!("restored etcd with {healthy} healthy masters"));
            }
        }
        if let (Part::Machine(slot), Verb::Launch(_), Cause::Gone | Cause::EndsUnasked) =
            (&action.part, &action.verb, &action.cause)
            && self.machines.values().any(|of| of.slot == *slot && alive(of))
        {
            self.broken.push(format!("launched {slot} as gone while it is there"));
        }
        if let (Part::Machine(slot), true, Verb::Launch(_)) = (&action.part, made, &action.verb) {
            let joining = |of: &MachineFacts| {
                alive(of) && of.joined.is_none() && of.impaired.is_none() && self.now.since(of.launched) < 900
            };
            let other = |of: &Slot| of.role == Role::Master && of != slot;
            let under_way = self.machines.values().any(|of| other(&of.slot) && joining(of))
                || self.held.intents.keys().any(|part| matches!(part, Part::Machine(of) if other(of)));
            let repeated = matches!(action.cause, Cause::Unanswered { .. });
            if slot.role == Role::Master && under_way && !repeated {
                self.broken.push(format!("launched {slot} while another master joins"));
            }
        }
        let repeated = matches!(action.cause, Cause::Unanswered { .. });
        if self.lists_nothing && self.desired.wish == Wish::Run && action.destructive() && !repeated {
            self.broken.push(format!("{} while nothing is listed", action.verb));
        }
    }

    /// What is committed before the call.
    fn intend(&mut self, action: &Action) {
        let Action { part, generation, attempt, verb, .. } = action;
        let now = self.now;
        if action.only_logged() {
            return;
        }
        if let Some(creation) = verb.creation() {
            self.held.generations.insert(part.clone(), *generation);
            let intent = Intent { generation: *generation, attempt: *attempt, creation, at: now };
            self.held.intents.insert(part.clone(), intent);
        }
        let before = self.held.failed.get(part);
        if let Some(why) = action.cause.failure()
            && before.is_none_or(|of| of.generation < *generation)
        {
            let (times, why) = (before.map_or(0, |of| of.times) + 1, why.to_owned());
            self.held.failed.insert(part.clone(), Failed { generation: *generation, times, last: now, why });
        }
        if let Some(of) = self.held.parts.get_mut(part) {
            of.changed = now;
        }
        if let Verb::Terminate(id, _) | Verb::Stop(id) | Verb::Start(id) = verb
            && let Some(of) = self.held.machines.get_mut(id)
        {
            of.changed = now;
            if matches!(verb, Verb::Terminate(..)) {
                of.ending.get_or_insert(now);
            }
        }
    }

    fn answer(&mut self, action: &Action, outcome: Result<Option<CloudId>, String>) {
        let part = &action.part;
        match (&action.verb, &outcome) {
            (_, Err(why)) => {
                self.held.intents.remove(part);
                let times = self.held.refused.get(part).map_or(0, |refused| refused.times) + 1;
                self.held.refused.insert(part.clone(), Refused { times, last: self.now, why: why.clone() });
            }
            (Verb::Create, Ok(Some(id))) | (Verb::Adopt(id), Ok(_)) if !matches!(part, Part::Machine(_)) => {
                self.held.intents.remove(part);
                self.held.refused.remove(part);
                let held = HeldPart { id: id.clone(), generation: action.generation, changed: self.now };
                self.held.parts.insert(part.clone(), held);
            }
            (Verb::Launch(_), Ok(Some(id))) => self.hold(id, action),
            (Verb::Adopt(id), Ok(_)) => self.hold(id, action),
            (Verb::Note(id, edge), _) => self.note(id, *edge),
            (Verb::Forget(_), _) => drop(self.held.parts.remove(part)),
            (Verb::Delete(_), _) if !matches!(part, Part::Nat { .. }) => drop(self.held.parts.remove(part)),
            (Verb::GiveUp, _) => drop(self.held.intents.remove(part)),
            (Verb::Renew, _) => {
                if let Part::Credential(credential) = part {
                    self.held.renewed.insert(*credential, self.now);
                }
            }
            _ => {}
        }
    }

    fn hold(&mut self, id: &CloudId, action: &Action) {
        let of = &self.machines[id];
        if let Some(intent) = self.held.intents.get(&action.part)
            && intent.generation == of.generation
        {
            self.held.intents.remove(&action.part);
        }
        self.held.refused.remove(&action.part);
        let last = self.held.generations.entry(action.part.clone()).or_default();
        *last = (*last).max(of.generation);
        let machine = HeldMachine {
            slot: of.slot,
            generation: of.generation,
            attempt: action.attempt,
            instance_type: of.instance_type.clone(),
            zone: of.zone.clone(),
            image: of.image.clone(),
            launched: of.launched,
            started: None,
            stopped: None,
            joined: None,
            changed: self.now,
            ending: None,
        };
        self.held.machines.entry(id.clone()).or_insert(machine);
    }

    fn note(&mut self, id: &CloudId, edge: Edge) {
        let Some(of) = self.held.machines.get_mut(id) else { return };
        match edge {
            Edge::Started(at) => (of.started, of.stopped, of.joined) = (Some(at), None, None),
            Edge::Joined(at) => of.joined = Some(at),
            Edge::Stopped(at) => of.stopped = Some(at),
            Edge::Ended(_) => drop(self.held.machines.remove(id)),
        }
    }

    /// Ends a machine behind our back.
    pub fn kill(&mut self, id: &CloudId) {
        self.machines.get_mut(id).unwrap().state = MachineState::Ended(self.now);
        self.machines.get_mut(id).unwrap().joined = None;
        self.pass(1);
    }
}

pub fn alive(of: &MachineFacts) -> bool {
    !matches!(of.state, MachineState::Ending | MachineState::Ended(_))
}

pub fn healthy(of: &MachineFacts) -> bool {
    matches!(of.state, MachineState::Running(_)) && of.joined.is_some() && of.impaired.is_none()
}
