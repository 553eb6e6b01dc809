//! How reconciling is paced. Nothing here changes what is done, only when; but for the bugs that tests plant.

use std::time::Duration;

use ports::cloud::CloudRegion;

use crate::queue::Places;

#[derive(Clone, Debug)]
pub struct Options {
    /// The cloud's own region that this one is in.
    pub region: CloudRegion,
    pub places: Places,
    /// From the end of one listing of an account to the next.
    pub survey_every: Duration,
    /// From a listing of everything in an account to the next; those between list what runs and who may reach it.
    pub whole_every: Duration,
    /// In which every key is looked at once, whether or not anything seems to have changed.
    pub sweep_every: Duration,
    /// How often it is asked who leads.
    pub lead_every: Duration,
    /// A known bug, to see that it is caught.
    pub planted: Option<Planted>,
}

impl Options {
    pub fn new(region: CloudRegion) -> Self {
        Self {
            region,
            places: Places { asked: 256, deviation: 64, sweep: 48 },
            survey_every: Duration::from_secs(60),
            whole_every: Duration::from_secs(600),
            sweep_every: Duration::from_secs(3600),
            lead_every: Duration::from_millis(500),
            planted: None,
        }
    }
}

/// Bugs for tests alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Client tokens are drawn anew for each call.
    RandomTokens,
    /// Calls are made before their intents are committed.
    ActsBeforeIntent,
    /// A fence that was proved once is believed for ever.
    StaleFence,
    /// One token serves for any type, zone and attempt.
    TokenOverTypes,
    /// What is not listed is taken for gone.
    BelievesEmptyLists,
    /// What waits because etcd cannot spare a master is done all the same.
    QuorumIgnored,
}
