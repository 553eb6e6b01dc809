//! The three parts of a disk, and every step between them. Synchronous: who waits for what is the syncer's business.
//!
//! No step calls out. Callbacks and observations are handed back, so that they run without the disk's lock.

use std::{collections::VecDeque, time::Duration};

use ids::MemberId;
use invariants::Observation;
use ports::{Flushed, StoreError};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    Damage, DiskCanary, DiskCounts, DiskWeather, Place,
    pending::{Change, Unit},
    store::Contents,
};
use crate::env::splitmix;

/// Everything that a disk is.
pub struct State {
    /// Which process this is; writes of earlier ones are dropped.
    pub life: u64,
    pub weather: DiskWeather,
    pub canary: DiskCanary,
    pub counts: DiskCounts,
    pub memory: Contents,
    durable: Contents,
    pending: VecDeque<Unit>,
    /// A flush of this life failed: nothing more succeeds in it.
    broken: Option<StoreError>,
    /// Two streams, so that one more flush does not change what crashes keep.
    flush_rng: StdRng,
    crash_rng: StdRng,
}

/// What a step leaves to be done without the lock: first observations, then callbacks.
#[derive(Default)]
pub struct Aftermath {
    pub seen: Vec<Observation>,
    pub calls: Vec<(Flushed, Result<(), StoreError>)>,
    /// Handed out only to be dropped there: dropping a callback may run any code.
    uncalled: VecDeque<Unit>,
}

impl State {
    pub fn new(seed: u64) -> Self {
        Self {
            life: 0,
            weather: DiskWeather::default(),
            canary: DiskCanary::None,
            counts: DiskCounts::default(),
            memory: Contents::default(),
            durable: Contents::default(),
            pending: VecDeque::new(),
            broken: None,
            flush_rng: StdRng::seed_from_u64(splitmix(seed)),
            crash_rng: StdRng::seed_from_u64(splitmix(seed ^ u64::MAX)),
        }
    }

    pub fn pending(&self) -> usize {
        self.pending.iter().filter(|unit| !unit.change.is_refused()).count()
    }

    /// Takes one write: readers see it from now on.
    pub fn take(&mut self, change: Change, flushed: Flushed, awaited: bool) -> Aftermath {
        let refused = self.broken.clone().or_else(|| change.check(&self.memory).err());
        let change = refused.map_or(change, Change::Refused);
        change.apply(&mut self.memory);
        let lies = match self.canary {
            DiskCanary::None | DiskCanary::NeverByItself => false,
            // Votes are the other canary's business.
            DiskCanary::AckBeforeFlush => !change.sets_vote(),
            DiskCanary::VoteNotFlushed => change.sets_vote(),
        };
        let mut aftermath = Aftermath::default();
        let flushed = if lies {
            let answer = if let Change::Refused(error) = &change { Err(error.clone()) } else { Ok(()) };
            aftermath.calls.push((flushed, answer));
            None
        } else {
            Some(flushed)
        };
        self.pending.push_back(Unit { change, awaited, flushed });
        aftermath
    }

    /// How long what is pending may wait for a write that somebody waits for. `None` while nothing is pending.
    pub fn patience(&mut self) -> Option<Duration> {
        if self.pending.is_empty() {
            return None;
        }
        if self.is_awaited().is_some() {
            return Some(Duration::ZERO);
        }
        if self.canary == DiskCanary::NeverByItself {
            return Some(Duration::MAX);
        }
        Some(self.flush_rng.random_range(Duration::ZERO..=self.weather.later_max))
    }

    /// Whether somebody waits for something that is pending.
    pub fn is_awaited(&self) -> Option<()> {
        self.pending.iter().any(|unit| unit.awaited).then_some(())
    }

    /// Begins a flush of what is pending now: how many units, and how long it takes. `None` while there are none.
    pub fn begin_flush(&mut self) -> Option<(usize, Duration)> {
        let DiskWeather { flush_min, flush_max, .. } = self.weather;
        if self.pending.is_empty() {
            return None;
        }
        let span = self.flush_rng.random_range(flush_min..=flush_max.max(flush_min));
        Some((self.pending.len(), span))
    }

    /// Ends a flush of the `units` first units.
    pub fn end_flush(&mut self, member: MemberId, units: usize) -> Aftermath {
        if let Some(error) = self.flush_error(units) {
            return self.fail(&error);
        }
        let mut aftermath = Aftermath::default();
        for _ in 0..units {
            let Some(mut unit) = self.pending.pop_front() else { break };
            let done = self.keep(member, &unit.change, &mut aftermath);
            aftermath.calls.extend(unit.flushed.take().map(|flushed| (flushed, done)));
        }
        self.counts.flushes += 1;
        aftermath
    }

    /// The process ends: keeps a random prefix, forgets the rest.
    pub fn crash(&mut self, member: MemberId) -> Aftermath {
        let mut aftermath = Aftermath::default();
        let pending = std::mem::take(&mut self.pending);
        let kept = if pending.is_empty() { 0 } else { self.crash_rng.random_range(0..=pending.len()) };
        let mut intact = true;
        for (at, unit) in pending.iter().enumerate().filter(|(_, unit)| !unit.change.is_refused()) {
            let thrown_away = self.canary == DiskCanary::VoteNotFlushed && unit.change.sets_vote();
            let survives = intact && at < kept && !thrown_away;
            if survives && self.keep(member, &unit.change, &mut aftermath).is_ok() {
                continue;
            }
            // What follows a unit that was thrown away may not continue what is durable; there the prefix ends.
            intact &= !survives;
            self.counts.units_lost += 1;
        }
        self.memory = self.durable.clone();
        self.broken = None;
        self.life += 1;
        aftermath.uncalled = pending;
        aftermath
    }

    /// Nothing was ever written.
    pub fn lose(&mut self, member: MemberId) -> Aftermath {
        self.counts.units_lost += u64::try_from(self.pending()).unwrap_or(u64::MAX);
        self.memory = Contents::default();
        self.durable = Contents::default();
        self.broken = None;
        self.life += 1;
        let uncalled = std::mem::take(&mut self.pending);
        Aftermath { seen: vec![Observation::DiskLost { member }], uncalled, ..Aftermath::default() }
    }

    pub fn damage(&mut self, place: &Place, damage: &Damage) -> bool {
        self.durable.damage(place, damage);
        self.memory.damage(place, damage)
    }

    /// One change becomes durable, unless it was refused.
    fn keep(&mut self, member: MemberId, change: &Change, aftermath: &mut Aftermath) -> Result<(), StoreError> {
        change.check(&self.durable)?;
        change.apply(&mut self.durable);
        self.counts.units += 1;
        aftermath.seen.extend(change.seen(member));
        Ok(())
    }

    /// Why a flush of the `units` first units fails, if it does.
    fn flush_error(&self, units: usize) -> Option<StoreError> {
        let flushed = || self.pending.iter().take(units).map(|unit| &unit.change);
        if flushed().all(Change::is_refused) {
            return None;
        }
        let bytes = flushed().map(Change::bytes).fold(0, u64::saturating_add);
        match self.weather {
            DiskWeather { failing: true, .. } => Some(StoreError::Flush { detail: "input/output error".to_owned() }),
            DiskWeather { full: true, .. } if bytes > 0 => Some(StoreError::Full { bytes }),
            DiskWeather { .. } => None,
        }
    }

    /// A flush failed: nothing that is pending becomes durable, and nothing more is taken in this life.
    fn fail(&mut self, error: &StoreError) -> Aftermath {
        self.counts.units_lost += u64::try_from(self.pending()).unwrap_or(u64::MAX);
        self.broken = Some(error.clone());
        let mut aftermath = Aftermath::default();
        for unit in std::mem::take(&mut self.pending) {
            let result = match unit.change {
                Change::Refused(refused) => Err(refused),
                Change::Ops(_) | Change::Snapshot(..) => Err(error.clone()),
            };
            aftermath.calls.extend(unit.flushed.map(|flushed| (flushed, result)));
        }
        aftermath
    }
}
