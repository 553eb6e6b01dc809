//! That what our log holds is what is there, and what it counts is what the cloud charges.

use std::collections::{BTreeMap, BTreeSet};

use cloud_sim::{Sim, What};
use ids::AccountId;
use planner::plan::{CloudId, Edge, Part, Role};
use ports::cloud::{Cidr, InstanceId, Protocol, Rule, SecurityGroup, Source, guest};
use reconcile::{Key, MachineEdge, mark};

use crate::{Log, Written};

/// No two machines live for one generation of a slot, and no two other resources for one part.
pub fn one_of_each(sim: &Sim) -> Vec<String> {
    let mut living: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for (_, machine) in sim.instances().filter(|(_, of)| !of.state.ending()) {
        let tag = |key: &str| machine.tags.get(key).unwrap_or_default().to_owned();
        let of = (tag(mark::OWNER), tag(mark::PART), tag(guest::GENERATION));
        if !of.0.is_empty() {
            living.entry(of).or_default().insert(machine.id.to_string());
        }
    }
    let twins = living.into_iter().filter(|(_, ids)| ids.len() > 1);
    twins.map(|(of, ids)| format!("{of:?} is {ids:?}")).collect()
}

/// What was told to have ended had, or was about to.
pub fn ended_truly(sim: &Sim, log: Log<'_>) -> Vec<String> {
    let mut ends: BTreeMap<&InstanceId, u64> = BTreeMap::new();
    for entry in sim.audit().entries() {
        if let What::State { instance, to, .. } = &entry.what
            && to.ending()
        {
            ends.entry(instance).or_insert(entry.at);
        }
    }
    let told = log.written.iter().flat_map(|written| written.entry.edges.iter().map(|edge| (written.at, edge)));
    let ended = told.filter(|(_, edge)| matches!(edge.edge, Edge::Ended(_)));
    let lives = |(at, edge): (u64, &MachineEdge)| match ends.get(&InstanceId::new(&*edge.machine.0)) {
        None => Some(format!("{} was told to have ended, and lives", edge.machine)),
        Some(end) if *end > at => {
            Some(format!("{} was told at {at} to have ended, and lives until {end}", edge.machine))
        }
        Some(_) => None,
    };
    ended.filter_map(lives).collect()
}

/// No security group of ours lets everybody in on every port, and no machine has an address on the Internet or a root volume that is not
/// encrypted; but for the only master of a cluster, which cannot be spared.
pub fn nothing_exposed(sim: &Sim) -> Vec<String> {
    let open = |group: &&SecurityGroup| {
        let all = |rule: &Rule| rule.protocol == Protocol::All && rule.source == Source::Range(Cidr::ALL);
        group.tags.get(mark::OWNER).is_some() && group.ingress.iter().any(all)
    };
    let open = sim.groups().filter(open).map(|group| format!("{} lets everybody in", group.id));
    let mut masters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut machines = Vec::new();
    for (_, machine) in sim.instances().filter(|(_, of)| !of.state.ending()) {
        let (Some(owner), Some(part)) = (machine.tags.get(mark::OWNER), machine.tags.get(mark::PART)) else { continue };
        let master = matches!(mark::part(part), Some(Part::Machine(slot)) if slot.role == Role::Master);
        if master {
            masters.entry(owner).or_default().insert(part);
        }
        machines.push((machine, owner, master));
    }
    let alone = |owner: &str| masters.get(owner).is_some_and(|all| all.len() == 1);
    let plain: BTreeSet<&InstanceId> = sim.unencrypted().map(|machine| &machine.id).collect();
    let spared = |owner: &str, master: bool| master && alone(owner);
    let told = machines.into_iter().filter(|(_, owner, master)| !spared(owner, *master)).flat_map(|(machine, ..)| {
        let public = machine.public_address.is_some().then(|| format!("{} has an address on the Internet", machine.id));
        let plain = plain.contains(&machine.id).then(|| format!("{} has a root volume in clear text", machine.id));
        public.into_iter().chain(plain)
    });
    open.chain(told).collect()
}

/// Everything with our tag is held, and everything that is held is there.
pub fn held_is_there(sim: &Sim, log: Log<'_>) -> Vec<String> {
    let newest: BTreeMap<&Key, &Written> = log.written.iter().map(|written| (&written.key, written)).collect();
    let held: BTreeMap<&CloudId, &Key> = newest
        .values()
        .flat_map(|written| {
            let (parts, machines) = (&written.entry.held.parts, &written.entry.held.machines);
            parts.values().map(|of| &of.id).chain(machines.keys()).map(|id| (id, &written.key))
        })
        .collect();
    let there: BTreeSet<CloudId> =
        sim.tagged(mark::OWNER).into_iter().map(|(_, id, _)| CloudId::from(id.as_str())).collect();
    let orphans = there.iter().filter(|id| !held.contains_key(id)).map(|id| format!("{id} is held by nobody"));
    let missing = held.iter().filter(|(id, _)| !there.contains(**id));
    orphans.chain(missing.map(|(id, key)| format!("{key} holds {id}, which is not there"))).collect()
}

/// The seconds of each machine are those that the cloud charges, within one.
pub fn billed(sim: &Sim, log: Log<'_>) -> Vec<String> {
    let now = sim.now() / 1000;
    let accounts: BTreeSet<AccountId> = log.written.iter().map(|written| written.account).collect();
    let ours = seconds(log.written, now);
    let mut broken = Vec::new();
    for account in accounts {
        let bill: BTreeMap<InstanceId, u64> =
            sim.bill(account).into_iter().map(|(id, line)| (id, line.seconds)).collect();
        for (id, charged) in bill {
            let counted = ours.get(id.as_str()).copied().unwrap_or(0);
            if counted.abs_diff(charged) > 1 {
                broken.push(format!("{id} ran for {charged} s by the cloud's bill and for {counted} s by our log"));
            }
        }
    }
    broken
}

/// For how long each machine ran until `now`, by the edges that were told.
pub fn seconds(written: &[Written], now: u64) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, (u64, Option<u64>)> = BTreeMap::new();
    for edge in written.iter().flat_map(|written| &written.entry.edges) {
        let (sum, since) = all.entry(edge.machine.to_string()).or_default();
        match edge.edge {
            Edge::Started(at) => *since = Some(at.0),
            Edge::Stopped(at) | Edge::Ended(at) => {
                *sum += since.take().map_or(0, |since| at.0.saturating_sub(since));
            }
            Edge::Joined(_) => {}
        }
    }
    let until = |(sum, since): (u64, Option<u64>)| sum + since.map_or(0, |since| now.saturating_sub(since));
    all.into_iter().map(|(id, of)| (id, until(of))).collect()
}
