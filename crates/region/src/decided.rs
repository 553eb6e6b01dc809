//! What clusters become, of those that are under way.
//!
//! While a cluster is made it is looked at many times, and nearly always all that its blueprint follows from is as it was: its row, the
//! edition of the catalogue, the day, what the organization says, and what is wished of it now. What was decided is remembered as long as somebody holds it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use domain::{Cluster, Wish};
use ids::ClusterName;
use planner::{Policy, plan::Desired};

/// Where there are fewer, those that nobody holds any more are not looked for.
const FEW: usize = 1_000;

/// All that [`Desired`] follows from. Rows are compared whole: a revision says nothing across incarnations of a log.
#[derive(PartialEq, Eq)]
pub struct Given {
    pub row: Cluster,
    pub edition: String,
    pub day: u64,
    pub wish: Wish,
    pub policies: Vec<Policy>,
}

#[derive(Default)]
pub struct Decided {
    kept: BTreeMap<ClusterName, (Given, Weak<Desired>)>,
    /// How many were held when that was looked at last.
    held: usize,
}

impl Decided {
    pub fn get(&self, given: &Given) -> Option<Arc<Desired>> {
        let (kept, desired) = self.kept.get(&given.row.name)?;
        if kept == given { desired.upgrade() } else { None }
    }

    pub fn keep(&mut self, given: Given, desired: &Arc<Desired>) {
        self.kept.insert(given.row.name.clone(), (given, Arc::downgrade(desired)));
        if self.kept.len() > FEW.max(self.held * 2) {
            self.kept.retain(|_, (_, desired)| desired.strong_count() > 0);
            self.held = self.kept.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ClusterOptions, ClusterType};
    use ids::{Hlc, RequestId, Revision};

    use super::*;

    fn given(number: usize) -> Given {
        let name = format!("organizations/acme/projects/web/locations/a/clusters/c-{number}").parse().unwrap();
        let row = Cluster {
            name,
            uid: RequestId([1; 16]),
            project_uid: RequestId([2; 16]),
            display_name: String::new(),
            description: String::new(),
            cluster_type: ClusterType::DEVELOPMENT,
            options: ClusterOptions::default(),
            wish: Wish::Run,
            purge_time: None,
            basis: None,
            create_time: Hlc(1),
            update_time: Hlc(1),
        };
        Given { row, edition: "2026-11".to_owned(), day: 20_000, wish: Wish::Run, policies: Vec::new() }
    }

    fn policy() -> Policy {
        Policy { node: "organizations/acme".parse().unwrap(), revision: Revision(1), rules: Vec::new() }
    }

    fn desired() -> Arc<Desired> {
        Arc::new(Desired::network("10.0.0.0/16".parse().unwrap(), Wish::Run, 0))
    }

    #[test]
    fn what_was_decided_serves_as_long_as_nothing_that_it_follows_from_changed() {
        let (mut decided, desired) = (Decided::default(), desired());
        decided.keep(given(1), &desired);
        assert!(decided.get(&given(1)).is_some_and(|found| Arc::ptr_eq(&found, &desired)));
        let renamed = Cluster { display_name: "new".to_owned(), ..given(1).row };
        for changed in [
            Given { row: renamed, ..given(1) },
            Given { edition: "2026-12".to_owned(), ..given(1) },
            Given { day: 20_001, ..given(1) },
            Given { wish: Wish::Delete, ..given(1) },
            Given { policies: vec![policy()], ..given(1) },
            given(2),
        ] {
            assert!(decided.get(&changed).is_none());
        }
        // What is decided anew takes the place of what was.
        decided.keep(Given { day: 20_001, ..given(1) }, &desired);
        assert!(decided.get(&given(1)).is_none());
    }

    #[test]
    fn what_nobody_holds_is_not_remembered() {
        let (mut decided, held) = (Decided::default(), desired());
        decided.keep(given(0), &held);
        (1..=FEW).for_each(|number| decided.keep(given(number), &desired()));
        assert_eq!((decided.kept.len(), decided.held), (2, 2), "those that were held then");
        assert!(decided.get(&given(0)).is_some() && decided.get(&given(FEW)).is_none());
        let all: Vec<_> = (0..3 * FEW).map(|_| desired()).collect();
        all.iter().enumerate().for_each(|(number, desired)| decided.keep(given(number), desired));
        assert_eq!(decided.kept.len(), 3 * FEW);
    }
}
