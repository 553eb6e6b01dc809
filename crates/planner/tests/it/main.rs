//! Decisions from a request to a blueprint, on the first edition of the catalogue.
//!
//! Map: [`world`] requests, inputs, policies · [`golden`] what people see, in files · [`explained`] every choice names
//! what it rests on · [`rules`] policies and requests, one rule per test · [`types`] cluster types are records ·
//! [`effects`] every decision has one or says what it waits for · [`cloud`] a naive cloud for plans · [`situations`] plans as text, in files · [`converge`] plans lead to what is wished ·
//! [`trial`] editions of which clusters can be made · [`space`] random clusters never overlap · [`kept`] what a cluster keeps · [`machines`] the cheapest machine that fits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod cloud;
mod converge;
mod effects;
mod explained;
mod golden;
mod kept;
mod machines;
mod rules;
mod situations;
mod space;
mod trial;
mod types;
mod world;
