//! The binary, as operators use it: files, signals, exit codes, and clients over TLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod config;
mod disk;
mod node;
mod refusals;
mod replacing;
mod serving;
mod tracing;
mod verifying;
