//! From what is wished, what our log says and what was seen, to what is to be done: `(Desired, Held, Observed, now) -> Plan`.
//!
//! ```text
//!   Desired   wish, parts, slots, limits ─┐          ┌─ actions, in order, each with its cause and the inputs of its token
//!   Held      ids, machines, intents     ─┼─ plan() ─┼─ what is waited for, and until when
//!   Observed  absent, unknown, present   ─┘          └─ state, health, conditions, constraints, phases
//! ```
//!
//! A plan leaves no choice to whoever carries it out, and is made anew as soon as anything changed. All of its actions may fail, or
//! have an effect that nobody hears of; the next plan sees what there is.
//!
//! Map: [`Part`] and [`Look`] what there is in a cloud, and what it must look like · [`Desired`] · [`Held`], [`Observed`] · [`Action`],
//! [`Wait`] · [`Status`] · `structure` everything but machines · `fleet` how machines are · `replace` which are launched and ended ·
//! `ages` what is replaced by choice · `assess` the status · `text` for people.
//!
//! **Architecture invariants**
//! - What is not listed proves nothing. Only a proof that something is gone, or a wish, ends or makes anew what is held.
//! - What was called and not answered is called again with the same token, or looked for first.
//! - No healthy master ends while that leaves etcd fewer members than its majority, unless the whole cluster sleeps or is deleted.
//! - etcd is restored only once so many of its members are proved to have ended that the others have no majority.
//! - A master that joins takes the place of its slot's member of etcd: members are slots. Masters that are not wished any more end down to
//!   two and no further, because of two each is needed for the majority.
//! - No healthy worker ends before another has joined in its place, unless it is not wanted.

mod action;
mod ages;
mod assess;
mod desired;
mod fleet;
mod look;
mod replace;
mod situation;
mod structure;
mod text;

use std::collections::BTreeSet;

pub use action::{Action, Cause, TokenInputs, Verb, Wait, Waiting};
pub use desired::{Desired, Drain, Limits};
pub use domain::Wish;
pub use domain::held::{
    CloudId, Condition, Constraint, Creation, CreationPhase, Credential, Edge, Etcd, Failed, Health, Held, HeldMachine,
    HeldPart, Image, Intent, Launch, Part, PhaseState, Placement, Refused, Repeat, Role, Slot, State, Status, Time,
    Truth,
};
pub use look::{Change, Disk, Look, Opening, Origin, Root, Traffic};
pub use situation::{MachineFacts, MachineState, Observed, PartFacts, Phase, Seen};
pub use text::explain;

use fleet::Fleet;

/// How long, in seconds, a call that was not answered may still take effect.
pub const LATE_AT_MOST: u64 = 360;
/// Seconds before a call that was not answered, or shows no effect, is made again.
const AGAIN: u64 = 10;
/// Seconds before something that is under way is looked at again.
const LOOK: u64 = 15;
/// Seconds after which what was seen of a machine says nothing about how it is now, unless it had ended.
const STALE: u64 = 300;
/// Seconds of the first pause after a refusal; each is twice the one before.
const PAUSE: u64 = 15;
/// Seconds of the longest pause after a refusal.
const LONGEST_PAUSE: u64 = 900;
/// Seconds of the longest pause after what was made was of no use: each was paid for.
const LONGEST_AFTER_FAILURE: u64 = 3600;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it was made.
    pub now: Time,
    /// In order.
    pub actions: Vec<Action>,
    pub waits: Vec<Wait>,
    /// When it is to be made again at the latest; none where only a change can change it.
    pub look_again: Option<Time>,
    pub status: Status,
}

/// Makes the plan. The same input gives the same plan.
pub fn plan(desired: &Desired, held: &Held, observed: &Observed, now: Time) -> Plan {
    let mut planner = Planner {
        desired,
        held,
        observed,
        now,
        fleet: Fleet::of(desired, held, observed, now),
        ready: BTreeSet::new(),
        actions: Vec::new(),
        waits: Vec::new(),
        due: None,
    };
    planner.note_machines();
    planner.tend_structure();
    planner.tend_machines();
    planner.remove_structure();
    let status = planner.assess();
    // What became of an action shows by then, whether it was answered or not.
    let outcome = (!planner.actions.is_empty()).then(|| now.plus(AGAIN));
    let look_again = planner.waits.iter().map(|wait| wait.until).chain(planner.due).chain(outcome).min();
    let Planner { actions, waits, .. } = planner;
    Plan { now, actions, waits, look_again, status }
}

/// A plan in the making.
struct Planner<'a> {
    desired: &'a Desired,
    held: &'a Held,
    observed: &'a Observed,
    now: Time,
    fleet: Fleet<'a>,
    /// Parts that others may rely on.
    ready: BTreeSet<Part>,
    actions: Vec<Action>,
    waits: Vec<Wait>,
    /// When the next thing grows too old.
    due: Option<Time>,
}

/// A creation as it is to be called now.
struct Try {
    generation: u64,
    attempt: u32,
    cause: Cause,
    /// The call that was not answered, which is repeated as it was.
    same: Option<Verb>,
}

impl Planner<'_> {
    fn act(&mut self, part: &Part, generation: u64, verb: Verb, cause: Cause) {
        self.actions.push(Action { part: part.clone(), generation, attempt: 1, verb, cause });
    }

    fn wait(&mut self, part: &Part, why: Waiting, until: Time) {
        let until = until.max(self.now.plus(1));
        self.waits.push(Wait { part: Some(part.clone()), why, until });
    }

    fn soon(&self) -> Time {
        self.now.plus(LOOK)
    }

    /// Whether it is wished away: a network only once nobody uses it.
    fn deleting(&self) -> bool {
        self.desired.wish == Wish::Delete && self.desired.used_by == 0
    }

    /// Whether it is deleted: nothing is held or under way, and a list showed nothing that has our tag.
    fn nothing_left(&self) -> bool {
        self.deleting() && self.held.is_empty() && self.actions.is_empty() && self.observed.listed.is_some()
    }

    /// Whether a part can be made now, and as which generation and attempt. Else it waits.
    fn next_try(&mut self, part: &Part, cause: Cause) -> Option<Try> {
        if self.observed.listed.is_none() {
            self.wait(part, Waiting::Listing, self.soon());
            return None;
        }
        let missing =
            |other: &&Part| part.relies_on(other) && !self.ready.contains(other) && !self.elsewhere(part, other);
        let missing = self.desired.parts.keys().find(missing);
        if let Some(missing) = missing.cloned() {
            self.wait(part, Waiting::For(missing), self.soon());
            return None;
        }
        if let Some(intent) = self.held.intents.get(part) {
            if self.held.refused.get(part).is_some_and(|refused| refused.last > intent.at) {
                // The call was repeated and refused. The first may still take effect; then there is nothing left of it.
                self.give_up(part);
                return None;
            }
            let (again, shown) = match part.repeat() {
                Repeat::Call => (intent.at.plus(AGAIN), self.now),
                Repeat::AfterLook => (intent.at.plus(LATE_AT_MOST), self.believed().unwrap_or(intent.at)),
            };
            if shown < again {
                self.wait(part, Waiting::Answer { since: intent.at }, again);
                return None;
            }
            let cause = Cause::Unanswered { since: intent.at };
            let same = Some(intent.creation.clone().into());
            return Some(Try { generation: intent.generation, attempt: intent.attempt, cause, same });
        }
        let last = self.held.generations.get(part).copied().unwrap_or(0);
        let cause = match self.held.failed.get(part) {
            None => cause,
            Some(failed) => {
                let Failed { times, why, .. } = failed.clone();
                let until = failed.last.plus(pause(times, LONGEST_AFTER_FAILURE));
                if self.now < until {
                    self.wait(part, Waiting::Failed { times, why }, until);
                    return None;
                }
                Cause::FailedBefore { times, why }
            }
        };
        let Some(refused) = self.held.refused.get(part) else {
            return Some(Try { generation: last + 1, attempt: 1, cause, same: None });
        };
        let (times, why) = (refused.times, refused.why.clone());
        let until = refused.last.plus(pause(times, LONGEST_PAUSE));
        if self.now < until {
            self.wait(part, Waiting::Pause { times, why }, until);
            return None;
        }
        let cause = Cause::WasRefused { times, why };
        Some(Try { generation: last.max(1), attempt: times.saturating_add(1), cause, same: None })
    }

    /// Whether a part is of another zone than a machine goes to now: once a cluster runs, a zone's trouble is its own.
    fn elsewhere(&self, machine: &Part, part: &Part) -> bool {
        let (Part::Machine(slot), Part::Subnet { zone, .. } | Part::RouteTable { zone, .. }) = (machine, part) else {
            return false;
        };
        let refused = self.held.refused.get(machine).map_or(0, |refused| refused.times);
        let goes_to = match self.held.intents.get(machine).map(|intent| &intent.creation) {
            Some(Creation::Launch(launch)) => Some(launch.placement.clone()),
            _ => self.placement(*slot, refused.saturating_add(1)),
        };
        self.held.made.is_some() && goes_to.is_some_and(|placement| placement.zone != *zone)
    }

    /// When all was listed last, if the list is to be believed about what is not on it: it has everything that has long been held.
    fn believed(&self) -> Option<Time> {
        let listed = self.observed.listed?;
        let long = |changed: Time| changed.plus(LOOK) <= listed;
        let (held, seen) = (self.held, self.observed);
        let part = held.parts.iter().find(|(part, of)| long(of.changed) && !seen.parts.contains_key(part));
        let machine = held.machines.iter().find(|(id, of)| long(of.changed) && !seen.machines.contains_key(id));
        (part.is_none() && machine.is_none()).then_some(listed)
    }

    /// A creation that is not wished any more: it is known to have had no effect, or waited for.
    fn give_up(&mut self, part: &Part) {
        let Some(intent) = self.held.intents.get(part) else { return };
        let late = intent.at.plus(LATE_AT_MOST);
        if self.believed().is_some_and(|listed| listed >= late) {
            let (generation, since) = (intent.generation, intent.at);
            self.act(part, generation, Verb::GiveUp, Cause::Unanswered { since });
        } else {
            self.wait(part, Waiting::Answer { since: intent.at }, late);
        }
    }
}

/// Seconds to wait after so many refusals or failures.
fn pause(times: u32, longest: u64) -> u64 {
    let doubled = 1_u64.checked_shl(times.saturating_sub(1).min(16)).unwrap_or(u64::MAX);
    PAUSE.saturating_mul(doubled).min(longest)
}
