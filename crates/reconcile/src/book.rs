//! Our own log, as reconciling needs it: what is wished and held of each key, and one guarded record at a time.
//!
//! A region implements it over its own group; tests over a list that keeps everything.

use std::{collections::BTreeMap, sync::Arc};

pub use domain::{Deed, Waited, held::MachineEdge, progress::Kept as Key};
use ids::{AccountId, RequestId, Revision, Seq};
use planner::plan::{CloudId, Desired, Held, Part, Status};
use ports::BoxFuture;

/// A key, and where its resources are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub key: Key,
    /// All that is made for it carries this.
    pub uid: RequestId,
    pub account: AccountId,
}

/// Keys, and how much of the log they are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    pub until: Seq,
    pub keys: Vec<Named>,
}

/// All that our log says about a key, of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub named: Named,
    pub desired: Arc<Desired>,
    pub held: Held,
    /// As recorded last.
    pub status: Option<Status>,
    /// Of what [`Book::record`] writes.
    pub revision: Revision,
    /// Of a cluster in a shared network: that network as far as it is held.
    pub shared: Option<Shared>,
}

/// Ids of a shared network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    pub vpc: Option<CloudId>,
    pub gateway: Option<CloudId>,
}

/// What one record says: everything that is held afterwards, and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub held: Held,
    pub status: Status,
    /// In the order in which they happened to each machine. Usage is the sum of these, each counted once.
    pub edges: Vec<MachineEdge>,
    /// What is done that nobody asked for, and what an owner asked to be taken away, put to sleep or woken.
    pub deeds: Vec<Deed>,
    /// What was waited for since the record before: what is told of a creation is made of it.
    pub waited: BTreeMap<Part, Waited>,
}

/// Why a record was not written. Of the last it is not known whether it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    #[error("recorded over a revision that is not the newest")]
    Conflict,
    #[error("recorded where this member does not lead")]
    NotLeading,
    /// The rules of our log forbid it: a defect, or a wish that changed meanwhile.
    #[error("recorded what our log refuses: {0}")]
    Refused(String),
    #[error("recorded without an answer: {0}")]
    Unsettled(String),
}

/// Our own log.
///
/// What it answers may be behind, as long as [`Book::record`] refuses whatever rests on something older than the newest.
pub trait Book: Send + Sync + 'static {
    /// The term in which this member leads. Without one nothing is run, and nothing is remembered.
    fn leading(&self) -> Option<u64>;

    /// Every key.
    fn keys(&self) -> Keys;

    /// Completes as soon as wishes were changed behind `since`, with whose. Nothing is lost if it is dropped and asked anew.
    fn changed(&self, since: Seq) -> BoxFuture<'static, Keys>;

    /// None where there is no such key, or none any more.
    ///
    /// # Errors
    /// Why it cannot be told now.
    fn case(&self, key: &Key) -> Result<Option<Case>, String>;

    /// Writes one record over the revision `seen`, and completes when it is committed. A future that is dropped leaves it in doubt.
    fn record(&self, of: &Named, seen: Revision, entry: Entry) -> BoxFuture<'static, Result<Revision, NotRecorded>>;

    /// Proves that this incarnation of the log is current, by something that was read at most thirty seconds ago.
    ///
    /// # Errors
    /// Why that cannot be proved now.
    fn fence(&self) -> BoxFuture<'static, Result<(), String>>;
}
