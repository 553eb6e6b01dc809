//! Revokes, lifts and who breaks glass, to messages and back.

use access::{Member, NodeName};
use domain::{BreakGlass, Lift, Revoke};
use ids::{Hlc, Seq};

use super::{access::member_in, uid_out};
use crate::{
    Error,
    field::{name_in, sixteen_bytes_in},
    proto,
};

const REVOKE: &str = "a revoke";
const LIFT: &str = "the lift of a revoke";
const BREAK_GLASS: &str = "who breaks glass";

/// A node; none where the text is empty.
pub(crate) fn node_in(what: &'static str, text: &str) -> Result<Option<NodeName>, Error> {
    if text.is_empty() { Ok(None) } else { name_in(what, "node", text).map(Some) }
}

/// A member; none where the text is empty.
pub(crate) fn maybe_member_in(what: &'static str, text: &str) -> Result<Option<Member>, Error> {
    if text.is_empty() { Ok(None) } else { member_in(what, "member", text).map(Some) }
}

/// The text of what may be missing.
pub(crate) fn text_out<T: ToString>(of: &Option<T>) -> String {
    of.as_ref().map(T::to_string).unwrap_or_default()
}

impl From<&Revoke> for proto::Revoke {
    fn from(row: &Revoke) -> Self {
        let Revoke { name, organization_uid, member, node, reason, seen, author, create_time } = row;
        Self {
            name: name.to_string(),
            organization_uid: uid_out(organization_uid),
            member: member.to_string(),
            node: text_out(node),
            reason: reason.clone(),
            seen: seen.0,
            author: author.clone(),
            create_time: create_time.0,
        }
    }
}

impl TryFrom<proto::Revoke> for Revoke {
    type Error = Error;

    fn try_from(message: proto::Revoke) -> Result<Self, Error> {
        let proto::Revoke { name, organization_uid, member, node, reason, seen, author, create_time } = message;
        Ok(Self {
            name: name_in(REVOKE, "name", &name)?,
            organization_uid: sixteen_bytes_in(REVOKE, "organization_uid", &organization_uid)?,
            member: member_in(REVOKE, "member", &member)?,
            node: node_in(REVOKE, &node)?,
            reason,
            seen: Seq(seen),
            author,
            create_time: Hlc(create_time),
        })
    }
}

impl From<&Lift> for proto::Lift {
    fn from(row: &Lift) -> Self {
        let Lift { revoke, reason, author, create_time } = row;
        let (revoke, reason, author) = (revoke.to_string(), reason.clone(), author.clone());
        Self { revoke, reason, author, create_time: create_time.0 }
    }
}

impl TryFrom<proto::Lift> for Lift {
    type Error = Error;

    fn try_from(message: proto::Lift) -> Result<Self, Error> {
        let proto::Lift { revoke, reason, author, create_time } = message;
        Ok(Self { revoke: name_in(LIFT, "revoke", &revoke)?, reason, author, create_time: Hlc(create_time) })
    }
}

impl From<&BreakGlass> for proto::BreakGlass {
    fn from(row: &BreakGlass) -> Self {
        let BreakGlass { organization, organization_uid, member, author, update_time } = row;
        Self {
            organization: organization.to_string(),
            organization_uid: uid_out(organization_uid),
            member: text_out(member),
            author: author.clone(),
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::BreakGlass> for BreakGlass {
    type Error = Error;

    fn try_from(message: proto::BreakGlass) -> Result<Self, Error> {
        let proto::BreakGlass { organization, organization_uid, member, author, update_time } = message;
        Ok(Self {
            organization: name_in(BREAK_GLASS, "organization", &organization)?,
            organization_uid: sixteen_bytes_in(BREAK_GLASS, "organization_uid", &organization_uid)?,
            member: maybe_member_in(BREAK_GLASS, &member)?,
            author,
            update_time: Hlc(update_time),
        })
    }
}
