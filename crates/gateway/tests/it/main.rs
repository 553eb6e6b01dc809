//! Who may make a call, and what somebody is told who may not.
//!
//! Map: [`world`] an organization · [`members`] its people · [`operators`] those who run the ring · [`tokens`] who is who.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod members;
mod operators;
mod tokens;
mod world;
