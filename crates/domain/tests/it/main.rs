//! Tests of the domain through its public face, in one binary.
//!
//! Map: [`memory`] a log that applies decisions as the ledger does · [`world`] logs of all regions with terse commands
//! · [`tree`] what must hold of the rows after every command · [`model`] the same rules written naively and
//! independently · [`script`] random commands · `organizations`, `accounts`, `folders`, `projects`, `clusters`, `lives`, `editions`, `queries` one rule
//! per test · `policies`, `revokes` who may do what · `identities` whose tokens are taken · `usage` what machines used · `quotas` that move while regions are apart · `properties` random sequences against the model · `interleaving` two decisions on the same rows, and what
//! breaks without guards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod accounts;
mod cluster_policies;
mod clusters;
mod editions;
mod folders;
mod identities;
mod interleaving;
mod lives;
mod memory;
mod model;
mod organizations;
mod policies;
mod projects;
mod properties;
mod queries;
mod quotas;
mod revokes;
mod script;
mod tree;
mod usage;
mod world;
