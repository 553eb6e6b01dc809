//! Effect traits: everything an engine needs from the world, and nothing it could decide for itself.
//!
//! Map: [`env`] clocks, sleep, seeds, tasks, observations · [`peer`] calls between members · [`log_store`] journals that survive a
//! crash · [`snapshot_store`] the newest snapshot of a log · [`registry`] which members make up which region.
//!
//! Each port has a suite in `conformance`; what passes it may stand in for any other, in the simulator and in a real process.
//! Errors tell apart what the caller must tell apart: definitely not done, may have happened, broken.
//!
//! **Architecture invariant:** traits and plain values only. An engine reaches the world through these and through nothing else.

pub mod env;
pub mod log_store;
pub mod peer;
pub mod registry;
pub mod snapshot_store;

pub use env::{Env, Instant, TaskScope, timeout};
pub use log_store::{Bounds, Flushed, Journal, LogStore, Op, StoreError};
pub use peer::{CallError, PeerService, PeerTransport};
pub use registry::{Registry, Topology};
pub use snapshot_store::SnapshotStore;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, T>;
