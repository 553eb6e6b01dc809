//! Reconciling against the simulated cloud, in virtual time, with a log that keeps every record.
//!
//! Map: [`world`] a cloud, a log and an engine between them · [`log`] the log · [`fuse`] ends the engine at a given step · [`life`] what a
//! cluster goes through · [`trouble`] with a cloud that is hard to live with · [`killed`] leaders that are lost between any two
//! steps · [`caught`] planted bugs · [`driver`] the engine itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod caught;
mod driver;
mod fuse;
mod killed;
mod life;
mod log;
mod trouble;
mod world;
