//! Promises about the contract. `lock`: what a client was built against stays. `shape`: what is public of the catalogue is what is kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where the product may not")]

mod lock;
mod shape;
