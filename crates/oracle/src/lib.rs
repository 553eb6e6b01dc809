//! Checkers of recorded histories: what clients saw, judged against what the product promises.
//!
//! The simulator uses them. They judge a finished history and nothing else, so that a history of real processes could be judged by the
//! same words: they do not generate load, do not know how a history was made, and say nothing about liveness.
//!
//! Map: [`history`] intervals of one true clock, unknown outcomes · [`linearizable`] the search, for any sequential model ·
//! [`register`] the model of one subject of our API · [`list_append`] strict serializability over several subjects ·
//! [`sessions`] read-your-writes and monotonic reads under a token · [`watch`] what a watcher was sent, against the log.
//!
//! Two kinds of bad news are never mixed. A *violation* says that the product broke a promise. `Malformed` and `Undecided` say
//! that the harness wrote down something impossible, or that the search ran out of steps: neither is a verdict on the product.
//!
//! **Architecture invariants:** no clock, no randomness, no I/O, no async, no hash map: the same history gives the same words.
//! An unknown outcome is a value ([`Interval::completed`] is `None`), never a guess. No input, however broken, panics or hangs.

pub mod history;
pub mod linearizable;
pub mod list_append;
pub mod register;
pub mod sessions;
pub mod watch;

pub use history::{Interval, Operation};
