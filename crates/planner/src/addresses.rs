//! Addresses for a cluster: first free block of the region's pools, or ranges that were given, if they fit.
//!
//! Pools of regions are apart from each other, so regions that cannot talk never give out the same addresses. What is in
//! use is what clusters have; a block is free again as soon as no cluster has it. Everything of one organization is apart:
//! VPCs, pods and services, whatever range they came from. Ranges from outside the plan are compared with what is known
//! here, which for another region may be less than there is.

use domain::{
    Cidr,
    catalog::{AddressPools, Key, Zone},
};
use ids::{ClusterName, OrganizationName};

use crate::{Inputs, Refusal, Request};

mod subnets;

pub use domain::{Network, Tenancy};
pub use subnets::Subnet;
pub(crate) use subnets::{machines_fit, subnets};

/// What a cluster needs.
pub(crate) struct Wanted<'a> {
    pub zones: &'a [Zone],
    pub tenancy: Tenancy,
    pub cluster_prefix: u8,
    pub pod_prefix: u8,
    pub pod_block: u8,
    pub service_prefix: u8,
}

/// Gives a new cluster its addresses.
pub(crate) fn allocate(
    request: &Request,
    inputs: &Inputs<'_>,
    pools: &AddressPools,
    wanted: &Wanted<'_>,
) -> Result<Network, Refusal> {
    let mut space = Space::of(request, inputs, pools);
    for (key, range) in given(request) {
        space.take_given(key, range)?;
    }
    let (vpc, cluster_cidr) = match (request.options.cluster_cidr, wanted.tenancy) {
        (Some(range), _) => (range, range),
        (None, Tenancy::Shared) => space.share(wanted.cluster_prefix)?,
        (None, Tenancy::Dedicated) => {
            let block = space.take(Key::ClusterCidr, "clusters", &pools.clusters, wanted.cluster_prefix)?;
            (block, block)
        }
    };
    let pods = match request.options.pod_cidr {
        Some(range) => range,
        None => space.take(Key::PodCidr, "pods", &pools.pods, wanted.pod_prefix)?,
    };
    let services = match request.options.service_cidr {
        Some(range) => range,
        None => space.take(Key::ServiceCidr, "services", &pools.services, wanted.service_prefix)?,
    };
    let Wanted { tenancy, pod_block, .. } = *wanted;
    let (cluster, zones) = (request.name.clone(), wanted.zones.to_vec());
    Ok(Network { cluster, zones, tenancy, vpc, cluster_cidr, pods, pod_block, services })
}

/// The ranges that the request gives.
pub(crate) fn given(request: &Request) -> impl Iterator<Item = (Key, Cidr)> {
    let ranges = [
        (Key::ClusterCidr, request.options.cluster_cidr),
        (Key::PodCidr, request.options.pod_cidr),
        (Key::ServiceCidr, request.options.service_cidr),
    ];
    ranges.into_iter().filter_map(|(key, range)| Some((key, range?)))
}

/// What is in use of an organization's addresses, and by whom.
struct Space<'a> {
    request: &'a Request,
    inputs: &'a Inputs<'a>,
    pools: &'a AddressPools,
    networks: Vec<&'a Network>,
    taken: Vec<(Cidr, Holder<'a>)>,
}

/// Who has a range.
#[derive(Clone, Copy)]
enum Holder<'a> {
    Cluster(&'a ClusterName),
    /// The cluster that is being decided about.
    This(Key),
}

impl<'a> Space<'a> {
    fn of(request: &'a Request, inputs: &'a Inputs<'a>, pools: &'a AddressPools) -> Self {
        let same = |network: &&Network| {
            organization(&network.cluster) == organization(&request.name) && network.cluster != request.name
        };
        let networks: Vec<&Network> = inputs.networks.iter().filter(same).collect();
        let ranges = |network: &&'a Network| {
            let of = Holder::Cluster(&network.cluster);
            [network.vpc, network.pods, network.services].map(|range| (range, of))
        };
        let taken = networks.iter().flat_map(ranges).collect();
        Self { request, inputs, pools, networks, taken }
    }

    /// Takes a range that was given, wherever it is from.
    fn take_given(&mut self, key: Key, range: Cidr) -> Result<(), Refusal> {
        if !range.is_private() {
            return Err(Refusal::CidrNotPrivate { key, given: range });
        }
        let overlap = |other: Cidr, of: String| {
            let accepted =
                "a range apart from those of the organization and of other regions, or none, to get one".to_owned();
            Refusal::CidrOverlap { key, given: range, other, of, accepted }
        };
        if let Some((other, of)) = self.taken.iter().find(|(other, _)| other.overlaps(range)) {
            let of = match of {
                Holder::Cluster(name) => format!("of {name}"),
                Holder::This(key) => format!("given for {key}"),
            };
            return Err(overlap(*other, of));
        }
        for (region, content) in &self.inputs.catalog.regions {
            let pools = content.addresses.named().into_iter().filter(|_| *region != self.request.name.location);
            for (pool, other) in pools.flat_map(|(pool, ranges)| ranges.iter().map(move |other| (pool, *other))) {
                if other.overlaps(range) {
                    return Err(overlap(other, format!("for {pool} of {region}")));
                }
            }
        }
        self.taken.push((range, Holder::This(key)));
        Ok(())
    }

    /// A free block of a pool.
    fn take(&mut self, key: Key, pool: &'static str, ranges: &[Cidr], prefix: u8) -> Result<Cidr, Refusal> {
        let taken: Vec<Cidr> = self.taken.iter().map(|(range, _)| *range).collect();
        let block = ranges.iter().find_map(|range| first_free(*range, prefix, &taken));
        let block = block.ok_or_else(|| Refusal::AddressSpaceUsedUp {
            key,
            prefix,
            region: self.request.name.location.clone(),
            pool,
            accepted: "a range in the request, a smaller size by policy, another region, or fewer clusters".to_owned(),
        })?;
        self.taken.push((block, Holder::This(key)));
        Ok(block)
    }

    /// A free block of a VPC that clusters of the project share, or of a new one.
    fn share(&mut self, prefix: u8) -> Result<(Cidr, Cidr), Refusal> {
        let name = &self.request.name;
        let ours = |network: &&&Network| {
            network.tenancy == Tenancy::Shared
                && network.cluster.project == name.project
                && network.cluster.location == name.location
        };
        let ours: Vec<&Network> = self.networks.iter().filter(ours).copied().collect();
        let mut vpcs: Vec<Cidr> = ours.iter().map(|network| network.vpc).collect();
        vpcs.sort_unstable();
        vpcs.dedup();
        let in_use: Vec<Cidr> = ours.iter().map(|network| network.cluster_cidr).collect();
        let shared = vpcs.iter().find_map(|vpc| first_free(*vpc, prefix, &in_use).map(|block| (*vpc, block)));
        if let Some(shared) = shared {
            return Ok(shared);
        }
        let size = self.pools.shared_vpc_prefix.min(prefix);
        let vpc = self.take(Key::NetworkVpc, "clusters", &self.pools.clusters, size)?;
        Ok((vpc, Cidr::around(vpc.first(), prefix)))
    }
}

fn organization(cluster: &ClusterName) -> OrganizationName {
    OrganizationName { organization: cluster.project.organization.clone() }
}

/// The first block of the range that is apart from everything taken.
fn first_free(range: Cidr, prefix: u8, taken: &[Cidr]) -> Option<Cidr> {
    range.blocks(prefix).find(|block| !taken.iter().any(|other| other.overlaps(*block)))
}

/// Zones as texts, for choices.
pub(crate) fn ids(zones: &[Zone]) -> Vec<String> {
    zones.iter().map(|zone| zone.id.clone()).collect()
}
