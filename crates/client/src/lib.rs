//! The Rust SDK of `atoll.v1`: one client over all regions.
//!
//! A [`Client`] knows every regional address and answers through whichever region can: it prefers one, leaves members that show no
//! sign of life, sends a write again elsewhere with the same [`RequestId`] so that it happens once, resumes watches and mutation
//! streams where they broke, and carries a [`Token`] so that a later read never shows less than an earlier answer. Every answer
//! says who gave it and how old it may be ([`Answered`]); every refusal is a typed [`Error`].
//!
//! Map: [`config`] addresses and times · [`options`] what one call may ask for · [`answer`] values with their origin · [`error`] typed
//! refusals · [`token`], [`request_id`], [`trace`] what a client carries · [`resources`] organizations, folders, projects, clusters,
//! access policies, groups, roles, revokes, identity providers, service accounts, cloud accounts, the catalogue, quotas, cluster policies ·
//! [`access`], [`operations`], [`regions`], [`logs`], [`usage`] the rest · [`watch`] endless records · [`mutations`] many writes over one stream ·
//! [`pages`] lists · `engine` tries, patience, fail-over · `steer` which endpoint next, and which there are · `retry` what a refusal
//! means · `endpoint` connections · `task` the one place that spawns.
//!
//! **Architecture invariants:** no global state; a client without calls does nothing. A write that may have taken effect is never
//! reported as a plain failure ([`Error::outcome_unknown`]). `api` is the only crate of the workspace that it uses.

mod client;
mod endpoint;
mod engine;
mod retry;
mod steer;
mod task;

pub mod access;
pub mod answer;
pub mod config;
mod creation;
mod credential;
#[cfg(feature = "double")]
pub mod double;
pub mod error;
pub mod logs;
pub mod mutations;
pub mod operations;
pub mod options;
pub mod pages;
pub mod regions;
pub mod request_id;
pub mod resources;
pub mod token;
pub mod trace;
pub mod usage;
pub mod watch;

pub use answer::{Answered, Listed};
pub use api::v1;
pub use client::Client;
pub use config::{Config, Endpoint, Tls};
pub use creation::Creation;
pub use credential::Credential;
pub use error::{Attempt, Error, Failure, FieldViolation, reason};
pub use mutations::{MutationOutcome, Mutations, MutationsReceiver, MutationsSender};
pub use options::{Consistency, Read, Route, Write};
pub use pages::Pages;
pub use request_id::RequestId;
pub use resources::Offered;
pub use token::Token;
pub use tonic::Code;
pub use trace::TraceContext;
pub use watch::{Watch, WatchFrom, WatchItem};
