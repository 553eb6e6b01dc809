//! What a cloud does to those who trust it. Every vice is off by default.

use ports::cloud::{CloudRegion, CloudRequest, InstanceType, Zone};
use serde::{Deserialize, Serialize};

use crate::chance::{Chance, Purpose};

/// Shares are per mille of the calls, or of what is said; times are in milliseconds unless named otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vices {
    /// Throttle calls, with buckets of so many percent of AWS's own sizes.
    pub throttle_percent: Option<u32>,
    /// For at most so long after a write, some replicas do not know of it.
    pub lag: u64,
    /// Share of calls that such a replica answers.
    pub stale: u16,
    /// No effect, and no answer.
    pub timeout_without_effect: u16,
    /// An effect at once, and no answer until the call is given up.
    pub timeout_with_effect: u16,
    /// No answer, and an effect later, at most `late_by` and [`ports::cloud::LATE_AT_MOST`] after the call was made.
    pub late_effect: u16,
    pub late_by: u64,
    /// An effect, and a connection that breaks at once.
    pub lost_response: u16,
    /// The call arrives twice; an answer is told rather than a refusal.
    pub duplicate: u16,
    /// An answer that takes fifty times as long.
    pub slow: u16,
    /// `InternalError`, with an effect every other time.
    pub internal_error: u16,
    /// Instances die by themselves after so many seconds of running, on average; never if zero.
    pub mean_life_s: u64,
    /// Instances become impaired after so many seconds of running, on average; never if zero.
    pub mean_health_s: u64,
    /// Share of launches whose guest never joins.
    pub never_joins: u16,
    /// Share of hours in which a type has no capacity in a zone.
    pub capacity_outage: u16,
    /// Share of spans of four hours in which a region launches nothing.
    pub launch_outage: u16,
    /// Outages at a given time.
    pub outages: Vec<Outage>,
    /// How many instances of a type a zone has room for.
    pub capacity: Vec<Capacity>,
}

/// A span, in Unix milliseconds, in which a region, a zone of it, or a type in them, launches nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    pub region: CloudRegion,
    pub zone: Option<Zone>,
    pub instance_type: Option<InstanceType>,
    pub from: u64,
    pub until: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    pub zone: Zone,
    pub instance_type: InstanceType,
    pub instances: u32,
}

/// What becomes of one call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    TimeoutWithoutEffect,
    TimeoutWithEffect,
    LateEffect,
    LostResponse,
    Duplicate,
    Slow,
    InternalErrorWithoutEffect,
    InternalErrorWithEffect,
}

/// Why a launch finds no room.
pub(crate) enum NoRoom {
    /// The region launches nothing at all.
    Region,
    /// The type has no capacity in the zone.
    Zone,
}

const HOUR: u64 = 3_600_000;

impl Vices {
    pub fn off() -> Self {
        Self {
            throttle_percent: None,
            lag: 0,
            stale: 0,
            timeout_without_effect: 0,
            timeout_with_effect: 0,
            late_effect: 0,
            late_by: 0,
            lost_response: 0,
            duplicate: 0,
            slow: 0,
            internal_error: 0,
            mean_life_s: 0,
            mean_health_s: 0,
            never_joins: 0,
            capacity_outage: 0,
            launch_outage: 0,
            outages: Vec::new(),
            capacity: Vec::new(),
        }
    }

    /// A cloud on a usual day. Here and below the numbers are judgement: AWS publishes none.
    pub fn mild() -> Self {
        Self {
            throttle_percent: Some(100),
            lag: 2_000,
            stale: 300,
            timeout_without_effect: 2,
            timeout_with_effect: 2,
            late_effect: 1,
            late_by: 45_000,
            lost_response: 2,
            duplicate: 2,
            slow: 10,
            internal_error: 2,
            mean_life_s: 90 * 86_400,
            mean_health_s: 90 * 86_400,
            never_joins: 5,
            capacity_outage: 10,
            launch_outage: 0,
            ..Self::off()
        }
    }

    /// A cloud on its worst day, every day.
    pub fn harsh() -> Self {
        Self {
            throttle_percent: Some(30),
            lag: 20_000,
            stale: 600,
            timeout_without_effect: 40,
            timeout_with_effect: 40,
            late_effect: 20,
            late_by: 120_000,
            lost_response: 40,
            duplicate: 40,
            slow: 50,
            internal_error: 30,
            mean_life_s: 86_400,
            mean_health_s: 86_400,
            never_joins: 50,
            capacity_outage: 150,
            launch_outage: 30,
            ..Self::off()
        }
    }

    pub(crate) fn fault(&self, chance: &mut Chance) -> Option<Fault> {
        let shares = [
            (self.timeout_without_effect, Fault::TimeoutWithoutEffect),
            (self.timeout_with_effect, Fault::TimeoutWithEffect),
            (self.late_effect, Fault::LateEffect),
            (self.lost_response, Fault::LostResponse),
            (self.duplicate, Fault::Duplicate),
            (self.slow, Fault::Slow),
            (self.internal_error.div_ceil(2), Fault::InternalErrorWithoutEffect),
            (self.internal_error / 2, Fault::InternalErrorWithEffect),
        ];
        let mut left = chance.below(Purpose::Fault, 1000);
        shares.into_iter().find_map(|(share, fault)| match left.checked_sub(u64::from(share)) {
            None => Some(fault),
            Some(rest) => {
                left = rest;
                None
            }
        })
    }

    /// Whether a launch of this type finds room there now, as far as outages go.
    pub(crate) fn no_room(
        &self,
        chance: &Chance,
        now: u64,
        region: &CloudRegion,
        zone: &Zone,
        instance_type: &InstanceType,
    ) -> Option<NoRoom> {
        let share = |parts: &[&[u8]]| chance.of(parts) % 1000;
        let (hour, span) = ((now / HOUR).to_be_bytes(), (now / (4 * HOUR)).to_be_bytes());
        if share(&[b"launch", region.as_str().as_bytes(), &span]) < u64::from(self.launch_outage) {
            return Some(NoRoom::Region);
        }
        let of_type =
            [b"capacity".as_slice(), zone.as_str().as_bytes(), instance_type.as_str().as_bytes(), hour.as_slice()];
        if share(&of_type) < u64::from(self.capacity_outage) {
            return Some(NoRoom::Zone);
        }
        let here = |outage: &&Outage| {
            outage.region == *region
                && (outage.from..outage.until).contains(&now)
                && outage.zone.as_ref().is_none_or(|only| only == zone)
                && outage.instance_type.as_ref().is_none_or(|only| only == instance_type)
        };
        let outage = self.outages.iter().find(here)?;
        Some(if outage.zone.is_none() && outage.instance_type.is_none() { NoRoom::Region } else { NoRoom::Zone })
    }
}

impl Default for Vices {
    fn default() -> Self {
        Self::off()
    }
}

/// Whether a call only asks.
pub(crate) fn only_asks(request: &CloudRequest) -> bool {
    request.name().starts_with("Describe")
}
