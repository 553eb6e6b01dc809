//! Keeps what is there as it is wished.
//!
//! Map: [`queue`] which key is reconciled next · [`budget`] how many calls an account has left.
//!
//! **Architecture invariants**
//! - Level-triggered: a run takes a key and nothing else, and looks for itself at what is wished and what is there. What is lost,
//!   doubled or late changes when a key is looked at, never what is found.
//! - Never two runs of one key. A defect in one run puts that key out of service and no other.

pub mod budget;
pub mod queue;
