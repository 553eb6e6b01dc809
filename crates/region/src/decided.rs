//! What clusters become, of those that were asked about lately.
//!
//! While a cluster is made it is looked at many times, and nearly always all that its blueprint follows from is as it was: its row, the
//! edition of the catalogue, the day, and what is wished of it now.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use domain::{Cluster, Wish};
use ids::ClusterName;
use planner::plan::Desired;

/// Clusters that are remembered: more than are under way in a busy region. About ten kilobytes each.
const KEPT: usize = 5_000;

/// All that [`Desired`] follows from. Rows are compared whole: a revision says nothing across incarnations of a log.
#[derive(PartialEq, Eq)]
pub struct Given {
    pub row: Cluster,
    pub edition: String,
    pub day: u64,
    pub wish: Wish,
}

#[derive(Default)]
pub struct Decided {
    kept: BTreeMap<ClusterName, (Given, Arc<Desired>)>,
    /// As they were decided first, the earliest first.
    order: VecDeque<ClusterName>,
}

impl Decided {
    pub fn get(&self, given: &Given) -> Option<Arc<Desired>> {
        let (kept, desired) = self.kept.get(&given.row.name)?;
        (kept == given).then(|| Arc::clone(desired))
    }

    pub fn keep(&mut self, given: Given, desired: &Arc<Desired>) {
        let name = given.row.name.clone();
        if self.kept.insert(name.clone(), (given, Arc::clone(desired))).is_some() {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > KEPT
            && let Some(first) = self.order.pop_front()
        {
            self.kept.remove(&first);
        }
    }
}
