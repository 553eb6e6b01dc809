//! Tests of whole members through their public face, in one binary, on simulated disks and virtual time.
//!
//! Map: [`ring`] members in one process with a transport that loses nothing · `calling` what a member serves to others and refuses ·
//! `asking` commands and reads given to any member · `building_on`
//! commands that build on what was seen elsewhere · `draining`, `claiming` what a region does by itself, `keeping` its clusters in a cloud · `policies` who may do what · `refusing` a leader without room · `shutdown` its orderly end · `status`
//! what it says of itself · `spans` the trace of one request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod asking;
mod building_on;
mod calling;
mod claiming;
mod draining;
mod keeping;
mod policies;
mod refusing;
mod ring;
mod scale;
mod shutdown;
mod spans;
mod status;
