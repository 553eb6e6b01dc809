//! Carries out a plan: what is intended is committed, then called, then what became of it is committed.
//!
//! ```text
//!   plan ─▶ fence ─▶ Held + intents, marks ─▶ record ─▶ calls, part beside part ─▶ Held + outcomes ─▶ record
//!             └ not proved: what takes something away is left out, and waits          (nothing changed: no record)
//! ```
//!
//! The actions of one plan rest on what was seen before it, so those of different parts are called at the same time; those of one part one
//! after the other, and no more of them after one that did not succeed. A call whose end is not known leaves its intent open, and the
//! next plan repeats it with its token or looks for its tag. Within a run only questions are asked again.

mod calls;
mod held;
mod outcome;
mod turns;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use futures_util::future::join_all;
use planner::plan::{Action, Cause, Held, Part, Plan, Repeat, State, Time, Verb, Wait, Waiting, explain};
use ports::{
    Instant,
    cloud::{ClientToken, CloudRequest},
};

pub(crate) use self::turns::Turns;
use self::{
    calls::Ground,
    held::Ledger,
    outcome::{Outcome, judge},
};
use crate::{
    Planted,
    book::{Book, Case, Deed, Entry, NotRecorded},
    caller::Caller,
    mark,
    observe::{self, Memo, Sight, Zones},
};

/// What cannot be renewed is looked at so often, in seconds.
const RENEWALS: u64 = 86_400;

/// What carrying out needs, beside the plan.
pub(crate) struct Acting<'a> {
    pub caller: &'a Caller,
    pub book: &'a dyn Book,
    pub case: &'a Case,
    pub sight: &'a Sight,
    pub zones: &'a Zones,
    /// In which this began.
    pub term: u64,
    pub planted: Option<Planted>,
    /// Of [`Planted::StaleFence`]: whether a fence was ever proved.
    pub fenced: &'a std::sync::atomic::AtomicBool,
    /// When the first call went out.
    pub called: OnceLock<Instant>,
}

/// What came of carrying out.
pub(crate) struct Carried {
    /// Actions that were to be called.
    pub called: usize,
    /// Those of which every call was answered.
    pub done: usize,
    /// Whether it ran for the first time.
    pub made: bool,
}

impl Acting<'_> {
    pub async fn carry_out(&self, plan: &mut Plan, memo: &mut Memo) -> Result<Carried, NotRecorded> {
        self.add_twins(plan);
        self.leave_out(plan).await;
        self.wait_for_turns(plan, memo);
        let before = &self.case.held;
        let mut ledger = Ledger { held: before.clone(), edges: Vec::new(), sight: self.sight, now: plan.now };
        ledger.held.state = plan.status.state;
        if plan.status.state == State::Running {
            ledger.held.made.get_or_insert(plan.now);
        }
        let made = ledger.held.made != before.made;
        let (logged, called): (Vec<Action>, Vec<Action>) = plan.actions.iter().cloned().partition(Action::only_logged);
        logged.iter().for_each(|action| ledger.log(action));
        ledger.forget_failures();
        let noted = ledger.held.clone();
        called.iter().for_each(|action| held::intend(&mut ledger.held, action, plan.now));
        let deeds = deeds(plan, before, memo);
        if before.made.is_none() {
            memo.note_waits(plan, self.caller.env.wall_ms());
        }
        let early = if self.planted == Some(Planted::ActsBeforeIntent) {
            self.call_all(&called, &noted, plan.now).await
        } else {
            Vec::new()
        };
        let mut revision = self.case.revision;
        let news = ledger.held != *before || self.case.status.as_ref() != Some(&plan.status);
        if news || !ledger.edges.is_empty() || !deeds.is_empty() {
            let edges = std::mem::take(&mut ledger.edges);
            let (held, status, waited) = (ledger.held.clone(), plan.status.clone(), memo.waited.clone());
            let telling: Vec<_> = deeds.iter().map(as_told).collect();
            let entry = Entry { held, status, edges, deeds, waited };
            revision = self.book.record(&self.case.named, revision, entry).await?;
            memo.waited.clear();
            memo.told.extend(telling);
        }
        let outcomes = match early.is_empty() {
            true => self.call_all(&called, &noted, plan.now).await,
            false => early,
        };
        let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done { .. })).count();
        ledger.now = observe::now(self.caller);
        let intended = ledger.held.clone();
        for (action, outcome) in called.iter().zip(outcomes) {
            if let (Verb::Delete(id), Outcome::Done { .. }, false) =
                (&action.verb, &outcome, matches!(action.part, Part::Nat { .. }))
            {
                memo.gone.insert(id.clone(), ledger.now);
            }
            ledger.settle(action, outcome, &noted);
        }
        if ledger.held != intended || !ledger.edges.is_empty() {
            let Ledger { held, edges, .. } = ledger;
            let entry = Entry { held, status: plan.status.clone(), edges, deeds: Vec::new(), waited: BTreeMap::new() };
            self.book.record(&self.case.named, revision, entry).await?;
        }
        Ok(Carried { called: called.len(), done, made })
    }

    /// What a call that arrived twice made beside what is held: it has our tag, nobody knows of it, and nothing uses it.
    fn add_twins(&self, plan: &mut Plan) {
        for (id, thing) in &self.sight.things {
            let Some(part) = thing.part() else { continue };
            let Some(held) = self.case.held.parts.get(&part).filter(|held| held.id != *id) else { continue };
            let twin = !self.case.held.parts.values().any(|held| held.id == *id);
            if twin && part.repeat() == Repeat::AfterLook && plan.actions.iter().all(|action| action.part != part) {
                let (verb, cause) = (Verb::Delete(id.clone()), Cause::TwoInOneSlot { kept: held.id.clone() });
                plan.actions.push(Action { part, generation: held.generation, attempt: 1, verb, cause });
            }
        }
    }

    /// Leaves out what cannot be done now, and says why.
    async fn leave_out(&self, plan: &mut Plan) {
        leave_out_renewals(plan);
        if !plan.actions.iter().any(Action::destructive) || self.fence().await.is_ok() {
            return;
        }
        let (now, mut waits) = (plan.now, Vec::new());
        plan.actions.retain(|action| {
            if action.destructive() {
                let why = Waiting::Under("needs proof that this region's log is current");
                waits.push(Wait { part: Some(action.part.clone()), why, until: now.plus(5) });
            }
            !action.destructive()
        });
        plan.waits.append(&mut waits);
    }

    /// Leaves out what the account's rate of calls does not allow now: nothing is intended long before it is called, and nobody else waits
    /// behind it.
    fn wait_for_turns(&self, plan: &mut Plan, memo: &mut Memo) {
        let env = &self.caller.env;
        let now = env.now();
        let ground = self.ground(&self.case.held);
        let (mut waits, mut left_out) = (Vec::new(), BTreeSet::new());
        memo.turns.begin(now);
        plan.actions.retain(|action| {
            // Those of one part come one after the other.
            let calls = if action.only_logged() { Ok(Vec::new()) } else { ground.calls(action, &self.token(action)) };
            let Some(call) = calls.ok().and_then(|calls| calls.first().map(CloudRequest::name)) else { return true };
            let book = || self.caller.book(self.case.named.account, call, now);
            let goes = !left_out.contains(&action.part) && memo.turns.take(call, now, book);
            if !goes && left_out.insert(action.part.clone()) {
                let until = plan.now.plus(memo.turns.next.map_or(1, |next| next.since(now).as_secs() + 1));
                waits.push(Wait { part: Some(action.part.clone()), why: Waiting::Rate { call }, until });
            }
            goes
        });
        plan.waits.append(&mut waits);
    }

    fn ground<'a>(&'a self, held: &'a Held) -> Ground<'a> {
        Ground { case: self.case, held, things: &self.sight.things, zones: self.zones }
    }

    async fn fence(&self) -> Result<(), String> {
        use std::sync::atomic::Ordering::SeqCst;
        if self.planted == Some(Planted::StaleFence) && self.fenced.load(SeqCst) {
            return Ok(());
        }
        let proved = self.book.fence().await;
        if proved.is_ok() {
            self.fenced.store(true, SeqCst);
        }
        proved
    }

    /// Calls all of them; what became of each, in their order.
    async fn call_all(&self, actions: &[Action], held: &Held, intended: Time) -> Vec<Outcome> {
        let mut by_part: BTreeMap<&Part, Vec<(usize, &Action)>> = BTreeMap::new();
        for (place, action) in actions.iter().enumerate() {
            by_part.entry(&action.part).or_default().push((place, action));
        }
        let ground = self.ground(held);
        let runs = by_part.into_values().map(|of_part| self.call_in_order(of_part, &ground, intended));
        let mut outcomes: Vec<(usize, Outcome)> = join_all(runs).await.into_iter().flatten().collect();
        outcomes.sort_by_key(|(place, _)| *place);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    async fn call_in_order(
        &self,
        actions: Vec<(usize, &Action)>,
        ground: &Ground<'_>,
        intended: Time,
    ) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(actions.len());
        let mut goes_on = true;
        for (place, action) in actions {
            let outcome = if goes_on { self.call(action, ground, intended).await } else { Outcome::NotCalled };
            goes_on = goes_on && matches!(outcome, Outcome::Done { .. });
            outcomes.push((place, outcome));
        }
        outcomes
    }

    async fn call(&self, action: &Action, ground: &Ground<'_>, intended: Time) -> Outcome {
        let token = self.token(action);
        let requests = match ground.calls(action, &token) {
            Ok(requests) => requests,
            Err(missing) => {
                tracing::warn!(key = %self.case.named.key, part = %action.part, verb = %action.verb, missing, "not called");
                return Outcome::NotCalled;
            }
        };
        let cause = mark::token(self.case.named.uid, &action.token());
        let mut outcome = Outcome::Done { made: None, instance: None };
        for (place, request) in requests.into_iter().enumerate() {
            if action.destructive() && self.fence().await.is_err() {
                return Outcome::NotCalled;
            }
            // What was committed long ago, or by a leader that leads no more, is not called: the next plan begins with a new look.
            let late = observe::now(self.caller) >= intended.plus(30);
            if late || self.book.leading() != Some(self.term) {
                return Outcome::NotCalled;
            }
            let (account, booked) = (self.case.named.account, place == 0);
            let answer = self.caller.change(account, &cause, self.tamper(request), booked, &self.called).await;
            let repeated = self.case.held.intents.contains_key(&action.part);
            outcome = judge(action, answer, repeated);
            if !matches!(outcome, Outcome::Done { .. }) {
                break;
            }
        }
        outcome
    }

    fn token(&self, action: &Action) -> String {
        let mut inputs = action.token();
        if self.planted == Some(Planted::TokenOverTypes) {
            (inputs.instance_type, inputs.zone, inputs.attempt) = (None, None, 1);
        }
        mark::token(self.case.named.uid, &inputs)
    }

    /// The call as it is; but for [`Planted::RandomTokens`].
    fn tamper(&self, mut request: CloudRequest) -> CloudRequest {
        if self.planted == Some(Planted::RandomTokens)
            && let CloudRequest::RunInstances(run) = &mut request
        {
            run.client_token = ClientToken::new(format!("random-{:x}", self.caller.env.seed("planted tokens")));
        }
        request
    }
}

/// There is nobody yet who makes certificates and keys: a renewal has no call, so there is nothing to intend, to repeat or to record, and
/// a record without one would say of old credentials that they are new. That they are old shows in the status, and what is waited for in
/// the plan. Whoever makes them will be called as the cloud is: an intent with the generation that the plan gives, the call with a token of
/// it, a record of when that was done (`Held::renewed`).
fn leave_out_renewals(plan: &mut Plan) {
    let (renewals, others): (Vec<Action>, Vec<Action>) =
        std::mem::take(&mut plan.actions).into_iter().partition(|action| action.verb == Verb::Renew);
    plan.actions = others;
    if renewals.is_empty() {
        return;
    }
    let why = || Waiting::Unchangeable("past its age, and there is nobody yet who makes another".to_owned());
    let wait = |action: Action| Wait { part: Some(action.part), why: why(), until: plan.now.plus(RENEWALS) };
    plan.waits.extend(renewals.into_iter().map(wait).collect::<Vec<_>>());
    plan.look_again = plan.waits.iter().map(|wait| wait.until).min();
}

/// What is told to people: not what was asked for and is simply done. What is made in steps differs until it is made.
fn deeds(plan: &Plan, held: &Held, memo: &Memo) -> Vec<Deed> {
    let told = |action: &&Action| match action.cause {
        Cause::Wanted | Cause::Unanswered { .. } | Cause::SeenSo => false,
        Cause::Differs(_) => held.made.is_some(),
        _ => true,
    };
    let mut deeds: Vec<Deed> = Vec::new();
    for action in plan.actions.iter().filter(told) {
        let (did, cause) = (action.verb.to_string(), explain(&action.cause, plan.now));
        let deed = Deed { at: plan.now, part: action.part.clone(), did, cause };
        if !memo.told.contains(&as_told(&deed)) && !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }
    deeds
}

/// What makes a deed another one than those that were told.
fn as_told(deed: &Deed) -> (Part, String, String) {
    (deed.part.clone(), deed.did.clone(), deed.cause.clone())
}
