//! The client against a double of the ring: fail-over, retries, tokens, lists, watches, mutation streams.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod calls;
mod clusters;
mod failing_over;
mod mutating;
mod tracing;
mod watching;
mod world;
