//! Access beside a naive recomputation of it.
//!
//! Map: [`naive`] the recomputation · [`world`] random organizations and what happens to them · [`effective`] rights are the naive ones, and
//! questions about many agree with the question about one · [`blast`] previews and plans · [`explain`] explanations hold by what they cite ·
//! [`rules`] one rule per test · [`refused`] what is refused, and how it is said · [`matrix`] roles and rights, in a file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod blast;
mod effective;
mod explain;
mod matrix;
mod naive;
mod refused;
mod rules;
mod world;
