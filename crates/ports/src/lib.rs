//! Effect traits: everything an engine needs from the world, and nothing it could decide for itself.
//!
//! Map: [`env`] clocks, sleep, seeds, tasks, observations · [`peer`] calls between members · [`log_store`] journals that survive a
//! crash · [`snapshot_store`] the newest snapshot of a log · [`registry`] which members make up which region ·
//! [`trace`] spans of one request, wherever it comes by · [`cloud`] machines, networks and load balancers of a cloud.
//!
//! [`LogStore`], [`SnapshotStore`] and [`Cloud`] each have a suite in `conformance`; what passes it may stand in for any other, in the
//! simulator and in a real process. The other ports have none: what they promise is written at the trait. Errors tell apart what the
//! caller must tell apart: definitely not done, may have happened, broken.
//!
//! **Architecture invariant:** no adapter and no engine in it. An engine takes clocks, chance, tasks, storage and calls to other members
//! from here; what it may still reach beside them is openraft's own timers, which run on tokio's clock.

pub mod cloud;
pub mod env;
pub mod log_store;
pub mod peer;
pub mod registry;
pub mod snapshot_store;
pub mod trace;

pub use cloud::Cloud;
pub use env::{Env, Instant, Measure, TaskScope, timeout};
pub use log_store::{Bounds, Flushed, Journal, LogStore, Op, StoreError};
pub use peer::{CallError, PeerService, PeerTransport};
pub use registry::{Registry, Topology};
pub use snapshot_store::SnapshotStore;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, T>;
