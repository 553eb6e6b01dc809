//! Keeps what is there as it is wished.
//!
//! Map: [`book`] what it needs of our own log · [`Engine`] which key is run when · `observe` what there is · `planner::plan` what is to be
//! done · `act` doing it · [`mark`] tags, names and tokens · `caller` calls within budgets · [`queue`] which key is reconciled next ·
//! [`budget`] how many calls an account has left.
//!
//! **Architecture invariants**
//! - Level-triggered: a run takes a key and nothing else, and looks for itself at what is wished and what is there. What is lost,
//!   doubled or late changes when a key is looked at, never what is found.
//! - Never two runs of one key. A defect in one run puts that key out of service and no other.
//! - Nothing is called that is not committed before, and nothing is taken away without a fence that was proved just then.
//! - What is remembered between runs may be lost at any time: it makes runs cheaper, and decides nothing but how long something has
//!   been ill or missing.

mod act;
pub mod book;
pub mod budget;
mod caller;
mod engine;
pub mod mark;
mod observe;
mod options;
pub mod queue;

pub use book::{Book, Case, Deed, Entry, Key, Keys, MachineEdge, Named, NotRecorded, Shared};
pub use engine::{Engine, Repair, Report};
pub use options::{Options, Planted};
