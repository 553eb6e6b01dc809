//! What every [`Cloud`] promises.
//!
//! The suite makes real resources: one VPC, a few instances of the cheapest type for some minutes, a NAT gateway, a load balancer. All
//! carry the tag [`RUN`] with the name of the run, and the suite takes them away again, also after a broken promise. It expects a cloud
//! that answers: throttling, lagging replicas and missing capacity are waited for, a call in doubt is a broken promise. It never takes
//! something that is not listed for gone.
//!
//! Map: `stage` what the checks share, and its end · `instances`, `tokens`, `network`, `groups`, `volumes`, `balancers`, `apart` the checks
//! · `probe` asking, waiting, and being refused.

mod apart;
mod balancers;
mod groups;
mod instances;
mod network;
mod probe;
mod stage;
mod tokens;
mod volumes;

use std::{sync::Arc, time::Duration};

use ports::{
    Cloud, Env,
    cloud::{AccountId, CloudRegion, ImageId, InstanceType, Zone},
};

use self::{probe::Probe, stage::Stage};
use crate::Broken;

/// Key of the tag on everything that a run makes.
pub const RUN: &str = "atoll:conformance";

/// A cloud, and what the suite may use of it.
#[derive(Clone)]
pub struct Fixture {
    pub cloud: Arc<dyn Cloud>,
    pub env: Arc<dyn Env>,
    /// An account without other resources of this suite's names.
    pub account: AccountId,
    /// To show that accounts know nothing of each other.
    pub other_account: Option<AccountId>,
    pub region: CloudRegion,
    /// Two zones of the region.
    pub zones: [Zone; 2],
    pub image: ImageId,
    /// Fits the image.
    pub cheap_type: InstanceType,
    /// A range of /16 that nothing else is in.
    pub range: ids::Cidr,
    /// Names this run: at most 12 lower-case letters and digits, never used before.
    pub run: String,
    pub patience: Patience,
}

/// How long to wait before a promise counts as broken.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until every replica knows of a write, and throttling ends.
    pub settle: Duration,
    /// Until an instance, a gateway or a load balancer is where it should get to.
    pub change: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { settle: Duration::from_secs(120), change: Duration::from_secs(600) }
    }
}

/// Runs every check and takes away what was made; returns the first promise that is broken.
pub async fn suite(fixture: &Fixture) -> Result<(), Broken> {
    let probe = Probe::new(fixture);
    let result = checks(&probe).await;
    let cleaned = stage::clean(&probe).await;
    result.and(cleaned)
}

async fn checks(probe: &Probe<'_>) -> Result<(), Broken> {
    let stage = Stage::set(probe).await?;
    network::ranges(probe, &stage).await?;
    network::unknown(probe).await?;
    network::routes(probe, &stage).await?;
    network::dependencies(probe, &stage).await?;
    groups::names_and_rules(probe, &stage).await?;
    groups::pages(probe, &stage).await?;
    instances::refusals(probe, &stage).await?;
    instances::phases(probe, &stage).await?;
    tokens::launches(probe, &stage).await?;
    tokens::other_kinds(probe, &stage).await?;
    instances::stopped_and_started(probe, &stage).await?;
    instances::retagged(probe, &stage).await?;
    volumes::kinds(probe, &stage).await?;
    volumes::roots(probe, &stage).await?;
    volumes::attached(probe, &stage).await?;
    network::in_use(probe, &stage).await?;
    balancers::names(probe, &stage).await?;
    balancers::targets(probe, &stage).await?;
    apart::accounts(probe, &stage).await?;
    network::nat(probe, &stage).await
}
