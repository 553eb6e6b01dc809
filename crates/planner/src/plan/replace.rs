//! Which machines are launched, started, stopped and ended: in which order, and what is never risked for it.

use super::{
    AGAIN, Cause, Etcd, Launch, Part, Placement, Planner, Role, Slot, Verb, Waiting, Wish,
    fleet::{Fitness, Member},
};

impl Planner<'_> {
    pub(super) fn tend_machines(&mut self) {
        let slots: Vec<Slot> = self.fleet.slots.keys().copied().collect();
        for slot in slots {
            let members = self.fleet.slots.get(&slot).cloned().unwrap_or_default();
            let wanted = self.desired.slots.contains_key(&slot);
            match self.desired.wish {
                _ if self.deleting() => members.iter().for_each(|member| self.end(member, false, Cause::Deletion)),
                Wish::Hibernate => self.put_to_sleep(slot, &members),
                _ if !wanted => members.iter().for_each(|member| self.dismiss(member)),
                Wish::Run | Wish::Delete => self.tend_slot(slot, &members),
            }
        }
        let is_launch = |part: &&Part| matches!(part, Part::Machine(_));
        for part in self.held.intents.keys().filter(is_launch) {
            let Part::Machine(slot) = part else { continue };
            let wanted = self.desired.slots.contains_key(slot) && self.desired.wish == Wish::Run;
            if !wanted && !self.adopted(*slot) {
                self.give_up(part);
            }
        }
        if self.desired.wish == Wish::Run {
            self.replace_by_choice();
        }
    }

    fn adopted(&self, slot: Slot) -> bool {
        let part = Part::Machine(slot);
        self.actions.iter().any(|action| action.part == part && matches!(action.verb, Verb::Adopt(_)))
    }

    /// Workers first, then masters. Volumes stay.
    fn put_to_sleep(&mut self, slot: Slot, members: &[Member<'_>]) {
        let awake = |of: &Member<'_>| !matches!(of.fitness, Fitness::Asleep | Fitness::Ending);
        let workers = self.fleet.role(Role::Worker).any(|(_, members)| members.iter().any(awake));
        let part = Part::Machine(slot);
        for member in members {
            match &member.fitness {
                Fitness::Asleep => {}
                Fitness::Ending => self.end(member, false, Cause::Hibernation),
                Fitness::FallingAsleep => self.wait(&part, Waiting::Under("stops"), self.soon()),
                Fitness::InDoubt { since, why } => self.not_seen(&part, *since, why),
                _ if slot.role == Role::Master && workers => self.wait(&part, Waiting::Workers, self.soon()),
                _ if !member.runs() => self.wait(&part, Waiting::Under("starts, and can be stopped then"), self.soon()),
                _ => {
                    let verb = Verb::Stop(member.id.clone());
                    self.act(&part, member.held.generation, verb, Cause::Hibernation);
                }
            }
        }
    }

    /// Ends what is not wished any more: workers as they are drained, masters one at a time and none that etcd needs.
    fn dismiss(&mut self, member: &Member<'_>) {
        let slot = member.held.slot;
        if slot.role == Role::Master && self.held.made.is_some() {
            let (healthy, majority) = (self.fleet.healthy_masters(), self.fleet.majority());
            let (part, cause) = (Part::Machine(slot), Cause::NotWanted);
            if member.fitness == Fitness::Healthy && healthy <= majority {
                return self.wait(&part, Waiting::Quorum { healthy, majority, cause }, self.soon());
            }
            if member.fitness != Fitness::Ending && self.other_master_comes_first(slot) {
                return;
            }
        }
        self.end(member, true, Cause::NotWanted);
    }

    fn tend_slot(&mut self, slot: Slot, members: &[Member<'_>]) {
        if self.adopted(slot) {
            return;
        }
        let part = Part::Machine(slot);
        if self.held.intents.contains_key(&part) {
            self.launch(slot, Cause::Wanted);
        }
        match members {
            _ if self.held.intents.contains_key(&part) => {}
            [] => {
                let cause = if self.fleet.emptied.contains(&slot) { Cause::Gone } else { Cause::Wanted };
                self.launch(slot, cause);
            }
            [member] => self.tend_one(slot, member),
            [newest, others @ ..] => self.tend_several(slot, newest, others),
        }
    }

    fn tend_one(&mut self, slot: Slot, member: &Member<'_>) {
        let part = Part::Machine(slot);
        match &member.fitness {
            Fitness::Healthy => {}
            Fitness::Starting { since, until } => {
                self.wait(&part, Waiting::Limit { of: "has to join", since: *since }, *until);
            }
            Fitness::Ailing { since, until } => {
                self.wait(&part, Waiting::Limit { of: "impaired", since: *since }, *until);
            }
            Fitness::Asleep => self.wake(&part, member),
            Fitness::FallingAsleep => self.wait(&part, Waiting::Under("stops"), self.soon()),
            // Nothing brings it back, and nothing of it is needed by the next.
            Fitness::Ending if slot.role == Role::Worker && member.held.ending.is_none() => {
                self.launch(slot, Cause::EndsUnasked);
            }
            Fitness::Ending => self.end(member, false, Cause::NotWanted),
            Fitness::InDoubt { since, why } => self.not_seen(&part, *since, why),
            Fitness::Impaired { .. } | Fitness::NeverJoined { .. } => self.replace_lost(slot, member),
        }
    }

    fn wake(&mut self, part: &Part, member: &Member<'_>) {
        if let Some(refused) = self.held.refused.get(part) {
            let until = refused.last.plus(super::pause(refused.times, super::LONGEST_PAUSE));
            if self.now < until {
                let (times, why) = (refused.times, refused.why.clone());
                return self.wait(part, Waiting::Pause { times, why }, until);
            }
        }
        let again = member.held.changed.plus(AGAIN);
        if self.now < again {
            return self.wait(part, Waiting::FreshLook, again);
        }
        self.act(part, member.held.generation, Verb::Start(member.id.clone()), Cause::Waking);
    }

    /// A machine that is there and lost. A worker gets another beside it before it ends; what never joined has nothing to keep.
    fn replace_lost(&mut self, slot: Slot, member: &Member<'_>) {
        let Some(cause) = member.fitness.lost() else { return };
        if self.short_circuit(slot) {
            return;
        }
        match (slot.role, &member.fitness) {
            (Role::Worker, Fitness::Impaired { .. }) => {
                if self.within_budget(slot) {
                    self.launch(slot, cause);
                }
            }
            (Role::Master, _) if self.held.made.is_some() && self.other_master_comes_first(slot) => {}
            _ => self.end(member, false, cause),
        }
    }

    /// Another takes the place, or two were made: the newest stays once it has joined.
    fn tend_several(&mut self, slot: Slot, newest: &Member<'_>, others: &[Member<'_>]) {
        for member in others.iter().chain([newest]).filter(|of| of.fitness == Fitness::Ending) {
            self.end(member, false, Cause::Replaced);
        }
        // The younger of two goes, unless it is the only healthy one; for one that goes itself or is not seen, nobody does.
        let stays = |of: &&Member<'_>| match of.fitness {
            Fitness::Healthy => true,
            Fitness::Ending | Fitness::InDoubt { .. } => false,
            _ => of.fitness.lost().is_none() && newest.fitness != Fitness::Healthy,
        };
        let twin = others.iter().filter(|of| of.held.generation == newest.held.generation).find(stays);
        let seen = !matches!(newest.fitness, Fitness::Ending | Fitness::InDoubt { .. });
        if let (Some(kept), true) = (twin, seen) {
            let cause = Cause::TwoInOneSlot { kept: kept.id.clone() };
            return self.end(newest, false, cause);
        }
        match &newest.fitness {
            Fitness::Healthy => {
                for member in others.iter().filter(|of| of.fitness != Fitness::Ending) {
                    self.end(member, slot.role == Role::Worker, Cause::Replaced);
                }
            }
            Fitness::Impaired { .. } | Fitness::NeverJoined { .. } => {
                let cause = newest.fitness.lost();
                if let Some(cause) = cause.filter(|_| !self.short_circuit(slot)) {
                    self.end(newest, false, cause);
                }
            }
            Fitness::Ending => {}
            _ => self.tend_one(slot, newest),
        }
    }

    /// Launches the next machine of a slot, as far as that is possible now.
    pub(super) fn launch(&mut self, slot: Slot, cause: Cause) {
        let part = Part::Machine(slot);
        let blocked = slot.role == Role::Master && self.held.made.is_some() && self.other_master_comes_first(slot);
        if blocked && !self.held.intents.contains_key(&part) {
            return;
        }
        let Some(tried) = self.next_try(&part, cause) else { return };
        let restores = |verb: &Verb| matches!(verb, Verb::Launch(launch) if launch.etcd == Some(Etcd::Restore));
        let (living, found) = self.living_masters();
        let verb = match tried.same {
            None if self.restores(slot) && living >= self.fleet.majority() => {
                let majority = self.fleet.majority();
                return self.wait(&part, Waiting::OldMembers { living, majority }, self.soon());
            }
            // It counts once it is held.
            Some(verb) if restores(&verb) && found => return self.wait(&part, Waiting::FreshLook, self.soon()),
            // What would be restored from a snapshot is there after all.
            Some(verb) if restores(&verb) && !self.fleet.quorum_lost() => return self.give_up(&part),
            Some(verb) => verb,
            None => match self.placement(slot, tried.attempt) {
                Some(placement) => self.launch_at(slot, placement),
                None => return self.wait(&part, Waiting::Under("has no instance type that fits"), self.soon()),
            },
        };
        self.act(&part, tried.generation, verb, tried.cause);
        if let Some(action) = self.actions.last_mut() {
            action.attempt = tried.attempt;
        }
    }

    fn launch_at(&self, slot: Slot, placement: Placement) -> Verb {
        let image = self.desired.images.get(&slot.role).cloned();
        let image = image.unwrap_or_else(|| super::Image { id: String::new(), built: self.now });
        let etcd = (slot.role == Role::Master).then(|| match self.held.made {
            Some(_) if self.restores(slot) => Etcd::Restore,
            None if self.fleet.healthy_masters() < self.fleet.majority() => Etcd::Form,
            _ => Etcd::Join,
        });
        Verb::Launch(Box::new(Launch { placement, image, etcd }))
    }

    /// Masters with a machine that is not proved to have ended, and whether one of them was found just now: whatever is thought of such a
    /// machine, its member of etcd may live and vote.
    fn living_masters(&self) -> (usize, bool) {
        let found = |slot: &Slot| slot.role == Role::Master && self.adopted(*slot);
        let living = |(slot, members): &(&Slot, &Vec<Member<'_>>)| !members.is_empty() || found(slot);
        (self.fleet.role(Role::Master).filter(living).count(), self.fleet.slots.keys().any(found))
    }

    /// Whether a machine of the slot would begin etcd anew from its newest snapshot.
    fn restores(&self, slot: Slot) -> bool {
        slot.role == Role::Master && self.held.made.is_some() && self.fleet.quorum_lost()
    }

    /// What is tried next: each refusal moves on to the next type, then to the next zone where the slot may be in another.
    pub(super) fn placement(&self, slot: Slot, attempt: u32) -> Option<Placement> {
        let placements = self.desired.slots.get(&slot)?;
        let refused = usize::try_from(attempt.saturating_sub(1)).unwrap_or(0);
        placements.get(refused.checked_rem(placements.len())?).cloned()
    }

    /// Whether another master is on its way in or out. With the quorum lost, nothing is served meanwhile, and one at a time it is still.
    fn other_master_comes_first(&mut self, slot: Slot) -> bool {
        let under_way = |of: &Member<'_>| match of.fitness {
            Fitness::Starting { .. } | Fitness::Ending | Fitness::Asleep | Fitness::FallingAsleep => true,
            Fitness::InDoubt { .. } => of.held.joined.is_none_or(|joined| joined <= of.held.changed),
            _ => false,
        };
        let launching = |slot: &Slot| self.held.intents.contains_key(&Part::Machine(*slot));
        // Launches and ends that are planned already in this plan.
        let planned = |of: &Slot| {
            let part = Part::Machine(*of);
            self.actions.iter().any(|action| {
                action.part == part && matches!(action.verb, Verb::Launch(_) | Verb::Terminate(..) | Verb::Start(_))
            })
        };
        let busy = |(of, members): &(&Slot, &Vec<Member<'_>>)| {
            **of != slot && (launching(of) || planned(of) || members.iter().any(under_way))
        };
        let first = self.fleet.role(Role::Master).find(busy).map(|(of, _)| *of);
        if let Some(other) = first {
            self.wait(&Part::Machine(slot), Waiting::OneMasterAtATime { other }, self.soon());
        }
        first.is_some()
    }

    /// Whether so many machines are ill at once that none is replaced.
    fn short_circuit(&mut self, slot: Slot) -> bool {
        let Some((ill, of)) = self.circuit_open() else { return false };
        let share = self.desired.limits.stop_above;
        self.wait(&Part::Machine(slot), Waiting::ShortCircuit { ill, of, share }, self.soon());
        true
    }

    /// How many of how many are ill, where that is more than the limit. A cluster that never ran has no circuit.
    pub(super) fn circuit_open(&self) -> Option<(usize, usize)> {
        let lost = |members: &Vec<Member<'_>>| members.iter().any(|of| of.fitness.lost().is_some());
        let lost = self.fleet.slots.values().filter(|members| lost(members)).count();
        let (ill, of) = (lost + self.fleet.emptied.len(), self.desired.slots.len());
        let share = usize::try_from(self.desired.limits.stop_above).unwrap_or(100);
        (self.held.made.is_some() && lost > 0 && ill * 100 > share * of).then_some((ill, of))
    }

    fn within_budget(&mut self, slot: Slot) -> bool {
        let launching = |of: &Slot| {
            let part = Part::Machine(*of);
            self.held.intents.contains_key(&part)
                || self.held.refused.contains_key(&part)
                || self.actions.iter().any(|action| action.part == part && matches!(action.verb, Verb::Launch(_)))
        };
        let others = self.fleet.role(Role::Worker).filter(|(of, _)| **of != slot);
        let replaced = others.filter(|(of, members)| members.len() > 1 || launching(of)).count();
        let workers = self.fleet.role(Role::Worker).count();
        let budget = usize::try_from(self.desired.limits.budget).unwrap_or(0) * workers / 100;
        if replaced >= budget.max(1) {
            self.wait(&Part::Machine(slot), Waiting::Budget { replaced }, self.soon());
            return false;
        }
        true
    }
}
