//! Root volumes of machines: whether each is encrypted. That never changes of a volume, so each is asked for once while its key is
//! remembered; a machine that was given another names another.

use std::collections::{BTreeMap, BTreeSet};

use ids::AccountId;
use ports::cloud::{Describe, DescribeVolumes, VolumeId};

use super::{Memo, Thing, listing::not_found};
use crate::caller::Caller;

/// Whether each is encrypted.
pub(crate) type Roots = BTreeMap<VolumeId, bool>;

/// How many are asked for at once.
const TOGETHER: usize = 200;

/// Asks for those that are not known. What is not told stays unknown until the next look.
pub(crate) async fn ask(caller: &Caller, account: AccountId, memo: &mut Memo) {
    let listed = memo.lists.values().flat_map(|list| list.things.values());
    let things = listed.chain(memo.found.values().map(|(thing, _)| thing));
    let root = |thing: &Thing| match thing {
        Thing::Machine(of, _) if !of.state.ending() => of.root_volume().cloned(),
        _ => None,
    };
    let roots: BTreeSet<VolumeId> = things.filter_map(root).collect();
    memo.roots.retain(|volume, _| roots.contains(volume));
    let new: Vec<VolumeId> = roots.into_iter().filter(|volume| !memo.roots.contains_key(volume)).collect();
    for together in new.chunks(TOGETHER) {
        if !ask_for(caller, account, together.to_vec(), &mut memo.roots).await {
            // One that is gone, or not known everywhere yet, refuses the question for all.
            for one in together {
                ask_for(caller, account, vec![one.clone()], &mut memo.roots).await;
            }
        }
    }
}

/// `false` where one of them is said not to exist.
async fn ask_for(caller: &Caller, account: AccountId, ids: Vec<VolumeId>, roots: &mut Roots) -> bool {
    match caller.ask(account, DescribeVolumes(Describe { ids, ..Describe::default() })).await {
        Ok(page) => {
            roots.extend(page.items.into_iter().map(|volume| (volume.id, volume.encrypted)));
            true
        }
        Err(error) => !not_found(&error),
    }
}
