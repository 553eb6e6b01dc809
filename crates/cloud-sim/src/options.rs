//! What a simulated cloud offers, and how long things take in it.

use std::collections::{BTreeMap, BTreeSet};

use ports::cloud::{AccountId, Architecture, CloudRegion, CloudTime, Image, ImageId, InstanceType, Tags, Zone, ZoneId};
use serde::{Deserialize, Serialize};

use crate::Vices;

mod catalog;

/// Everything that is given at construction. It is part of a snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    pub seed: u64,
    /// The accounts that exist: twelve digits each. A call in any other is an `AuthFailure`.
    pub accounts: BTreeSet<AccountId>,
    pub regions: BTreeMap<CloudRegion, RegionOptions>,
    pub types: BTreeMap<InstanceType, TypeOptions>,
    pub delays: Delays,
    pub quotas: Quotas,
    pub vices: Vices,
    /// How many entries the audit keeps, the newest; all if none.
    pub audit_max: Option<usize>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegionOptions {
    /// Names and ids, in the order of the names.
    pub zones: Vec<(Zone, ZoneId)>,
    pub images: Vec<Image>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeOptions {
    pub vcpus: u32,
    pub architecture: Architecture,
    /// Micro-dollars per hour, by region. In a region without a price the type is not offered.
    pub prices: BTreeMap<CloudRegion, u64>,
    /// Zones of those regions that do not have it all the same.
    pub not_in: BTreeSet<ZoneId>,
}

/// How long things take, in milliseconds; most vary by a quarter either way. The defaults are of the order seen with AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delays {
    /// `pending` to `running`.
    pub launch: u64,
    /// `running` to joined.
    pub join: u64,
    /// `shutting-down` to `terminated`.
    pub end: u64,
    pub stop: u64,
    pub hibernate: u64,
    /// How long after `running` the status checks say `initializing`.
    pub checks: u64,
    pub nat_gateway: u64,
    pub nat_gateway_end: u64,
    pub load_balancer: u64,
    /// Registered to healthy.
    pub registration: u64,
    /// Deregistered to gone.
    pub draining: u64,
    /// Of a volume: created, attached, detached.
    pub volume: u64,
    /// How long what is terminated or deleted is still listed.
    pub listed: u64,
    /// How long a client token is known after the end of what it made.
    pub token: u64,
    /// One call, there and back.
    pub call: u64,
    /// After which a call without an answer is given up.
    pub call_timeout: u64,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            launch: 40_000,
            join: 30_000,
            end: 30_000,
            stop: 30_000,
            hibernate: 60_000,
            checks: 60_000,
            nat_gateway: 90_000,
            nat_gateway_end: 40_000,
            load_balancer: 120_000,
            registration: 30_000,
            draining: 60_000,
            volume: 2_000,
            listed: 3_600_000,
            token: 24 * 3_600_000,
            call: 100,
            call_timeout: 30_000,
        }
    }
}

impl Delays {
    /// For a person who watches: seconds where a cloud takes a minute or two. What is forgotten is forgotten as late as there.
    pub fn brisk() -> Self {
        Self {
            launch: 15_000,
            join: 10_000,
            end: 10_000,
            stop: 10_000,
            hibernate: 15_000,
            checks: 10_000,
            nat_gateway: 20_000,
            nat_gateway_end: 10_000,
            load_balancer: 15_000,
            registration: 5_000,
            draining: 10_000,
            call: 50,
            ..Self::default()
        }
    }
}

/// Per account and region; none means no bound.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Of instances that are pending or running.
    pub vcpus: Option<u32>,
    pub vpcs: Option<usize>,
    pub addresses: Option<usize>,
}

impl Options {
    /// A cloud without vices: three regions of three zones, two instance types and an image of each architecture, `accounts` accounts.
    /// For tests: the prices are of about the right size, no more. Whoever wants facts brings a catalogue.
    pub fn small(seed: u64, accounts: u64) -> Self {
        let regions = [("us-east-1", "use1"), ("us-west-2", "usw2"), ("eu-west-1", "euw1")];
        let prices = |of: [u64; 3]| regions.iter().zip(of).map(|((name, _), price)| (CloudRegion::new(*name), price));
        let types = [
            ("m7i.large", 2, Architecture::X86_64, [100_800, 100_800, 112_455]),
            ("m7g.large", 2, Architecture::Arm64, [81_600, 81_600, 91_000]),
        ];
        let types = types.into_iter().map(|(name, vcpus, architecture, of)| {
            let prices = prices(of).collect();
            (InstanceType::new(name), TypeOptions { vcpus, architecture, prices, not_in: BTreeSet::new() })
        });
        Self {
            seed,
            accounts: numbered(accounts),
            regions: regions.iter().map(|(name, short)| (CloudRegion::new(*name), region(name, short))).collect(),
            types: types.collect(),
            delays: Delays::default(),
            quotas: Quotas::default(),
            vices: Vices::off(),
            audit_max: Some(100_000),
        }
    }
}

/// Accounts by the numbers from 1 on: nobody takes them for real ones.
fn numbered(accounts: u64) -> BTreeSet<AccountId> {
    (1..=accounts).filter_map(|number| format!("{number:012}").parse().ok()).collect()
}

fn region(name: &str, short: &str) -> RegionOptions {
    let zones = [("a", 1), ("b", 2), ("c", 3)];
    let zone = |(letter, number)| (Zone::new(format!("{name}{letter}")), ZoneId::new(format!("{short}-az{number}")));
    let image = |(id, architecture)| Image {
        id: ImageId::new(id),
        name: format!("simulated-atoll-{architecture:?}").to_lowercase().into(),
        architecture,
        created: CloudTime(1_767_225_600),
        tags: Tags::default(),
    };
    let images = [("ami-0000000000000x86", Architecture::X86_64), ("ami-0000000000000arm", Architecture::Arm64)];
    RegionOptions { zones: zones.map(zone).to_vec(), images: images.map(image).to_vec() }
}
