//! The simulated cloud: that it is the same for the same seed, keeps its books, and is as hard to live with as the real one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod books;
mod catalog;
mod characters;
mod handling;
mod port;
mod scale;
mod world;
