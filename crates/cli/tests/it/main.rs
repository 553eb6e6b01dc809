//! The command as people and scripts meet it, against a double of the ring. What is printed is in `tests/golden`; `UPDATE_GOLDEN=1` writes
//! it anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod access;
mod following;
mod golden;
mod identities;
mod lives;
mod operators;
mod sessions;
mod world;
