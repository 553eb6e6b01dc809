//! How long each kind of call was out of service after each fault, as the probers saw it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use ids::RegionId;

use crate::{
    load::book::{Class, Probe, Prober},
    nemesis::Fault,
};

/// What is measured, and what a bar is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Longest time without a successful write of the global log, through any client.
    GlobalWrites,
    /// The same of a region's log, of regions that kept a majority.
    RegionWrites,
    /// Longest read of a region's log through a client whose own region was down, while it was.
    DeadRegionReads,
    /// The same without a successful write to a living region.
    DeadRegionWrites,
    /// The same reads while the region came back.
    ReturningReads,
    /// The same writes while the region came back.
    ReturningWrites,
    /// Longest read of a region's log through any other client.
    Reads,
    /// Longest read of the global log, through any client.
    GlobalReads,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::GlobalWrites,
        Self::GlobalReads,
        Self::RegionWrites,
        Self::Reads,
        Self::DeadRegionReads,
        Self::DeadRegionWrites,
        Self::ReturningReads,
        Self::ReturningWrites,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::GlobalWrites => "G writes pause",
            Self::RegionWrites => "R writes pause",
            Self::DeadRegionReads => "dead region's client: next read",
            Self::DeadRegionWrites => "dead region's client: R writes pause",
            Self::ReturningReads => "its next read as the region returns",
            Self::ReturningWrites => "its R writes pause as the region returns",
            Self::Reads => "R reads, longest",
            Self::GlobalReads => "G reads, longest",
        }
    }

    /// What it may be at most.
    pub fn bar_ns(self) -> u64 {
        match self {
            Self::GlobalWrites | Self::GlobalReads => 6_000_000_000,
            Self::RegionWrites
            | Self::Reads
            | Self::DeadRegionReads
            | Self::DeadRegionWrites
            | Self::ReturningReads
            | Self::ReturningWrites => 2_000_000_000,
        }
    }
}

/// The longest pause of each kind after each fault. A fault after which there was nothing to measure of a kind has none.
#[derive(Clone, Debug, Default)]
pub struct Pauses {
    pub by_kind: BTreeMap<Kind, Vec<Pause>>,
}

#[derive(Clone, Debug)]
pub struct Pause {
    pub fault: String,
    pub prober: Prober,
    pub longest_ns: u64,
}

impl Pauses {
    pub fn measure(faults: &[Fault], probes: &[(Prober, Probe)]) -> Self {
        let mut by_prober: BTreeMap<&Prober, Vec<&Probe>> = BTreeMap::new();
        for (prober, probe) in probes {
            by_prober.entry(prober).or_default().push(probe);
        }
        let mut pauses = Self::default();
        for fault in faults {
            let mut worst: BTreeMap<Kind, Pause> = BTreeMap::new();
            for (prober, probes) in &by_prober {
                for (kind, window) in kinds_of(prober, fault) {
                    let longest_ns = longest(&prober.class, probes, &window);
                    let pause = Pause { fault: fault.what.clone(), prober: (*prober).clone(), longest_ns };
                    let known = worst.entry(kind).or_insert_with(|| pause.clone());
                    if pause.longest_ns > known.longest_ns {
                        *known = pause;
                    }
                }
            }
            for (kind, pause) in worst {
                pauses.by_kind.entry(kind).or_default().push(pause);
            }
        }
        pauses
    }

    pub fn worst(&self, kind: Kind) -> Option<&Pause> {
        self.by_kind.get(&kind)?.iter().max_by_key(|pause| pause.longest_ns)
    }

    pub fn median_ns(&self, kind: Kind) -> Option<u64> {
        let mut all: Vec<u64> = self.by_kind.get(&kind)?.iter().map(|pause| pause.longest_ns).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }

    /// Kinds that were worse than their bar.
    pub fn broken(&self) -> impl Iterator<Item = (Kind, &Pause)> {
        let all = self.by_kind.iter().flat_map(|(kind, pauses)| pauses.iter().map(|pause| (*kind, pause)));
        all.filter(|(kind, pause)| pause.longest_ns > kind.bar_ns())
    }
}

/// Whether every prober of whom something is promised has had a success that began at `began` or later. The successes are looked for
/// from `from` on; the probers themselves in everything before.
pub fn all_resumed(probes: &[(Prober, Probe)], from: usize, began: u64, down: &[RegionId]) -> bool {
    let mut waiting: BTreeSet<&Prober> = probes.iter().map(|(prober, _)| prober).collect();
    waiting.retain(|prober| !is_excused(prober, down));
    for (prober, probe) in probes.iter().skip(from) {
        if probe.result.is_ok() && probe.invoked >= began {
            waiting.remove(prober);
        }
    }
    waiting.is_empty()
}

/// Nothing is promised of writes to a region that is down.
fn is_excused(prober: &Prober, down: &[RegionId]) -> bool {
    matches!(&prober.class, Class::RegionWrite(region) if down.contains(region))
}

/// What a prober measures of a fault, and when: until the ring is whole again, a consequence is a consequence.
fn kinds_of(prober: &Prober, fault: &Fault) -> Vec<(Kind, RangeInclusive<u64>)> {
    let own_is_down = fault.regions_down.contains(&prober.from);
    let (down, back, all) = (fault.began..=fault.ended, fault.ended..=fault.whole, fault.began..=fault.whole);
    match &prober.class {
        _ if is_excused(prober, &fault.regions_down) => Vec::new(),
        Class::GlobalWrite => vec![(Kind::GlobalWrites, all)],
        Class::GlobalRead => vec![(Kind::GlobalReads, all)],
        Class::RegionWrite(_) if own_is_down => vec![(Kind::DeadRegionWrites, down), (Kind::ReturningWrites, back)],
        Class::RegionRead(_) if own_is_down => vec![(Kind::DeadRegionReads, down), (Kind::ReturningReads, back)],
        Class::RegionWrite(_) => vec![(Kind::RegionWrites, all)],
        Class::RegionRead(_) => vec![(Kind::Reads, all)],
    }
}

fn longest(class: &Class, probes: &[&Probe], window: &RangeInclusive<u64>) -> u64 {
    if matches!(class, Class::GlobalRead | Class::RegionRead(_)) {
        // Every call counts, and a failed one never ends.
        let during = probes.iter().filter(|probe| window.contains(&probe.invoked));
        let took = |probe: &&Probe| if probe.result.is_ok() { probe.ended - probe.invoked } else { u64::MAX };
        return during.map(took).max().unwrap_or(0);
    }
    let successes = probes.iter().filter(|probe| probe.result.is_ok()).map(|probe| probe.ended);
    let mut ends: Vec<u64> = successes.filter(|ended| window.contains(ended)).collect();
    ends.sort_unstable();
    ends.push(*window.end());
    let mut last = *window.start();
    let mut longest = 0;
    for end in ends {
        longest = longest.max(end - last);
        last = end;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn probe(invoked_ms: u64, ended_ms: u64, ok: bool) -> Probe {
        let result = if ok { Ok(String::new()) } else { Err(String::new()) };
        Probe { invoked: invoked_ms * MS, ended: ended_ms * MS, result }
    }

    fn fault(down: &[&str]) -> Fault {
        let regions_down = down.iter().map(|region| region.parse().unwrap()).collect();
        Fault { what: "f".to_owned(), began: 1_000 * MS, ended: 3_000 * MS, whole: 4_000 * MS, regions_down }
    }

    fn measured(class: Class, down: &[&str], probes: &[Probe]) -> Vec<(Kind, u64)> {
        let prober = Prober { from: "a".parse().unwrap(), class };
        let probes: Vec<_> = probes.iter().map(|probe| (prober.clone(), probe.clone())).collect();
        let pauses = Pauses::measure(&[fault(down)], &probes);
        pauses.by_kind.iter().map(|(kind, pauses)| (*kind, pauses[0].longest_ns / MS)).collect()
    }

    #[test]
    fn a_pause_lasts_from_the_fault_or_a_success_to_the_next_success() {
        let probes =
            [probe(900, 990, true), probe(1_000, 1_100, true), probe(1_200, 2_900, true), probe(1_400, 1_500, false)];
        assert_eq!(measured(Class::GlobalWrite, &[], &probes), [(Kind::GlobalWrites, 1_800)]);
    }

    #[test]
    fn without_a_success_the_pause_is_the_whole_time() {
        assert_eq!(measured(Class::GlobalWrite, &[], &[probe(1_200, 1_900, false)]), [(Kind::GlobalWrites, 3_000)]);
    }

    #[test]
    fn a_reader_of_a_dead_region_is_judged_by_its_longest_call_and_a_failed_one_never_ends() {
        let reads = || Class::RegionRead("b".parse().unwrap());
        let probes = [probe(900, 2_900, true), probe(1_100, 1_700, true), probe(3_100, 3_900, true)];
        let apart = [(Kind::DeadRegionReads, 600), (Kind::ReturningReads, 800)];
        assert_eq!(measured(reads(), &["a"], &probes), apart);
        let failed = [probe(1_100, 1_700, false)];
        assert_eq!(measured(reads(), &["a"], &failed)[0], (Kind::DeadRegionReads, u64::MAX / MS));
        assert_eq!(measured(reads(), &["b"], &probes), [(Kind::Reads, 800)]);
    }

    #[test]
    fn all_have_resumed_when_each_had_a_success_since() {
        let prober = |from: &str| Prober { from: from.parse().unwrap(), class: Class::GlobalWrite };
        let before = [(prober("a"), probe(1, 2, true)), (prober("b"), probe(1, 2, true))];
        let resumed = |more: &[(Prober, Probe)]| all_resumed(&[&before, more].concat(), 2, 5 * MS, &[]);
        assert!(!resumed(&[(prober("a"), probe(6, 7, true))]));
        assert!(!resumed(&[(prober("a"), probe(6, 7, true)), (prober("b"), probe(4, 9, true))]), "began before");
        assert!(!resumed(&[(prober("a"), probe(6, 7, true)), (prober("b"), probe(6, 9, false))]), "failed");
        assert!(resumed(&[(prober("a"), probe(6, 7, true)), (prober("b"), probe(6, 9, true))]));
    }

    #[test]
    fn nothing_is_promised_of_writes_to_a_region_that_is_down() {
        let to = |region: &str| Class::RegionWrite(region.parse().unwrap());
        let probes = [probe(1_000, 1_500, true)];
        assert_eq!(measured(to("a"), &["a"], &probes), []);
        let apart = [(Kind::DeadRegionWrites, 1_500), (Kind::ReturningWrites, 1_000)];
        assert_eq!(measured(to("b"), &["a"], &probes), apart);
        assert_eq!(measured(to("b"), &["c"], &probes), [(Kind::RegionWrites, 2_500)]);
    }
}
