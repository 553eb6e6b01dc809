//! Strict serializability over several subjects, by transactions that append to lists and read them whole.
//!
//! A list that is read names every append before it and their order, so the dependencies between transactions can be *inferred*
//! and a violation is a cycle, found in linear time where a search would be hopeless.
//! Source: Kingsbury & Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", 2020; the graph and the names
//! G0, G1c, G-single and G2 are Adya's ("Weak Consistency", 1999). Real-time edges make serializable strict.
//!
//! What it accuses of is always so; it does not find everything: the order of appends that nobody read is unknown.

mod cycle;
mod graph;
mod order;

use std::{collections::BTreeMap, fmt};

use crate::Interval;

pub use cycle::{Cycle, Step};
pub use graph::Because;

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Micro {
    /// `value` is appended once in the whole history.
    Append { key: String, value: u64 },
    /// The whole list, as the transaction saw it.
    Read { key: String, list: Vec<u64> },
}

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { key, value } => write!(f, "append {key} {value}"),
            Self::Read { key, list } => write!(f, "read {key} {}", order::print(list)),
        }
    }
}

/// A transaction that was acknowledged, or whose outcome is unknown. Of an unknown one the appends may have happened, and its
/// reads are not looked at. One that definitely failed is not a `Txn`: its appends go to [`History::failed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txn {
    pub client: u32,
    pub interval: Interval,
    /// In the order of the transaction.
    pub ops: Vec<Micro>,
}

impl Txn {
    fn is_acknowledged(&self) -> bool {
        self.interval.completed.is_some()
    }
}

impl fmt::Display for Txn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} client {}:", self.interval, self.client)?;
        self.ops.iter().enumerate().try_for_each(|(at, op)| write!(f, "{} {op}", if at == 0 { "" } else { "," }))
    }
}

/// An append of a transaction that definitely failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    pub key: String,
    pub value: u64,
}

/// Everything that is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub txns: Vec<Txn>,
    pub failed: Vec<Append>,
    /// The lists as they are after all faults have healed and all calls have ended. A key that is absent here was not read in the
    /// end, and lost writes of it go unnoticed; a list that is gone is present and empty.
    pub finals: BTreeMap<String, Vec<u64>>,
}

/// What the history cannot be explained by, transactions named by index and in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No verdict: the harness recorded an answer before its call.
    #[error("read the transaction {txn}: answered before it was called")]
    Malformed { txn: String },
    /// No verdict: the harness must append every value of a key once.
    #[error("read the appends to {key}: {value} is appended twice")]
    AppendedTwice { key: String, value: u64 },
    #[error("phantom: {key} has {value}, which nobody appended, in {reader}")]
    Phantom { key: String, value: u64, reader: String },
    #[error("aborted read: {key} has {value}, whose append failed, in {reader}")]
    AbortedRead { key: String, value: u64, reader: String },
    #[error("duplicate: {key} has {value} twice, in {reader}")]
    Duplicate { key: String, value: u64, reader: String },
    #[error("inconsistent with itself: {key} should end in {expected} after the transaction's own steps, in {reader}")]
    Internal { key: String, expected: String, reader: String },
    #[error("incompatible orders of {key}: neither begins with the other, {one} and {other}")]
    IncompatibleOrder { key: String, one: String, other: String },
    #[error("lost write: {key} lacks {value} in the end, acknowledged in {writer}")]
    LostWrite { key: String, value: u64, writer: String },
    #[error(transparent)]
    Cycle(#[from] Cycle),
}

/// Judges the history: first each list alone, then the lists of a key, then the end, then cycles over everything.
pub fn check(history: &History) -> Result<(), Error> {
    if let Some(txn) = history.txns.iter().find(|txn| txn.interval.is_backwards()) {
        return Err(Error::Malformed { txn: txn.to_string() });
    }
    let orders = order::infer(history)?;
    let mut graph = graph::Graph::infer(history, &orders);
    // A cycle without time breaks more than one with it, so it is looked for first.
    let timeless = cycle::find(history, &graph);
    let cycle = timeless.or_else(|| {
        graph.follow_time(history);
        cycle::find(history, &graph)
    });
    cycle.map_or(Ok(()), |cycle| Err(cycle.into()))
}

#[cfg(test)]
mod tests;
