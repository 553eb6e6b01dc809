//! The store against its ports' suites, kills, cuts, flipped bytes, strangers and a full disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod directory;
mod flipped;
mod full;
mod identity;
mod killed;
mod located;
mod order;
mod suites;
mod tail;
mod workload;
