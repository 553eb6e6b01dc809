//! A situation as text: what is wished, held and seen. Parts that are as wished are only counted.

use std::fmt::Write as _;

use planner::plan::{HeldMachine, Intent, Look, MachineFacts, MachineState, Part, PartFacts, Phase, Seen, Time, Verb};

use super::Situation;

impl Situation {
    pub(super) fn text(&self) -> String {
        let Self { desired, held, observed, now, .. } = self;
        let mut text = format!("wish {:?}, held {}\n", desired.wish, held.state.name());
        for (id, of) in &held.machines {
            let seen = match observed.machines.get(id) {
                None => "not listed".to_owned(),
                Some(Seen::Absent(_)) => "gone".to_owned(),
                Some(Seen::Unknown { why, .. }) => format!("unknown: {why}"),
                Some(Seen::Present(facts, _)) => machine(facts, Some(of), *now),
            };
            let ending = if of.ending.is_some() { ", end called for" } else { "" };
            let _ = writeln!(
                text,
                "  {} #{} {id} {} {}{ending}: {seen}",
                of.slot, of.generation, of.instance_type, of.zone
            );
        }
        for (id, seen) in observed.machines.iter().filter(|(id, _)| !held.machines.contains_key(id)) {
            if let Seen::Present(facts, _) = seen {
                let _ = writeln!(
                    text,
                    "  {} #{} {id} not held: {}",
                    facts.slot,
                    facts.generation,
                    machine(facts, None, *now)
                );
            }
        }
        for (part, intent) in &held.intents {
            let Intent { creation, at, attempt, generation } = intent;
            let verb = Verb::from(creation.clone());
            let ago = now.since(*at);
            let _ = writeln!(text, "  {part} #{generation} attempt {attempt}: {verb}, not answered for {ago}s");
        }
        for (part, refused) in &held.refused {
            let _ = writeln!(text, "  {part}: refused {} times, last with {}", refused.times, refused.why);
        }
        for (part, failed) in &held.failed {
            let _ = writeln!(text, "  {part}: failed {} times, last with {}", failed.times, failed.why);
        }
        self.parts(&mut text);
        text
    }

    fn parts(&self, text: &mut String) {
        let Self { desired, held, observed, .. } = self;
        let mut as_wished = 0;
        let all: std::collections::BTreeSet<&Part> = held.parts.keys().chain(observed.parts.keys()).collect();
        for part in all {
            let held = held.parts.get(part).map_or("not held", |_| "held");
            let seen = match observed.parts.get(part) {
                None => "not listed".to_owned(),
                Some(Seen::Absent(_)) => "gone".to_owned(),
                Some(Seen::Unknown { why, .. }) => format!("unknown: {why}"),
                Some(Seen::Present(PartFacts { phase: Phase::Ready, look, .. }, _)) => {
                    let tied = matches!(part, Part::TargetGroup | Part::Volume(_));
                    let plain = |look: &Look| match look {
                        Look::Volume { disk, .. } => disk.encrypted.to_string(),
                        _ => String::new(),
                    };
                    let wanted = desired.parts.get(part);
                    if wanted.is_some_and(|of| of == look || (tied && plain(of) == plain(look))) {
                        as_wished += 1;
                        continue;
                    }
                    look.to_string()
                }
                Some(Seen::Present(facts, _)) => format!("{:?}", facts.phase),
            };
            let _ = writeln!(text, "  {part}, {held}: {seen}");
        }
        let _ = writeln!(text, "  {as_wished} of {} parts seen as wished", desired.parts.len());
    }
}

fn machine(facts: &MachineFacts, held: Option<&HeldMachine>, now: Time) -> String {
    let other = held.is_some_and(|held| held.instance_type != facts.instance_type);
    let other = if other { format!("a {}, ", facts.instance_type) } else { String::new() };
    let state = match facts.state {
        MachineState::Pending => "pending",
        MachineState::Running(_) => "running",
        MachineState::Stopping => "stopping",
        MachineState::Stopped(_) => "stopped",
        MachineState::Ending => "ending",
        MachineState::Ended(_) => "ended",
    };
    let joined = if facts.joined.is_some() { ", joined" } else { "" };
    let public = if facts.public { ", public address" } else { "" };
    let impaired = facts.impaired.map_or(String::new(), |since| format!(", impaired for {}s", now.since(since)));
    let root = match facts.encrypted {
        Some(true) => "",
        Some(false) => ", root volume not encrypted",
        None => ", root volume not told",
    };
    format!("{other}{state}{joined}{public}{root}{impaired}")
}
