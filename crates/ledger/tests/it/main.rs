//! Tests of the ledger through its public face, in one binary, on simulated disks and virtual time.
//!
//! Map: [`ring`] members in one process with a transport that loses nothing · [`script`] records without a group ·
//! `deciding` commands at leaders and followers · `serving` requests of other members that must be refused · `stopping` a disk that
//! fails · `pulling` the serving side of shipping · `replicas` copies of other regions' logs · `watching` feeds · `snapshots` their way
//! between members in pieces · `settings` what openraft is told.
//!
//! What faults of networks and clocks do is the simulator's business; these tests say what each part promises while they are absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod deciding;
mod flooding;
mod pulling;
mod replicas;
mod ring;
mod script;
mod serving;
mod settings;
mod snapshots;
mod stopping;
mod watching;
