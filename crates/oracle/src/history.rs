//! When an operation was under way, and what it was: the common part of every history.
//!
//! Times are nanoseconds of one true clock: virtual time in the simulator; elsewhere it would be the monotonic clock of one process.
//! Clocks of different machines may not be mixed, because the order "A was answered before B was asked" is the whole evidence.
//! Source: Herlihy & Wing, "Linearizability: A Correctness Condition for Concurrent Objects", 1990.

use std::fmt;

/// From the call to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// Nanoseconds when the client sent the call.
    pub invoked: u64,
    /// Nanoseconds when the client had a definite answer. `None` is an unknown outcome: it may take effect at any time after
    /// `invoked`, or never.
    pub completed: Option<u64>,
}

impl Interval {
    /// A call that was answered.
    pub fn answered(invoked: u64, completed: u64) -> Self {
        Self { invoked, completed: Some(completed) }
    }

    /// A call whose outcome nobody knows.
    pub fn unknown(invoked: u64) -> Self {
        Self { invoked, completed: None }
    }

    /// Whether this was over before `other` began. Equal times count as concurrent: that never accuses falsely.
    pub fn precedes(&self, other: &Self) -> bool {
        self.completed.is_some_and(|completed| completed < other.invoked)
    }

    /// Answered before it was asked: the harness mixed up its clocks.
    pub fn is_backwards(&self) -> bool {
        self.completed.is_some_and(|completed| completed < self.invoked)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.completed {
            Some(completed) => write!(f, "[{}..{completed}]", self.invoked),
            None => write!(f, "[{}..?]", self.invoked),
        }
    }
}

/// One call of one client, with what it observed inside `op`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<O> {
    /// Who called. Only printed: the order comes from the intervals alone.
    pub client: u32,
    pub interval: Interval,
    pub op: O,
}

impl<O: fmt::Display> fmt::Display for Operation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} client {}: {}", self.interval, self.client, self.op)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_before_the_call_orders_two_operations() {
        let first = Interval::answered(1, 5);
        assert!(first.precedes(&Interval::unknown(6)));
        assert!(!first.precedes(&Interval::answered(5, 9)), "equal times are concurrent");
        assert!(!Interval::unknown(1).precedes(&Interval::answered(100, 101)), "an unknown outcome never ends");
        assert!(Interval::answered(5, 4).is_backwards() && !first.is_backwards());
    }

    #[test]
    fn an_operation_prints_its_interval_client_and_call() {
        let known = Operation { client: 3, interval: Interval::answered(1, 5), op: "read" };
        assert_eq!(known.to_string(), "[1..5] client 3: read");
        assert_eq!(Interval::unknown(7).to_string(), "[7..?]");
    }
}
