//! What there is of one key, three-valued: from lists by our tag, and by id where a list leaves something out.
//!
//! ```text
//!   survey ─ whole account, by tag, in pages ─▶ what differs from the last time ─▶ memo of that key ─┐
//!   look   ─ one key, by tag: kinds that are under way, or were not listed for a minute ─────────────┼─▶ Observed
//!          ─ by id: held and not listed ─────────────────────────────────────────────────────────────┘
//! ```
//!
//! **What it costs.** A survey is a call for each thousand things of a kind. Most list what runs and who may reach it and nothing else
//! ([`Kind::OFTEN`]): three calls for an account of 100 clusters. Every `whole_every` one lists everything, and every `sweep_every` what
//! it finds is handed to every key, which then needs no list of its own. Of a key that is as it was, two digests of 8 bytes are kept and
//! nothing else. Only keys that differ or are under way are looked at by themselves: at most 16 calls, and from then on only the
//! kinds that are waited for. Where many keys of an account are under way, it is listed in full every few seconds for all of them. The
//! things of a thousand keys or so are in memory at a time.
//!
//! **What proves absence.** A terminal state; or that the cloud said twice of an id that we hold that it does not exist, [`CONSISTENT`]
//! seconds or more apart, and did not show it in between. Everything else that is not seen is unknown.

pub(crate) mod listing;
mod missing;
pub(crate) mod reading;
mod roots;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::Waited;
use futures_util::future::join_all;
use ids::AccountId;
use planner::plan::{CloudId, Desired, Look, Observed, Part, PartFacts, Phase, Plan, Seen, Time, Waiting};
use ports::{
    Instant,
    cloud::{CloudError, DescribeAvailabilityZones},
};

pub(crate) use self::{
    listing::{Kind, Listing, Scope, Thing},
    reading::{Reader, Told, Zones},
};
use crate::{
    Planted,
    act::Turns,
    book::{Case, Shared},
    caller::Caller,
    mark,
};

/// After so many seconds every replica of the cloud knows of a write.
pub(crate) const CONSISTENT: u64 = 300;
/// What the cloud does not tell for so many seconds is told to people.
const UNTOLD: u64 = 600;
/// For so many seconds what is settled is not listed again.
const FRESH: u64 = 60;

/// What is remembered of a key between its runs, while it is not settled. It may be lost at any time.
#[derive(Default)]
pub(crate) struct Memo {
    /// Held, so that whoever decided it need not decide it anew at the next run.
    pub desired: Option<Arc<Desired>>,
    pub lists: BTreeMap<Kind, Listing>,
    /// Kinds that a survey listed since the last run.
    pub fresh: BTreeSet<Kind>,
    /// Held, not listed, and found by its id.
    found: BTreeMap<CloudId, (Thing, Time)>,
    /// When the cloud first said that something held does not exist, since it was last seen.
    doubts: BTreeMap<CloudId, Time>,
    /// What could not be listed, since when, and the first answer: one text for as long as it lasts, whatever the later ones say.
    untold: BTreeMap<Kind, (Time, String)>,
    /// Since when a machine is known to be impaired.
    impaired: BTreeMap<CloudId, Time>,
    /// Root volumes of machines that were asked for by their ids.
    roots: roots::Roots,
    shared: Option<(PartFacts, Time)>,
    /// Kinds that the last plan did something about, or waited for.
    pub open: BTreeSet<Kind>,
    /// Deleted by us: replicas that lag show it for a while.
    pub gone: BTreeMap<CloudId, Time>,
    /// What was told in deeds already, so that what is tried again is not told again.
    pub told: BTreeSet<(Part, String, String)>,
    /// Runs in a row of which no call was answered with what was asked for.
    pub fruitless: u32,
    /// Runs in a row of which the plan called for nothing new.
    pub repeats: u32,
    /// Since when plans are the same.
    pub still: Option<Time>,
    /// When the survey began and was answered that saw what no call was made about yet.
    pub seen: Option<(Instant, Instant)>,
    /// Of calls.
    pub turns: Turns,
    /// What was waited for since the last record.
    pub waited: BTreeMap<Part, Waited>,
}

impl Memo {
    /// A shared network was listed whole at that time.
    pub fn note_shared(&mut self, shared: &Shared, listed: Option<Time>) {
        let (Some(id), Some(at)) = (shared.vpc.clone(), listed) else { return };
        if self.shared.as_ref().is_none_or(|(_, seen)| *seen < at) {
            self.shared = Some((PartFacts { id, phase: Phase::Ready, look: Look::Plain }, at));
        }
    }

    /// What has not been told for long, and why.
    pub fn long_untold(&self, now: Time) -> Option<String> {
        let (kind, (_, why)) = self.untold.iter().find(|(_, (since, _))| since.plus(UNTOLD) <= now)?;
        Some(format!("{}: {why}", kind.name()))
    }

    /// Notes what a plan waits for in the cloud, as of when it was looked for; a turn to call as of `now_ms`.
    pub fn note_waits(&mut self, plan: &Plan, now_ms: u64) {
        for wait in plan.waits.iter().filter(|wait| wait.why.is_for_the_cloud()) {
            let Some(part) = &wait.part else { continue };
            let turn = matches!(wait.why, Waiting::Rate { .. }).then_some(now_ms);
            let seen = || Some(self.lists.get(&Kind::of(part)?)?.at_ms);
            let Some(last) = turn.or_else(seen) else { continue };
            self.waited.entry(part.clone()).or_insert(Waited { turn, last }).last = last;
        }
    }
}

/// What was seen, in the words of plans, and the things themselves.
pub(crate) struct Sight {
    pub observed: Observed,
    pub things: BTreeMap<CloudId, Thing>,
}

/// Looks at one key.
pub(crate) async fn look(
    caller: &Caller,
    case: &Case,
    zones: &Zones,
    memo: &mut Memo,
    crowded: bool,
    planted: Option<Planted>,
) -> Sight {
    let began = now(caller);
    let kinds = kinds(case);
    // Where surveys do not come by it, for whatever reason, it looks for itself in a crowd, too.
    let old = |list: &Listing| list.at.plus(CONSISTENT) <= began;
    let by_itself = |kind: &Kind| !crowded || memo.lists.get(kind).is_none_or(old);
    let due: Vec<Kind> =
        kinds.iter().copied().filter(|kind| is_due(case, memo, *kind, began) && by_itself(kind)).collect();
    let account = case.named.account;
    let scopes: Vec<Scope> = due.iter().map(|kind| scope(case, *kind)).collect();
    let listed = join_all(due.iter().zip(&scopes).map(|(kind, scope)| async move {
        let at_ms = caller.env.wall_ms();
        (at_ms, listing::list(caller, account, *kind, scope).await)
    }))
    .await;
    let mut failed: BTreeMap<Kind, String> = BTreeMap::new();
    for (kind, (at_ms, answer)) in due.iter().zip(listed) {
        match answer {
            Ok(things) => {
                let ours = things.into_iter().filter(|thing| thing.owner() == Some(case.named.uid));
                let things = ours.map(|thing| (thing.id(), thing)).collect();
                memo.lists.insert(*kind, Listing::new(at_ms, things));
            }
            Err(error) => {
                memo.untold.entry(*kind).or_insert_with(|| (began, error.to_string()));
                failed.insert(*kind, error.to_string());
            }
        }
    }
    let fresh: BTreeSet<Kind> = std::mem::take(&mut memo.fresh).into_iter().chain(due).collect();
    let told = |kind: &Kind| fresh.contains(kind) && !failed.contains_key(kind);
    memo.untold.retain(|kind, _| kinds.contains(kind) && !told(kind));
    details(caller, account, memo).await;
    if planted != Some(Planted::BelievesEmptyLists) {
        missing::look(caller, case, memo, &fresh, &mut failed).await;
    }
    look_at_shared(caller, case, memo, crowded).await;
    memo.gone.retain(|_, at| at.plus(CONSISTENT) > began);
    note_impaired(memo);
    roots::ask(caller, account, memo).await;
    let (shared, roots) = (case.shared.as_ref(), &memo.roots);
    let reader = Reader { desired: &case.desired, held: &case.held, shared, zones, roots };
    let mut sight = tell(case, memo, &reader, &kinds, &failed, planted);
    sight.observed.untold = memo.long_untold(began);
    sight
}

pub(crate) fn now(caller: &Caller) -> Time {
    Time(caller.env.wall_ms() / 1000)
}

/// The zones of an account.
pub(crate) async fn zones(caller: &Caller, account: AccountId) -> Result<Zones, CloudError> {
    let zones = caller.ask(account, DescribeAvailabilityZones {}).await?;
    Ok(zones.into_iter().map(|zone| (zone.name, zone.id)).collect())
}

/// The kinds that a key can have things of.
fn kinds(case: &Case) -> BTreeSet<Kind> {
    let (desired, held) = (&case.desired, &case.held);
    let parts = desired.parts.keys().chain(held.parts.keys()).chain(held.intents.keys());
    let machines = !desired.slots.is_empty() || !held.machines.is_empty();
    parts.filter_map(Kind::of).chain([Kind::Machines, Kind::Volumes].into_iter().filter(|_| machines)).collect()
}

fn is_due(case: &Case, memo: &Memo, kind: Kind, now: Time) -> bool {
    let Some(at) = memo.lists.get(&kind).map(|list| list.at) else { return true };
    let held = &case.held;
    let changed = held.parts.iter().any(|(part, of)| Kind::of(part) == Some(kind) && of.changed >= at)
        || kind == Kind::Machines && held.machines.values().any(|of| of.changed >= at);
    let intended = held.intents.keys().any(|part| Kind::of(part) == Some(kind));
    changed || intended || memo.open.contains(&kind) || at.plus(FRESH) <= now
}

fn scope(case: &Case, kind: Kind) -> Scope {
    let part = if kind == Kind::Balancers { Part::Balancer } else { Part::TargetGroup };
    let generations = [case.held.generations.get(&part).copied(), case.held.parts.get(&part).map(|of| of.generation)];
    let generations: BTreeSet<u64> = generations.into_iter().flatten().collect();
    let names = generations.into_iter().map(|generation| mark::name(case.named.uid, &part, generation));
    Scope::Owner { uid: case.named.uid, names: names.collect() }
}

async fn details(caller: &Caller, account: AccountId, memo: &mut Memo) {
    let mut things: Vec<(Kind, Thing)> = Vec::new();
    for kind in [Kind::TargetGroups, Kind::Balancers] {
        let list = memo.lists.get_mut(&kind).map(|list| std::mem::take(&mut list.things)).unwrap_or_default();
        things.extend(list.into_values().map(|thing| (kind, thing)));
    }
    let asked =
        things.into_iter().map(|(kind, thing)| async move { (kind, listing::detail(caller, account, thing).await) });
    for (kind, thing) in join_all(asked).await {
        if let Some(list) = memo.lists.get_mut(&kind) {
            list.things.insert(thing.id(), thing);
        }
    }
}

/// A shared network is another key's: all that is needed of it is that it is there. In a crowd surveys tell that.
async fn look_at_shared(caller: &Caller, case: &Case, memo: &mut Memo, crowded: bool) {
    let at = now(caller);
    let Some(shared) = &case.shared else { return memo.shared = None };
    let fresh = |(facts, seen): &(PartFacts, Time)| facts.phase == Phase::Ready && seen.plus(FRESH) > at;
    if memo.shared.as_ref().is_some_and(fresh) {
        return;
    }
    memo.shared = None;
    if crowded {
        return;
    }
    let (Some(vpc), Some(gateway)) = (&shared.vpc, &shared.gateway) else { return };
    let account = case.named.account;
    let (there, way_out) = futures_util::future::join(
        listing::fetch(caller, account, Kind::Vpcs, vpc),
        listing::fetch(caller, account, Kind::Gateways, gateway),
    )
    .await;
    if let (Ok(Some(Thing::Vpc(of))), Ok(Some(Thing::Gateway(gateway)))) = (there, way_out) {
        let phase = if gateway.vpc == Some(of.id) { Phase::Ready } else { Phase::Pending };
        memo.shared = Some((PartFacts { id: vpc.clone(), phase, look: Look::Plain }, at));
    }
}

fn note_impaired(memo: &mut Memo) {
    let Some(list) = memo.lists.get(&Kind::Machines) else { return };
    for (id, thing) in &list.things {
        match thing {
            Thing::Machine(_, Some(true)) => drop(memo.impaired.entry(id.clone()).or_insert(list.at)),
            Thing::Machine(_, Some(false)) => drop(memo.impaired.remove(id)),
            _ => {}
        }
    }
}

fn tell(
    case: &Case,
    memo: &Memo,
    reader: &Reader<'_>,
    kinds: &BTreeSet<Kind>,
    failed: &BTreeMap<Kind, String>,
    planted: Option<Planted>,
) -> Sight {
    let mut observed = Observed::default();
    let lists: Option<Vec<&Listing>> = kinds.iter().map(|kind| memo.lists.get(kind)).collect();
    observed.listed = lists.and_then(|lists| lists.into_iter().map(|list| list.at).min());
    let listed = memo.lists.values().flat_map(|list| list.things.values().map(|thing| (thing, list.at)));
    let all = listed.chain(memo.found.values().map(|(thing, at)| (thing, *at)));
    let mut things = BTreeMap::new();
    for (thing, at) in all {
        let id = thing.id();
        if memo.gone.contains_key(&id) {
            continue;
        }
        match thing {
            Thing::Machine(of, _) => {
                let held = case.held.machines.get(&id);
                if let Some(facts) = reader.machine(of, held, memo.impaired.get(&id).copied()) {
                    observed.machines.insert(id.clone(), Seen::Present(facts, at));
                }
            }
            _ => tell_part(case, reader, thing, at, &mut observed),
        }
        things.insert(id, thing.clone());
    }
    if let Some((facts, at)) = &memo.shared {
        observed.parts.insert(Part::Network, Seen::Present(facts.clone(), *at));
    }
    missing::tell(case, memo, failed, planted, &mut observed);
    Sight { observed, things }
}

fn tell_part(case: &Case, reader: &Reader<'_>, thing: &Thing, at: Time, observed: &mut Observed) {
    let id = thing.id();
    let held = case.held.parts.iter().find(|(_, of)| of.id == id).map(|(part, _)| part.clone());
    let is_held = held.is_some();
    let Some(part) = held.or_else(|| thing.part()) else { return };
    let seen = match reader.part(&part, thing) {
        Told::Gone if is_held => Seen::Absent(at),
        Told::Gone => return,
        // What failed and was given up stays listed for a while.
        Told::Facts(facts) if !is_held && matches!(facts.phase, Phase::Failed(_)) => return,
        Told::Facts(facts) => Seen::Present(facts, at),
        Told::Unclear(why) => Seen::Unknown { since: at, why: why.to_owned() },
    };
    if is_held || !observed.parts.contains_key(&part) {
        observed.parts.insert(part, seen);
    }
}
