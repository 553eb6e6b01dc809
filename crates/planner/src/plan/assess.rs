//! How it stands, from what was found while the plan was made.

use std::collections::BTreeMap;

use super::{
    Cause, Condition, Constraint, CreationPhase, Health, Part, PhaseState, Planner, Role, Slot, State, Status, Truth,
    Verb, Waiting, Wish,
    fleet::{Fitness, Member},
};

impl Planner<'_> {
    pub(super) fn assess(&self) -> Status {
        let state = self.state();
        let mut conditions = if self.asleep(state) { BTreeMap::new() } else { self.conditions() };
        if let Some(untold) = &self.observed.untold {
            conditions
                .insert(Condition::NetworkReady, (Truth::Unknown, format!("the cloud does not tell its {untold}")));
        }
        Status {
            state,
            health: self.health(state),
            conditions,
            constraints: self.constraints(state),
            phases: matches!(state, State::Pending | State::Provisioning).then(|| self.phases()),
        }
    }

    fn asleep(&self, state: State) -> bool {
        matches!(state, State::Hibernating | State::Hibernated | State::Deleting | State::Deleted)
    }

    fn state(&self) -> State {
        let healthy = |(_, members): (_, &Vec<Member<'_>>)| members.iter().any(|of| of.fitness == Fitness::Healthy);
        let joined = self.fleet.slots.iter().all(healthy);
        let whole = joined && self.desired.parts.keys().all(|part| self.ready.contains(part));
        match self.desired.wish {
            Wish::Delete if self.nothing_left() => State::Deleted,
            Wish::Delete => State::Deleting,
            Wish::Hibernate => {
                let sleeps = self.fleet.members().all(|of| of.fitness == Fitness::Asleep);
                if sleeps && self.held.intents.is_empty() { State::Hibernated } else { State::Hibernating }
            }
            Wish::Run if self.held.made.is_none() && whole => State::Running,
            Wish::Run if self.held.made.is_none() && self.held.is_empty() => State::Pending,
            Wish::Run if self.held.made.is_none() => State::Provisioning,
            Wish::Run => match self.held.state {
                State::Hibernating | State::Hibernated | State::Waking if !joined => State::Waking,
                _ if self.masters_repaired() => State::Repairing,
                _ => State::Running,
            },
        }
    }

    fn masters_repaired(&self) -> bool {
        let settled =
            |of: &Member<'_>| matches!(of.fitness, Fitness::Healthy | Fitness::InDoubt { .. } | Fitness::Ailing { .. });
        !self.fleet.role(Role::Master).all(|(_, members)| members.iter().any(settled))
    }

    fn health(&self, state: State) -> Health {
        match state {
            State::Hibernated | State::Deleted => return Health::Healthy,
            State::Pending | State::Provisioning | State::Hibernating | State::Deleting | State::Waking => {
                return Health::Unknown;
            }
            State::Running | State::Repairing => {}
        }
        let quorum = self.fleet.healthy_masters() >= self.fleet.majority();
        if self.desired.masters() > 0 && self.fleet.quorum_lost() {
            return Health::Unhealthy;
        }
        if self.observed.listed.is_none() || (self.desired.masters() > 0 && !quorum) {
            return Health::Unknown;
        }
        let ill = self.fleet.slots.values().any(|members| members.iter().all(|of| of.fitness != Fitness::Healthy));
        let parts = self.desired.parts.keys().all(|part| self.ready.contains(part));
        if ill || !parts || self.security().is_some() { Health::Warning } else { Health::Healthy }
    }

    fn conditions(&self) -> BTreeMap<Condition, (Truth, String)> {
        let mut all = BTreeMap::new();
        let missing = self.desired.parts.keys().find(|part| !self.ready.contains(part));
        let network = missing.map_or_else(
            || (Truth::True, "every part is there".to_owned()),
            |part| (Truth::False, format!("{part} is not ready")),
        );
        all.insert(Condition::NetworkReady, network);
        let security = match (self.security(), self.unseen_root()) {
            (Some(what), _) => (Truth::False, what),
            (None, Some(slot)) => (Truth::Unknown, format!("the root volume of {slot} was not told")),
            (None, None) => (Truth::True, "nothing differs".to_owned()),
        };
        all.insert(Condition::SecurityAsDecided, security);
        if self.desired.masters() == 0 {
            return all;
        }
        let (healthy, masters, majority) = (self.fleet.healthy_masters(), self.fleet.masters, self.fleet.majority());
        let doubt = self.fleet.members().any(|of| matches!(of.fitness, Fitness::InDoubt { .. }));
        let truth = |holds: bool| match (holds, doubt) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        };
        let quorum = match (healthy >= majority, self.held.made.is_some() && self.fleet.quorum_lost()) {
            (_, true) => {
                (Truth::False, format!("lost: {healthy} of {masters} healthy, to be restored from a snapshot"))
            }
            (holds, _) => (truth(holds), format!("{healthy} of {masters} healthy, {majority} needed")),
        };
        all.insert(Condition::EtcdQuorum, quorum);
        let served = healthy >= majority && self.ready.contains(&Part::Balancer);
        all.insert(Condition::ApiServerAvailable, (truth(served), format!("{healthy} masters, {}", self.balancer())));
        let wished = self.fleet.role(Role::Master).count();
        all.insert(
            Condition::ControlPlaneHealthy,
            (truth(healthy == wished), format!("{healthy} of {wished} masters")),
        );
        let joined = |(_, members): &(_, &Vec<Member<'_>>)| members.iter().any(|of| of.fitness == Fitness::Healthy);
        let workers = self.fleet.role(Role::Worker).count();
        let ready = self.fleet.role(Role::Worker).filter(joined).count();
        all.insert(Condition::EveryNodeReady, (truth(ready == workers), format!("{ready} of {workers} workers")));
        all.insert(Condition::WithinAges, self.ages());
        all
    }

    fn balancer(&self) -> &'static str {
        if self.ready.contains(&Part::Balancer) { "balancer ready" } else { "balancer not ready" }
    }

    /// What is not as decided in what is open, encrypted or exposed.
    fn security(&self) -> Option<String> {
        let group = self.actions.iter().find_map(|action| match (&action.part, &action.cause) {
            (Part::SecurityGroup(_) | Part::Template(_), Cause::Differs(what)) => {
                Some(format!("{}: {what}", action.part))
            }
            _ => None,
        });
        let fixed = self.waits.iter().find_map(|wait| match &wait.why {
            Waiting::Unchangeable(what) => wait.part.as_ref().map(|part| format!("{part}: {what}")),
            _ => None,
        });
        let exposed = self.fleet.members().find_map(|of| {
            let facts = of.facts?;
            let open = self.desired.limits.encrypted && facts.encrypted == Some(false);
            (facts.public || open).then(|| format!("machine {}: public or not encrypted", of.held.slot))
        });
        group.or(fixed).or(exposed)
    }

    /// A machine that has joined, of which nobody said whether its root volume is encrypted.
    fn unseen_root(&self) -> Option<Slot> {
        let unseen =
            |of: &&Member<'_>| of.facts.is_some_and(|facts| facts.joined.is_some() && facts.encrypted.is_none());
        self.fleet.members().find(unseen).filter(|_| self.desired.limits.encrypted).map(|of| of.held.slot)
    }

    fn ages(&self) -> (Truth, String) {
        let old = |cause: &Cause| {
            matches!(cause, Cause::ImageTooOld { .. } | Cause::MachineTooOld { .. } | Cause::PastAge { .. })
        };
        let acted = self.actions.iter().find(|action| old(&action.cause)).map(|action| action.part.clone());
        let waited = self.waits.iter().find_map(|wait| match &wait.why {
            Waiting::Window(cause) | Waiting::Settled(cause) | Waiting::Quorum { cause, .. } if old(cause) => {
                wait.part.clone()
            }
            _ => None,
        });
        match acted.or(waited) {
            Some(part) => (Truth::False, format!("{part} is too old")),
            None => (Truth::True, "nothing is too old".to_owned()),
        }
    }

    fn constraints(&self, state: State) -> BTreeMap<Constraint, Option<String>> {
        let sleeps = (state != State::Running).then(|| format!("it is {}", state.name()));
        let protected = self.desired.delete_protection.then(|| "it is protected from deletion".to_owned());
        let used = (self.desired.used_by > 0).then(|| format!("{} clusters use it", self.desired.used_by));
        let mut all = BTreeMap::from([(Constraint::DeletionPossible, protected.or(used))]);
        if self.desired.masters() > 0 {
            all.insert(Constraint::HibernationPossible, sleeps);
        }
        all
    }

    fn phases(&self) -> BTreeMap<CreationPhase, PhaseState> {
        let parts = |of: fn(&Part) -> bool| {
            let all: Vec<&Part> = self.desired.parts.keys().filter(|part| of(part)).collect();
            let begun = |part: &&&Part| {
                self.held.parts.contains_key(**part) || self.actions.iter().any(|action| action.part == ***part)
            };
            phase(
                all.iter().filter(|part| self.ready.contains(**part)).count(),
                all.len(),
                all.iter().any(|part| begun(&part)),
            )
        };
        let machines = |role: Role, is: fn(&Member<'_>) -> bool| {
            let slots = self.fleet.role(role);
            let done = slots.filter(|(_, members)| members.iter().any(is)).count();
            let launch = |action: &super::Action| matches!((&action.part, &action.verb), (Part::Machine(slot), Verb::Launch(_)) if slot.role == role);
            let held = self.held.machines.values().any(|machine| machine.slot.role == role);
            (done, self.fleet.role(role).count(), held || self.actions.iter().any(launch))
        };
        let [masters, workers] = [Role::Master, Role::Worker].map(|role| machines(role, |of| of.runs()));
        let joined = [Role::Master, Role::Worker].map(|role| machines(role, |of| of.fitness == Fitness::Healthy));
        let [(a, b, _), (c, d, _)] = joined;
        [
            (CreationPhase::Network, parts(|part| *part < Part::SecurityGroup(Role::Master))),
            (CreationPhase::Balancer, parts(|part| matches!(part, Part::TargetGroup | Part::Balancer))),
            (CreationPhase::Masters, phase(masters.0, masters.1, masters.2)),
            (CreationPhase::Workers, phase(workers.0, workers.1, workers.2)),
            (CreationPhase::Joined, phase(a + c, b + d, a + c > 0)),
        ]
        .into()
    }
}

fn phase(done: usize, of: usize, begun: bool) -> PhaseState {
    match (done == of, begun) {
        (true, _) => PhaseState::Done,
        (false, true) => PhaseState::UnderWay,
        (false, false) => PhaseState::Waiting,
    }
}
