//! What a cluster becomes: from a type, a region, the organization's policies and the catalogue to a [`Blueprint`].
//!
//! A person names a type and a region. Everything else is decided here, and each decision says what it came to, what
//! else it could have been, why, and who said so: the type's record, a policy, the request, or a rule of this crate.
//!
//! ```text
//!   record of the type ─▶ policies, root first ─▶ request ─▶ settled choices ─┐
//!                                                                             ├─▶ rules ─▶ computed choices ─▶ Blueprint
//!              catalogue, addresses in use, today, workers that there are ────┘
//! ```
//!
//! Map: [`Request`], [`Inputs`] and [`Current`] what is known · [`Policy`] what an organization says · [`Choice`] and
//! [`Source`] one decision, [`Awaited`] what it has no effect without · [`Need`] and [`Sizing`] the cheapest instance type that fits · [`Network`] addresses · [`Blueprint`]
//! the outcome · [`Refusal`] every way to be refused · [`render`] tables for people · `draft` the decisions being made
//! · [`Settler`] the same from the rows of a ring's logs · [`undecidable`] what an edition is of no use for · [`plan`] from a blueprint, our log and what was seen of a cloud to what is to be done.
//!
//! **Architecture invariants**
//! - Pure: one value in, one value out; the same value gives the same bytes. No clock, no chance, no I/O, no floats.
//! - No cluster type is named in the code: types are records of the catalogue.
//! - A choice names everything that it rests on. Without a policy, exactly the choices that name it are others.

use domain::catalog::{ClusterTypeRecord, Region};

mod addresses;
mod awaited;
mod blueprint;
mod choice;
mod draft;
pub mod plan;
mod policy;
mod refusal;
pub mod render;
mod request;
mod settle;
mod settler;
mod sizing;
mod trial;

pub use addresses::{Network, Subnet, Tenancy};
pub use awaited::Awaited;
pub use blueprint::{
    Ages, Api, Backup, Blueprint, Disruption, Etcd, Masters, NetworkPlan, Placed, Repair, Security, Volume, Warning,
    Workers,
};
pub use choice::{Choice, DecisionsHash, Source};
pub use domain::cluster_policy::{Rule, Says};
pub use domain::{ClusterOptions, VersionWish};
pub use policy::Policy;
pub use refusal::Refusal;
pub use request::{Asked, Current, Inputs, Request};
pub use settler::{Settler, Undecided, policies};
pub use sizing::{Candidate, Need, Rejected, Sizing, Why};
pub use trial::{Undecidable, undecidable};

/// Decides everything about a cluster.
///
/// # Errors
/// [`Refusal`], with what would be accepted. Nothing was touched, for nothing is touched here.
pub fn decide(request: &Request, inputs: &Inputs<'_>) -> Result<Blueprint, Refusal> {
    let record = record(request, inputs)?;
    let region = region(request, inputs)?;
    let draft = settle::settle(request, inputs, record)?;
    draft.complete(region)
}

fn record<'a>(request: &Request, inputs: &Inputs<'a>) -> Result<&'a ClusterTypeRecord, Refusal> {
    let types = &inputs.catalog.cluster_types;
    types.get(&request.cluster_type).ok_or_else(|| Refusal::UnknownClusterType {
        given: request.cluster_type.clone(),
        accepted: types.keys().cloned().collect(),
    })
}

fn region<'a>(request: &Request, inputs: &Inputs<'a>) -> Result<&'a Region, Refusal> {
    let regions = &inputs.catalog.regions;
    regions.get(&request.name.location).ok_or_else(|| Refusal::UnknownRegion {
        given: request.name.location.to_string(),
        accepted: regions.keys().map(ToString::to_string).collect(),
    })
}
