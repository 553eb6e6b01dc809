//! Which members make up which region.

use std::collections::BTreeMap;

use ids::{Log, MemberId, RegionId};

/// The ring as it is configured: members by region. Who votes in a group is the group's own, replicated business; this says whom to
/// call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    pub regions: BTreeMap<RegionId, Vec<MemberId>>,
}

impl Topology {
    /// The region that a member belongs to.
    pub fn region_of(&self, member: MemberId) -> Option<&RegionId> {
        self.regions.iter().find(|(_, members)| members.contains(&member)).map(|(region, _)| region)
    }

    /// Members of one region; none for an unknown one.
    pub fn members_of(&self, region: &RegionId) -> &[MemberId] {
        self.regions.get(region).map_or(&[], Vec::as_slice)
    }

    /// Members of all regions.
    pub fn members(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.regions.values().flatten().copied()
    }

    /// Members that vote in the log's group.
    pub fn home_of(&self, log: &Log) -> Vec<MemberId> {
        match log {
            Log::Global => self.members().collect(),
            Log::Region(region) => self.members_of(region).to_vec(),
        }
    }

    /// Every log of the ring.
    pub fn logs(&self) -> impl Iterator<Item = Log> + '_ {
        std::iter::once(Log::Global).chain(self.regions.keys().cloned().map(Log::Region))
    }
}

/// Where the topology comes from. Not on the path of any call: a member goes on with the last one it read.
pub trait Registry: Send + Sync + 'static {
    fn topology(&self) -> Topology;
}
