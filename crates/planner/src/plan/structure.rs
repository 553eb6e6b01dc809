//! Everything but machines: made in the order of what relies on what, changed where it differs, removed the other way round.

use super::{
    AGAIN, Cause, Change, CloudId, HeldPart, Look, Part, PartFacts, Phase, Planner, Seen, Verb, Wait, Waiting,
    look::{bare, changes},
};

impl Planner<'_> {
    /// Adopts what is ours, makes what is missing, changes what differs.
    pub(super) fn tend_structure(&mut self) {
        let (observed, desired) = (self.observed, self.desired);
        for (part, seen) in &observed.parts {
            if let Seen::Present(facts, _) = seen {
                self.adopt(part, facts);
            }
        }
        if self.deleting() {
            return;
        }
        for (part, look) in &desired.parts {
            let look = self.goal(part, look);
            self.tend(part, &look);
        }
    }

    /// Removes what is not wished, what others rely on last.
    pub(super) fn remove_structure(&mut self) {
        let (held, desired, deleting) = (self.held, self.desired, self.deleting());
        let wanted = |part: &Part| !deleting && desired.parts.contains_key(part);
        for (part, has) in held.parts.iter().rev().filter(|(part, _)| !wanted(part)) {
            let cause = if deleting { Cause::Deletion } else { Cause::NotWanted };
            self.remove(part, has, cause);
        }
        let is_machine = |part: &Part| matches!(part, Part::Machine(_));
        for part in held.intents.keys().filter(|part| !is_machine(part) && !wanted(part)) {
            self.give_up(part);
        }
        if desired.wish == super::Wish::Delete && !deleting {
            self.wait(&Part::Vpc, Waiting::InUse { clusters: desired.used_by }, self.soon());
        }
        if deleting && self.observed.listed.is_none() {
            self.waits.push(Wait { part: None, why: Waiting::Listing, until: self.soon() });
        }
    }

    fn adopt(&mut self, part: &Part, facts: &PartFacts) {
        let ours = *part != Part::Network && !self.held.parts.contains_key(part);
        if ours && facts.phase != Phase::Ending {
            let (generation, cause) = match self.held.intents.get(part) {
                Some(intent) => (intent.generation, Cause::Unanswered { since: intent.at }),
                None => (self.held.generations.get(part).copied().unwrap_or(1), Cause::FoundByTag),
            };
            self.act(part, generation, Verb::Adopt(facts.id.clone()), cause);
        }
    }

    /// What a part must look like with the machines that there are.
    fn goal(&self, part: &Part, look: &Look) -> Look {
        match (part, look) {
            (Part::TargetGroup, _) => {
                let seen = match self.observed.parts.get(part) {
                    Some(Seen::Present(PartFacts { look: Look::TargetGroup { targets }, .. }, _)) => targets.clone(),
                    _ => Default::default(),
                };
                Look::TargetGroup { targets: self.fleet.targets(&seen) }
            }
            (Part::Volume(slot), Look::Volume { zone, size, disk, .. }) => {
                let has = match self.observed.parts.get(part) {
                    Some(Seen::Present(PartFacts { look: Look::Volume { attached, .. }, .. }, _)) => attached.as_ref(),
                    _ => None,
                };
                let (zone, attached) = (zone.clone(), self.fleet.user(*slot, has).cloned());
                Look::Volume { zone, size: *size, disk: disk.clone(), attached }
            }
            _ => look.clone(),
        }
    }

    fn tend(&mut self, part: &Part, look: &Look) {
        let (held, observed) = (self.held, self.observed);
        let seen = observed.parts.get(part);
        let Some(has) = held.parts.get(part) else {
            return match seen {
                Some(Seen::Present(facts, _)) if *part == Part::Network && facts.phase == Phase::Ready => {
                    self.ready.insert(part.clone());
                }
                _ if *part == Part::Network => {
                    self.wait(part, Waiting::Under("is made for all its clusters"), self.soon())
                }
                Some(Seen::Present(facts, _)) if facts.phase != Phase::Ending => {}
                Some(Seen::Present(..)) => self.wait(part, Waiting::Under("one with our tag ends"), self.soon()),
                Some(Seen::Unknown { since, why }) => self.not_seen(part, *since, why),
                Some(Seen::Absent(_)) | None => self.create(part, Cause::Wanted),
            };
        };
        match seen {
            Some(Seen::Absent(as_of)) if *as_of > has.changed => {
                self.act(part, has.generation, Verb::Forget(has.id.clone()), Cause::SeenSo);
                self.create(part, Cause::Gone);
            }
            Some(Seen::Present(facts, as_of)) if facts.id == has.id => match &facts.phase {
                Phase::Pending => self.wait(part, Waiting::Under("is being made"), self.soon()),
                Phase::Ending => self.wait(part, Waiting::Under("ends"), self.soon()),
                Phase::Failed(why) => {
                    let verb = Verb::Delete(has.id.clone());
                    self.act(part, has.generation, verb, Cause::Failed(why.clone()));
                }
                Phase::Ready => self.change(part, has, look, &facts.look, *as_of > has.changed),
            },
            Some(Seen::Present(facts, _)) => {
                let why = format!("{} is listed in its place", facts.id);
                self.not_seen(part, has.changed, &why);
            }
            Some(Seen::Unknown { since, why }) => self.not_seen(part, *since, why),
            Some(Seen::Absent(_)) => self.wait(part, Waiting::FreshLook, self.soon()),
            None => self.not_seen(part, has.changed, "not listed"),
        }
    }

    fn create(&mut self, part: &Part, cause: Cause) {
        if let Some(tried) = self.next_try(part, cause) {
            self.act(part, tried.generation, Verb::Create, tried.cause);
            if let Some(action) = self.actions.last_mut() {
                action.attempt = tried.attempt;
            }
        }
    }

    /// Leads a part that is there to what it must look like.
    fn change(&mut self, part: &Part, has: &HeldPart, wanted: &Look, seen: &Look, fresh: bool) {
        // Others may rely on these whatever is in them.
        let open = matches!(part, Part::SecurityGroup(_) | Part::TargetGroup | Part::Balancer | Part::Volume(_));
        match changes(wanted, seen) {
            // Nothing runs on a template: another takes its place.
            Err(what) if matches!(part, Part::Template(_)) && fresh => {
                self.act(part, has.generation, Verb::Delete(has.id.clone()), Cause::Differs(what));
            }
            Err(_) if matches!(part, Part::Template(_)) => self.wait(part, Waiting::FreshLook, self.soon()),
            Err(what) => {
                self.ready.insert(part.clone());
                self.wait(part, Waiting::Unchangeable(what), self.soon());
            }
            Ok(changes) => {
                if open || changes.is_empty() {
                    self.ready.insert(part.clone());
                }
                if !changes.is_empty() && !fresh {
                    return self.wait(part, Waiting::FreshLook, self.soon());
                }
                let differs = |wanted: &Look| Cause::Differs(format!("{seen}; wanted {wanted}"));
                for change in changes {
                    match &change {
                        Change::Route(to) | Change::Reroute(to) if !self.ready.contains(to) => {
                            self.wait(part, Waiting::For(to.clone()), self.soon());
                        }
                        _ => self.act(part, has.generation, Verb::Change(has.id.clone(), change), differs(wanted)),
                    }
                }
            }
        }
    }

    /// Deletes what is not wished. That it is not seen holds up no deletion that is wished: it is deleted by its id.
    fn remove(&mut self, part: &Part, has: &HeldPart, cause: Cause) {
        let (held, observed) = (self.held, self.observed);
        let machines = held.machines.values().map(|machine| Part::Machine(machine.slot));
        let launches = held.intents.keys().cloned();
        let mut others = held.parts.keys().cloned().chain(machines).chain(launches);
        if let Some(other) = others.find(|other| other.relies_on(part) && !self.leads_elsewhere(other, part)) {
            return self.wait(part, Waiting::For(other), self.soon());
        }
        let id = || -> CloudId { has.id.clone() };
        match observed.parts.get(part) {
            Some(Seen::Absent(as_of)) if *as_of > has.changed => {
                self.act(part, has.generation, Verb::Forget(id()), Cause::SeenSo);
            }
            Some(Seen::Present(facts, _)) if facts.phase == Phase::Ending => {
                self.wait(part, Waiting::Under("ends"), self.soon());
            }
            // A call that took effect late made another, which has our tag: it goes first.
            Some(Seen::Present(facts, _)) if facts.id != has.id => {
                self.act(part, has.generation, Verb::Delete(facts.id.clone()), cause);
            }
            _ if self.now < has.changed.plus(AGAIN) => self.wait(part, Waiting::FreshLook, has.changed.plus(AGAIN)),
            Some(Seen::Present(facts, _)) => {
                let loose = changes(&bare(&facts.look), &facts.look).unwrap_or_default();
                for change in &loose {
                    self.act(part, has.generation, Verb::Change(id(), change.clone()), cause.clone());
                }
                if loose.is_empty() {
                    self.act(part, has.generation, Verb::Delete(id()), cause);
                }
            }
            _ => self.act(part, has.generation, Verb::Delete(id()), cause),
        }
    }

    /// Whether a route table, as it is wished and as it was seen, leads past a gateway.
    fn leads_elsewhere(&self, table: &Part, gateway: &Part) -> bool {
        let past = |look: &Look| matches!(look, Look::RouteTable { way_out: Some(to), .. } if to != gateway);
        let wished = !self.deleting() && self.desired.parts.get(table).is_some_and(past);
        wished && matches!(self.observed.parts.get(table), Some(Seen::Present(facts, _)) if past(&facts.look))
    }

    pub(super) fn not_seen(&mut self, part: &Part, since: super::Time, why: &str) {
        self.wait(part, Waiting::NotSeen { since, why: why.to_owned() }, self.soon());
    }
}
