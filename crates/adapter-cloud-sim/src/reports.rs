//! What people are shown of a cloud: read from its state, and never in the way of a call.

use std::ops::Range;

use cloud_sim::{Billed, Doubled, Sim, What};
use ports::cloud::{
    AccountId, CloudRegion, CloudTime, InstanceId, InstanceState, InstanceType, Tags, Zone, guest::JOINED,
};
use serde::{Deserialize, Serialize};

use crate::{host::Host, protocol::Knobs};

/// How the process stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Always. It is said wherever something could be taken for real.
    pub simulated: bool,
    /// Unix milliseconds.
    pub now: u64,
    pub seed: u64,
    pub accounts: usize,
    pub regions: Vec<CloudRegion>,
    pub instance_types: usize,
    /// Instances by state, such as `running`, in the order of the names.
    pub instances: Vec<(String, usize)>,
    /// Calls and other entries of the audit.
    pub audited: usize,
    pub journal_bytes: u64,
    pub knobs: Knobs,
}

/// One instance, as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub account: AccountId,
    pub region: CloudRegion,
    pub zone: Zone,
    pub id: InstanceId,
    pub instance_type: InstanceType,
    pub state: InstanceState,
    pub impaired: bool,
    /// Whether its guest reported that it joined.
    pub joined: bool,
    pub launched: CloudTime,
    pub reason: Option<String>,
    pub tags: Tags,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub account: AccountId,
    pub instance: InstanceId,
    pub what: Billed,
    pub seconds: u64,
    pub charged_seconds: u64,
    /// In micro-dollars.
    pub charge: u64,
}

/// What the audit shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    pub calls: usize,
    /// Older entries were dropped, so this speaks of the rest.
    pub cut: bool,
    /// What was done more than once for one client token or one cause.
    pub doubled: Vec<Twice>,
    /// Resources that carry no tag of the owner's key: place and id.
    pub orphans: Vec<(String, String)>,
}

/// One wish that was done more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twice {
    pub place: String,
    pub action: String,
    /// The client token, or the cause.
    pub by: String,
    pub made: Vec<String>,
}

pub fn status(host: &mut Host) -> Status {
    let journal_bytes = host.journal_bytes();
    let sim = host.sim();
    let mut instances = std::collections::BTreeMap::new();
    sim.instances().for_each(|(_, instance)| *instances.entry(instance.state.to_string()).or_default() += 1);
    let options = sim.options();
    Status {
        simulated: true,
        now: sim.now(),
        seed: options.seed,
        accounts: options.accounts.len(),
        regions: options.regions.keys().cloned().collect(),
        instance_types: options.types.len(),
        instances: instances.into_iter().collect(),
        audited: sim.audit().entries().count(),
        journal_bytes,
        knobs: Knobs::of(options),
    }
}

pub fn machines(sim: &Sim) -> Vec<Machine> {
    let impaired: std::collections::BTreeSet<_> = sim.impaired().collect();
    let machine = |(place, told): (&cloud_sim::Place, &ports::cloud::Instance)| Machine {
        account: place.account,
        region: place.region.clone(),
        zone: told.zone.clone(),
        id: told.id.clone(),
        instance_type: told.instance_type.clone(),
        state: told.state,
        impaired: impaired.contains(&told.id),
        joined: told.tags.get(JOINED).is_some(),
        launched: told.launched,
        reason: told.state_reason.as_deref().map(str::to_owned),
        tags: told.tags.clone(),
    };
    sim.instances().map(machine).collect()
}

pub fn bill(sim: &Sim, span: &Range<u64>) -> Vec<Charge> {
    let of = |account: &AccountId| {
        let account = *account;
        sim.bill_within(account, span.clone()).into_iter().map(move |(instance, line)| Charge {
            account,
            instance,
            seconds: line.seconds,
            charged_seconds: line.charged_seconds,
            charge: line.charge(),
            what: line.what,
        })
    };
    sim.options().accounts.iter().flat_map(of).collect()
}

pub fn audit(sim: &Sim, owner: Option<&str>) -> Findings {
    let audit = sim.audit();
    let calls = audit.entries().filter(|entry| matches!(entry.what, What::Call { .. })).count();
    let doubled = audit.launched_twice().into_iter().chain(audit.made_twice()).map(twice).collect();
    let orphans = owner.map(|key| sim.untagged(key)).unwrap_or_default();
    let orphans = orphans.into_iter().map(|(place, id)| (place.to_string(), id)).collect();
    Findings { calls, cut: audit.cut(), doubled, orphans }
}

fn twice(doubled: Doubled) -> Twice {
    Twice {
        place: doubled.wish.place.to_string(),
        action: doubled.wish.action.to_owned(),
        by: doubled.wish.by.to_string(),
        made: doubled.made.iter().map(ToString::to_string).collect(),
    }
}
