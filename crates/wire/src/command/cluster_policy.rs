//! The command about what organizations say of decisions, to a message and back. Both directions take every field by name, so that a new one
//! does not compile until it is converted.

use domain::command::SetClusterPolicy;
use ids::Revision;

use crate::{
    Error,
    entity::{rules_in, rules_out},
    field::{etag_out, name_in},
    proto,
};

const WHAT: &str = "the writing of a cluster policy";

impl From<&SetClusterPolicy> for proto::SetClusterPolicy {
    fn from(command: &SetClusterPolicy) -> Self {
        let SetClusterPolicy { node, rules, etag } = command;
        Self { node: node.to_string(), rules: rules_out(rules), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::SetClusterPolicy> for SetClusterPolicy {
    type Error = Error;

    fn try_from(message: proto::SetClusterPolicy) -> Result<Self, Error> {
        let proto::SetClusterPolicy { node, rules, etag } = message;
        Ok(Self { node: name_in(WHAT, "node", &node)?, rules: rules_in(WHAT, rules)?, etag: etag.map(Revision) })
    }
}
