//! What is known when a plan is made: what our own log says, and what was seen of the cloud.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{Image, Look, Part, Slot, State, Time, Verb};

/// Name of a resource in the cloud, as the cloud gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CloudId(pub Arc<str>);

/// What our own log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub state: State,
    /// When it ran for the first time.
    pub made: Option<Time>,
    /// Every part that is there, but machines.
    pub parts: BTreeMap<Part, HeldPart>,
    /// Every machine that is not known to be gone.
    pub machines: BTreeMap<CloudId, HeldMachine>,
    /// The last generation of each part that was tried, from 1.
    pub generations: BTreeMap<Part, u64>,
    /// Creations that were not answered, at most one of a part.
    pub intents: BTreeMap<Part, Intent>,
    /// Creations that the cloud refused, since the last that it did not.
    pub refused: BTreeMap<Part, Refused>,
    /// When each kind was last made anew.
    pub renewed: BTreeMap<Credential, Time>,
}

/// A part that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPart {
    pub id: CloudId,
    pub generation: u64,
    /// When it was last changed by us: what was seen earlier says nothing about that.
    pub changed: Time,
}

/// A machine that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMachine {
    pub slot: Slot,
    pub generation: u64,
    pub attempt: u32,
    pub instance_type: String,
    pub zone: String,
    pub image: Image,
    pub launched: Time,
    /// Since when it runs, and until when it ran: what it is billed for.
    pub started: Option<Time>,
    pub stopped: Option<Time>,
    /// When it joined, since it was last started.
    pub joined: Option<Time>,
    /// When we last called for a change of it.
    pub changed: Time,
    /// When we called for its end: from then on it counts for nothing, whatever is seen.
    pub ending: Option<Time>,
}

/// A call that is committed and not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub generation: u64,
    pub attempt: u32,
    /// A creation or a launch.
    pub verb: Verb,
    /// When it was last called without an answer. A refusal of a later call of it says nothing about that one.
    pub at: Time,
}

/// Creations, or starts of a machine, that certainly had no effect. Forgotten with the next that has one, and when the machine ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub times: u32,
    pub last: Time,
    /// The cloud's own code.
    pub why: String,
}

/// What wears out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    Certificates,
    Keys,
}

/// What was seen of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Observed {
    /// When everything with our tag was last listed in full.
    pub listed: Option<Time>,
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
    /// Whether its volumes are.
    pub encrypted: bool,
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

impl Held {
    /// Of something that was never there.
    pub fn nothing() -> Self {
        Self {
            state: State::Pending,
            made: None,
            parts: BTreeMap::new(),
            machines: BTreeMap::new(),
            generations: BTreeMap::new(),
            intents: BTreeMap::new(),
            refused: BTreeMap::new(),
            renewed: BTreeMap::new(),
        }
    }

    /// Whether nothing is there and nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.machines.is_empty() && self.intents.is_empty()
    }
}

impl From<&str> for CloudId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for CloudId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Certificates { "certificates" } else { "keys" })
    }
}
