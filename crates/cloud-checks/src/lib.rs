//! What a simulated cloud and our own log must agree on: pure functions over the cloud's audit, inventory and bill on one side, and the
//! records that reconciling wrote on the other.
//!
//! Each check answers with what it saw that must not be, in words; nothing means that it held. They are used by the tests of `reconcile`
//! and made for the simulator. They know the cloud that they look into, so they are not among `invariants`.
//!
//! Map: [`calls`] that every call was intended, once, and fenced where it takes something away · [`truth`] that what is held is what is
//! there, and what is counted is what the cloud charges.
//!
//! **Architecture invariant:** they judge by what the cloud and the log kept, and ask nothing of the code that is judged but how tokens
//! and tags are derived.

pub mod calls;
pub mod truth;

use ids::{AccountId, RequestId};
use planner::plan::{Action, Cause, Intent, Part};
use ports::cloud::CloudRegion;
use reconcile::{Entry, Key, mark};

/// One record, as it was committed.
#[derive(Clone, Debug)]
pub struct Written {
    /// When, in Unix milliseconds of the cloud's clock.
    pub at: u64,
    pub key: Key,
    pub uid: RequestId,
    pub account: AccountId,
    pub entry: Entry,
}

/// All that our side kept.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// In the order of the log.
    pub written: &'a [Written],
    pub fences: &'a [Fence],
}

/// That the log of a region was proved to be current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The cloud's own region that the log's is in.
    pub region: CloudRegion,
    /// In Unix milliseconds of the cloud's clock.
    pub at: u64,
}

/// Every check that holds at any time.
pub fn always(sim: &cloud_sim::Sim, log: Log<'_>) -> Vec<String> {
    let audit = sim.audit();
    let mut broken = calls::once(audit);
    broken.extend(calls::intended(audit, log));
    broken.extend(calls::one_token_one_call(audit));
    broken.extend(calls::fenced(audit, log));
    broken.extend(calls::marked(audit, log));
    broken.extend(truth::one_of_each(sim));
    broken.extend(truth::ended_truly(sim, log));
    broken
}

/// Also those that hold once nothing is under way and every replica knows everything.
pub fn settled(sim: &cloud_sim::Sim, log: Log<'_>) -> Vec<String> {
    let mut broken = always(sim, log);
    broken.extend(truth::held_is_there(sim, log));
    broken.extend(truth::billed(sim, log));
    broken
}

/// The token of an intent, as any leader derives it.
fn token(uid: RequestId, part: &Part, intent: &Intent) -> String {
    let Intent { generation, attempt, creation, .. } = intent.clone();
    let action = Action { part: part.clone(), generation, attempt, verb: creation.into(), cause: Cause::Wanted };
    mark::token(uid, &action.token())
}
