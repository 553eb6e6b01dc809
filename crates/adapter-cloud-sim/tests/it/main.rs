//! The simulated cloud as a process: that it is a cloud, that what it answered survives, and that people are told what is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod client;
mod commands;
mod conformance;
mod host;
mod journal;
mod process;
mod refusals;
mod surviving;
