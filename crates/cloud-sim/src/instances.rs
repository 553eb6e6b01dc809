//! Instances: what is kept of one, and describing.
//!
//! Map: `launch` RunInstances · `change` states, what follows from them, and the calls that change them.

mod change;
mod launch;

use std::collections::BTreeMap;

use ports::cloud::{
    Check, CloudError, DescribeInstanceStatus, DescribeInstances, Instance, InstanceId, InstanceState, InstanceStatus,
    InstanceType, Page, Zone,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    change::{Due, KILLED, due, enter, retype, start, stop, terminate},
    launch::run,
};
use crate::{call::Call, select};

/// An instance, with what its descriptions do not show.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub told: Instance,
    pub vcpus: u32,
    /// Whether it gets a public address whenever it starts.
    public: bool,
    /// Rises with each change of state; what was to happen in an earlier one does not.
    epoch: u32,
    /// When it last began to run, in milliseconds.
    running_since: u64,
    pub impaired: bool,
    /// Whether its guest ever joins.
    joins: bool,
    /// Whether its guest has joined since it last began to run.
    up: bool,
}

impl Machine {
    /// Whether it answers those who connect to it.
    pub fn answers(&self) -> bool {
        self.told.state == InstanceState::Running && self.up && !self.impaired
    }
}

/// How many instances take up room, by zone and type.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Placed(#[serde(with = "crate::pairs")] BTreeMap<(Zone, InstanceType), u32>);

impl Placed {
    fn count(&self, zone: &Zone, instance_type: &InstanceType) -> u32 {
        self.0.get(&(zone.clone(), instance_type.clone())).copied().unwrap_or(0)
    }

    fn add(&mut self, zone: &Zone, instance_type: &InstanceType) {
        *self.0.entry((zone.clone(), instance_type.clone())).or_default() += 1;
    }

    fn take_away(&mut self, zone: &Zone, instance_type: &InstanceType) {
        let count = self.0.get_mut(&(zone.clone(), instance_type.clone()));
        count.into_iter().for_each(|count| *count = count.saturating_sub(1));
    }
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeInstances) -> Result<Page<Instance>, CloudError> {
    let page = select::describe(&call.site.machines, &ask.0, call.view(), |_| true)?;
    Ok(Page { items: page.items.into_iter().map(|machine| machine.told.clone()).collect(), next: page.next })
}

pub(crate) fn status(call: &mut Call<'_>, ask: DescribeInstanceStatus) -> Result<Page<InstanceStatus>, CloudError> {
    let keep = |machine: &Machine| match machine.told.state {
        InstanceState::Running => true,
        InstanceState::Terminated => false,
        InstanceState::Pending | InstanceState::ShuttingDown | InstanceState::Stopping | InstanceState::Stopped => {
            ask.all
        }
    };
    let page = select::describe(&call.site.machines, &ask.select, call.view(), keep)?;
    let (now, checks) = (call.now, call.world.options.delays.checks);
    let status = |machine: &Machine| {
        let (system, instance) = match machine.told.state {
            InstanceState::Running if machine.impaired => (Check::Ok, Check::Impaired),
            InstanceState::Running if now < machine.running_since + checks => {
                (Check::Initializing, Check::Initializing)
            }
            InstanceState::Running => (Check::Ok, Check::Ok),
            _ => (Check::NotApplicable, Check::NotApplicable),
        };
        InstanceStatus { id: machine.told.id.clone(), state: machine.told.state, system, instance }
    };
    Ok(Page { items: page.items.into_iter().map(status).collect(), next: page.next })
}

/// What a call asks of several instances, of which every one must be known.
fn all_known(call: &Call<'_>, ids: &[InstanceId]) -> Result<Vec<(InstanceId, InstanceState)>, CloudError> {
    let known = |id: &InstanceId| {
        let machine = call.site.machines.known(id, call.view())?;
        Ok((id.clone(), machine.told.state))
    };
    ids.iter().map(known).collect()
}
