//! The first edition, and what is refused of a file or of an edition.
//!
//! Map: [`first`] what the edition that is shipped holds · [`files`] reading and writing · [`defects`] an edition with
//! one thing wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod defects;
mod files;
mod first;
