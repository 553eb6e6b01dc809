//! Explanations as messages.

use ::access::{Cited, Decision, Denial, Explanation, Grounds, Record, Why};
use api::v1::{self, ExplainAccessResponse, RecordCited};

use crate::api::{resource::timestamp, roles::kinds_out};

pub fn explained(explanation: Explanation) -> ExplainAccessResponse {
    let denial = match explanation.decision() {
        Decision::Allowed => v1::explain_access_response::Denial::Unspecified,
        Decision::Denied(Denial::NotGranted) => v1::explain_access_response::Denial::NotGranted,
        Decision::Denied(Denial::Revoked) => v1::explain_access_response::Denial::Revoked,
        Decision::Denied(Denial::NotFound) => v1::explain_access_response::Denial::NodeNotFound,
        Decision::Denied(Denial::NotAsked) => v1::explain_access_response::Denial::NotAsked,
    };
    let mut shown = ExplainAccessResponse {
        allowed: explanation.decision().is_allowed(),
        denial: denial.into(),
        ..ExplainAccessResponse::default()
    };
    match explanation.why {
        Why::Allowed(grounds) => {
            shown.binding = grounds.what.as_ref().and_then(binding);
            shown.record = grounds.what.as_ref().map(|cited| record(&cited.record));
            shown.role_record = grounds.role.as_ref().and_then(|(_, says)| says.as_ref()).map(record);
            steps(&mut shown, grounds);
        }
        Why::Revoked(grounds) => {
            shown.revoke = grounds.what.as_ref().map(|cited| v1::RevokeCited {
                member: cited.value.member.to_string(),
                node: cited.value.node.as_ref().map(ToString::to_string).unwrap_or_default(),
                reason: cited.value.reason.to_string(),
            });
            shown.record = grounds.what.as_ref().map(|cited| record(&cited.record));
            steps(&mut shown, grounds);
        }
        Why::NotGranted { would } => {
            let would = would
                .into_iter()
                .map(|would| v1::RoleThatWould { role: would.role.to_string(), bound_at: kinds_out(would.bound_at) });
            shown.roles = would.collect();
        }
        Why::NotFound | Why::NotAsked => {}
    }
    shown
}

/// From the member to whom it names, and down to the node.
fn steps<T>(shown: &mut ExplainAccessResponse, grounds: Grounds<T>) {
    let group = |of: ::access::Membership| v1::MembershipCited {
        group: of.group.to_string(),
        record: of.record.as_ref().map(record),
    };
    shown.groups = grounds.groups.into_iter().map(group).collect();
    let node = |of: ::access::Placed| v1::NodeCited { node: of.node.to_string(), record: Some(record(&of.record)) };
    shown.path = grounds.path.into_iter().flatten().map(node).collect();
}

/// As its record has it: of one member.
fn binding(cited: &Cited<::access::Binding>) -> Option<v1::Binding> {
    let ::access::Binding { node, role, members, from, until, .. } = &cited.value;
    Some(v1::Binding {
        role: role.to_string(),
        member: members.first()?.to_string(),
        start_time: from.and_then(timestamp),
        end_time: until.and_then(timestamp),
        node: node.to_string(),
        author: cited.record.author.to_string(),
        update_time: timestamp(cited.record.time),
    })
}

fn record(of: &Record) -> RecordCited {
    RecordCited {
        log: of.position.log.to_string(),
        incarnation: of.position.incarnation.0,
        seq: of.position.seq.0,
        time: timestamp(of.time),
        author: of.author.to_string(),
    }
}
