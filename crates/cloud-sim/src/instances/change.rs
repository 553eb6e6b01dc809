//! Changes of state: by calls, by themselves, and what follows from each.

use std::sync::Arc;

use ports::cloud::{
    CloudError, CloudTime, ErrorCode, Instance, InstanceId, InstanceState as State, InstanceType, Running,
    StartInstances, StateChange, StopInstances, Tag, TerminateInstances,
    guest::{GENERATION, JOINED, Joined},
};
use serde::{Deserialize, Serialize};

use super::{all_known, launch::room};
use crate::{
    Billed, What,
    call::{self, Call},
    chance::Purpose,
    tokens::TokenKey,
};

const BY_CALLER: &str = "Client.UserInitiatedShutdown";
const BY_HIBERNATION: &str = "Client.UserInitiatedHibernate";
const BY_ITSELF: &str = "Server.InternalError";
/// Somebody else ended it.
pub(crate) const KILLED: &str = "Client.InstanceInitiatedShutdown";

/// What happens to an instance by itself, if it is still in the state in which that was settled.
#[derive(Serialize, Deserialize)]
pub(crate) struct Due {
    id: InstanceId,
    epoch: u32,
    step: Step,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Step {
    Enter(State),
    Join,
    Die,
    Impair,
    Forget,
}

/// A new instance is pending.
pub(super) fn launched(call: &mut Call<'_>, told: &Instance) {
    call.site.vcpus += call.world.options.types.get(&told.instance_type).map_or(0, |of| of.vcpus);
    call.world.placed.add(&told.zone, &told.instance_type);
    follow(call, &told.id, State::Pending);
}

/// Brings an instance into another state, with the bill, the audit and what comes next.
pub(crate) fn enter(call: &mut Call<'_>, id: &InstanceId, to: State, reason: Option<&str>) {
    let (now, lag) = (call.now, call.lag());
    let now_s = CloudTime(now / 1000);
    let reason: Option<Arc<str>> = reason.map(Into::into);
    let address = crate::gateways::public_address(call);
    let changed = call.site.machines.change(id, now, lag, |machine| {
        let told = &mut machine.told;
        let from = told.state;
        told.state = to;
        told.state_reason = reason.clone();
        machine.epoch += 1;
        if from == State::Running {
            told.running.iter_mut().for_each(|running| running.until = Some(now_s));
        }
        if to == State::Running {
            told.running = Some(Running { from: now_s, until: None });
            machine.running_since = now;
            machine.impaired = false;
            machine.up = false;
        }
        match to {
            State::Pending => {
                told.launched = now_s;
                told.public_address = machine.public.then_some(address);
            }
            State::Stopped | State::Terminated => told.public_address = None,
            State::Running | State::ShuttingDown | State::Stopping => {}
        }
        (from, machine.vcpus, told.zone.clone(), told.instance_type.clone(), told.tags.clone())
    });
    let Some((from, vcpus, zone, instance_type, tags)) = changed else { return };
    let what = What::State { instance: id.clone(), from, to, reason };
    call.world.audit.record(now, call.place, what);
    if from == State::Running {
        call.world.bills.stopped(call.place.account, id, now_s.0);
    }
    if to == State::Running {
        let options = call.world.options.types.get(&instance_type);
        let price = options.and_then(|of| of.prices.get(&call.place.region)).copied().unwrap_or(0);
        let what = Billed { region: call.place.region.clone(), instance_type: instance_type.clone(), price, tags };
        call.world.bills.started(call.place.account, id, now_s.0, what);
    }
    match (takes_room(from), takes_room(to)) {
        (true, false) => {
            call.site.vcpus = call.site.vcpus.saturating_sub(vcpus);
            call.world.placed.take_away(&zone, &instance_type);
        }
        (false, true) => {
            call.site.vcpus += vcpus;
            call.world.placed.add(&zone, &instance_type);
        }
        (true, true) | (false, false) => {}
    }
    if to == State::Terminated {
        ended(call, id);
    }
    follow(call, id, to);
}

fn takes_room(state: State) -> bool {
    matches!(state, State::Pending | State::Running)
}

/// Settles what happens next in a state that was just entered.
fn follow(call: &mut Call<'_>, id: &InstanceId, state: State) {
    let Some(machine) = call.site.machines.get(id) else { return };
    let (epoch, joins) = (machine.epoch, machine.joins);
    let hibernates = machine.told.state_reason.as_deref() == Some(BY_HIBERNATION);
    let delays = call.world.options.delays.clone();
    let due = |step| call::Due::Instance(Due { id: id.clone(), epoch, step });
    match state {
        State::Pending => call.later_about(delays.launch, due(Step::Enter(State::Running))),
        State::Running => {
            if joins {
                call.later_about(delays.join, due(Step::Join));
            }
            let (life, health) = (call.world.options.vices.mean_life_s, call.world.options.vices.mean_health_s);
            for (mean, purpose, step) in
                [(life, Purpose::Death, Step::Die), (health, Purpose::Impairment, Step::Impair)]
            {
                if mean > 0 {
                    let after = call.world.chance.once_in(purpose, mean * 1000);
                    call.later(after, due(step));
                }
            }
        }
        State::ShuttingDown => call.later_about(delays.end, due(Step::Enter(State::Terminated))),
        State::Stopping => {
            let usual = if hibernates { delays.hibernate } else { delays.stop };
            call.later_about(usual, due(Step::Enter(State::Stopped)));
        }
        State::Terminated => call.later(delays.listed, due(Step::Forget)),
        State::Stopped => {}
    }
}

pub(crate) fn due(call: &mut Call<'_>, due: Due) {
    let Some(machine) = call.site.machines.get(&due.id).filter(|machine| machine.epoch == due.epoch) else { return };
    match due.step {
        Step::Enter(to) => {
            let reason = machine.told.state_reason.clone();
            enter(call, &due.id, to, reason.as_deref());
        }
        Step::Join => {
            let generation = machine.told.tags.get(GENERATION).and_then(|text| text.parse().ok()).unwrap_or(0);
            let joined = Joined { at: CloudTime(call.now / 1000), generation };
            let (now, lag) = (call.now, call.lag());
            let tag = Tag { key: JOINED.into(), value: joined.to_string().into() };
            call.site.machines.change(&due.id, now, lag, |machine| machine.up = true);
            call.site.machines.retag(&due.id, now, lag, |tags| tags.set(tag));
        }
        Step::Die if call.world.options.vices.mean_life_s > 0 => {
            enter(call, &due.id, State::ShuttingDown, Some(BY_ITSELF));
        }
        Step::Impair if call.world.options.vices.mean_health_s > 0 => {
            let (now, lag) = (call.now, call.lag());
            call.site.machines.change(&due.id, now, lag, |machine| machine.impaired = true);
        }
        Step::Die | Step::Impair => {}
        Step::Forget => drop(call.site.machines.remove(&due.id, call.now, None)),
    }
}

/// What a terminated instance gives back.
fn ended(call: &mut Call<'_>, id: &InstanceId) {
    let Some(machine) = call.site.machines.get(id) else { return };
    let told = machine.told.clone();
    if let Some(pool) = call.site.pools.get_mut(&told.subnet) {
        pool.give_back(told.private_address);
    }
    crate::network::count_addresses(call, &told.subnet);
    for group in &told.security_groups {
        call.site.group_users.entry(group.clone()).and_modify(|users| *users = users.saturating_sub(1));
    }
    for of in &told.block_devices {
        match of.device == told.root_device {
            true => crate::volumes::ended(call, &of.volume),
            false => crate::volumes::released(call, &of.volume),
        }
    }
    crate::balancers::targets::gone(call, &told);
    let key = TokenKey { action: "RunInstances".into(), zone: Some(told.zone), token: told.client_token };
    call.token_ends(key);
}

pub(crate) fn terminate(call: &mut Call<'_>, ask: TerminateInstances) -> Result<Vec<StateChange>, CloudError> {
    let known = all_known(call, &ask.ids)?;
    let end = |(id, previous): (InstanceId, State)| {
        let current = if previous.ending() { previous } else { State::ShuttingDown };
        change(call, id, previous, current, Some(BY_CALLER))
    };
    Ok(known.into_iter().map(end).collect())
}

pub(crate) fn stop(call: &mut Call<'_>, ask: StopInstances) -> Result<Vec<StateChange>, CloudError> {
    let known = all_known(call, &ask.ids)?;
    for (id, state) in &known {
        if matches!(state, State::Pending | State::ShuttingDown | State::Terminated) {
            return Err(wrong_state("stopped", id, *state));
        }
        let hibernates = call.site.machines.get(id).is_some_and(|machine| machine.told.hibernation);
        if ask.hibernate && !hibernates {
            let message = format!("hibernated {id}: it was not launched for that");
            return Err(CloudError::refused(ErrorCode::UnsupportedHibernationConfiguration, message));
        }
    }
    let reason = if ask.hibernate { BY_HIBERNATION } else { BY_CALLER };
    let stop = |(id, previous)| {
        let current = if previous == State::Running { State::Stopping } else { previous };
        change(call, id, previous, current, Some(reason))
    };
    Ok(known.into_iter().map(stop).collect())
}

pub(crate) fn start(call: &mut Call<'_>, ask: StartInstances) -> Result<Vec<StateChange>, CloudError> {
    let known = all_known(call, &ask.ids)?;
    let mut starting = Vec::new();
    for (id, state) in &known {
        if matches!(state, State::ShuttingDown | State::Terminated | State::Stopping) {
            return Err(wrong_state("started", id, *state));
        }
        let machine = call.site.machines.get(id).filter(|_| *state == State::Stopped);
        if let Some((zone, kind)) = machine.map(|machine| (&machine.told.zone, &machine.told.instance_type)) {
            room(call, zone, kind, &starting)?;
            starting.push((zone, kind));
        }
    }
    let mut changes = Vec::with_capacity(known.len());
    for (id, previous) in known {
        let current = if previous == State::Stopped { State::Pending } else { previous };
        changes.push(change(call, id, previous, current, None));
    }
    Ok(changes)
}

fn change(call: &mut Call<'_>, id: InstanceId, previous: State, current: State, reason: Option<&str>) -> StateChange {
    if previous != current {
        call.changed(id.as_str());
        enter(call, &id, current, reason);
    }
    StateChange { id, previous, current }
}

/// Makes a stopped instance one of another type; whether that can be.
pub(crate) fn retype(call: &mut Call<'_>, id: &InstanceId, to: &InstanceType) -> bool {
    let types = &call.world.options.types;
    let (Some(machine), Some(of)) = (call.site.machines.get(id), types.get(to)) else { return false };
    let same = types.get(&machine.told.instance_type).is_some_and(|old| old.architecture == of.architecture);
    let vcpus = of.vcpus;
    if machine.told.state != State::Stopped || !same {
        return false;
    }
    let changed = call.site.machines.change(id, call.now, None, |machine| {
        machine.told.instance_type = to.clone();
        machine.vcpus = vcpus;
    });
    changed.is_some()
}

fn wrong_state(done: &str, id: &InstanceId, state: State) -> CloudError {
    CloudError::refused(ErrorCode::IncorrectInstanceState, format!("{done} {id}, which is {state}"))
}
