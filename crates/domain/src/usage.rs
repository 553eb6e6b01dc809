//! What machines used: vCPU-seconds and MiB-seconds, as the integral over the times that they ran. Integers only.
//!
//! A [`MachineRun`] knows two kinds of time: when the machine ran, by the cloud's clock, and when the log learned of it. What was used is
//! counted where it was used. A calendar month (UTC) is *closed* [`CLOSED_AFTER_SECONDS`] after its end: from then on its figures never
//! change, because they are made of what the log had learned until then, and a log only ever learns more. What is learned later about a
//! closed month is an *adjustment*, up or down, at the time at which it was learned:
//!
//! ```text
//!   ran          s───────────────────────e
//!   months   ──┬───────────┬───────────┬───────────┬──
//!   learned    │           │  r1       │     r2    │       r1: that it began, in time for the month before; r2: that it ended
//!   counted    ├───────────┼───────────┤           │       open runs go on: the middle month was closed before r2 was learned
//!   adjusted   │           │           │     ▼     │       at r2: minus what the closed month has beyond e
//! ```
//!
//! Everything here is a function of rows and of one time, `as_of`: what was learned later does not count, so the same question has the
//! same answer for every later state of the rows.
//!
//! Map: here one run · [`report`] many, by cluster, project, folder, organization or day.

use std::ops::{Add, AddAssign};

use ids::Hlc;

use crate::{Date, MachineRun, held::Time};

pub mod report;

/// How long after its end a month is closed: 3 days. Starts and stops are learned within seconds; later only where a region was without
/// its majority, or could not ask its cloud. Such an outage is expected to be over after a weekend and a day, and bills can wait so long.
pub const CLOSED_AFTER_SECONDS: u64 = 3 * DAY_SECONDS;
/// Seconds of a day, which has no leap seconds here.
pub const DAY_SECONDS: u64 = 86_400;

/// An amount of use, or a correction of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub vcpu_seconds: i128,
    pub mib_seconds: i128,
}

/// What was used, and what was learned about closed months.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub used: Amount,
    pub adjusted: Amount,
}

/// Seconds from `from` on, up to and without `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    pub from: Time,
    pub to: Time,
}

impl Within {
    /// The day that a time is in.
    pub fn day(time: Time) -> Self {
        let from = Time(time.0 - time.0 % DAY_SECONDS);
        Self { from, to: from.plus(DAY_SECONDS) }
    }

    /// What two have in common; empty where that is nothing.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        let from = self.from.max(other.from);
        Self { from, to: self.to.min(other.to).max(from) }
    }

    pub fn contains(self, time: Time) -> bool {
        self.from <= time && time < self.to
    }

    pub fn seconds(self) -> u64 {
        self.to.since(self.from)
    }
}

/// When a log had a time, in whole seconds.
pub fn second(at: Hlc) -> Time {
    Time(at.unix_ms() / 1000)
}

/// Everything before this is in months that were closed at that time of the log.
pub fn closed_before(at: Hlc) -> Time {
    let days = second(at).0.saturating_sub(CLOSED_AFTER_SECONDS) / DAY_SECONDS;
    Time(Date::from_days_since_1970(days).first_of_month().days_since_1970() * DAY_SECONDS)
}

/// What one run counts for, as was known at a time of the log.
#[derive(Clone, Copy, Debug)]
struct Counted {
    /// Counted where it was used.
    used: Within,
    /// When it was learned that it began, and what of it is in months that were closed by then.
    gained: (Time, u64),
    /// When it was learned that it ended, and what closed months have of it beyond its end.
    lost: Option<(Time, u64)>,
}

impl Counted {
    /// `None` for a run that was not known of then.
    fn of(run: &MachineRun, as_of: Hlc) -> Option<Self> {
        if run.started_recorded > as_of {
            return None;
        }
        let stopped = run.stopped.filter(|(_, recorded)| *recorded <= as_of);
        let closed = closed_before(run.started_recorded);
        // Learned at once that it began and ended, or first the one and then the other.
        let at_once = stopped.filter(|(_, recorded)| *recorded == run.started_recorded);
        let gained = at_once.map_or(closed, |(end, _)| closed.min(end)).since(run.started);
        let lost = stopped.filter(|_| at_once.is_none()).map(|(end, recorded)| {
            let beyond = closed_before(recorded).since(end.max(run.started));
            (second(recorded), beyond)
        });
        // A month that was closed before the end was learned holds the run as going on.
        let end = stopped.map(|(end, recorded)| end.max(closed_before(recorded)));
        let now = second(as_of);
        let used = Within { from: run.started.max(closed), to: end.map_or(now, |end| end.min(now)) };
        Some(Self { used, gained: (second(run.started_recorded), gained), lost })
    }

    fn tally(&self, run: &MachineRun, within: Within) -> Tally {
        let learned = |at: Time, seconds: u64| if within.contains(at) { i128::from(seconds) } else { 0 };
        let lost = self.lost.map_or(0, |(at, seconds)| learned(at, seconds));
        let adjusted = learned(self.gained.0, self.gained.1) - lost;
        Tally {
            used: Amount::of(run, i128::from(self.used.both(within).seconds())),
            adjusted: Amount::of(run, adjusted),
        }
    }
}

/// What a run adds to a time, as was known when the log had the time `as_of`. Where it is still running it counts until then.
pub fn tally(run: &MachineRun, within: Within, as_of: Hlc) -> Tally {
    Counted::of(run, as_of).map_or_else(Tally::default, |counted| counted.tally(run, within))
}

/// As [`tally`], day by day: the days that it adds something to, in order.
pub fn days(run: &MachineRun, within: Within, as_of: Hlc) -> Vec<(Time, Tally)> {
    let Some(counted) = Counted::of(run, as_of) else { return Vec::new() };
    let used = counted.used.both(within);
    let ran = (used.from.0 / DAY_SECONDS..used.to.0.div_ceil(DAY_SECONDS)).map(|day| Time(day * DAY_SECONDS));
    let learned = [Some(counted.gained.0), counted.lost.map(|(at, _)| at)].into_iter().flatten();
    let mut days: Vec<Time> = ran.chain(learned.map(|at| Within::day(at).from)).collect();
    days.sort_unstable();
    days.dedup();
    let tallied = days.into_iter().map(|day| (day, counted.tally(run, Within::day(day).both(within))));
    tallied.filter(|(_, tally)| *tally != Tally::default()).collect()
}

impl Amount {
    fn of(run: &MachineRun, seconds: i128) -> Self {
        Self { vcpu_seconds: i128::from(run.vcpus) * seconds, mib_seconds: i128::from(run.memory_mib) * seconds }
    }
}

impl Tally {
    /// Both together: what is to be paid for.
    pub fn total(self) -> Amount {
        self.used + self.adjusted
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { vcpu_seconds: self.vcpu_seconds + other.vcpu_seconds, mib_seconds: self.mib_seconds + other.mib_seconds }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.used = self.used + other.used;
        self.adjusted = self.adjusted + other.adjusted;
    }
}
