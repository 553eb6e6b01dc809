//! Addresses of clusters and shared VPCs, to messages and back.

use domain::{Cidr, Network, SharedVpc, Tenancy, catalog::Zone};

use super::uid_out;
use crate::{
    Error,
    field::{name_in, uid_in},
    proto,
};

const NETWORK: &str = "a network";
const SHARED_VPC: &str = "a shared VPC";

/// Reads an address range.
pub(crate) fn cidr_in(what: &'static str, field: &'static str, value: &str) -> Result<Cidr, Error> {
    value.parse().map_err(|_| Error::field(what, field, value, "an address range in CIDR notation"))
}

impl From<&Network> for proto::Network {
    fn from(row: &Network) -> Self {
        let Network { cluster, zones, tenancy, vpc, cluster_cidr, pods, pod_block, services } = row;
        let zone = |zone: &Zone| proto::CatalogZone { id: zone.id.clone(), name: zone.name.clone() };
        Self {
            cluster: cluster.to_string(),
            zones: zones.iter().map(zone).collect(),
            shared: *tenancy == Tenancy::Shared,
            vpc: vpc.to_string(),
            cluster_cidr: cluster_cidr.to_string(),
            pods: pods.to_string(),
            pod_block: (*pod_block).into(),
            services: services.to_string(),
        }
    }
}

impl TryFrom<proto::Network> for Network {
    type Error = Error;

    fn try_from(message: proto::Network) -> Result<Self, Error> {
        let proto::Network { cluster, zones, shared, vpc, cluster_cidr, pods, pod_block, services } = message;
        let block = u8::try_from(pod_block).ok().filter(|block| *block <= 32);
        Ok(Self {
            cluster: name_in(NETWORK, "cluster", &cluster)?,
            zones: zones.into_iter().map(|zone| Zone { id: zone.id, name: zone.name }).collect(),
            tenancy: if shared { Tenancy::Shared } else { Tenancy::Dedicated },
            vpc: cidr_in(NETWORK, "vpc", &vpc)?,
            cluster_cidr: cidr_in(NETWORK, "cluster_cidr", &cluster_cidr)?,
            pods: cidr_in(NETWORK, "pods", &pods)?,
            pod_block: block.ok_or_else(|| Error::field(NETWORK, "pod_block", pod_block, "0 to 32"))?,
            services: cidr_in(NETWORK, "services", &services)?,
        })
    }
}

impl From<&SharedVpc> for proto::SharedVpc {
    fn from(row: &SharedVpc) -> Self {
        let SharedVpc { project, vpc, uid, account } = row;
        Self { project: project.to_string(), vpc: vpc.to_string(), uid: uid_out(uid), account: account.to_string() }
    }
}

impl TryFrom<proto::SharedVpc> for SharedVpc {
    type Error = Error;

    fn try_from(message: proto::SharedVpc) -> Result<Self, Error> {
        let proto::SharedVpc { project, vpc, uid, account } = message;
        Ok(Self {
            project: name_in(SHARED_VPC, "project", &project)?,
            vpc: cidr_in(SHARED_VPC, "vpc", &vpc)?,
            uid: uid_in(SHARED_VPC, &uid)?,
            account: name_in(SHARED_VPC, "account", &account)?,
        })
    }
}
