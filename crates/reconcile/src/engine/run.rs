//! One run of one key: observe, plan, act, and when it is looked at again.

use std::{collections::BTreeSet, sync::OnceLock, time::Duration};

use ids::AccountId;
use planner::plan::{Plan, Time, Wait, Waiting, plan};
use ports::{Instant, Measure};

use super::{Engine, Next, Repair, state::Handed};
use crate::{
    act::{Acting, Carried},
    book::{Case, Key, NotRecorded},
    observe::{self, Kind, Memo},
    queue::Ended,
};

/// Between two looks at something that is under way, at most.
const SLOWEST: u64 = 15;
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
        let acting = Acting {
            caller: &self.caller,
            book: &*self.book,
            case: &case,
            sight: &sight,
            zones: &zones,
            term,
            planted: self.options.planted,
            fenced: &self.fenced,
            called: OnceLock::new(),
        };
        let carried = acting.carry_out(&mut plan, &mut memo).await;
        self.note_repair(key, &mut memo, acting.called.get().copied());
        self.keep(key, &case, memo, plan, carried, now)
    }

    /// What is remembered of a key, with what a survey found; and whether the next survey looks for it.
    fn take_memo(&self, key: &Key, account: AccountId) -> (Memo, bool) {
        let mut state = self.state();
        state.unsettle(key, account);
        let mut memo = state.memos.remove(key).unwrap_or_default();
        let Handed { lists, seen } = state.take_handed(key);
        memo.fresh = lists.keys().copied().collect();
        memo.lists.extend(lists);
        memo.seen = memo.seen.or(seen);
        let crowded = state.crowded(account);
        if crowded {
            state.hurry(account, self.caller.env.now().plus(SOON));
        }
        (memo, crowded)
    }

    /// Says how long it took from what a survey saw to the first call about it.
    fn note_repair(&self, key: &Key, memo: &mut Memo, called: Option<Instant>) {
        let Some((called, (listed, seen))) = called.and_then(|called| Some((called, memo.seen.take()?))) else { return };
        let env = &self.caller.env;
        env.measure(&Measure::RepairBegan { took: called.since(seen) });
        let (now, wall) = (env.now(), env.wall_ms());
        let wall = |at: Instant| wall.saturating_sub(u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX));
        let repair = Repair { key: key.clone(), listed: wall(listed), seen: wall(seen), called: wall(called) };
        self.state().note_repair(repair);
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
        if carried.called == 0 && plan.actions.is_empty() && plan.waits.iter().all(calm) && !carried.made {
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
        // Surveys hand everything to every key within a period: this is for keys of accounts that cannot be listed.
        let sweep = self.options.sweep_every * 2;
        let differs = plan.waits.iter().any(|wait| matches!(wait.why, Waiting::Unchangeable(_)));
        let at = plan.look_again.filter(|_| !differs);
        let due = at.map_or(sweep, |at| Duration::from_secs(at.since(now)).min(sweep));
        Next(Ended::Settled, Some(self.caller.env.now().plus(due)))
    }
}

/// Whether nothing changes by itself until a known time, or at all.
fn calm(wait: &Wait) -> bool {
    matches!(wait.why, Waiting::Window(_) | Waiting::Unchangeable(_))
}

/// Whether nothing went on between two plans.
fn same(one: &Plan, other: &Plan) -> bool {
    let waits = |plan: &Plan| plan.waits.iter().map(|wait| wait.part.clone()).collect::<Vec<_>>();
    one.actions.is_empty() && other.actions.is_empty() && one.status == other.status && waits(one) == waits(other)
}
