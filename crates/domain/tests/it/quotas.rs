//! Quotas: one rule per test, and random histories of three regions whose copies of the global log are behind.

use std::collections::{BTreeMap, VecDeque};

use domain::{Allotment, Command, Context, Decision, Quota, Rejection, Slice, View, command::*, decide, quota};
use ids::{Hlc, Log, RegionId, RequestId, Seq};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    memory::Memory,
    world::{self, *},
};

const REGIONS: [&str; 3] = ["eu", "us", "we"];
const TOTAL: u64 = 12;

fn region(place: usize) -> RegionId {
    REGIONS[place].parse().unwrap()
}

fn log(place: usize) -> Log {
    Log::Region(region(place))
}

fn set(parts: [u64; 3]) -> Command {
    let slices = (0..3).map(|place| (region(place), parts[place])).collect();
    SetQuota { organization: world::organization("a"), slices, etag: None }.into()
}

fn mirror(place: usize) -> Command {
    MirrorQuota { organization: world::organization("a"), region: region(place) }.into()
}

fn named(place: usize, number: u64) -> ids::ClusterName {
    cluster("a/p:x", REGIONS[place], &format!("c{number}"))
}

/// All regions, and what each copy of the global log may still show.
#[derive(Clone)]
struct Ring {
    logs: BTreeMap<Log, Memory>,
    /// The global log at each of its places.
    past: Vec<Memory>,
    /// Decided, and not applied yet.
    in_flight: VecDeque<(Log, Decision)>,
    now: u64,
    made: u64,
    /// Regions say that they gave something up before they did.
    hasty: bool,
    /// Every region has had a limit, and no more was held than all slices together: from then on it stays so.
    in_force: bool,
}

impl Ring {
    fn new() -> Self {
        let (logs, past) = (BTreeMap::new(), vec![Memory::default()]);
        let mut ring = Self { logs, past, in_flight: VecDeque::new(), now: 0, made: 0, hasty: false, in_force: false };
        for command in REGIONS.map(register).into_iter().chain([create_organization("a"), create_project("a/p:x", "a")])
        {
            ring.run(&command, 0).unwrap();
        }
        ring
    }

    fn log(&self, log: &Log) -> Memory {
        self.logs.get(log).cloned().unwrap_or_default()
    }

    /// Decides with a copy of the global log that is so many records behind.
    fn decide(&mut self, command: &Command, behind: usize) -> Result<Decision, Rejection> {
        self.now += 1;
        let mut request_id = [0; 16];
        request_id[..8].copy_from_slice(&self.now.to_be_bytes());
        let log = command.log();
        let global = &self.past[self.past.len().saturating_sub(1 + behind)];
        let (now, request_id) = (Hlc(self.now), RequestId(request_id));
        let ctx = Context {
            now,
            request_id,
            actor: "",
            global,
            global_seq: ids::Seq::ZERO,
            log: &log,
            planner: None,
            planned: None,
        };
        decide(&self.log(&log), command, &ctx)
    }

    fn apply(&mut self, log: &Log, decision: &Decision) -> bool {
        let applied = self.logs.entry(log.clone()).or_default().apply(decision).is_ok();
        if *log == Log::Global && applied {
            self.past.push(self.log(&Log::Global));
        }
        applied
    }

    fn run(&mut self, command: &Command, behind: usize) -> Result<(), Rejection> {
        let decision = self.decide(command, behind)?;
        assert!(self.apply(&command.log(), &decision), "nothing came between");
        Ok(())
    }

    fn quota(&self, behind: usize) -> Option<Quota> {
        let global = &self.past[self.past.len().saturating_sub(1 + behind)];
        let global: &dyn View = global;
        global.row::<Quota>(&quota::subject(&world::organization("a"))).unwrap().map(|(_, row)| row)
    }

    fn held(&self, place: usize) -> Allotment {
        let rows = self.log(&log(place));
        let rows: &dyn View = &rows;
        let row = rows.row::<Allotment>(&quota::allotment(&world::organization("a"))).unwrap();
        let nothing = || Allotment { organization: world::organization("a"), used: 0, limit: None };
        row.map_or_else(nothing, |(_, row)| row)
    }

    /// What a region's leader says to the global log, if it has something to say.
    fn acknowledges(&self, place: usize, behind: usize) -> Option<Command> {
        let slice: Slice = *self.quota(behind)?.slices.get(&region(place))?;
        let held = self.held(place);
        let below = held.limit.is_some_and(|limit| limit.generation == slice.generation && held.used <= limit.vcpus);
        (slice.is_shrinking() && (below || self.hasty)).then(|| {
            let (organization, region, generation) = (world::organization("a"), region(place), slice.generation);
            AcknowledgeQuota { organization, region, generation }.into()
        })
    }

    fn clusters(&self, place: usize) -> Vec<String> {
        self.log(&log(place)).all_entries(&domain::sets::clusters(&project("a/p:x")))
    }

    /// What is wrong with the whole, once the quota is in force.
    fn broken(&mut self) -> Option<String> {
        let counted = (0..3).find(|place| self.held(*place).used != self.clusters(*place).len() as u64);
        if let Some(place) = counted {
            return Some(format!("{}: {:?} and {:?}", REGIONS[place], self.held(place), self.clusters(place)));
        }
        let slices = self.quota(0)?.slices;
        let promised = slices.values().map(|slice| slice.held).try_fold(0, |sum, held| Some(sum + held?));
        self.in_force |= promised.is_some_and(|sum| sum <= TOTAL);
        let held: Vec<Allotment> = (0..3).map(|place| self.held(place)).collect();
        let most = held.iter().map(|row| row.used.max(row.limit.map_or(u64::MAX, |limit| limit.vcpus)));
        let sum = most.fold(0_u64, u64::saturating_add);
        (self.in_force && sum > TOTAL).then(|| format!("{sum} of {TOTAL} are held: {held:?}, {slices:?}"))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(u64, u64),
    Mirror {
        place: usize,
        behind: usize,
    },
    Acknowledge {
        place: usize,
        behind: usize,
    },
    Create {
        place: usize,
        behind: usize,
    },
    Delete {
        place: usize,
    },
    /// A creation that is decided and applied later.
    Begin {
        place: usize,
        behind: usize,
    },
    Finish,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (place, behind) = (0..3_usize, prop_oneof![3 => Just(0_usize), 1 => 0..6_usize]);
    let at = (place.clone(), behind);
    let step = prop_oneof![
        1 => (0..=TOTAL, 0..=TOTAL).prop_map(|(one, other)| Step::Set(one, other)),
        4 => at.clone().prop_map(|(place, behind)| Step::Mirror { place, behind }),
        4 => at.clone().prop_map(|(place, behind)| Step::Acknowledge { place, behind }),
        4 => at.clone().prop_map(|(place, behind)| Step::Create { place, behind }),
        2 => place.prop_map(|place| Step::Delete { place }),
        1 => at.prop_map(|(place, behind)| Step::Begin { place, behind }),
        1 => Just(Step::Finish),
    ];
    proptest::collection::vec(step, 0..150)
}

impl Ring {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Set(one, other) => {
                let (low, high) = (one.min(other), one.max(other));
                self.run(&set([low, high - low, TOTAL - high]), 0).unwrap();
            }
            Step::Mirror { place, behind } => drop(self.run(&mirror(place), behind)),
            Step::Acknowledge { place, behind } => {
                let command = self.acknowledges(place, behind);
                if let Some(command) = command {
                    drop(self.run(&command, 0));
                }
            }
            Step::Create { place, behind } => {
                self.made += 1;
                let create = create_cluster(&named(place, self.made));
                drop(self.run(&create, behind));
            }
            Step::Delete { place } => {
                if let Some(label) = self.clusters(place).first() {
                    let name = cluster("a/p:x", REGIONS[place], label);
                    self.run(&delete_cluster(&name), 0).unwrap();
                }
            }
            Step::Begin { place, behind } => {
                self.made += 1;
                let create = create_cluster(&named(place, self.made));
                let decided = self.decide(&create, behind).ok();
                self.in_flight.extend(decided.map(|decision| (log(place), decision)));
            }
            Step::Finish => {
                if let Some((log, decision)) = self.in_flight.pop_front() {
                    self.apply(&log, &decision);
                }
            }
        }
    }

    /// Every region does what it owes, and gives up what it has too much, until nothing changes.
    fn rest(&mut self) {
        for _ in 0..20 {
            for place in 0..3 {
                drop(self.run(&mirror(place), 0));
                while self.held(place).limit.is_some_and(|limit| self.held(place).used > limit.vcpus) {
                    self.step(&Step::Delete { place });
                }
                self.step(&Step::Acknowledge { place, behind: 0 });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn regions_never_hold_more_than_the_quota_however_far_behind_they_are(steps in steps()) {
        let mut ring = Ring::new();
        for step in &steps {
            ring.step(step);
            prop_assert_eq!(ring.broken(), None, "after {:?}", step);
        }
        ring.rest();
        prop_assert_eq!(ring.broken(), None);
        prop_assert_eq!(ring.in_force, ring.quota(0).is_some());
        for (place, slice) in ring.quota(0).iter().flat_map(|quota| quota.slices.values()).enumerate() {
            prop_assert_eq!(slice.held, Some(slice.target), "in the end everybody has what was set");
            prop_assert_eq!(ring.held(place).limit.map(|limit| limit.vcpus), Some(slice.target));
        }
    }
}

/// Others get more before a region gave it up: then the same histories do break the quota.
#[test]
fn a_region_that_says_too_early_that_it_gave_something_up_breaks_the_quota() {
    let mut runner = TestRunner::deterministic();
    let caught = (0..100).any(|_| {
        let mut ring = Ring { hasty: true, ..Ring::new() };
        let steps = steps().new_tree(&mut runner).unwrap().current();
        steps.iter().any(|step| {
            ring.step(step);
            ring.broken().is_some()
        })
    });
    assert!(caught);
}

/// All regions have their first limits.
fn settled(parts: [u64; 3]) -> Ring {
    let mut ring = Ring::new();
    ring.run(&set(parts), 0).unwrap();
    ring.rest();
    ring
}

fn reason(outcome: Result<(), Rejection>) -> &'static str {
    outcome.unwrap_err().reason()
}

#[test]
fn without_a_quota_there_is_no_limit_and_with_one_a_region_lets_in_as_much_as_it_says() {
    let mut ring = Ring::new();
    (0..20).for_each(|number| ring.run(&create_cluster(&named(0, number)), 0).unwrap());
    let mut ring = settled([2, 4, 6]);
    (0..2).for_each(|number| ring.run(&create_cluster(&named(0, number)), 0).unwrap());
    let refused = ring.run(&create_cluster(&named(0, 9)), 0).unwrap_err();
    let Rejection::QuotaExceeded { used, wanted, limit, .. } = refused else { panic!("{refused}") };
    assert_eq!((used, wanted, limit), (2, 1, 2));
    ring.run(&delete_cluster(&named(0, 1)), 0).unwrap();
    ring.run(&create_cluster(&named(0, 9)), 0).unwrap();
}

#[test]
fn what_moves_is_given_up_before_it_is_had() {
    let mut ring = settled([8, 2, 2]);
    (0..8).for_each(|number| ring.run(&create_cluster(&named(0, number)), 0).unwrap());
    ring.run(&set([4, 6, 2]), 0).unwrap();
    let slice = |ring: &Ring, place: usize| ring.quota(0).unwrap().slices[&region(place)];
    assert_eq!((slice(&ring, 0).held, slice(&ring, 1).held), (Some(8), Some(2)));
    ring.run(&mirror(0), 0).unwrap();
    assert_eq!(reason(ring.run(&create_cluster(&named(0, 9)), 0)), "QUOTA_EXCEEDED", "it shrinks at once");
    assert!(ring.acknowledges(0, 0).is_none(), "its clusters still need more");
    for number in 0..4 {
        assert_eq!(slice(&ring, 1).held, Some(2));
        ring.run(&delete_cluster(&named(0, number)), 0).unwrap();
    }
    let acknowledge = ring.acknowledges(0, 0).unwrap();
    ring.run(&acknowledge, 0).unwrap();
    assert_eq!((slice(&ring, 0).held, slice(&ring, 1).held), (Some(4), Some(6)));
    assert_eq!(reason(ring.run(&acknowledge, 0)), "QUOTA_NOT_AWAITED");
    ring.run(&mirror(1), 0).unwrap();
    assert_eq!(reason(ring.run(&mirror(1), 0)), "QUOTA_NOT_NEWER");
}

#[test]
fn a_leader_whose_copy_is_behind_takes_nothing_back() {
    let mut ring = settled([8, 2, 2]);
    ring.run(&set([4, 6, 2]), 0).unwrap();
    ring.run(&mirror(0), 0).unwrap();
    assert_eq!(reason(ring.run(&mirror(0), 1)), "QUOTA_NOT_NEWER");
    let late = ring.decide(&create_cluster(&named(1, 1)), 0).unwrap();
    ring.run(&create_cluster(&named(1, 2)), 0).unwrap();
    assert!(!ring.apply(&log(1), &late), "what is held is guarded");
}

#[test]
fn a_quota_is_of_an_active_organization_and_of_regions_that_are_there_and_goes_with_it() {
    let mut ring = settled([8, 2, 2]);
    let unknown = SetQuota { slices: [("mars".parse().unwrap(), 1)].into(), ..command_of(&set([1, 1, 1])) };
    assert_eq!(reason(ring.run(&unknown.into(), 0)), "INVALID_ARGUMENT");
    let stale = SetQuota { etag: Some(Seq(1).into()), ..command_of(&set([1, 1, 1])) };
    assert_eq!(reason(ring.run(&stale.into(), 0)), "ETAG_MISMATCH");
    let other = SetQuota { organization: world::organization("b"), ..command_of(&set([1, 1, 1])) };
    assert_eq!(reason(ring.run(&other.into(), 0)), "NOT_FOUND");
    ring.run(&delete_project("a/p:x"), 0).unwrap();
    for region in REGIONS {
        ring.run(&acknowledge("a/p:x", region), 0).unwrap();
    }
    ring.run(&delete_organization("a"), 0).unwrap();
    assert_eq!(ring.quota(0), None);
    // Another organization of the name is not held to what this one was.
    ring.run(&create_organization("a"), 0).unwrap();
    ring.run(&create_project("a/p:x", "a"), 0).unwrap();
    (0..20).for_each(|number| ring.run(&create_cluster(&named(0, number)), 0).unwrap());
}

fn command_of(command: &Command) -> SetQuota {
    let Command::SetQuota(command) = command else { panic!("{command:?}") };
    command.clone()
}
