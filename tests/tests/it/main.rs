//! Real processes, from outside. One ring at a time: each wants both cores of a small machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod faults;
mod promises;
mod restart;
mod rig;
mod tour;
mod up;
