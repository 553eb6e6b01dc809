//! Whether a caller may make a call.

use std::sync::Arc;

use access::{Arena, Caller, Change, Decision, Denial, NodeName, Place, Record, Right};
use identity::Identity;
use ids::{Hlc, Incarnation, Log, OrganizationName, Position, Seq};

use crate::{Need, Who, need::Verb};

/// Why a call is refused, in words that the caller may read: of a node that they do not see it says what it says of one that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("looked for {node}: it is not there")]
    NotFound { node: NodeName },
    #[error("called as {who}: wanted the right {right} on {node}")]
    Right { who: String, right: Right, node: NodeName },
    #[error("called as {who}: everything is revoked from them on {node}")]
    Revoked { who: String, node: NodeName },
    #[error("called as {who}: wanted an operator of the ring")]
    NotAnOperator { who: String },
    #[error("called as {who}: only regions themselves do this")]
    NotARegion { who: String },
}

impl Denied {
    /// Stable code that programs act on.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NOT_FOUND",
            Self::Right { .. } => "RIGHT_MISSING",
            Self::Revoked { .. } => "REVOKED",
            Self::NotAnOperator { .. } | Self::NotARegion { .. } => "OPERATOR_ONLY",
        }
    }
}

impl Who {
    /// Whether the call is theirs to make, at `now`. `access` is that of the organization that the need is about, if it is known.
    ///
    /// # Errors
    /// [`Denied`]
    pub fn may(&self, need: &Need, access: Option<&Arena>, now: Hlc) -> Result<(), Denied> {
        match (self, need) {
            (_, Need::Known) | (Self::Anybody, _) => Ok(()),
            (_, Need::Region) => Err(Denied::NotARegion { who: self.to_string() }),
            (Self::Operator(_), Need::Operator) => Ok(()),
            (Self::Member(_), Need::Operator) => Err(Denied::NotAnOperator { who: self.to_string() }),
            (Self::Operator(_), Need::Within(_)) => Ok(()),
            (Self::Member(identity), Need::Within(organization)) => {
                within(identity, organization)?;
                // Lists show what is left to somebody; to whom nothing is left, nothing is shown.
                access.map_or(Ok(()), |arena| self.check_not_revoked(&identity.caller(), organization, arena, now))
            }
            (_, Need::Rights(rights)) => {
                rights.iter().try_for_each(|(right, node)| self.has(*right, node, access, now))
            }
        }
    }

    /// Whether they see a node.
    pub fn sees(&self, node: &NodeName, access: Option<&Arena>, now: Hlc) -> bool {
        self.has(Verb::Get.on(node.kind()), node, access, now).is_ok()
    }

    fn has(&self, right: Right, node: &NodeName, access: Option<&Arena>, now: Hlc) -> Result<(), Denied> {
        let not_found = || Denied::NotFound { node: node.clone() };
        match self {
            Self::Anybody => Ok(()),
            Self::Operator(_) => self.may_in_place_of_administrators(right, node, access, now),
            Self::Member(identity) => {
                within(identity, &node.organization()).map_err(|_| not_found())?;
                self.holds(&identity.caller(), right, node, access.ok_or_else(not_found)?, now)
            }
        }
    }

    /// Operators see that organizations are there, and act for one that has nobody to act for it yet: whoever makes an organization names its
    /// first administrator, and what that one needs to come in. Of one that is not known here nothing is, least of all that it has none.
    fn may_in_place_of_administrators(
        &self,
        right: Right,
        node: &NodeName,
        access: Option<&Arena>,
        now: Hlc,
    ) -> Result<(), Denied> {
        let organization = NodeName::Organization(node.organization());
        let administered = |arena: &Arena| !arena.who_can(Right::OrganizationSetPolicy, &organization, now).is_empty();
        if right == Right::OrganizationGet {
            return Ok(());
        }
        let arena = access.ok_or_else(|| Denied::NotFound { node: node.clone() })?;
        if !administered(arena) {
            return Ok(());
        }
        Err(Denied::Right { who: self.to_string(), right, node: node.clone() })
    }

    fn holds(&self, caller: &Caller<'_>, right: Right, node: &NodeName, arena: &Arena, now: Hlc) -> Result<(), Denied> {
        if arena.check(*caller, right, node, now).is_allowed() {
            return Ok(());
        }
        if !arena.may_see(*caller, node, now) {
            self.check_not_revoked(caller, &node.organization(), arena, now)?;
            return Err(Denied::NotFound { node: node.clone() });
        }
        Err(Denied::Right { who: self.to_string(), right, node: node.clone() })
    }

    /// Somebody from whom everything was taken everywhere may know that, and nothing else.
    fn check_not_revoked(
        &self,
        caller: &Caller<'_>,
        organization: &OrganizationName,
        arena: &Arena,
        now: Hlc,
    ) -> Result<(), Denied> {
        let node = NodeName::Organization(organization.clone());
        match arena.check(*caller, Right::OrganizationGet, &node, now) {
            Decision::Denied(Denial::Revoked) => Err(Denied::Revoked { who: self.to_string(), node }),
            _ => Ok(()),
        }
    }
}

/// With a node that may be there though the access does not know it: a cluster whose region's log has not come here yet, a namespace, of which
/// nothing says yet which there are. What is granted and revoked above it holds on it; whether it is there, whoever reads its log says.
#[must_use]
pub fn with(mut arena: Arena, node: &NodeName) -> Arena {
    let (place, region) = match node {
        NodeName::Cluster(name) => (Place::Cluster(name.clone()), &name.location),
        NodeName::Namespace(name) => {
            arena = with(arena, &NodeName::Cluster(name.cluster.clone()));
            (Place::Namespace(name.clone()), &name.cluster.location)
        }
        NodeName::Organization(_) | NodeName::Folder(_) | NodeName::Project(_) => return arena,
    };
    let above = place.parent().and_then(|parent| arena.placed(&parent));
    if let (None, Some(above)) = (arena.way(node), above) {
        // As if that region's log began with it: nothing is known of the log by that.
        let position = Position { log: Log::Region(region.clone()), incarnation: Incarnation::FIRST, seq: Seq::ZERO };
        let record = Record { position, ..(*above).clone() };
        // What makes no sense changes nothing.
        let _refused = arena.apply(&Change::Place(place), &Arc::new(record));
    }
    arena
}

fn within(identity: &Identity, organization: &OrganizationName) -> Result<(), Denied> {
    if identity.organization == *organization {
        return Ok(());
    }
    Err(Denied::NotFound { node: NodeName::Organization(organization.clone()) })
}
