//! What one member knows of itself and of the ring, as plain values: for people, and for the public API.
//!
//! It is what this member sees, nothing more: another one may see something else, which is what a partition is. It is put together
//! from what is known anyway, asks nobody and waits for nothing, so it may be called by every watcher once a second.

use std::{collections::BTreeSet, fmt, time::Duration};

use ids::{Hash, Log, MemberId, Position, RegionId, RingId};

use ledger::LogState;

use crate::region::{Inner, Region};

/// A copy counts as catching up when nobody proved for so long that it holds what was told, although its log can be reached. A probe
/// runs every second, and an election of the global group takes up to 3 s.
pub const CATCHING_UP_AFTER: Duration = Duration::from_secs(5);

/// One member's view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub ring: RingId,
    pub member: MemberId,
    pub region: RegionId,
    /// Time since this process began.
    pub uptime: Duration,
    pub mode: Mode,
    /// Why `mode` is what it is, for people; empty when connected.
    pub reason: String,
    /// New commands are refused here: the process is about to end.
    pub shutting_down: bool,
    /// Commands that were given to this member and wait for their verdict.
    pub submissions_in_flight: usize,
    /// Every log of the ring, the global one first, then by region.
    pub logs: Vec<LogStatus>,
    /// Every region of the ring, by name, with this one's own.
    pub regions: Vec<RegionStatus>,
}

/// How this member's region stands to the rest of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The region's own group and the global one have a majority in reach, and the copies here are fresh.
    Connected,
    /// The region's own group has a majority, the global one has none: clusters of this region can be changed, the tree cannot.
    Isolated,
    /// The region's own group has no majority in reach: nothing of this region can be changed from here.
    Island,
    /// Both have a majority, and a copy here does not hold yet what it could.
    CatchingUp,
}

impl Mode {
    /// The name in the public API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "CONNECTED",
            Self::Isolated => "ISOLATED",
            Self::Island => "ISLAND",
            Self::CatchingUp => "CATCHING_UP",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What this member is to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyKind {
    /// It votes in the log's group.
    Voter,
    /// It holds a copy that is fed by shipping.
    Replica,
}

impl CopyKind {
    /// The name in the public API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voter => "VOTER",
            Self::Replica => "REPLICA",
        }
    }
}

/// One log, as this member holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatus {
    pub log: Log,
    pub copy: CopyKind,
    /// Who leads the log's group, where this member knows. For a replica, who said so last.
    pub leader: Option<MemberId>,
    /// This member takes itself for the leader.
    pub leads: bool,
    /// The group's term; none for a replica.
    pub term: Option<u64>,
    /// The voters, as sets of which each needs a majority: two while the membership changes. Empty for a replica.
    pub voters: Vec<BTreeSet<MemberId>>,
    /// Where this copy stands; its last place when it is out of service.
    pub position: Position,
    /// Chain hash at `position`.
    pub hash: Hash,
    /// Digest of all rows at `position`.
    pub state_digest: Hash,
    /// Everything that was acknowledged so long ago is in this copy. `None`: not proven since the start.
    pub age: Option<Duration>,
    /// The furthest sequence that any member, this one too, is known to hold.
    pub head_seq: ids::Seq,
    /// Records between this copy and `head_seq`.
    pub lag: u64,
    /// Why this copy does not serve: its group stopped, it is quarantined, or it could not be opened at the start.
    pub out_of_service: Option<String>,
}

/// One region, as this member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionStatus {
    pub region: RegionId,
    /// A member of it answered lately; the own region always counts.
    pub reachable: bool,
    /// How long ago the last answer of any of its members came; zero for the own region, `None` when there was none.
    pub answered: Option<Duration>,
    pub members: Vec<MemberStatus>,
}

/// One member of the ring, as this one sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    pub member: MemberId,
    /// It answered lately; this member itself always counts, and in the first moments of this process everybody does.
    pub reachable: bool,
    /// How long ago its last answer came; zero for this member itself, `None` when there was none.
    pub answered: Option<Duration>,
}

impl Region {
    /// What this member knows, now.
    pub fn status(&self) -> Status {
        let region = &self.inner;
        let config = region.ledger.config();
        let topology = region.registry.topology();
        let regions: Vec<RegionStatus> =
            topology.regions.iter().map(|(name, members)| region.region_status(name, members)).collect();
        let logs: Vec<LogStatus> =
            topology.logs().filter_map(|log| region.log_status(log, &topology.members().collect::<Vec<_>>())).collect();
        let (mode, reason) = region.mode(&logs, &regions);
        Status {
            ring: config.ring.clone(),
            member: config.member,
            region: config.region.clone(),
            uptime: region.env.now().since(region.started),
            mode,
            reason,
            shutting_down: region.admission.closing(),
            submissions_in_flight: region.admission.in_flight(),
            logs,
            regions,
        }
    }
}

impl Inner {
    fn region_status(&self, name: &RegionId, members: &[MemberId]) -> RegionStatus {
        let own = *name == self.ledger.config().region;
        let members: Vec<MemberStatus> = members.iter().map(|member| self.member_status(*member)).collect();
        let answered = members.iter().filter_map(|member| member.answered).min();
        RegionStatus {
            region: name.clone(),
            reachable: own || members.iter().any(|member| member.reachable),
            answered: if own { Some(Duration::ZERO) } else { answered },
            members,
        }
    }

    fn member_status(&self, member: MemberId) -> MemberStatus {
        let answered = self.ledger.peers().answered_ago(member);
        MemberStatus { member, reachable: self.reachable(member), answered }
    }

    /// `None` for a log that appeared in the registry after this member started.
    fn log_status(&self, log: Log, members: &[MemberId]) -> Option<LogStatus> {
        let group = self.ledger.group(&log);
        // First the proof, then the state: the state may be newer than what was proven, never older.
        let proven = self.freshness.proven(&log);
        let (kept, out_of_service) = (self.ledger.kept(&log), self.ledger.out_of_service(&log));
        let state = match &kept {
            Some(kept) => kept.cell.state(),
            // It could not be started: nothing of it is known here.
            None => out_of_service.as_ref().map(|_| LogState::new(log.clone()))?,
        };
        let votes = self.registry.topology().home_of(&log).contains(&self.member());
        let heads = members.iter().filter_map(|member| self.ledger.head_of(&log, *member));
        let of_this_life = heads.filter(|head| head.incarnation == state.incarnation);
        let head_seq = of_this_life.map(|head| head.seq).max().unwrap_or_default().max(state.seq);
        Some(LogStatus {
            copy: if kept.map_or(votes, |kept| kept.voter) { CopyKind::Voter } else { CopyKind::Replica },
            leader: group.map_or_else(|| self.remembered_leader(&log), |group| group.leader()),
            leads: group.is_some_and(|group| group.is_leader()),
            term: group.map(|group| group.term()),
            voters: group.map(|group| group.voters()).unwrap_or_default(),
            position: state.position(),
            hash: state.hash,
            state_digest: state.digest(),
            age: proven.map(|at| self.freshness.age(at)),
            head_seq,
            lag: head_seq.0 - state.seq.0,
            out_of_service,
            log,
        })
    }

    fn mode(&self, logs: &[LogStatus], regions: &[RegionStatus]) -> (Mode, String) {
        let own = Log::Region(self.ledger.config().region.clone());
        if self.quorum_lost(&own) {
            return (Mode::Island, self.lost(&own));
        }
        if self.quorum_lost(&Log::Global) {
            return (Mode::Isolated, self.lost(&Log::Global));
        }
        let in_reach = |log: &Log| match log {
            Log::Global => true,
            Log::Region(name) => regions.iter().any(|region| region.region == *name && region.reachable),
        };
        let behind = |log: &&LogStatus| {
            let stale = log.age.is_none_or(|age| age > CATCHING_UP_AFTER);
            stale && log.out_of_service.is_none() && in_reach(&log.log)
        };
        let Some(log) = logs.iter().find(behind) else { return (Mode::Connected, String::new()) };
        let reason = match log.age {
            None => format!("the copy of {} was not proven fresh since the start, {} records behind", log.log, log.lag),
            Some(age) => {
                let (age, lag) = (age.as_millis(), log.lag);
                format!("the copy of {} was last proven fresh {age} ms ago, {lag} records behind", log.log)
            }
        };
        (Mode::CatchingUp, reason)
    }
}
