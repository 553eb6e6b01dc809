//! Which key is to be reconciled next.
//!
//! Reconciling is level-triggered: a key says *what* to look at and nothing of why, so pushing it ten times is pushing it once. The
//! queue holds each key at most once, hands it to at most one run at a time, and remembers a push that came while it ran. Keys wait in
//! classes: a person who waits for a cluster is not behind a sweep over all of them, and a sweep still goes on beside a storm of repairs,
//! because each class has places of its own.
//!
//! ```text
//!  push ─▶ waiting (by class, by time) ─ take ─▶ running ─ done ─▶ settled: gone, or waiting again when pushed meanwhile
//!             ▲                                     │
//!             ├──────── after a growing pause ◀─ failed
//!             └──────── when released ◀───────── panicked: quarantined
//! ```
//!
//! It reads no clock and owns no task: whoever drives it says what time it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ports::Instant;
use rand::{RngExt, rngs::SmallRng};

/// Who waits. Each class has its own places, and an earlier one is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody asked for it and waits.
    Asked,
    /// Something was seen that is not as it should be.
    Deviation,
    /// Nothing is known to be wrong; it is looked at from time to time.
    Sweep,
}

/// Every class, in the order in which they are served.
const CLASSES: [Class; 3] = [Class::Asked, Class::Deviation, Class::Sweep];

/// Runs at once, by class. None may be zero: a class without places would never end.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    pub asked: usize,
    pub deviation: usize,
    pub sweep: usize,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do for now.
    Settled,
    /// It goes on after this time: something was begun and takes as long as it takes.
    After(Duration),
    /// It could not do what it wanted: again after a pause that doubles with each failure in a row.
    Failed,
    /// It ended in a defect of ours. The key is left alone until [`Queue::release`]; all others go on.
    Panicked,
}

/// Pause after the first failure in a row, and the longest one.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting { class: Class, due: Instant },
    Running { class: Class, again: Option<Class> },
    Quarantined,
}

struct Item {
    place: Place,
    /// Runs that failed, in a row.
    failures: u32,
}

/// Keys and where they stand.
pub struct Queue<K> {
    items: BTreeMap<K, Item>,
    waiting: BTreeMap<Class, BTreeSet<(Instant, K)>>,
    running: BTreeMap<Class, usize>,
    quarantined: BTreeSet<K>,
    places: Places,
    rng: SmallRng,
}

impl<K: Clone + Ord> Queue<K> {
    pub fn new(places: Places, rng: SmallRng) -> Self {
        let (items, waiting, running, quarantined) = Default::default();
        Self { items, waiting, running, quarantined, places, rng }
    }

    /// Wants `key` to be looked at from `due` on. A key that waits is moved to the more urgent class and the earlier time of the two;
    /// one that runs will run once more; one in quarantine stays there.
    pub fn push(&mut self, key: &K, class: Class, due: Instant) {
        let Some(item) = self.items.get_mut(key) else { return self.wait(key, 0, class, due) };
        match &mut item.place {
            Place::Quarantined => {}
            Place::Running { again, .. } => *again = Some(again.map_or(class, |other| other.min(class))),
            Place::Waiting { class: had, due: at } => {
                let (had, at, failures) = (*had, *at, item.failures);
                self.waiting.entry(had).or_default().remove(&(at, key.clone()));
                self.wait(key, failures, class.min(had), due.min(at));
            }
        }
    }

    /// The most urgent key that is due and for which its class has a place. Whoever gets it MUST call [`Self::done`].
    pub fn take(&mut self, now: Instant) -> Option<K> {
        let class = CLASSES.into_iter().find(|class| self.first(*class).is_some_and(|due| due <= now))?;
        let (_, key) = self.waiting.get_mut(&class)?.pop_first()?;
        if let Some(item) = self.items.get_mut(&key) {
            item.place = Place::Running { class, again: None };
        }
        *self.running.entry(class).or_default() += 1;
        Some(key)
    }

    /// When the next key is due that has a place; `None`: nothing will be until something is pushed or done.
    pub fn next_due(&self) -> Option<Instant> {
        CLASSES.into_iter().filter_map(|class| self.first(class)).min()
    }

    /// When a key that waits is due.
    pub fn due(&self, key: &K) -> Option<Instant> {
        let Place::Waiting { due, .. } = self.items.get(key)?.place else { return None };
        Some(due)
    }

    /// Gives a key back.
    pub fn done(&mut self, key: &K, ended: Ended, now: Instant) {
        let Some(&Item { place: Place::Running { class, again }, failures }) = self.items.get(key) else { return };
        self.items.remove(key);
        if let Some(running) = self.running.get_mut(&class) {
            *running = running.saturating_sub(1);
        }
        let urgent = again.map_or(class, |again| again.min(class));
        match (ended, again) {
            (Ended::Panicked, _) => {
                self.items.insert(key.clone(), Item { place: Place::Quarantined, failures });
                self.quarantined.insert(key.clone());
            }
            // A push during a run that failed is no reason to hurry: it was not the push that was missing.
            (Ended::Failed, _) => {
                let failures = failures.saturating_add(1);
                let due = now.plus(self.pause(failures));
                self.wait(key, failures, urgent, due);
            }
            (Ended::Settled, None) => {}
            (Ended::After(pause), None) => self.wait(key, 0, class, now.plus(pause)),
            (Ended::Settled | Ended::After(_), Some(again)) => self.wait(key, 0, again, now),
        }
    }

    /// Takes a key out of quarantine. `false`: it was not in it.
    pub fn release(&mut self, key: &K, now: Instant) -> bool {
        let quarantined = self.quarantined.remove(key);
        if quarantined {
            self.items.remove(key);
            self.push(key, Class::Asked, now);
        }
        quarantined
    }

    pub fn is_quarantined(&self, key: &K) -> bool {
        self.quarantined.contains(key)
    }

    /// Keys that a defect put out of service.
    pub fn quarantined(&self) -> impl Iterator<Item = &K> {
        self.quarantined.iter()
    }

    /// Keys that wait, and keys that run.
    pub fn len(&self) -> (usize, usize) {
        (self.waiting.values().map(BTreeSet::len).sum(), self.running.values().sum())
    }

    /// Forgets everything that waits: another member leads now. What runs ends as it will.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.quarantined.clear();
        self.items.retain(|_, item| matches!(item.place, Place::Running { .. }));
        for item in self.items.values_mut() {
            if let Place::Running { again, .. } = &mut item.place {
                *again = None;
            }
        }
    }

    fn wait(&mut self, key: &K, failures: u32, class: Class, due: Instant) {
        self.waiting.entry(class).or_default().insert((due, key.clone()));
        self.items.insert(key.clone(), Item { place: Place::Waiting { class, due }, failures });
    }

    /// When the first key of a class is due, if the class has a place.
    fn first(&self, class: Class) -> Option<Instant> {
        self.waiting.get(&class)?.first().filter(|_| self.has_place(class)).map(|(due, _)| *due)
    }

    fn has_place(&self, class: Class) -> bool {
        let places = match class {
            Class::Asked => self.places.asked,
            Class::Deviation => self.places.deviation,
            Class::Sweep => self.places.sweep,
        };
        self.running.get(&class).copied().unwrap_or_default() < places
    }

    /// Doubles with each failure in a row; a fifth of it by chance, so that what failed together does not come back together.
    fn pause(&mut self, failures: u32) -> Duration {
        let full = PAUSE.0.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(PAUSE.1);
        full.mul_f64(self.rng.random_range(0.8..=1.0))
    }
}

#[cfg(test)]
mod tests;
