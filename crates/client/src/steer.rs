//! Which endpoint next: the preferred region first, then whoever is up, and in doubt another region rather than another member. And which
//! endpoints there are: those configured, and what members tell of the ring, asked for after the first answer and now and then.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::v1;
use tokio::time::Instant;

use crate::{Config, Endpoint, Route, endpoint::Connections};

/// What a member said of the ring is asked for again after so long.
const TOPOLOGY_EVERY: Duration = Duration::from_secs(60);
/// A question for it that was not answered is asked again after so long.
const TOPOLOGY_AGAIN: Duration = Duration::from_secs(2);

pub(crate) struct Steer {
    /// Only ever grows.
    members: Mutex<Vec<Arc<Connections>>>,
    /// Configured, or the first that answered.
    preferred: Mutex<Option<String>>,
    /// When the ring is to be asked for its addresses again; `None`: with the next answer.
    ask_at: Mutex<Option<Instant>>,
}

/// What one call has met so far.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// Tries by address.
    pub tries: BTreeMap<String, u32>,
    /// Regions that said that they cannot, whichever member is asked.
    pub refused: BTreeSet<String>,
    /// Regions of which a member said nothing in this call.
    pub silent: BTreeSet<String>,
}

impl Met {
    pub(crate) fn tried(&self, endpoint: &Endpoint) -> u32 {
        self.tries.get(&endpoint.address).copied().unwrap_or(0)
    }
}

impl Steer {
    pub(crate) fn new(members: Vec<Connections>, preferred: Option<String>) -> Self {
        let members = Mutex::new(members.into_iter().map(Arc::new).collect());
        Self { members, preferred: Mutex::new(preferred), ask_at: Mutex::default() }
    }

    pub(crate) fn members(&self) -> Vec<Arc<Connections>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn preferred(&self) -> Option<String> {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first region that answered is preferred from then on, where none was configured.
    pub(crate) fn settle_on(&self, region: &str) {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| region.to_owned());
    }

    /// Whether the ring is to be asked for its addresses now. Who is told so is the one who asks.
    pub(crate) fn asks(&self) -> bool {
        let mut ask_at = self.ask_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = ask_at.is_none_or(|at| at <= now);
        if due {
            *ask_at = Some(now + TOPOLOGY_AGAIN);
        }
        due
    }

    /// Takes new addresses in. None is ever forgotten, and none that cannot be read is taken.
    pub(crate) fn learn(&self, topology: &v1::Topology, config: &Config) {
        *self.ask_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + TOPOLOGY_EVERY);
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        for region in &topology.regions {
            for member in &region.members {
                let known = members.iter().any(|known| known.endpoint.address == member.api);
                let endpoint = Endpoint::new(&region.region, &member.api);
                if !known && let Ok(connections) = Connections::new(&endpoint, config) {
                    members.push(Arc::new(connections));
                }
            }
        }
    }

    /// The best endpoint for the next try of a call, at most `rounds` tries each; `None` when there is none left.
    pub(crate) fn pick(&self, route: &Route, met: &Met, rounds: u32) -> Option<Arc<Connections>> {
        let wanted = match route {
            Route::Any => self.preferred(),
            Route::Prefer(region) | Route::Only(region) => Some(region.clone()),
        };
        let only = matches!(route, Route::Only(_));
        let members = self.members();
        let candidates = members.iter().filter(|member| {
            let region = &member.endpoint.region;
            let served = !only || wanted.as_ref() == Some(region);
            served && !met.refused.contains(region) && met.tried(&member.endpoint) < rounds
        });
        let rank = |member: &&Arc<Connections>| {
            let region = &member.endpoint.region;
            let shunned = member.health.is_down() || met.silent.contains(region);
            (met.tried(&member.endpoint), shunned, wanted.as_ref() != Some(region))
        };
        candidates.min_by_key(rank).cloned()
    }

    /// Members of the preferred region that are down and may be asked again.
    pub(crate) fn due(&self, route: &Route) -> Vec<Arc<Connections>> {
        let wanted = match route {
            Route::Any => self.preferred(),
            Route::Prefer(region) | Route::Only(region) => Some(region.clone()),
        };
        let now = Instant::now();
        let mut members = self.members();
        members.retain(|member| Some(&member.endpoint.region) == wanted.as_ref() && member.health.due(now));
        members
    }
}

#[cfg(test)]
mod tests;
