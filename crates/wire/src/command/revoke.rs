//! Commands about revokes, to messages and back.

use domain::command::{CreateRevoke, LiftRevoke, SetBreakGlass};
use ids::Revision;

use crate::{
    Error,
    entity::{maybe_member_in, member_in, node_in, text_out},
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateRevoke> for proto::CreateRevoke {
    fn from(command: &CreateRevoke) -> Self {
        let CreateRevoke { name, member, node, reason } = command;
        let (name, member, node) = (name.to_string(), member.to_string(), text_out(node));
        Self { name, member, node, reason: reason.clone() }
    }
}

impl TryFrom<proto::CreateRevoke> for CreateRevoke {
    type Error = Error;

    fn try_from(message: proto::CreateRevoke) -> Result<Self, Error> {
        const WHAT: &str = "a command to revoke";
        let proto::CreateRevoke { name, member, node, reason } = message;
        let (name, member) = (name_in(WHAT, "name", &name)?, member_in(WHAT, "member", &member)?);
        Ok(Self { name, member, node: node_in(WHAT, &node)?, reason })
    }
}

impl From<&LiftRevoke> for proto::LiftRevoke {
    fn from(command: &LiftRevoke) -> Self {
        let LiftRevoke { name, reason } = command;
        Self { name: name.to_string(), reason: reason.clone() }
    }
}

impl TryFrom<proto::LiftRevoke> for LiftRevoke {
    type Error = Error;

    fn try_from(message: proto::LiftRevoke) -> Result<Self, Error> {
        let proto::LiftRevoke { name, reason } = message;
        Ok(Self { name: name_in("a command to lift a revoke", "name", &name)?, reason })
    }
}

impl From<&SetBreakGlass> for proto::SetBreakGlass {
    fn from(command: &SetBreakGlass) -> Self {
        let SetBreakGlass { organization, member, etag } = command;
        Self { organization: organization.to_string(), member: text_out(member), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::SetBreakGlass> for SetBreakGlass {
    type Error = Error;

    fn try_from(message: proto::SetBreakGlass) -> Result<Self, Error> {
        const WHAT: &str = "a command to name who breaks glass";
        let proto::SetBreakGlass { organization, member, etag } = message;
        let (organization, member) = (name_in(WHAT, "organization", &organization)?, maybe_member_in(WHAT, &member)?);
        Ok(Self { organization, member, etag: etag.map(Revision) })
    }
}
