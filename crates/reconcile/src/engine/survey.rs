//! Surveys: one account is listed, and every key of which something differs since the last time is looked at.
//!
//! Most surveys list what runs and who may reach it; from time to time one lists everything, and more rarely still what that finds is
//! handed to every key, whether or not it differs: the sweep.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::BuildHasher,
    time::Duration,
};

use foldhash::quality::FixedState;
use futures_util::future::join_all;
use ids::{AccountId, RequestId};
use planner::plan::{CloudId, Time};
use ports::{Instant, cloud::CloudError};

use super::{
    Engine,
    state::{Handed, State, crowd::CROWD},
};
use crate::{
    book::Key,
    observe::{
        self, Kind, Listing, Scope, Zones,
        listing::{self, Thing},
    },
    queue::Class,
};

/// Between two listings of an account in which many keys are under way, at least.
const BESIDE_A_CROWD: Duration = Duration::from_secs(2);
/// After a listing that failed.
const AGAIN: Duration = Duration::from_secs(5);

/// What one survey found.
struct Survey {
    began: Instant,
    /// In Unix milliseconds.
    at_ms: u64,
    /// What was listed. Of the kinds that each survey lists, and of the rest, whether all of them were.
    kinds: BTreeSet<Kind>,
    /// All kinds were asked for.
    all_asked: bool,
    often: bool,
    whole: bool,
    by_owner: BTreeMap<RequestId, Found>,
}

/// Of one owner.
#[derive(Default)]
struct Found {
    things: Vec<(Kind, Thing)>,
    /// Sums over the things, in whatever order they came: of what each survey lists, and of the rest.
    digests: [u64; 2],
}

impl Engine {
    pub(super) async fn survey(&self, account: AccountId) {
        let whole = {
            let state = self.state();
            let now = self.caller.env.now();
            state.crowded(account) || state.accounts.get(&account).is_some_and(|of| of.whole <= now || of.sweep <= now)
        };
        let found = self.list_all(account, whole).await;
        let now = self.caller.env.now();
        let mut state = self.state();
        let crowded = state.crowded(account);
        let usual = self.options.survey_every;
        let every = if crowded { state.next_of_crowd(account, now).max(BESIDE_A_CROWD).min(usual) } else { usual };
        match found {
            Ok(found) => {
                let Some(of) = state.surveyed(account, now.plus(every)) else { return };
                of.surveyed = Some(Time(found.at_ms / 1000));
                if found.whole {
                    of.whole = now.plus(self.options.whole_every);
                }
                let sweeps = found.whole && of.sweep <= now;
                if sweeps {
                    of.sweep = now.plus(self.options.sweep_every);
                }
                found.hand_over(&mut state, account, sweeps, now);
            }
            Err(error) => {
                tracing::warn!(%account, %error, "an account was not listed");
                state.surveyed(account, now.plus(self.options.survey_every.min(AGAIN)));
            }
        }
    }

    async fn list_all(&self, account: AccountId, whole: bool) -> Result<Survey, CloudError> {
        self.zones(account).await?;
        let (began, at_ms) = (self.caller.env.now(), self.caller.env.wall_ms());
        let kinds: &[Kind] = if whole { &Kind::ALL } else { &Kind::OFTEN };
        let lists = kinds.iter().map(|kind| listing::list(&self.caller, account, *kind, &Scope::All));
        let (mut by_owner, mut listed, mut failed) = (BTreeMap::<RequestId, Found>::new(), BTreeSet::new(), None);
        for (kind, list) in kinds.iter().zip(join_all(lists).await) {
            match list {
                Ok(things) => {
                    listed.insert(*kind);
                    for thing in things {
                        let Some(owner) = thing.owner() else { continue };
                        by_owner.entry(owner).or_default().add(*kind, thing);
                    }
                }
                // One kind that cannot be listed does not hide what happens to the others.
                Err(error) => {
                    tracing::warn!(%account, ?kind, %error, "a kind was not listed");
                    failed = Some(error);
                }
            }
        }
        if let (true, Some(error)) = (listed.is_empty(), failed) {
            return Err(error);
        }
        let often = Kind::OFTEN.iter().all(|kind| listed.contains(kind));
        let all_asked = whole;
        let whole = whole && Kind::ALL.iter().all(|kind| Kind::OFTEN.contains(kind) || listed.contains(kind));
        Ok(Survey { began, at_ms, kinds: listed, all_asked, often, whole, by_owner })
    }

    /// The zones of an account, which are asked for once.
    pub(super) async fn zones(&self, account: AccountId) -> Result<Zones, CloudError> {
        if let Some(zones) = self.state().accounts.get(&account).and_then(|of| of.zones.clone()) {
            return Ok(zones);
        }
        let zones = observe::zones(&self.caller, account).await?;
        self.state().accounts.get_mut(&account).into_iter().for_each(|of| of.zones = Some(zones.clone()));
        Ok(zones)
    }
}

impl Survey {
    /// Gives keys what was found of them, where it differs from the last time; in a sweep all of them.
    fn hand_over(&self, state: &mut State, account: AccountId, sweeps: bool, now: Instant) {
        let crowded = state.crowded(account);
        let Some(of) = state.accounts.get(&account) else { return };
        let strangers = self.by_owner.keys().filter(|uid| !of.owners.contains(*uid)).count();
        let keys_of = |uid: &RequestId| state.owners.get(uid).into_iter().flatten().cloned();
        let keys: Vec<(RequestId, Key)> =
            of.owners.iter().flat_map(|uid| keys_of(uid).map(|key| (*uid, key))).collect();
        let mut looks = Vec::new();
        for (uid, key) in keys {
            let Some(known) = state.keys.get(&key) else { continue };
            let digests = self.digests(&uid);
            let listed = digests.iter().zip(known.digests).filter(|(told, _)| told.is_some());
            let differs = listed.clone().any(|(told, had)| had.is_some() && *told != had);
            let first = listed.clone().any(|(_, had)| had.is_none());
            // Whoever is not settled looks for itself, but in a crowd.
            let look = match state.is_unsettled(&key) {
                true => crowded && (differs || first || known.look <= now),
                false => differs || first || sweeps,
            };
            if look {
                looks.push((uid, key, digests, differs));
            }
        }
        if !self.all_asked && looks.len() > CROWD {
            // Each of them would list the rest for itself: that is listed for all of them instead.
            if let Some(of) = state.accounts.get_mut(&account) {
                of.whole = now;
            }
            return state.hurry(account, now);
        }
        if looks.iter().any(|(.., differs)| *differs) {
            state.note_news(account, now);
        }
        for (uid, key, digests, differs) in looks {
            if let Some(known) = state.keys.get_mut(&key) {
                digests.iter().zip(&mut known.digests).for_each(|(told, had)| *had = told.or(*had));
            }
            let handed = Handed { lists: self.lists(&uid), seen: differs.then_some((self.began, now)) };
            let class = if differs { Class::Deviation } else { Class::Sweep };
            state.hand(&key, handed, class, now);
        }
        let networks = if self.whole { self.networks(state) } else { BTreeMap::new() };
        if let Some(of) = state.accounts.get_mut(&account).filter(|_| self.whole) {
            (of.strangers, of.networks) = (strangers, networks);
        }
    }

    /// Shared networks of which there are the VPC and its way out.
    fn networks(&self, state: &State) -> BTreeMap<CloudId, (CloudId, Time)> {
        let is_shared = |key: &Key| matches!(key, Key::SharedVpc { .. });
        let shared = self.by_owner.iter().filter(|(uid, _)| state.owners.get(uid).into_iter().flatten().any(is_shared));
        let at = Time(self.at_ms / 1000);
        shared.filter_map(|(_, found)| found.network()).map(|(vpc, gateway)| (vpc, (gateway, at))).collect()
    }

    /// None of what was not listed.
    fn digests(&self, uid: &RequestId) -> [Option<u64>; 2] {
        let [often, rest] = self.by_owner.get(uid).map(|found| found.digests).unwrap_or_default();
        [self.often.then_some(often), self.whole.then_some(rest)]
    }

    fn lists(&self, uid: &RequestId) -> BTreeMap<Kind, Listing> {
        let mut lists: BTreeMap<Kind, Listing> =
            self.kinds.iter().map(|kind| (*kind, Listing::new(self.at_ms, BTreeMap::new()))).collect();
        for (kind, thing) in self.by_owner.get(uid).into_iter().flat_map(|found| &found.things) {
            lists.get_mut(kind).into_iter().for_each(|list| drop(list.things.insert(thing.id(), thing.clone())));
        }
        lists
    }
}

impl Found {
    /// The VPC and its way out, where there are both.
    fn network(&self) -> Option<(CloudId, CloudId)> {
        let mut things = self.things.iter().map(|(_, thing)| thing);
        let (vpc, gateway) = things.clone().find_map(|thing| match thing {
            Thing::Gateway(of) => Some((CloudId::from(of.vpc.as_ref()?.as_str()), thing.id())),
            _ => None,
        })?;
        things.any(|thing| thing.id() == vpc).then_some((vpc, gateway))
    }

    fn add(&mut self, kind: Kind, thing: Thing) {
        // Of everything that the list tells. It is compared within this process only, and nobody picks the input.
        let digest = FixedState::default().hash_one(&thing);
        let [often, rest] = &mut self.digests;
        let sum = if Kind::OFTEN.contains(&kind) { often } else { rest };
        *sum = sum.wrapping_add(digest);
        self.things.push((kind, thing));
    }
}

#[cfg(test)]
mod tests;
