//! Surveys: one account is listed in full, and every key of which something differs since the last time is looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    time::Duration,
};

use futures_util::future::join_all;
use ids::{AccountId, RequestId};
use planner::plan::Time;
use ports::cloud::CloudError;

use super::Engine;
use crate::{
    observe::{
        self, Kind, Listing, Scope, Zones,
        listing::{self, Thing},
    },
    queue::Class,
};

/// Between two listings of an account in which many keys are under way.
const BESIDE_A_CROWD: Duration = Duration::from_secs(2);
/// After a listing that failed.
const AGAIN: Duration = Duration::from_secs(5);

type Found = BTreeMap<RequestId, BTreeMap<Kind, Listing>>;

impl Engine {
    pub(super) async fn survey(&self, account: AccountId) {
        let found = self.list_all(account).await;
        let now = self.caller.env.now();
        let mut state = self.state();
        let crowded = state.crowded(account);
        let every = if crowded { BESIDE_A_CROWD } else { self.options.survey_every };
        let Some(of) = state.accounts.get_mut(&account) else { return };
        of.busy = false;
        let (at_ms, mut found) = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%account, %error, "an account was not listed");
                of.due = now.plus(self.options.survey_every.min(AGAIN));
                return;
            }
        };
        of.due = now.plus(every);
        of.surveyed = Some(Time(at_ms / 1000));
        let owners = of.owners.clone();
        of.strangers = found.keys().filter(|uid| !owners.contains(*uid)).count();
        for uid in &owners {
            let lists = found.remove(uid).unwrap_or_default();
            let Some(key) = state.owners.get(uid).cloned() else { continue };
            let (digest, unsettled) = (digest(&lists), state.unsettled.contains_key(&key));
            // Whoever is not settled looks for itself, but in a crowd.
            let looks = if unsettled { crowded } else { state.digests.get(&key) != Some(&digest) };
            if !looks {
                continue;
            }
            let class = if state.digests.contains_key(&key) { Class::Deviation } else { Class::Sweep };
            state.digests.insert(key.clone(), digest);
            let whole = Kind::ALL.into_iter().map(|kind| {
                let things = lists.get(&kind).map(|list| list.things.clone()).unwrap_or_default();
                (kind, Listing::new(at_ms, things))
            });
            state.handed.insert(key.clone(), whole.collect());
            state.queue.push(&key, class, now);
        }
    }

    async fn list_all(&self, account: AccountId) -> Result<(u64, Found), CloudError> {
        self.zones(account).await?;
        let at_ms = self.caller.env.wall_ms();
        let mut found = Found::new();
        let lists = Kind::ALL.map(|kind| listing::list(&self.caller, account, kind, &Scope::All));
        for (kind, list) in Kind::ALL.into_iter().zip(join_all(lists).await) {
            for thing in list? {
                let Some(owner) = thing.owner() else { continue };
                let list = found.entry(owner).or_default().entry(kind);
                list.or_insert_with(|| Listing::new(at_ms, BTreeMap::new())).things.insert(thing.id(), thing);
            }
        }
        Ok((at_ms, found))
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

/// Of everything that the lists tell. 64-bit FNV-1a: nobody picks the input.
fn digest(lists: &BTreeMap<Kind, Listing>) -> u64 {
    let mut digest = Fnv(0xcbf2_9ce4_8422_2325);
    let things: BTreeSet<_> = lists.values().flat_map(|list| list.things.keys()).collect();
    let _ = write!(digest, "{}", things.len());
    for thing in lists.values().flat_map(|list| list.things.values()) {
        let thing: &Thing = thing;
        let _ = write!(digest, "{thing:?}");
    }
    digest.0
}

struct Fnv(u64);

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
