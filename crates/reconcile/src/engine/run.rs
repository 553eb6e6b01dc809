//! One run of one key: observe, plan, act, and when it is looked at again.

use std::{collections::BTreeSet, time::Duration};

use ids::AccountId;
use planner::plan::{Action, Held, Part, Plan, Time, Verb, Wait, Waiting, plan};

use super::{Engine, Next};
use crate::{
    Planted,
    act::{Acting, Carried},
    book::{Case, Key, NotRecorded},
    observe::{self, Kind, Memo},
    queue::Ended,
};

/// Between two looks at something that is under way, at most.
const SLOWEST: u64 = 15;
/// What is waited for so long, in seconds, is not under way.
const LONG: u64 = 3600;
/// So long after a run that changed something, the next one looks at what came of it.
const SOON: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) async fn run_key(&self, key: &Key, term: u64) -> Next {
        let case = match self.book.case(key) {
            Ok(Some(case)) => case,
            Ok(None) => {
                self.state().forget(key);
                return Next(Ended::Settled, None);
            }
            Err(error) => {
                tracing::warn!(%key, %error, "a case could not be read");
                return Next(Ended::Failed, None);
            }
        };
        let (mut memo, crowded) = self.take_memo(key, case.named.account);
        let Ok(zones) = self.zones(case.named.account).await else {
            self.state().memos.insert(key.clone(), memo);
            return Next(Ended::Failed, None);
        };
        let sight = observe::look(&self.caller, &case, &zones, &mut memo, crowded, self.options.planted).await;
        let now = observe::now(&self.caller);
        let mut plan = plan(&case.desired, &case.held, &sight.observed, now);
        if self.options.planted == Some(Planted::QuorumIgnored) {
            end_what_etcd_needs(&mut plan, &case.held);
        }
        let acting = Acting {
            caller: &self.caller,
            book: &*self.book,
            case: &case,
            sight: &sight,
            zones: &zones,
            term,
            planted: self.options.planted,
            fenced: &self.fenced,
        };
        let carried = acting.carry_out(&mut plan, &mut memo).await;
        self.keep(key, &case, memo, plan, carried, now)
    }

    /// What is remembered of a key, with what a survey found; and whether the next survey looks for it.
    fn take_memo(&self, key: &Key, account: AccountId) -> (Memo, bool) {
        let mut state = self.state();
        state.unsettled.insert(key.clone(), account);
        let mut memo = state.memos.remove(key).unwrap_or_default();
        let handed = state.handed.remove(key).unwrap_or_default();
        memo.fresh = handed.keys().copied().collect();
        memo.lists.extend(handed);
        let crowded = state.crowded(account);
        if let Some(of) = state.accounts.get_mut(&account).filter(|_| crowded) {
            of.due = of.due.min(self.caller.env.now().plus(SOON));
        }
        (memo, crowded)
    }

    /// Remembers what the next run needs, and says when that is.
    fn keep(
        &self,
        key: &Key,
        case: &Case,
        mut memo: Memo,
        plan: Plan,
        carried: Result<Carried, NotRecorded>,
        now: Time,
    ) -> Next {
        let parts = plan.actions.iter().map(|action| &action.part);
        // What waits for another part, or for a time, is not what changes next.
        let looks = |wait: &&Wait| !matches!(wait.why, Waiting::For(_) | Waiting::Pause { .. } | Waiting::Window(_));
        let waited = plan.waits.iter().filter(looks).filter_map(|wait| wait.part.as_ref());
        memo.open = parts.chain(waited).filter_map(Kind::of).collect::<BTreeSet<_>>();
        let carried = match carried {
            Ok(carried) => carried,
            Err(error) => {
                // Somebody else wrote, or leads: what was seen still serves, what was planned does not.
                tracing::debug!(%key, %error, "a record was not written");
                self.state().memos.insert(key.clone(), memo);
                let conflict = error == NotRecorded::Conflict;
                let ended = if conflict { Ended::After(Duration::from_millis(50)) } else { Ended::Failed };
                return Next(ended, None);
            }
        };
        if carried.called == 0
            && plan.actions.is_empty()
            && plan.waits.iter().all(|wait| calm(wait, now))
            && !carried.made
        {
            return self.settle(key, &plan, now);
        }
        let mut state = self.state();
        let before = state.plans.get(key);
        let same = before.is_some_and(|before| same(before, &plan));
        let still = if same { memo.still.unwrap_or(now) } else { now };
        memo.still = Some(still);
        tracing::trace!(%key, revision = %case.revision, plan = %plan.text(), "planned");
        memo.fruitless = if carried.called > 0 && carried.done == 0 { memo.fruitless.saturating_add(1) } else { 0 };
        let after = if carried.done > 0 || carried.made {
            SOON
        } else if memo.fruitless > 0 {
            SOON * (1 << memo.fruitless.min(4))
        } else {
            // What takes long is looked at less often.
            let latest = plan.look_again.map_or(SLOWEST, |at| at.since(now).max(1));
            Duration::from_secs((now.since(still) / 60).clamp(1, latest.min(SLOWEST)))
        };
        state.plans.insert(key.clone(), plan);
        state.memos.insert(key.clone(), memo);
        Next(Ended::After(after), None)
    }

    fn settle(&self, key: &Key, plan: &Plan, now: Time) -> Next {
        self.state().settled(key);
        let sweep = self.options.sweep_every;
        let differs = plan.waits.iter().any(|wait| matches!(wait.why, Waiting::Unchangeable(_)));
        let at = plan.look_again.filter(|_| !differs);
        let due = at.map_or(sweep, |at| Duration::from_secs(at.since(now)).min(sweep));
        Next(Ended::Settled, Some(self.caller.env.now().plus(due)))
    }
}

/// [`Planted::QuorumIgnored`].
fn end_what_etcd_needs(plan: &mut Plan, held: &Held) {
    for wait in &plan.waits {
        let (Some(part @ Part::Machine(slot)), Waiting::Quorum { cause, .. }) = (&wait.part, &wait.why) else {
            continue;
        };
        for (id, of) in held.machines.iter().filter(|(_, of)| of.slot == *slot && of.ending.is_none()) {
            let (verb, cause) = (Verb::Terminate(id.clone(), None), cause.clone());
            let action = Action { part: part.clone(), generation: of.generation, attempt: 1, verb, cause };
            plan.actions.push(action);
        }
    }
}

/// Whether nothing changes by itself until a known time, or at all.
fn calm(wait: &Wait, now: Time) -> bool {
    // The only master of a cluster can never be spared.
    let never = matches!(wait.why, Waiting::Quorum { .. }) && wait.until > now.plus(LONG);
    never || matches!(wait.why, Waiting::Window(_) | Waiting::Unchangeable(_))
}

/// Whether nothing went on between two plans.
fn same(one: &Plan, other: &Plan) -> bool {
    let waits = |plan: &Plan| plan.waits.iter().map(|wait| wait.part.clone()).collect::<Vec<_>>();
    one.actions.is_empty() && other.actions.is_empty() && one.status == other.status && waits(one) == waits(other)
}
