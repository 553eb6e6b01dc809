//! How to reach a ring from outside: its public addresses, and whom to trust.

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Client, Config, Endpoint, Tls};
use ids::{MemberId, RegionId};

/// One member's public address.
#[derive(Clone, Debug)]
pub struct Address {
    pub member: MemberId,
    pub region: RegionId,
    /// `https://host:port`, or `http://host:port`.
    pub api: String,
}

/// The public side of a ring.
#[derive(Clone, Debug)]
pub struct Access {
    pub addresses: Vec<Address>,
    pub tls: Tls,
}

impl Access {
    /// A client that knows every region and prefers one, as a customer's would.
    pub fn client(&self, prefer: &RegionId) -> Result<Client> {
        let config = Config::new(self.addresses.iter().map(endpoint).collect()).prefer(prefer.as_str());
        Client::connect(Config { tls: self.tls.clone(), ..config }).context("make a client of the ring")
    }

    /// A client of one member and no other, to ask what that one thinks.
    pub fn only(&self, member: MemberId) -> Result<Client> {
        let own = self.addresses.iter().filter(|address| address.member == member);
        let config = Config::new(own.map(endpoint).collect()).within(Duration::from_secs(5));
        let config = Config { tls: self.tls.clone(), refresh_topology: false, ..config };
        Client::connect(config).with_context(|| format!("make a client of {member}"))
    }

    /// Every region, once, in the order of its first member.
    pub fn regions(&self) -> Vec<RegionId> {
        let mut regions: Vec<RegionId> = Vec::new();
        for address in &self.addresses {
            if !regions.contains(&address.region) {
                regions.push(address.region.clone());
            }
        }
        regions
    }
}

fn endpoint(address: &Address) -> Endpoint {
    Endpoint::new(address.region.as_str(), &address.api)
}
