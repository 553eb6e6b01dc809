//! What is known of the cloud when a plan is made; what our own log says is [`domain::held`].

use std::collections::BTreeMap;

use super::{CloudId, Image, Look, Part, Slot, Time};

/// What was seen of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Observed {
    /// When everything with our tag was last listed in full.
    pub listed: Option<Time>,
    /// What the cloud has not told for long, and its answer, for people; the same for as long as that lasts.
    pub untold: Option<String>,
    /// Of several with our tag for one part, the one that is held.
    pub parts: BTreeMap<Part, Seen<PartFacts>>,
    pub machines: BTreeMap<CloudId, Seen<MachineFacts>>,
}

/// What is known about one thing. What has no entry was not listed: of something held that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// Proved gone: by a terminal state or a definite answer.
    Absent(Time),
    Unknown {
        since: Time,
        why: String,
    },
    Present(T, Time),
}

/// A part as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFacts {
    pub id: CloudId,
    pub phase: Phase,
    pub look: Look,
}

/// How far a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    Pending,
    Ready,
    Failed(String),
    Ending,
}

/// A machine as it was seen. Slot and generation are from its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineFacts {
    pub slot: Slot,
    pub generation: u64,
    pub instance_type: String,
    pub zone: String,
    pub image: Image,
    pub launched: Time,
    pub state: MachineState,
    /// Since when it fails the cloud's checks.
    pub impaired: Option<Time>,
    /// When it said that it joined, since it was last started.
    pub joined: Option<Time>,
    /// Whether its root volume is; none while that is not told.
    pub encrypted: Option<bool>,
    /// Whether it has an address that everybody can reach.
    pub public: bool,
}

/// The cloud's states, with when they began where bills depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineState {
    Pending,
    Running(Time),
    Stopping,
    Stopped(Time),
    Ending,
    /// For good.
    Ended(Time),
}
