//! Actions: what is to be done, why, and what its token is made of; and what is waited for instead.

use std::fmt;

use domain::held::{Creation, Span};

use super::{Change, CloudId, Drain, Edge, Etcd, Launch, Part, Slot, Time};

/// One call, or one entry of our own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub part: Part,
    pub generation: u64,
    /// Of this generation, from 1.
    pub attempt: u32,
    pub verb: Verb,
    pub cause: Cause,
}

/// What exactly is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Create,
    Launch(Box<Launch>),
    Change(CloudId, Change),
    Start(CloudId),
    Stop(CloudId),
    /// A worker's pods leave first, where there is a drain.
    Terminate(CloudId, Option<Drain>),
    Delete(CloudId),
    /// Makes new ones of the kind. Planned with its generation, as a creation is; nobody carries it out before there are identities.
    Renew,
    /// Into our log: this is ours.
    Adopt(CloudId),
    /// Into our log: what was seen of a machine.
    Note(CloudId, Edge),
    /// Into our log: this is gone for good.
    Forget(CloudId),
    /// Into our log: the creation that was not answered had no effect and never will.
    GiveUp,
}

/// Why something is done: a wish, or what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is part of what is wished and was never there.
    Wanted,
    /// The same call again, because nothing is known of the first.
    Unanswered {
        since: Time,
    },
    /// Another attempt, because the cloud refused the last one.
    WasRefused {
        times: u32,
        why: String,
    },
    /// Another one, because those before were of no use.
    FailedBefore {
        times: u32,
        why: String,
    },
    Hibernation,
    Waking,
    Deletion,
    /// It is no part of what is wished.
    NotWanted,
    /// It has our tag, and our log does not know it.
    FoundByTag,
    SeenSo,
    /// The one before is.
    Gone,
    /// The one before is ending, and not by us.
    EndsUnasked,
    Failed(String),
    Impaired {
        since: Time,
    },
    NeverJoined {
        since: Time,
    },
    /// The one that takes its place has joined.
    Replaced,
    TwoInOneSlot {
        kept: CloudId,
    },
    /// It differs from what it must be.
    Differs(String),
    ImageTooOld {
        built: Time,
        critical: bool,
    },
    MachineTooOld {
        launched: Time,
    },
    PastAge {
        since: Time,
    },
}

/// Why nothing is done about something, for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub part: Option<Part>,
    pub why: Waiting,
    /// When it is to be looked at again, whatever else happens.
    pub until: Time,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    Listing,
    /// Held and not seen: that proves nothing.
    NotSeen {
        since: Time,
        why: String,
    },
    /// What was seen is older than what we did.
    FreshLook,
    For(Part),
    /// The cloud is at it.
    Under(&'static str),
    /// More calls of this kind than the cloud takes from the account.
    Rate {
        call: &'static str,
    },
    Answer {
        since: Time,
    },
    Pause {
        times: u32,
        why: String,
    },
    /// What was made before was of no use.
    Failed {
        times: u32,
        why: String,
    },
    Limit {
        of: &'static str,
        since: Time,
    },
    OneMasterAtATime {
        other: Slot,
    },
    /// What would be done to a master, and why, if etcd could spare it.
    Quorum {
        healthy: usize,
        majority: usize,
        cause: Cause,
    },
    /// Members of before that may still live and vote: beside them etcd would be there twice.
    OldMembers {
        living: usize,
        majority: usize,
    },
    ShortCircuit {
        ill: usize,
        of: usize,
        share: u64,
    },
    Budget {
        replaced: usize,
    },
    /// The maintenance window, and the end of business hours.
    Window(Cause),
    Settled(Cause),
    /// It differs and cannot be changed as it is.
    Unchangeable(String),
    InUse {
        clusters: u64,
    },
    Workers,
}

/// What a client token is derived from. Equal inputs are one call; a different type or zone is another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenInputs {
    pub kind: &'static str,
    pub part: Part,
    pub generation: u64,
    pub instance_type: Option<String>,
    pub zone: Option<String>,
    pub attempt: u32,
}

impl Action {
    /// Whether it takes something away: it needs a fence that was read just now.
    pub fn destructive(&self) -> bool {
        match &self.verb {
            Verb::Stop(_) | Verb::Terminate(..) | Verb::Delete(_) => true,
            Verb::Change(_, change) => change.destructive(),
            // It takes the place of what the members that are left hold.
            Verb::Launch(launch) => launch.etcd == Some(Etcd::Restore),
            _ => false,
        }
    }

    /// Whether it is an entry of our own log and no call.
    pub fn only_logged(&self) -> bool {
        matches!(self.verb, Verb::Adopt(_) | Verb::Note(..) | Verb::Forget(_) | Verb::GiveUp)
    }

    pub fn token(&self) -> TokenInputs {
        let placement = if let Verb::Launch(launch) = &self.verb { Some(&launch.placement) } else { None };
        TokenInputs {
            kind: self.verb.name(),
            part: self.part.clone(),
            generation: self.generation,
            instance_type: placement.map(|placement| placement.instance_type.clone()),
            zone: placement.map(|placement| placement.zone.clone()),
            attempt: self.attempt,
        }
    }
}

impl Cause {
    /// Why what ends for it was of no use, where it was of none.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed(why) => Some(why),
            Self::NeverJoined { .. } => Some("it never joined"),
            _ => None,
        }
    }
}

impl Waiting {
    /// Whether the cloud is at it, shows it late, refuses it, or owes an answer: nothing of ours would make it faster.
    pub fn is_for_the_cloud(&self) -> bool {
        match self {
            Self::NotSeen { .. }
            | Self::Under(_)
            | Self::Rate { .. }
            | Self::Answer { .. }
            | Self::Pause { .. }
            | Self::Failed { .. }
            | Self::Limit { .. } => true,
            Self::Listing
            | Self::FreshLook
            | Self::For(_)
            | Self::OneMasterAtATime { .. }
            | Self::Quorum { .. }
            | Self::OldMembers { .. }
            | Self::ShortCircuit { .. }
            | Self::Budget { .. }
            | Self::Window(_)
            | Self::Settled(_)
            | Self::Unchangeable(_)
            | Self::InUse { .. }
            | Self::Workers => false,
        }
    }
}

impl From<Creation> for Verb {
    fn from(creation: Creation) -> Self {
        match creation {
            Creation::Plain => Self::Create,
            Creation::Launch(launch) => Self::Launch(launch),
        }
    }
}

impl Verb {
    /// The creation that this is; none for what changes or ends something.
    pub fn creation(&self) -> Option<Creation> {
        match self {
            Self::Create => Some(Creation::Plain),
            Self::Launch(launch) => Some(Creation::Launch(launch.clone())),
            _ => None,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Launch(_) => "launch",
            Self::Change(..) => "change",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::Terminate(..) => "terminate",
            Self::Delete(_) => "delete",
            Self::Renew => "renew",
            Self::Adopt(_) => "adopt",
            Self::Note(..) => "note",
            Self::Forget(_) => "forget",
            Self::GiveUp => "give-up",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Create | Self::Renew | Self::GiveUp => Ok(()),
            Self::Launch(launch) => {
                let Launch { placement, image, etcd } = &**launch;
                write!(f, " {} in {} from {}", placement.instance_type, placement.zone, image.id)?;
                match etcd {
                    None => Ok(()),
                    Some(Etcd::Form) => f.write_str(", etcd formed"),
                    Some(Etcd::Join) => f.write_str(", etcd joined"),
                    Some(Etcd::Restore) => f.write_str(", etcd restored from its newest snapshot"),
                }
            }
            Self::Change(id, change) => write!(f, " {id}: {change}"),
            Self::Terminate(id, Some(drain)) => {
                let (grace, force) = (Span(drain.grace), Span(drain.force_after));
                write!(f, " {id}, drained with {grace} for each pod, {force} at most")
            }
            Self::Start(id)
            | Self::Stop(id)
            | Self::Terminate(id, None)
            | Self::Delete(id)
            | Self::Adopt(id)
            | Self::Forget(id) => write!(f, " {id}"),
            Self::Note(id, edge) => write!(f, " {id} {}", edge.name()),
        }
    }
}
