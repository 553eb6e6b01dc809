//! What was asked of the cloud, what it did, and what it told: the ground for checks of exactly-once.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use ports::cloud::{CallSite, ClientToken, CloudError, CloudRequest, InstanceId, InstanceState};
use serde::{Deserialize, Serialize};

use crate::{Place, Tamper, vices::Fault};

/// One thing that happened, at `at` in Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    pub at: u64,
    pub place: Place,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A call, with what it did and what was told. One that arrived twice is two entries.
    Call { cause: Option<Arc<str>>, request: Box<CloudRequest>, fault: Option<Fault>, effects: Vec<Effect>, told: Told },
    /// An instance changed its state, because of a call or by itself.
    State { instance: InstanceId, from: InstanceState, to: InstanceState, reason: Option<Arc<str>> },
    /// Somebody did something behind our back.
    Tampered(Tamper),
}

/// What a call did to one resource, named by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Created(Arc<str>),
    Changed(Arc<str>),
    Deleted(Arc<str>),
    /// Its token was known: the resource that it made was answered again.
    Repeated(Arc<str>),
}

/// What the caller was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    Answered,
    Failed(CloudError),
    /// This delivery's outcome reached nobody: one of two, or one that came after it was given up.
    Nothing,
}

/// What should have been done once: by a client token, or for a cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    pub place: Place,
    pub action: &'static str,
    pub by: Arc<str>,
}

/// A wish that was done more than once, and the ids of what that made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubled {
    pub wish: Wish,
    pub made: BTreeSet<Arc<str>>,
}

fn doubled(made: impl Iterator<Item = (Wish, Arc<str>)>) -> Vec<Doubled> {
    let mut by_wish: BTreeMap<Wish, BTreeSet<Arc<str>>> = BTreeMap::new();
    made.for_each(|(wish, id)| by_wish.entry(wish).or_default().extend([id]));
    by_wish.into_iter().filter(|(_, made)| made.len() > 1).map(|(wish, made)| Doubled { wish, made }).collect()
}

/// A bounded list of entries, the newest kept.
#[derive(Default, Serialize, Deserialize)]
pub struct Audit {
    max: Option<usize>,
    entries: VecDeque<Entry>,
    count: u64,
}

impl Audit {
    pub(crate) fn new(max: Option<usize>) -> Self {
        Self { max, ..Self::default() }
    }

    pub(crate) fn record(&mut self, at: u64, place: &Place, what: What) {
        self.count += 1;
        self.entries.push_back(Entry { number: self.count, at, place: place.clone(), what });
        while self.max.is_some_and(|max| self.entries.len() > max) {
            self.entries.pop_front();
        }
    }

    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Whether entries were dropped for want of room. Then what follows speaks of the rest only.
    pub fn cut(&self) -> bool {
        self.entries.front().is_some_and(|first| first.number > 1)
    }

    /// The tokens by which more than one instance was launched, within an account and a region. A token that is used in two zones is two
    /// to EC2; here it is one that was used twice, because whoever derives a token per attempt never does that.
    pub fn launched_twice(&self) -> Vec<Doubled> {
        doubled(self.launches().map(|(entry, token, id)| {
            let by = Wish { place: entry.place.clone(), action: "RunInstances", by: token.as_str().into() };
            (by, id.as_str().into())
        }))
    }

    /// The causes ([`CallSite::cause`]) for which one action made more than one resource: how a double shows where no client token prevents
    /// it. What comes along with a resource, such as a VPC's default group, does not count.
    pub fn made_twice(&self) -> Vec<Doubled> {
        doubled(self.entries().filter_map(|entry| {
            let What::Call { cause: Some(cause), request, effects, .. } = &entry.what else { return None };
            let first = effects.iter().find_map(|effect| match effect {
                Effect::Created(id) => Some(id.clone()),
                Effect::Changed(_) | Effect::Deleted(_) | Effect::Repeated(_) => None,
            });
            Some((Wish { place: entry.place.clone(), action: request.name(), by: cause.clone() }, first?))
        }))
    }

    /// Every instance that a recorded call launched.
    pub fn launched(&self) -> BTreeSet<InstanceId> {
        self.launches().map(|(_, _, instance)| instance).collect()
    }

    fn launches(&self) -> impl Iterator<Item = (&Entry, &ClientToken, InstanceId)> {
        let launches = self.entries().filter_map(|entry| match &entry.what {
            What::Call { request, effects, .. } => match &**request {
                CloudRequest::RunInstances(run) => Some((entry, &run.client_token, effects)),
                _ => None,
            },
            What::State { .. } | What::Tampered(_) => None,
        });
        launches.flat_map(|(entry, token, effects)| {
            effects.iter().filter_map(move |effect| match effect {
                Effect::Created(id) => Some((entry, token, InstanceId::new(id.clone()))),
                Effect::Changed(_) | Effect::Deleted(_) | Effect::Repeated(_) => None,
            })
        })
    }

    /// For how many seconds each instance was running until `now`, recomputed from its recorded changes of state.
    pub fn running_seconds(&self, now: u64) -> BTreeMap<InstanceId, u64> {
        let mut seconds: BTreeMap<InstanceId, (u64, Option<u64>)> = BTreeMap::new();
        for entry in self.entries() {
            let What::State { instance, from, to, .. } = &entry.what else { continue };
            let (sum, since) = seconds.entry(instance.clone()).or_default();
            if *from == InstanceState::Running {
                *sum += since.take().map_or(0, |since| entry.at / 1000 - since);
            }
            if *to == InstanceState::Running {
                *since = Some(entry.at / 1000);
            }
        }
        let until =
            |(sum, since): (u64, Option<u64>)| sum + since.map_or(0, |since| (now / 1000).saturating_sub(since));
        seconds.into_iter().map(|(instance, running)| (instance, until(running))).collect()
    }
}

impl What {
    pub(crate) fn call(
        at: &CallSite,
        request: CloudRequest,
        fault: Option<Fault>,
        effects: Vec<Effect>,
        told: Told,
    ) -> Self {
        Self::Call { cause: at.cause.clone(), request: Box::new(request), fault, effects, told }
    }
}
