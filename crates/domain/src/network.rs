//! The addresses of a cluster, which it keeps for as long as it lives.
//!
//! They are given out by the cluster's own region from pools of its own, so regions that cannot talk never give out the same. What is
//! in use of an organization's addresses in one region is a set of that region's log ([`crate::sets::networks`]): whoever gives out more
//! guards it.

use std::fmt;

use ids::ClusterName;

use crate::{Cidr, catalog::Zone};

/// Whether a VPC belongs to one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// Clusters of one project in one region may be in it.
    Shared,
    /// One cluster, and nothing else ever.
    Dedicated,
}

impl fmt::Display for Tenancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        })
    }
}

/// The addresses of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub cluster: ClusterName,
    /// Where it has subnets, in order.
    pub zones: Vec<Zone>,
    pub tenancy: Tenancy,
    /// The whole VPC. Clusters that share one have the same.
    pub vpc: Cidr,
    /// Machines and load balancers; in the VPC.
    pub cluster_cidr: Cidr,
    pub pods: Cidr,
    /// Prefix of the part of them that one machine's pods have.
    pub pod_block: u8,
    pub services: Cidr,
}
