//! What is held and was not listed: asked for by its id, and absent only once that is proved.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use planner::plan::{CloudId, Observed, Seen, Time};

use super::{CONSISTENT, Kind, Memo, listing, now};
use crate::{Planted, book::Case, caller::Caller};

/// Asks by its id for what is held and was not on a list that was made now.
pub(super) async fn look(
    caller: &Caller,
    case: &Case,
    memo: &mut Memo,
    fresh: &BTreeSet<Kind>,
    failed: &mut BTreeMap<Kind, String>,
) {
    let parts = case.held.parts.iter().filter_map(|(part, of)| Some((Kind::of(part)?, of.id.clone())));
    let machines = case.held.machines.keys().map(|id| (Kind::Machines, id.clone()));
    let held: Vec<(Kind, CloudId)> = parts.chain(machines).collect();
    let (listed, missing): (Vec<_>, Vec<_>) =
        held.into_iter().partition(|(kind, id)| memo.lists.get(kind).is_some_and(|list| list.things.contains_key(id)));
    for (_, id) in &listed {
        memo.doubts.remove(id);
        memo.found.remove(id);
    }
    let missing: Vec<_> =
        missing.into_iter().filter(|(kind, _)| fresh.contains(kind) && !failed.contains_key(kind)).collect();
    let asked = join_all(missing.iter().map(|(kind, id)| async move {
        let at = now(caller);
        let found = listing::fetch(caller, case.named.account, *kind, id).await;
        let detailed = match found {
            Ok(Some(thing)) => Ok(Some(listing::detail(caller, case.named.account, thing).await)),
            other => other,
        };
        (at, detailed)
    }))
    .await;
    for ((kind, id), (at, found)) in missing.into_iter().zip(asked) {
        match found {
            Ok(Some(thing)) => {
                memo.doubts.remove(&id);
                memo.found.insert(id, (thing, at));
            }
            Ok(None) => {
                memo.found.remove(&id);
                memo.doubts.entry(id).or_insert(at);
            }
            Err(error) => drop(failed.insert(kind, error.to_string())),
        }
    }
}

/// What is held and was not seen.
pub(super) fn tell(
    case: &Case,
    memo: &Memo,
    failed: &BTreeMap<Kind, String>,
    planted: Option<Planted>,
    observed: &mut Observed,
) {
    let unseen = |id: &CloudId, kind: Kind, changed: Time| -> Option<(Option<Time>, String)> {
        let listed = memo.lists.get(&kind).map(|list| list.at);
        if planted == Some(Planted::BelievesEmptyLists) {
            return Some((listed.filter(|at| *at > changed), "not listed".to_owned()));
        }
        if let Some(first) = memo.doubts.get(id) {
            let proved = listed.filter(|at| *at >= first.plus(CONSISTENT) && !failed.contains_key(&kind));
            return Some((proved, "said not to exist".to_owned()));
        }
        failed.get(&kind).map(|why| (None, why.clone()))
    };
    for (part, of) in &case.held.parts {
        let shown = match observed.parts.get(part) {
            Some(Seen::Present(facts, _)) => facts.id == of.id,
            Some(Seen::Unknown { .. } | Seen::Absent(_)) => true,
            None => false,
        };
        let Some((gone, why)) = Kind::of(part).filter(|_| !shown).and_then(|kind| unseen(&of.id, kind, of.changed))
        else {
            continue;
        };
        let other = observed.parts.contains_key(part);
        match gone {
            Some(at) => drop(observed.parts.insert(part.clone(), Seen::Absent(at))),
            None if !other => {
                drop(observed.parts.insert(part.clone(), Seen::Unknown { since: of.changed, why }));
            }
            None => {}
        }
    }
    for (id, of) in case.held.machines.iter().filter(|(id, _)| !memo.lists_machine(id)) {
        let Some((gone, why)) = unseen(id, Kind::Machines, of.changed) else { continue };
        let seen = gone.map_or_else(|| Seen::Unknown { since: of.changed, why }, Seen::Absent);
        observed.machines.insert(id.clone(), seen);
    }
}

impl Memo {
    fn lists_machine(&self, id: &CloudId) -> bool {
        let listed = self.lists.get(&Kind::Machines).is_some_and(|list| list.things.contains_key(id));
        listed || self.found.contains_key(id)
    }
}
