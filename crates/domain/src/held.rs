//! What a region's log holds of what became of a cluster: its parts and machines in the cloud, what is under way, how it stands.
//!
//! Whatever keeps clusters writes this down before it acts and after it saw what came of it; deciding what to do from it is not
//! done here.
//!
//! Map: [`Part`] everything that a cluster has in a cloud · [`Held`] what is there, [`Intent`] what was begun, [`Refused`] what the
//! cloud did not want, [`Failed`] what was of no use · [`Status`] how it stands · [`Time`].

use std::{collections::BTreeMap, fmt, sync::Arc};

mod part;
mod status;
mod time;

pub use part::{Part, PartError, Repeat, Role, Slot};
pub use status::{Condition, Constraint, CreationPhase, Health, PhaseState, State, Status, Truth};
pub use time::{Span, Time};

/// Name of a resource in the cloud, as the cloud gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// What was made and was of no use: gateways that failed, machines that never joined. Forgotten with the next that is of use.
    pub failed: BTreeMap<Part, Failed>,
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
    pub creation: Creation,
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

/// What was made of a part, one after the other, and was given up because it was of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Of the last of them.
    pub generation: u64,
    pub times: u32,
    pub last: Time,
    pub why: String,
}

/// What wears out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    Certificates,
    Keys,
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// Of a part that its key says all about.
    Plain,
    /// Of a machine.
    Launch(Box<Launch>),
}

/// What a machine is launched as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    pub placement: Placement,
    pub image: Image,
    /// None for workers.
    pub etcd: Option<Etcd>,
}

/// A kind of machine, and where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub instance_type: String,
    /// Id of a zone.
    pub zone: String,
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub built: Time,
}

/// How a master's member of etcd begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etcd {
    /// With the other first masters.
    Form,
    /// As a new member of what is there, in the place of its slot's member, which it removes.
    Join,
    /// From the newest snapshot: the quorum is lost.
    Restore,
}

/// A change of a machine that the log keeps: bills and reports are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Started(Time),
    Joined(Time),
    Stopped(Time),
    Ended(Time),
}

/// An edge, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineEdge {
    pub machine: CloudId,
    pub slot: Slot,
    pub instance_type: String,
    pub edge: Edge,
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
            failed: BTreeMap::new(),
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

impl Credential {
    pub const ALL: [Self; 2] = [Self::Certificates, Self::Keys];
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Certificates { "certificates" } else { "keys" })
    }
}

impl Edge {
    pub fn name(self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Joined(_) => "joined",
            Self::Stopped(_) => "stopped",
            Self::Ended(_) => "ended",
        }
    }

    pub fn at(self) -> Time {
        match self {
            Self::Started(at) | Self::Joined(at) | Self::Stopped(at) | Self::Ended(at) => at,
        }
    }
}
