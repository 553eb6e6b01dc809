//! Root volumes of machines: whether each is encrypted. They are listed with the machines' tags; one that somebody put in the place of
//! another has none, and is asked for by its id. Whether a volume is encrypted never changes, so that is done once while its key is
//! remembered.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use ids::AccountId;
use planner::plan::CloudId;
use ports::cloud::{Describe, DescribeVolumes, VolumeId};

use super::{Kind, Memo, Thing};
use crate::caller::Caller;

/// Whether each is encrypted.
pub(crate) type Roots = BTreeMap<VolumeId, bool>;

/// The root volumes of all machines that were seen, as far as it is told what they are. What is not stays unknown until the next look.
pub(crate) async fn ask(caller: &Caller, account: AccountId, memo: &mut Memo) {
    let listed = memo.lists.values().flat_map(|list| list.things.values());
    let things = listed.chain(memo.found.values().map(|(thing, _)| thing));
    let root = |thing: &Thing| match thing {
        Thing::Machine(of, _) if !of.state.ending() => of.root_volume().cloned(),
        _ => None,
    };
    let roots: BTreeSet<VolumeId> = things.filter_map(root).collect();
    memo.roots.retain(|volume, _| roots.contains(volume));
    let mut unlisted = Vec::new();
    for root in roots {
        if memo.roots.contains_key(&root) {
            continue;
        }
        match memo.listed(&root) {
            Some(encrypted) => drop(memo.roots.insert(root, encrypted)),
            None => unlisted.push(caller.ask(account, DescribeVolumes(Describe::id(root)))),
        }
    }
    for page in join_all(unlisted).await.into_iter().flatten() {
        memo.roots.extend(page.items.into_iter().map(|volume| (volume.id, volume.encrypted)));
    }
}

impl Memo {
    fn listed(&self, root: &VolumeId) -> Option<bool> {
        match self.lists.get(&Kind::Volumes)?.things.get(&CloudId::from(root.as_str()))? {
            Thing::Volume(of) => Some(of.encrypted),
            _ => None,
        }
    }
}
