//! Stand-ins for the world outside an engine: a disk that loses what was not flushed, a clock, a registry.
//!
//! They exist so that tests and the simulator run real engines without an operating system, and so that everything a disk may do
//! wrong happens often and by seed. The disk passes the suites of both storage ports in `conformance`; the other two stand in for
//! ports that have none.
//!
//! Map: [`disk`] one member's disk, which outlives its processes · [`env`] tokio's clock and seeds by purpose · [`registry`] a
//! topology that changes when told to.
//!
//! **Architecture invariants:** chance comes from the seed given, time from the `Env` given; no fake reads the host's clock, touches
//! its files or starts a task outside a member's scope.

pub mod disk;
pub mod env;
pub mod registry;

pub use disk::{Damage, Disk, DiskCanary, DiskCounts, DiskWeather, OpenDisk, Place};
pub use env::TokioEnv;
pub use registry::StillRegistry;
