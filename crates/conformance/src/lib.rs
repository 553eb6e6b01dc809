//! One suite per port: what passes it may stand in for any other, in a simulator and in a real process.
//!
//! A port's promises are prose; here each is a check with a name. A fake and an adapter pass the same suite unchanged, so what the
//! simulator finds with one holds for the other as far as the port goes, and no further: nothing here measures speed, and a disk
//! that lies to its own driver is out of reach.
//!
//! Map: [`log_store`], [`snapshot_store`] and [`cloud`] the suites · [`provider`] what the suites of stores need to be run · [`broken`] how
//! a suite says no · `acks` who was called back, and when.
//!
//! **Architecture invariant:** a suite knows the port and nothing of what is behind it. It returns the first broken promise and never
//! panics, so that a test can also show that it finds what it should.

mod acks;
pub mod broken;
pub mod cloud;
pub mod log_store;
pub mod provider;
pub mod snapshot_store;

pub use broken::Broken;
pub use provider::Provider;
