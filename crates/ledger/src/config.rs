//! What one member of the ring is told when it starts.

use std::time::Duration;

use ids::{MemberId, RegionId, RingId};

use crate::Canary;

/// Who this member is, and how its groups behave.
#[derive(Clone, Debug)]
pub struct Config {
    /// Members of another ring are refused.
    pub ring: RingId,
    /// Never reused: a member that lost its disk comes back under a new id.
    pub member: MemberId,
    pub region: RegionId,
    pub timing: Timing,
    pub retention: Retention,
    /// Bytes per second that each replica of this member pulls while it catches up.
    pub catch_up_bytes_per_second: u64,
    pub canary: Canary,
}

/// How often leaders speak and how long followers wait. Round trip and flush must fit into 3/4 of a heartbeat, because openraft ends
/// an append after that time.
///
/// A follower first waits out the leader's lease, `election_max` after the last heartbeat, and then a time drawn from
/// `election_min..election_max`; so writes resume after twice `election_max` and a round trip, when the first election succeeds.
#[derive(Clone, Copy, Debug)]
pub struct GroupTiming {
    pub heartbeat: Duration,
    pub election_min: Duration,
    pub election_max: Duration,
}

/// Timing of the two kinds of groups.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Members across oceans: leader lost to writes resumed in 2.5 to 3 s.
    pub global: GroupTiming,
    /// Members of one region: leader lost to writes resumed in about 1 s, inside the 2 s that an isolated region is promised.
    pub region: GroupTiming,
}

impl Default for Timing {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            global: GroupTiming { heartbeat: ms(250), election_min: ms(1000), election_max: ms(1500) },
            region: GroupTiming { heartbeat: ms(100), election_min: ms(400), election_max: ms(600) },
        }
    }
}

/// How much of a log is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Raft entries between two snapshots of a group.
    pub snapshot_every: u64,
    /// Raft entries kept behind a snapshot, so that a follower that is a little behind needs no snapshot.
    pub entries_kept: u64,
    /// Records kept for watchers and other regions; older ones are purged when a snapshot holds them.
    pub records_kept: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { snapshot_every: 20_000, entries_kept: 5_000, records_kept: 1_000_000 }
    }
}
