//! What calls and time do to the cloud.

use std::collections::BTreeSet;

use planner::plan::{Action, Change, CloudId, Look, MachineFacts, MachineState, Part, PartFacts, Phase, Role, Verb};

use super::{Resource, World, alive};

impl World {
    /// What a call does: the id of what it made, or the code of a refusal.
    pub(super) fn effect(&mut self, action: &Action) -> Result<Option<CloudId>, String> {
        let part = &action.part;
        match &action.verb {
            Verb::Create => return Ok(Some(self.create(part))),
            Verb::Launch(launch) => {
                if let Some(id) = self.tokens.get(&action.token()) {
                    return Ok(Some(id.clone()));
                }
                if self.full.contains(&launch.placement.zone) {
                    return Err("InsufficientInstanceCapacity".to_owned());
                }
                return Ok(Some(self.launch(action)));
            }
            Verb::Change(_, change) => {
                if let Some(of) = self.parts.get_mut(part) {
                    apply(&mut of.facts.look, change);
                }
            }
            Verb::Delete(id) => {
                let Some(of) = self.parts.get_mut(part).filter(|of| of.facts.id == *id) else { return Ok(None) };
                if matches!(part, Part::Nat { .. }) {
                    of.facts.phase = Phase::Ending;
                    of.settles = self.now.plus(40);
                } else {
                    self.parts.remove(part);
                }
            }
            Verb::Start(id) => self.turn(id, |of| matches!(of, MachineState::Stopped(_)), MachineState::Pending),
            Verb::Stop(id) => self.turn(id, |of| matches!(of, MachineState::Running(_)), MachineState::Stopping),
            Verb::Terminate(id, _) => {
                self.turn(id, |of| !matches!(of, MachineState::Ended(_)), MachineState::Ending);
            }
            Verb::Renew | Verb::Adopt(_) | Verb::Note(..) | Verb::Forget(_) | Verb::GiveUp => {}
        }
        Ok(None)
    }

    fn create(&mut self, part: &Part) -> CloudId {
        if let Some(of) = self.parts.get(part).filter(|of| of.facts.phase != Phase::Ending) {
            if matches!(part, Part::Vpc | Part::InternetGateway | Part::Subnet { .. } | Part::Address { .. }) {
                self.broken.push(format!("made a second {part}"));
            }
            return of.facts.id.clone();
        }
        self.next += 1;
        let id = CloudId(format!("{}-{}", part.kind(), self.next).into());
        let slow = matches!(part, Part::Nat { .. } | Part::Balancer);
        let look = match &self.desired.parts[part] {
            Look::InternetGateway { .. } => Look::InternetGateway { attached: false },
            Look::RouteTable { .. } => Look::RouteTable { way_out: None, associated: false },
            Look::SecurityGroup { .. } => Look::SecurityGroup { lets_in: BTreeSet::new() },
            Look::Balancer { .. } => Look::Balancer { listens: false },
            other => other.clone(),
        };
        let phase = if slow { Phase::Pending } else { Phase::Ready };
        let facts = PartFacts { id: id.clone(), phase, look };
        self.ended.remove(part);
        self.parts.insert(part.clone(), Resource { facts, settles: self.now.plus(if slow { 60 } else { 0 }) });
        id
    }

    fn launch(&mut self, action: &Action) -> CloudId {
        let (Part::Machine(slot), Verb::Launch(launch)) = (&action.part, &action.verb) else { unreachable!() };
        let twins = self.machines.values().filter(|of| of.slot == *slot && of.generation == action.generation);
        if twins.clone().any(alive) {
            self.broken.push(format!("two machines for {slot} #{}", action.generation));
        }
        self.next += 1;
        let id = CloudId(format!("i-{}", self.next).into());
        let facts = MachineFacts {
            slot: *slot,
            generation: action.generation,
            instance_type: launch.placement.instance_type.clone(),
            zone: launch.placement.zone.clone(),
            image: launch.image.clone(),
            launched: self.now,
            state: MachineState::Pending,
            impaired: None,
            joined: None,
            encrypted: Some(true),
            public: false,
        };
        self.machines.insert(id.clone(), facts);
        self.tokens.insert(action.token(), id.clone());
        id
    }

    fn turn(&mut self, id: &CloudId, from: impl Fn(&MachineState) -> bool, to: MachineState) {
        if let Some(of) = self.machines.get_mut(id).filter(|of| from(&of.state)) {
            of.state = to;
            of.joined = None;
        }
    }

    /// Lets time pass: things become what they are becoming.
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(seconds);
        let now = self.now;
        let (due, later) = self.late.drain(..).partition(|(at, _)| *at <= now);
        self.late = later;
        for (_, action) in due {
            let _ = self.effect(&action);
        }
        for (part, of) in self.parts.iter_mut().filter(|(_, of)| of.settles <= now) {
            match of.facts.phase {
                Phase::Pending if self.useless.contains(part) => {
                    of.facts.phase = Phase::Failed("InternalError".to_owned());
                }
                Phase::Pending => of.facts.phase = Phase::Ready,
                Phase::Ending => drop(self.ended.insert(part.clone())),
                _ => {}
            }
        }
        self.parts.retain(|part, _| !self.ended.contains(part));
        let masters = self.desired.slots.keys().filter(|slot| slot.role == Role::Master).count();
        let running = |of: &&MachineFacts| of.slot.role == Role::Master && matches!(of.state, MachineState::Running(_));
        let served = self.machines.values().filter(running).count() > masters / 2;
        for (id, of) in &mut self.machines {
            of.state = match of.state {
                MachineState::Pending => MachineState::Running(now),
                MachineState::Stopping => MachineState::Stopped(now),
                MachineState::Ending => MachineState::Ended(now),
                MachineState::Running(at) => {
                    let joins = !self.useless.contains(&Part::Machine(of.slot));
                    if now.since(at) >= 45 && served && joins && of.impaired.is_none() {
                        of.joined.get_or_insert(now);
                    }
                    of.state
                }
                other => other,
            };
            if matches!(of.state, MachineState::Ended(_)) {
                for resource in self.parts.values_mut() {
                    match &mut resource.facts.look {
                        Look::Volume { attached, .. } if attached.as_ref() == Some(id) => *attached = None,
                        _ => {}
                    }
                }
            }
        }
    }
}

fn apply(look: &mut Look, change: &Change) {
    match (look, change) {
        (Look::InternetGateway { attached }, change) => *attached = *change == Change::AttachGateway,
        (Look::RouteTable { way_out, .. }, Change::Route(to) | Change::Reroute(to)) => *way_out = Some(to.clone()),
        (Look::RouteTable { associated, .. }, change) => *associated = *change == Change::Associate,
        (Look::SecurityGroup { lets_in }, Change::Authorize(openings)) => lets_in.extend(openings.iter().cloned()),
        (Look::SecurityGroup { lets_in }, Change::Revoke(openings)) => lets_in.retain(|of| !openings.contains(of)),
        (Look::Balancer { listens }, _) => *listens = true,
        (Look::TargetGroup { targets }, Change::Register(of)) => targets.extend(of.iter().cloned()),
        (Look::TargetGroup { targets }, Change::Deregister(of)) => targets.retain(|target| !of.contains(target)),
        (Look::Volume { attached, .. }, Change::AttachVolume(to)) => *attached = Some(to.clone()),
        (Look::Volume { attached, .. }, Change::DetachVolume(_)) => *attached = None,
        (look, change) => panic!("{change} of {look}"),
    }
}
