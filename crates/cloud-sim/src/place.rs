//! One account in one region: everything in it, and nothing outside of it.

use std::{collections::BTreeMap, fmt, net::Ipv4Addr};

use ports::cloud::{
    AccountId, Address, AssociationId, CloudRegion, InternetGateway, NatGateway, RouteTable, RouteTableId,
    SecurityGroup, SecurityGroupId, Subnet, SubnetId, Volume, Vpc,
};
use serde::{Deserialize, Serialize};

use crate::{
    balancers::{Balancer, Targets},
    instances::Machine,
    resource::Template,
    table::Table,
    throttle::Buckets,
    tokens::Tokens,
};

/// An account in a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub account: AccountId,
    pub region: CloudRegion,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Site {
    pub machines: Table<Machine>,
    pub vpcs: Table<Vpc>,
    pub subnets: Table<Subnet>,
    pub gateways: Table<InternetGateway>,
    pub addresses: Table<Address>,
    pub nats: Table<NatGateway>,
    pub routes: Table<RouteTable>,
    pub groups: Table<SecurityGroup>,
    pub volumes: Table<Volume>,
    pub templates: Table<Template>,
    pub balancers: Table<Balancer>,
    pub targets: Table<Targets>,
    pub tokens: Tokens,
    pub buckets: Buckets,
    pub pools: BTreeMap<SubnetId, Pool>,
    /// The table of each association.
    pub associations: BTreeMap<AssociationId, RouteTableId>,
    /// How many instances that have not ended use each group.
    pub group_users: BTreeMap<SecurityGroupId, u32>,
    /// Of the instances that are pending or running.
    pub vcpus: u32,
}

impl Site {
    /// Whether a machine starts from it.
    pub fn is_root(&self, volume: &Volume) -> bool {
        let machine = volume.attachment.as_ref().and_then(|at| self.machines.get(&at.instance));
        machine.is_some_and(|machine| machine.told.root_volume() == Some(&volume.id))
    }
}

/// The addresses of one subnet. The first four and the last are the cloud's own.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pool {
    next: u32,
    last: u32,
    freed: std::collections::BTreeSet<u32>,
    pub used: u32,
}

impl Pool {
    pub fn new(subnet: &Subnet) -> Self {
        let (first, last) = (subnet.cidr.first(), subnet.cidr.last());
        Self { next: first + 4, last: last - 1, freed: Default::default(), used: 0 }
    }

    pub fn free(&self) -> u32 {
        (self.last + 1 - self.next) + u32::try_from(self.freed.len()).unwrap_or(u32::MAX)
    }

    pub fn take(&mut self) -> Option<Ipv4Addr> {
        let fresh = (self.next <= self.last).then_some(self.next);
        let taken = self.freed.pop_first().or_else(|| {
            self.next += u32::from(fresh.is_some());
            fresh
        })?;
        self.used += 1;
        Some(Ipv4Addr::from_bits(taken))
    }

    pub fn give_back(&mut self, address: Ipv4Addr) {
        self.freed.insert(address.to_bits());
        self.used = self.used.saturating_sub(1);
    }
}
