//! What one member of the ring is told when it starts.

use std::time::Duration;

use ids::{MemberId, RegionId, RingId};

use crate::Canary;

/// Bytes per second that a replica pulls while it catches up, where nothing else is wished. Above what one log is expected to take
/// in for long (10,000 records of a kilobyte a second), because a replica that pulls more slowly than its log grows never catches
/// up; and low enough that the two replicas of a ring of three regions leave three quarters of a path of 1 Gbit/s to others.
pub const CATCH_UP_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// Bytes of one piece of a snapshot, where nothing else is wished: a quarter of the 4 MiB that gRPC takes in one message by default,
/// and enough for 8 MB/s over a path of 130 ms, on which one piece follows the other.
pub const SNAPSHOT_CHUNK_BYTES: usize = 1024 * 1024;

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
    /// Bytes per second that each replica of this member pulls while it catches up: [`CATCH_UP_BYTES_PER_SECOND`].
    pub catch_up_bytes_per_second: u64,
    /// Bytes of a snapshot that this member sends at once, at least one: [`SNAPSHOT_CHUNK_BYTES`].
    pub snapshot_chunk_bytes: usize,
    pub canary: Canary,
}

impl Config {
    /// A member with the defaults of everything that has one.
    pub fn new(ring: RingId, member: MemberId, region: RegionId) -> Self {
        Self {
            ring,
            member,
            region,
            timing: Timing::default(),
            retention: Retention::default(),
            catch_up_bytes_per_second: CATCH_UP_BYTES_PER_SECOND,
            snapshot_chunk_bytes: SNAPSHOT_CHUNK_BYTES,
            canary: Canary::None,
        }
    }
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
    /// Members across oceans: leader lost to writes resumed in 2 to 3 s.
    pub global: GroupTiming,
    /// Members of one region: leader lost to writes resumed in about 1 s, inside the 2 s that an isolated region is promised.
    pub region: GroupTiming,
    /// How often members tell each other where they stand, ask for records, and prove how fresh a copy is. What is concluded from silence
    /// is concluded after a few rounds.
    pub round: Duration,
}

impl Timing {
    /// A member that answered nothing for so long, which is two rounds, is not counted on.
    pub fn reachable_within(&self) -> Duration {
        self.round * 5 / 2
    }
}

impl Default for Timing {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            global: GroupTiming { heartbeat: ms(250), election_min: ms(500), election_max: ms(1500) },
            region: GroupTiming { heartbeat: ms(100), election_min: ms(400), election_max: ms(600) },
            round: ms(1000),
        }
    }
}

/// How much of a log is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Raft entries between two snapshots of a group.
    pub snapshot_every: u64,
    /// Bytes of applied Raft entries after which a snapshot is made, however few entries they are; or as many as the last snapshot has,
    /// if those are more. At most a quarter of it is kept behind a snapshot.
    pub log_bytes: u64,
    /// Raft entries kept behind a snapshot, so that a follower that is a little behind needs no snapshot.
    pub entries_kept: u64,
    /// Records kept for watchers and other regions; older ones are purged when a snapshot holds them.
    pub records_kept: u64,
}

impl Default for Retention {
    /// Chosen for records of about a kilobyte, one or two of them in an entry under light load and hundreds under heavy load.
    ///
    /// - `snapshot_every`: a restart applies at most so many entries again, some seconds; and packing the whole state, which costs
    ///   most, comes once in many seconds at the highest rate.
    /// - `log_bytes`: a quarter of a gigabyte is half a minute of the highest rate that was measured, and some seconds of applying.
    /// - `entries_kept`: a follower that was restarted or cut off for a minute of light load, or some seconds of heavy load, goes on
    ///   from entries. Who is further behind is sent a snapshot.
    /// - `records_kept`: another region that was cut off for a minute and a half at 10,000 records a second, or for a day at ten, goes
    ///   on from records, and so do watchers; about a gigabyte of disk per log.
    fn default() -> Self {
        Self { snapshot_every: 20_000, log_bytes: 256 << 20, entries_kept: 5_000, records_kept: 1_000_000 }
    }
}
