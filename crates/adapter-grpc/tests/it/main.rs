//! Tests of the gRPC surface in one binary, over real sockets on loopback.
//!
//! Map: [`api`] the public services, over whole regions on simulated disks · [`peers`] calls between members · [`serving`] listeners ·
//! [`tls`] certificates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod api;
mod peers;
mod serving;
mod tls;
