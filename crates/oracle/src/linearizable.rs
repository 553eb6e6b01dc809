//! Is there an order of these operations that respects real time and that the sequential model allows?
//!
//! The search is Wing & Gong, "Testing and Verifying Concurrent Objects", 1993: pick any operation that nothing unpicked precedes,
//! apply it, go on; go back when stuck. Lowe, "Testing for linearizability", 2017, adds the memo: a set of picked operations with
//! the state it led to is looked at once. The problem is NP-complete in the concurrency, not in the length, so a history must be cut
//! by subject first (Horn & Kroening, "Faster linearizability checking via P-compositionality", 2015; see [`crate::register`]).
//!
//! Operations of unknown outcome would be candidates for ever and double the search each. Three rules keep them cheap:
//! - *just in time*: they are picked only on the way to an answered operation, shortest way first, and never at the end;
//! - *fewer is better*: among equal states with equal answered operations picked, one that has used a subset of the unknown
//!   operations can do whatever the others can, so only the smallest sets are kept;
//! - *first come, first served*: of equal unknown operations the one called first is used first, since it can replace the others.

mod bits;
mod search;

use std::fmt;

use crate::Operation;

/// A sequential specification.
pub trait Model {
    type State: Clone + Ord + fmt::Display;
    /// A call together with everything that was observed of its outcome.
    type Op: Clone + Ord + fmt::Display;

    fn initial() -> Self::State;

    /// The state after `op`, or `None` where `op` cannot happen in `state` with the outcome that was observed. An operation of
    /// unknown outcome that can have no effect in `state` is `None` as well: it is enough that it never happens.
    fn step(state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// The same operations, index by index, made easier to search without changing the verdict: by writing into one operation what
    /// another one tells of it, and by making operations equal whose difference nobody can see. Reports print the given ones.
    fn simplify(ops: &[Operation<Self::Op>]) -> Vec<Operation<Self::Op>> {
        ops.to_vec()
    }
}

/// Steps of [`check`] before it gives up: seconds of work. A history that passes takes a few steps for each operation; one that does
/// not may take each of its operations times each of its unknown outcomes, several times.
pub const STEPS_MAX: u64 = 20_000_000;

/// How many of the last linearized operations a report prints.
const PRINTED_MAX: usize = 12;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The verdict: no order explains the history.
    #[error(transparent)]
    NotLinearizable(#[from] NotLinearizable),
    /// No verdict: the history is too concurrent for the limit.
    #[error("searched {steps} steps for an order of the operations: undecided")]
    Undecided { steps: u64 },
    /// No verdict: the harness recorded an answer before its call.
    #[error("read the operation {operation}: answered before it was called")]
    Malformed { operation: String },
}

/// The longest order that was found, and what could not follow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotLinearizable {
    /// Indexes into the given operations, in the order in which they took effect. Unknown outcomes that were not needed are absent.
    pub prefix: Vec<usize>,
    /// Each operation of `prefix`, in words.
    pub linearized: Vec<String>,
    /// The model's state after `prefix`, in words.
    pub state: String,
    /// The operations one of which had to be next, none of which the state allows, in words.
    pub stuck: Vec<String>,
}

impl fmt::Display for NotLinearizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.linearized.len();
        write!(f, "no order explains the history; the longest order found takes {count} operations")?;
        let skipped = count.saturating_sub(PRINTED_MAX);
        if skipped > 0 {
            write!(f, "\n  ... {skipped} earlier")?;
        }
        self.linearized.iter().skip(skipped).try_for_each(|operation| write!(f, "\n  {operation}"))?;
        write!(f, "\nto the state: {}\nwhere none of these can follow:", self.state)?;
        self.stuck.iter().try_for_each(|operation| write!(f, "\n  {operation}"))
    }
}

/// Searches for an order of `ops`, up to [`STEPS_MAX`].
pub fn check<M: Model>(ops: &[Operation<M::Op>]) -> Result<(), Error> {
    check_within::<M>(ops, STEPS_MAX)
}

/// Searches for an order of `ops`, up to `steps_max` applications of the model.
pub fn check_within<M: Model>(ops: &[Operation<M::Op>], steps_max: u64) -> Result<(), Error> {
    if let Some(operation) = ops.iter().find(|operation| operation.interval.is_backwards()) {
        return Err(Error::Malformed { operation: operation.to_string() });
    }
    search::Search::<M>::new(&M::simplify(ops), ops, steps_max).run()
}

#[cfg(test)]
mod tests;
