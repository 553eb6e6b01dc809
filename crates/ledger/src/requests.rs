//! Which requests were answered, and how: what makes a request that comes twice take effect once.
//!
//! Copies of a state share what has not changed since, and whatever changes copies its way through the maps. Outcomes are therefore
//! kept in the order in which they came, where new ones share their way; the map that is entered at random holds nothing but numbers.

use ids::{RequestId, Seq, limits::REMEMBERED_REQUESTS_MAX};
use imbl::OrdMap;

use crate::state::Outcome;

/// The last [`REMEMBERED_REQUESTS_MAX`] requests of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    places: OrdMap<RequestId, Seq>,
    outcomes: OrdMap<Seq, (RequestId, Outcome)>,
}

impl Requests {
    /// What became of a request, while it is remembered.
    pub fn outcome(&self, request: &RequestId) -> Option<&Outcome> {
        self.outcomes.get(self.places.get(request)?).map(|(_, outcome)| outcome)
    }

    /// The request that made a record, while it is remembered.
    pub fn of_record(&self, seq: Seq) -> Option<RequestId> {
        self.outcomes.get(&seq).map(|(request, _)| *request)
    }

    /// In the order of their records.
    pub fn iter(&self) -> impl Iterator<Item = (&RequestId, &Outcome)> {
        self.outcomes.values().map(|(request, outcome)| (request, outcome))
    }

    /// Remembers one, and forgets the oldest where there are too many.
    pub fn remember(&mut self, request: RequestId, outcome: Outcome) {
        self.places.insert(request, outcome.seq);
        self.outcomes.insert(outcome.seq, (request, outcome));
        if self.outcomes.len() > REMEMBERED_REQUESTS_MAX
            && let Some((oldest, request)) = self.outcomes.get_min().map(|(seq, (request, _))| (*seq, *request))
        {
            self.outcomes.remove(&oldest);
            self.places.remove(&request);
        }
    }
}
