//! What a creation waited for the cloud: part by part, from the call for it, or since it waits for its turn to be called for, to the last
//! time at which it was not known to be ready.
//!
//! ```text
//!   asked ┄┄ vpc ──┄ subnet ──┄ nat ──────────────┄ route table ──┄ machine ─────────────┄ made
//!              └─────┄ balancer ───────┄ (ready before the gateway: nothing waited for it)
//!         ┄ our own time   ── the cloud's
//! ```
//!
//! Once it is made, the chain stays that took the time: what was ready last, what that relied on and was ready last, and so on. The rest of
//! the time is our own, at most: where a part was seen to be ready, all the time since the look before counts as ours.

use std::collections::BTreeMap;

use ids::Hlc;

use crate::{
    CloudWait, ClusterStatus,
    command::Progress,
    held::{Held, Part},
};

/// That a part was waited for, in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Since when it waits for its turn to be called for, if it does: a cloud takes only so many calls a second.
    pub turn: Option<u64>,
    /// When it was last seen not to be ready.
    pub last: u64,
}

/// What was waited for, with what this step adds.
pub(crate) fn after(command: &Progress, before: Option<&ClusterStatus>, now: Hlc) -> BTreeMap<Part, CloudWait> {
    let mut waits = before.map(|row| row.waits.clone()).unwrap_or_default();
    if before.is_some_and(|row| row.held.made.is_some()) {
        return waits;
    }
    let begins = CloudWait { from: now, until: now };
    for (part, turn) in command.waited.iter().filter_map(|(part, waited)| Some((part, waited.turn?))) {
        let from = Hlc::at_unix_ms(turn).min(now);
        waits.entry(part.clone()).or_insert(CloudWait { from, until: from });
    }
    for part in command.held.intents.keys() {
        waits.entry(part.clone()).or_insert(begins);
    }
    let had = before.map(|row| parts(&row.held)).unwrap_or_default();
    for part in parts(&command.held).into_iter().filter(|part| !had.contains(part)) {
        waits.entry(part).or_insert(begins).until = now;
    }
    for (part, Waited { last, .. }) in &command.waited {
        if let Some(wait) = waits.get_mut(part) {
            wait.until = Hlc::at_unix_ms(*last).clamp(wait.until, now.max(wait.until));
        }
    }
    if command.held.made.is_some() { chain(&waits) } else { waits }
}

/// What is held, machines by their slots.
fn parts(held: &Held) -> Vec<Part> {
    held.parts.keys().cloned().chain(held.machines.values().map(|machine| Part::Machine(machine.slot))).collect()
}

/// Those that took the time, one after the other.
fn chain(all: &BTreeMap<Part, CloudWait>) -> BTreeMap<Part, CloudWait> {
    let mut chain = BTreeMap::new();
    let mut next = all.iter().max_by_key(|(_, wait)| wait.until);
    while let Some((part, wait)) = next {
        chain.insert(part.clone(), *wait);
        let before = |(other, of): &(&Part, &CloudWait)| part.relies_on(other) && of.until <= wait.from;
        next = all.iter().filter(before).max_by_key(|(_, wait)| wait.until);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(from: u64, until: u64) -> CloudWait {
        CloudWait { from: Hlc::at_unix_ms(from), until: Hlc::at_unix_ms(until) }
    }

    #[test]
    fn the_chain_is_what_was_ready_last_and_before_it_what_that_relied_on() {
        let part = |text: &str| text.parse::<Part>().unwrap();
        let all = [
            ("vpc", wait(10, 20)),
            ("internet-gateway", wait(30, 40)),
            ("subnet z1 public", wait(30, 45)),
            ("address z1", wait(10, 21)),
            ("nat z1", wait(60, 900)),
            ("balancer", wait(60, 700)),
            ("route-table z1 private", wait(950, 960)),
            ("machine master-1", wait(1_000, 2_000)),
            ("machine worker-1", wait(1_000, 2_500)),
        ];
        let all: BTreeMap<Part, CloudWait> = all.map(|(text, wait)| (part(text), wait)).into();
        let chain = chain(&all);
        let mut names: Vec<_> = chain.iter().map(|(part, wait)| (wait.from, part.to_string())).collect();
        names.sort();
        let names: Vec<_> = names.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["vpc", "subnet z1 public", "nat z1", "route-table z1 private", "machine worker-1"]);
    }
}
