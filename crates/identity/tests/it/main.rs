//! Who a caller is: what is taken, and everything that is not.
//!
//! Map: [`issuers`] an issuer with keys of every kind · [`federated`] its tokens · [`own`] those of the ring · [`assertions`] service accounts ·
//! [`operators`] those who run it · [`properties`] whatever else is presented.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod assertions;
mod federated;
mod issuers;
mod operators;
mod own;
mod properties;
