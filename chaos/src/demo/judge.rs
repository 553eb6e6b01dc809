//! From what was seen to verdicts. Nothing here asks anybody: each can be shown to fail.

use std::{collections::BTreeSet, time::Duration};

use client::{Creation, v1};

use super::promise::Verdict;

/// Of one creation.
pub const OWN_TIME_MAX: Duration = Duration::from_secs(2);
/// From a write to its refusal, where a quorum is known to be lost.
pub const REFUSED_WITHIN: Duration = Duration::from_millis(1_500);

/// Clusters that were asked for, each as it was last seen.
pub fn made(wanted: &[&str], clusters: &[v1::Cluster]) -> Verdict {
    let running = |cluster: &v1::Cluster| {
        cluster.status.as_ref().is_some_and(|status| status.state() == v1::cluster_status::State::Running)
    };
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    for location in wanted {
        let cluster = clusters.iter().find(|cluster| location_of(&cluster.name) == Some(location));
        match cluster.map(|cluster| (running(cluster), Creation::of(cluster))) {
            Some((true, creation)) => {
                let took = creation.map(|creation| format!(" after {}", seconds(creation.took))).unwrap_or_default();
                seen.push(format!("{location}{took}"));
            }
            Some((false, _)) => found.push(format!("the one in {location} does not run")),
            None => found.push(format!("none was seen in {location}")),
        }
    }
    Verdict::of(&found, seen.join(", "))
}

/// Whose time creations took: label and report of each.
pub fn own_time(creations: &[(String, Option<Creation>)]) -> Verdict {
    if creations.is_empty() {
        return Verdict::NotExamined("no creation was seen".to_owned());
    }
    let missing: Vec<&str> = creations.iter().filter(|(_, of)| of.is_none()).map(|(label, _)| label.as_str()).collect();
    if !missing.is_empty() {
        return Verdict::NotExamined(format!("no report of {}", missing.join(", ")));
    }
    let own = creations.iter().filter_map(|(label, of)| Some((label, (*of)?.own)));
    let (over, within): (Vec<_>, Vec<_>) = own.partition(|(_, own)| *own > OWN_TIME_MAX);
    let words = |all: Vec<(&String, Duration)>| -> Vec<String> {
        all.into_iter().map(|(label, own)| format!("{label} {}", seconds(own))).collect()
    };
    Verdict::of(&words(over), words(within).join(", "))
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Acknowledged,
    /// Reason and message.
    Refused(String, String),
}

/// A global write inside of the region that is cut off. `effect`: whether what it would have made was there after all; `None`: nobody knows.
pub fn refused(ended: &Ended, took: Duration, effect: Option<bool>) -> Verdict {
    let Ended::Refused(reason, message) = ended else {
        return Verdict::Broken("it was acknowledged".to_owned());
    };
    let mut found = Vec::new();
    if reason != client::reason::GLOBAL_QUORUM_LOST {
        found.push(format!("it was refused for another reason: {reason}: {message}"));
    }
    if took > REFUSED_WITHIN {
        found.push(format!("it was refused only after {}", seconds(took)));
    }
    match effect {
        Some(true) => found.push("it took effect all the same".to_owned()),
        None if found.is_empty() => {
            return Verdict::NotExamined("whether it had an effect could not be seen".to_owned());
        }
        Some(false) | None => {}
    }
    Verdict::of(&found, format!("{reason} after {} ms", took.as_millis()))
}

/// Global writes elsewhere: from where, and how long each took, or why it failed.
pub fn went_on(writes: &[(String, Result<Duration, String>)]) -> Verdict {
    let Some(slowest) = writes.iter().filter_map(|(_, write)| write.as_ref().ok()).max() else {
        let why = writes.iter().find_map(|(from, write)| Some(format!("from {from}: {}", write.as_ref().err()?)));
        return why.map_or_else(|| Verdict::NotExamined("none was tried".to_owned()), Verdict::Broken);
    };
    let failed =
        writes.iter().filter_map(|(from, write)| Some(format!("one from {from} failed: {}", write.as_ref().err()?)));
    let from: BTreeSet<&str> = writes.iter().map(|(from, _)| from.as_str()).collect();
    let from: Vec<&str> = from.into_iter().collect();
    let seen = format!("{} from {}, the slowest took {}", writes.len(), from.join(" and "), seconds(*slowest));
    Verdict::of(&failed.collect::<Vec<_>>(), seen)
}

/// A list over all regions, asked for elsewhere. `known`: clusters that it must show.
pub fn named(cut: &str, unreachable: &[String], listed: &[String], known: &[String]) -> Verdict {
    let mut found = Vec::new();
    let cut = format!("locations/{cut}");
    if !unreachable.contains(&cut) {
        found.push(format!("it did not name {cut}"));
    }
    found.extend(unreachable.iter().filter(|named| **named != cut).map(|named| format!("it named {named} too")));
    found.extend(known.iter().filter(|name| !listed.contains(name)).map(|name| format!("it did not show {name}")));
    Verdict::of(&found, format!("unreachable: {}; {} clusters shown", unreachable.join(", "), listed.len()))
}

/// The machines of a cluster after one was killed, and what is on record about its slot.
pub fn repaired(killed: &v1::Machine, count: usize, machines: &[v1::Machine], deeds: &[v1::Deed]) -> Verdict {
    let mut found = Vec::new();
    if machines.iter().any(|machine| machine.id == killed.id) {
        found.push(format!("{} is still counted", killed.id));
    }
    let joined = |machine: &&v1::Machine| machine.state() == v1::machine::State::Joined;
    let new = machines.iter().filter(joined).find(|machine| machine.slot == killed.slot && machine.id != killed.id);
    if new.is_none() {
        found.push(format!("no other machine joined as {}", killed.slot));
    }
    let all = machines.iter().filter(joined).count();
    if all != count {
        found.push(format!("{all} machines have joined, {count} had before"));
    }
    let deed = deeds.iter().find(|deed| deed.did.starts_with("launch") && !deed.cause.is_empty());
    if deed.is_none() {
        found.push(format!("nothing is on record about why {} was launched anew", killed.slot));
    }
    let new = new.map(|machine| machine.id.as_str()).unwrap_or_default();
    let why = deed.map(|deed| deed.cause.as_str()).unwrap_or_default();
    Verdict::of(&found, format!("{} is {new} now, launched because \"{why}\"", killed.slot))
}

/// A cluster that was made inside, as it is seen elsewhere after the heal: `None` where it is not seen.
pub fn made_inside(inside: &v1::Cluster, elsewhere: Option<&v1::Cluster>, from: &str) -> Verdict {
    let running = v1::cluster_status::State::Running;
    let state = |cluster: &v1::Cluster| cluster.status.as_ref().map(v1::ClusterStatus::state);
    let mut found = Vec::new();
    if state(inside) != Some(running) {
        found.push("it did not run".to_owned());
    }
    match elsewhere {
        Some(seen) if seen.uid == inside.uid && state(seen) == Some(running) => {}
        Some(_) => found.push(format!("{from} sees it otherwise")),
        None => found.push(format!("{from} does not see it")),
    }
    let took = Creation::of(inside).map(|of| format!("ran after {}, ", seconds(of.took))).unwrap_or_default();
    Verdict::of(&found, format!("{took}seen from {from}"))
}

/// Heads of the global log, region by region; `None`: a region did not answer.
pub fn one_log(heads: &[(String, Option<v1::LogHead>)]) -> Verdict {
    let mut found: Vec<String> =
        heads.iter().filter(|(_, head)| head.is_none()).map(|(region, _)| format!("{region} did not answer")).collect();
    let mut known = heads.iter().filter_map(|(region, head)| Some((region, head.as_ref()?)));
    let Some((first, one)) = known.next() else {
        return Verdict::NotExamined("no region answered".to_owned());
    };
    for (region, head) in known {
        if (head.incarnation, head.seq) != (one.incarnation, one.seq) {
            found.push(format!(
                "{region} is at {}.{}, {first} at {}.{}",
                head.incarnation, head.seq, one.incarnation, one.seq
            ));
        } else if head.hash != one.hash {
            found.push(format!("{region} has another chain than {first}"));
        } else if head.state_digest != one.state_digest {
            found.push(format!("{region} has another digest than {first}"));
        }
    }
    let digest: String = one.state_digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Verdict::of(&found, format!("{} regions at record {}, digest {digest}...", heads.len(), one.seq))
}

fn location_of(name: &str) -> Option<&str> {
    name.split_once("/locations/")?.1.split('/').next()
}

/// For people, in tenths.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
