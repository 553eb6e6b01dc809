//! What an arena is made from: records, each of which changed something. Plain data.

use std::{collections::BTreeSet, fmt, sync::Arc};

use ids::{Hlc, Label, Log, Position, RequestId, Revision, Seq};

use crate::{CustomRole, Member, NodeName, Place, RoleName, right::joined};

/// The record that set something, as explanations cite it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub position: Position,
    pub time: Hlc,
    /// Who asked for it.
    pub author: Arc<str>,
}

impl Record {
    /// Of whatever this record was the last to write.
    pub fn revision(&self) -> Revision {
        self.position.seq.into()
    }
}

/// Gives a role to members, on a node and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub node: NodeName,
    /// Unique on its node.
    pub id: Label,
    pub role: RoleName,
    pub members: BTreeSet<Member>,
    /// It holds from then on.
    pub from: Option<Hlc>,
    /// It does not hold from then on.
    pub until: Option<Hlc>,
}

impl Binding {
    /// Whether its time box is open.
    pub fn holds_at(&self, now: Hlc) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// Who is in a group, directly. Members that are groups bring those who are in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Of the kind group.
    pub name: Member,
    pub members: BTreeSet<Member>,
}

/// Names one revoke. Requests have ids of their own, and two regions that cannot talk have logs of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevokeId {
    pub log: Log,
    pub request: RequestId,
}

/// Takes every right from a member, on a node and everything below it, whatever was granted or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke {
    pub id: RevokeId,
    pub member: Member,
    /// `None`: everywhere.
    pub node: Option<NodeName>,
    pub reason: Arc<str>,
    /// How far its region knew the global log: whoever was named there for breaking glass by then is not bound by it.
    pub seen: Seq,
}

/// One change of what decides about access. Each holds the whole of its subject afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes or moves a node.
    Place(Place),
    /// Removes a node. Bindings on it are removed by changes of their own.
    Remove(NodeName),
    Bind(Binding),
    Unbind {
        node: NodeName,
        id: Label,
    },
    Group(Group),
    Ungroup(Member),
    Role(CustomRole),
    Unrole(Label),
    Revoke(Revoke),
    /// Ends a revoke, also one that is not known yet.
    Lift(RevokeId),
    /// The one identity whom no revoke binds that knew of it. One that did not know binds it until it is lifted.
    BreakGlass(Option<Member>),
}

impl Change {
    /// The log that may say so: that of a region for its clusters, what is in them, and revokes that it issued; for everything else the global one.
    pub fn log(&self) -> Log {
        let of = |node: &NodeName| match node {
            NodeName::Organization(_) | NodeName::Folder(_) | NodeName::Project(_) => Log::Global,
            NodeName::Cluster(name) => Log::Region(name.location.clone()),
            NodeName::Namespace(name) => Log::Region(name.cluster.location.clone()),
        };
        match self {
            Self::Place(place) => of(&place.node()),
            Self::Remove(node) | Self::Unbind { node, .. } => of(node),
            Self::Bind(binding) => of(&binding.node),
            Self::Revoke(revoke) => revoke.id.log.clone(),
            Self::Group(_)
            | Self::Ungroup(_)
            | Self::Role(_)
            | Self::Unrole(_)
            | Self::Lift(_)
            | Self::BreakGlass(_) => Log::Global,
        }
    }
}

/// One line that says all of it, and says two different changes differently.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => match place.parent() {
                Some(parent) => write!(f, "place {} in {parent}", place.node()),
                None => write!(f, "place {}", place.node()),
            },
            Self::Remove(node) => write!(f, "remove {node}"),
            Self::Bind(binding) => binding.fmt(f),
            Self::Unbind { node, id } => write!(f, "unbind {id} on {node}"),
            Self::Group(group) => {
                write!(f, "{} is ", group.name)?;
                joined(f, group.members.iter())
            }
            Self::Ungroup(name) => write!(f, "remove {name}"),
            Self::Role(role) => write!(f, "custom/{} on {} is {}", role.name, role.bound_at, role.rights),
            Self::Unrole(name) => write!(f, "remove custom/{name}"),
            Self::Revoke(revoke) => {
                write!(f, "revoke {} {} {}", revoke.id.log, revoke.id.request, revoke.member)?;
                if let Some(node) = &revoke.node {
                    write!(f, " on {node}")?;
                }
                write!(f, " because {:?}, having seen {}", revoke.reason, revoke.seen)
            }
            Self::Lift(id) => write!(f, "lift {} {}", id.log, id.request),
            Self::BreakGlass(Some(member)) => write!(f, "break glass by {member}"),
            Self::BreakGlass(None) => f.write_str("break glass by nobody"),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bind {} on {}: {} to ", self.id, self.node, self.role)?;
        joined(f, self.members.iter())?;
        if let Some(from) = self.from {
            write!(f, " from {from}")?;
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        Ok(())
    }
}
