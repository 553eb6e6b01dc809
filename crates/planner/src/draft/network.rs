//! The network: whose VPC, which addresses, which subnets, which gateways, how large a packet.

use domain::{
    Cidr,
    catalog::{Key, Region, Value, Zone},
};

use super::{Computed, Draft, words};
use crate::{
    Network, Refusal, Source, Subnet, Tenancy, Warning,
    addresses::{Wanted, allocate, given, ids, machines_fit, subnets},
    blueprint::WorkedNetwork,
};

/// The largest packet that passes every connection between networks of two regions.
const MTU_OF_CONNECTIONS: u64 = 1500;

/// The shortest prefix of what one organization may have: the largest blocks that were ever given to one.
const WIDEST: u8 = 8;

impl Draft<'_> {
    pub(super) fn decide_network(&mut self, region: &Region, zones: &[Zone]) -> Result<WorkedNetwork, Refusal> {
        let shared = self.is(Key::NetworkTenancy, "shared");
        let wanted = Wanted {
            zones,
            tenancy: if shared { Tenancy::Shared } else { Tenancy::Dedicated },
            cluster_prefix: self.prefix(Key::ClusterPrefix),
            pod_prefix: self.prefix(Key::PodPrefix),
            pod_block: self.pod_block(),
            service_prefix: self.prefix(Key::ServicePrefix),
        };
        let network = match self.inputs.current {
            Some(current) => self.keep_network(&current.network, &wanted)?,
            None => allocate(self.request, self.inputs, &region.addresses, &wanted)?,
        };
        let machines = self.number(Key::MastersCount) + self.number(Key::WorkersMax);
        let fits = [
            machines_fit(network.cluster_cidr, zones.len(), machines),
            pods_fit(network.pods, network.pod_block, machines),
        ];
        for refusal in fits.into_iter().filter_map(Result::err) {
            self.object(refusal)?;
        }
        self.choose_addresses(&network);
        let subnets = subnets(network.cluster_cidr, zones);
        self.choose_subnets(&subnets);
        let nat = self.choose_gateways(zones);
        self.limit_packets();
        Ok(WorkedNetwork { network, subnets, nat })
    }

    /// What the cluster has. Its addresses cannot change, nor can whose VPC they are in.
    fn keep_network(&mut self, has: &Network, wanted: &Wanted<'_>) -> Result<Network, Refusal> {
        let tenancy = wanted.tenancy;
        if has.tenancy != tenancy {
            let (key, kept) = (Key::NetworkTenancy, has.tenancy.to_string());
            self.object(Refusal::FixedAtCreation { key, given: tenancy.to_string(), has: kept.clone() })?;
            self.keep(key, Value::Word(kept), "the cluster has it, and whose VPC it is never changes", &[key]);
        }
        if has.pod_block > wanted.pod_block {
            let (given, has) = (format!("/{}", wanted.pod_block), format!("/{}", has.pod_block));
            self.object(Refusal::FixedAtCreation { key: Key::PodBlock, given, has })?;
        }
        for (key, range) in given(self.request) {
            let had = match key {
                Key::PodCidr => has.pods,
                Key::ServiceCidr => has.services,
                _ => has.cluster_cidr,
            };
            if range != had {
                self.object(Refusal::FixedAtCreation { key, given: range.to_string(), has: had.to_string() })?;
            }
        }
        Ok(has.clone())
    }

    /// Prefix of the addresses of one machine's pods: for all pods, the network's and the broadcast address.
    fn pod_block(&self) -> u8 {
        let addresses = (self.number(Key::KubeletPods) + 2).next_power_of_two();
        u8::try_from(32_u32.saturating_sub(addresses.trailing_zeros())).unwrap_or(32)
    }

    fn choose_addresses(&mut self, network: &Network) {
        let (key, value) = (Key::PodBlock, Value::Word(format!("/{}", network.pod_block)));
        if self.inputs.current.is_some() {
            self.keep(key, value, "the cluster has it, and addresses never change", &[]);
        } else {
            let because = "the smallest block that holds the pods of one machine".to_owned();
            let from: &[Key] = &[Key::KubeletPods];
            self.compute(Computed { key, rule: "block-for-pods", value, because, alternatives: Vec::new(), from });
        }
        let location = &self.request.name.location;
        let of = |pool: &str| format!("the first free block of the addresses for {pool} of {location}");
        let ranges = [
            (
                Key::ClusterCidr,
                Key::ClusterPrefix,
                network.cluster_cidr,
                self.request.options.cluster_cidr,
                of("clusters"),
            ),
            (Key::PodCidr, Key::PodPrefix, network.pods, self.request.options.pod_cidr, of("pods")),
            (Key::ServiceCidr, Key::ServicePrefix, network.services, self.request.options.service_cidr, of("services")),
        ];
        for (key, size, range, given, because) in ranges {
            let from = if key == Key::ClusterCidr { vec![size, Key::NetworkTenancy] } else { vec![size] };
            self.choose_range(key, range, given.is_some(), because, &from);
        }
        let because = match network.tenancy {
            Tenancy::Shared => "shared by clusters of the project in this region, while there is room",
            Tenancy::Dedicated => "all of it is the cluster's",
        };
        let from = [Key::NetworkTenancy, Key::ClusterCidr];
        self.choose_range(Key::NetworkVpc, network.vpc, false, because.to_owned(), &from);
    }

    fn choose_range(&mut self, key: Key, range: Cidr, given: bool, because: String, from: &[Key]) {
        let value = Value::Ranges(vec![range]);
        if self.inputs.current.is_some() {
            return self.keep(key, value, "the cluster has it, and addresses never change", &[]);
        }
        if given {
            return self.asked(key, value, from);
        }
        let alternatives = vec!["any free range of private addresses that is large enough".to_owned()];
        self.compute(Computed { key, rule: "first-free-block", value, because, alternatives, from });
    }

    fn choose_subnets(&mut self, subnets: &[Subnet]) {
        let text = |subnet: &Subnet| {
            let kind = if subnet.public { "public" } else { "private" };
            format!("{} {kind} {}", subnet.zone.id, subnet.cidr)
        };
        self.compute(Computed {
            key: Key::NetworkSubnets,
            rule: "shares-by-zone",
            value: words(subnets.iter().map(text)),
            because: "each zone has an equal share: half private, a quarter public, a quarter kept free".to_owned(),
            alternatives: Vec::new(),
            from: &[Key::ClusterCidr, Key::MastersType],
        });
    }

    fn choose_gateways(&mut self, zones: &[Zone]) -> Vec<Zone> {
        let many = self.is(Key::NetworkNat, "one-per-zone");
        let nat: Vec<Zone> = zones.iter().take(if many { zones.len() } else { 1 }).cloned().collect();
        let because = if many { "one in each zone" } else { "one in the first zone, for all" };
        self.compute(Computed {
            key: Key::NetworkNatPlaced,
            rule: "gateways-by-zone",
            value: words(ids(&nat)),
            because: because.to_owned(),
            alternatives: Vec::new(),
            from: &[Key::NetworkNat, Key::MastersType],
        });
        nat
    }

    /// A connection carries no packet above 1500 bytes.
    fn limit_packets(&mut self) {
        let given = self.number(Key::NetworkMtu);
        if self.inputs.connections == 0 || given <= MTU_OF_CONNECTIONS {
            return;
        }
        self.compute(Computed {
            key: Key::NetworkMtu,
            rule: "packets-of-connections",
            value: Value::count(MTU_OF_CONNECTIONS),
            because: format!("a connection carries no larger one; without any it would be {given}"),
            alternatives: Vec::new(),
            from: &[Key::NetworkMtu],
        });
    }

    /// An allow list that lets everybody in is said, refused or closed, as decided. What nobody asked for is closed.
    pub(super) fn decide_openness(&mut self) -> Result<(), Refusal> {
        let list = self.ranges(Key::ApiAllowList);
        if !list.iter().any(open) {
            return Ok(());
        }
        if self.is(Key::ApiOpen, "warn") {
            self.warnings.push(Warning::ApiOpenToAll);
        }
        if !self.is(Key::ApiOpen, "refuse") {
            self.rest(Key::ApiAllowList, &[Key::ApiOpen]);
            return Ok(());
        }
        if self.request.options.allow_list.as_ref() == Some(&list) {
            let by = self.choices.get(&Key::ApiOpen).map_or(Source::Request, |choice| choice.source.clone());
            let (by, given) = (Box::new(by), Value::Ranges(list.clone()).to_string());
            let accepted = format!("address ranges of /{WIDEST} and smaller");
            self.object(Refusal::OverrideForbidden { key: Key::ApiAllowList, given, by, accepted })?;
        }
        self.compute(Computed {
            key: Key::ApiAllowList,
            rule: "closed-to-all",
            value: Value::Ranges(list.into_iter().filter(|range| !open(range)).collect()),
            because: format!("without what is wider than /{WIDEST}, for {} says refuse", Key::ApiOpen),
            alternatives: Vec::new(),
            from: &[Key::ApiAllowList, Key::ApiOpen],
        });
        Ok(())
    }
}

/// Whether a range is so wide that it stands for everybody: two halves of all addresses are all of them.
fn open(range: &Cidr) -> bool {
    range.prefix() < WIDEST
}

/// Refuses a range for pods that has fewer blocks than there may be machines.
fn pods_fit(range: Cidr, block: u8, machines: u64) -> Result<(), Refusal> {
    let bits = machines.max(1).next_power_of_two().trailing_zeros();
    let smallest = u32::from(block).saturating_sub(bits);
    if u32::from(range.prefix()) <= smallest {
        return Ok(());
    }
    let (given, needed) = (range.to_string(), format!("{machines} machines with a /{block} of pods each"));
    Err(Refusal::CidrTooSmall { key: Key::PodCidr, given, needed, accepted: format!("/12 to /{smallest}") })
}
