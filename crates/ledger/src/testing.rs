//! For tests: openraft's own storage suite over any pair of stores, so that who writes a store need not name openraft.
//!
//! Only with the feature `testing`, which no product enables.

#[cfg(test)]
mod samples;
mod suite;

#[cfg(test)]
pub(crate) use samples::*;
pub use suite::{SuiteError, storage_suite};
