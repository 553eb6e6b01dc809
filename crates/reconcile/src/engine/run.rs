//! One run of one key: observe, plan, act, and when it is looked at again.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use planner::plan::{Action, Held, Part, Plan, Time, Verb, Wait, Waiting, plan};
use ports::{Instant, Measure};

use super::{
    Engine, Next, Repair,
    state::{Handed, State},
};
use crate::{
    Planted,
    act::{Acting, Carried},
    book::{Case, Key, NotRecorded},
    observe::{self, Kind, Memo},
    queue::Ended,
};

/// What is waited for so long, in seconds, is not under way.
const LONG: u64 = 3600;
/// Between two looks at what the cloud is at: a four-hundredth of how long it has been so already, but at least so long. So whoever waits for
/// a cluster hardly waits for us.
const LOOK: (u32, Duration) = (400, Duration::from_millis(250));
/// The same where only time helps, and beside a crowd, for which its account is listed every two seconds.
const SELDOM: (u32, Duration) = (60, Duration::from_secs(1));
/// What takes hours is looked at so often.
const SLOWEST: Duration = Duration::from_secs(15);
/// So long after a run that changed something, the next one goes on from there.
const AT_ONCE: Duration = Duration::from_millis(20);
/// So long at most after a run that did what the one before did: what was done shows late, mostly by less. And so long after one that could
/// not do what it wanted, which doubles.
const AGAIN: Duration = Duration::from_secs(1);

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
        let (mut memo, crowded) = self.take_memo(key, &case);
        let Ok(zones) = self.zones(case.named.account).await else {
            self.put_off(key, &case, memo);
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
            called: OnceLock::new(),
        };
        let carried = acting.carry_out(&mut plan, &mut memo).await;
        self.note_repair(key, &mut memo, acting.called.get().copied());
        self.keep(key, &case, memo, plan, carried, now)
    }

    /// What is remembered of a key, with what a survey found; and whether the next survey looks for it.
    fn take_memo(&self, key: &Key, case: &Case) -> (Memo, bool) {
        let account = case.named.account;
        let mut state = self.state();
        let mut memo = state.memos.remove(key).unwrap_or_default();
        let Handed { lists, seen } = state.take_handed(key);
        memo.fresh = lists.keys().copied().collect();
        memo.lists.extend(lists);
        memo.seen = memo.seen.or(seen);
        memo.desired = Some(Arc::clone(&case.desired));
        if let Some(shared) = &case.shared {
            memo.note_shared(shared, state.listed(account, shared));
        }
        let crowded = state.crowded(account);
        if crowded {
            let now = self.caller.env.now();
            let soon = state.next_of_crowd(account, now).max(AGAIN);
            state.hurry(account, now.plus(soon));
        }
        (memo, crowded)
    }

    /// Says how long it took from what a survey saw to the first call about it.
    fn note_repair(&self, key: &Key, memo: &mut Memo, called: Option<Instant>) {
        let Some((called, (listed, seen))) = called.and_then(|called| Some((called, memo.seen.take()?))) else {
            return;
        };
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
        let looks = |wait: &&Wait| {
            let waits_for_time =
                matches!(wait.why, Waiting::Pause { .. } | Waiting::Failed { .. } | Waiting::Window(_));
            !waits_for_time && !matches!(wait.why, Waiting::For(_) | Waiting::Rate { .. })
        };
        let looked_for = plan.waits.iter().any(|wait| looks(&wait));
        let waited = plan.waits.iter().filter(looks).filter_map(|wait| wait.part.as_ref());
        memo.open = parts.chain(waited).filter_map(Kind::of).collect::<BTreeSet<_>>();
        let carried = match carried {
            Ok(carried) => carried,
            Err(error) => {
                // Somebody else wrote, or leads: what was seen still serves, what was planned does not.
                tracing::debug!(%key, %error, "a record was not written");
                self.put_off(key, case, memo);
                let conflict = error == NotRecorded::Conflict;
                let ended = if conflict { Ended::After(Duration::from_millis(50)) } else { Ended::Failed };
                return Next(ended, None);
            }
        };
        if carried.called == 0
            && plan.actions.is_empty()
            && plan.waits.iter().all(|wait| calm(wait, now))
            && !carried.made
            // Who says that something is not told goes on asking for it.
            && memo.long_untold(now).is_none()
        {
            return self.settle(key, &plan, now);
        }
        let mut state = self.state();
        // Not before: who is looked at in a sweep and is as wished makes no crowd.
        state.unsettle(key, case.named.account);
        let before = state.plans.get(key);
        let same = before.is_some_and(|before| same(before, &plan));
        let still = if same { memo.still.unwrap_or(now) } else { now };
        memo.still = Some(still);
        tracing::trace!(%key, revision = %case.revision, plan = %plan.text(), "planned");
        memo.fruitless = if carried.called > 0 && carried.done == 0 { memo.fruitless.saturating_add(1) } else { 0 };
        memo.repeats =
            if before.is_some_and(|before| repeats(&plan, before)) { memo.repeats.saturating_add(1) } else { 0 };
        let after = match carried.done > 0 || carried.made {
            true if memo.repeats > 0 => (LOOK.1 * (1 << memo.repeats.min(3)) / 2).min(AGAIN),
            true => AT_ONCE,
            false if memo.fruitless > 0 => {
                let pause = AGAIN * (1 << memo.fruitless.min(4));
                state.look_later(key, self.caller.env.now().plus(pause));
                pause
            }
            false => {
                let crowded = state.crowded(case.named.account);
                let (share, first) = if !looked_for || crowded { SELDOM } else { LOOK };
                let latest = plan.look_again.map_or(SLOWEST, |at| Duration::from_secs(at.since(now))).min(SLOWEST);
                let pause = (Duration::from_secs(now.since(still)) / share).clamp(first, latest.max(first));
                if crowded { self.left_to_surveys(&mut state, key, pause) } else { pause }
            }
        };
        let after = match memo.turns.next.map(|next| next.since(self.caller.env.now()).max(AT_ONCE)) {
            // Nothing but its turns, and pauses, are waited for: looking earlier shows nothing new.
            Some(turn) if carried.called == 0 && !carried.made && !looked_for => {
                let pauses = |wait: &&Wait| matches!(wait.why, Waiting::Pause { .. } | Waiting::Failed { .. });
                let paused = plan.waits.iter().filter(pauses);
                let resumes = paused.map(|wait| Duration::from_secs(wait.until.since(now)).max(AGAIN)).min();
                resumes.map_or(turn, |resumes| resumes.min(turn))
            }
            Some(turn) => after.min(turn),
            None => after,
        };
        if carried.done > 0 || carried.made {
            state.note_news(case.named.account, self.caller.env.now());
        }
        state.plans.insert(key.clone(), plan);
        state.memos.insert(key.clone(), memo);
        Next(Ended::After(after), None)
    }

    /// In a crowd a survey comes first, at once when it has something new. By itself a key looks only where surveys fail.
    fn left_to_surveys(&self, state: &mut State, key: &Key, pause: Duration) -> Duration {
        let pause = pause.max(state.looking_takes());
        state.look_later(key, self.caller.env.now().plus(pause));
        pause + SLOWEST
    }

    /// Remembers what was learned; nothing came of the run.
    fn put_off(&self, key: &Key, case: &Case, memo: Memo) {
        let mut state = self.state();
        state.unsettle(key, case.named.account);
        state.memos.insert(key.clone(), memo);
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

/// Whether a plan calls for what the one before called for, and nothing else: what it did shows late.
fn repeats(plan: &Plan, before: &Plan) -> bool {
    let same = |action: &Action| before.actions.iter().any(|of| (&of.part, &of.verb) == (&action.part, &action.verb));
    let mut calls = plan.actions.iter().filter(|action| !action.only_logged()).peekable();
    calls.peek().is_some() && calls.all(same)
}

/// Whether nothing went on between two plans.
fn same(one: &Plan, other: &Plan) -> bool {
    let waits = |plan: &Plan| plan.waits.iter().map(|wait| wait.part.clone()).collect::<Vec<_>>();
    one.actions.is_empty() && other.actions.is_empty() && one.status == other.status && waits(one) == waits(other)
}
