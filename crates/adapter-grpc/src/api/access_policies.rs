//! `atoll.v1.AccessPolicies`.

use ::access::{Member, NodeName, RoleName};
use api::v1::{
    self, AccessPolicy, GetAccessPolicyRequest, ModifyBindingsRequest, UpdateAccessPolicyRequest,
    access_policies_server::AccessPolicies,
};
use domain::{
    Command, View, ViewError,
    command::{ChangePolicy, Given, Take},
    query,
};
use ids::{Hlc, Log, RequestId, Revision};
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN},
    command::{Write, Writes, write},
    front::Front,
    gate::Admitted,
    input::{etag, name, present},
    read::{rejected, wanted},
    resource::{Resource, timestamp},
    status::Refusal,
};

/// Bytes of a binding beyond its role, member, node and author, at most.
const BINDING_BYTES: usize = 64;

#[tonic::async_trait]
impl AccessPolicies for Front {
    async fn get_access_policy(
        &self,
        request: Request<GetAccessPolicyRequest>,
    ) -> Result<Response<AccessPolicy>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let node = policy_node("name", &request.name)?;
            let view = call.read(&log_of(&node), &wanted(request.read)?).await?;
            let bound = query::access_policy(&view.state, &node).map_err(|why| rejected(&why, ""))?;
            let mut shown = AccessPolicy { name: policy_name(&node), ..AccessPolicy::default() };
            if let Some(row) = &bound.row {
                shown = AccessPolicy::show(bound.revision, row);
            }
            shown.bindings = bound.bindings.iter().map(binding).collect();
            shown.etag = bound.revision.0.to_string();
            shown.inherited = call.inherited(&node, &to);
            Ok(Answer::new(shown, view.token(), view.age))
        })
        .await
    }

    async fn update_access_policy(
        &self,
        request: Request<UpdateAccessPolicyRequest>,
    ) -> Result<Response<AccessPolicy>, Status> {
        self.write(request).await
    }

    async fn modify_bindings(&self, request: Request<ModifyBindingsRequest>) -> Result<Response<AccessPolicy>, Status> {
        self.write(request).await
    }
}

impl Call {
    /// What is bound above a node, as it is known here and as far as the caller sees it.
    fn inherited(&self, node: &NodeName, to: &Admitted) -> Vec<v1::Binding> {
        let arena = self.opened.region.access(&node.organization());
        let inherited = arena.and_then(|arena| arena.policy(node)).map(|policy| policy.inherited).unwrap_or_default();
        let seen = inherited.into_iter().filter(|(binding, _)| to.sees_policy(&binding.node));
        let each = seen.flat_map(|(binding, record)| {
            let ::access::Binding { node, role, members, from, until, .. } = binding;
            members.into_iter().map(move |member| v1::Binding {
                role: role.to_string(),
                member: member.to_string(),
                start_time: from.and_then(timestamp),
                end_time: until.and_then(timestamp),
                node: node.to_string(),
                author: record.author.to_string(),
                update_time: timestamp(record.time),
            })
        });
        each.collect()
    }
}

/// The log that decides what is bound on a node.
pub fn log_of(node: &NodeName) -> Log {
    match node {
        NodeName::Organization(_) | NodeName::Folder(_) | NodeName::Project(_) => Log::Global,
        NodeName::Cluster(name) => Log::Region(name.location.clone()),
        NodeName::Namespace(name) => Log::Region(name.cluster.location.clone()),
    }
}

/// The name of the policy of a node.
pub fn policy_name(node: &NodeName) -> String {
    format!("{node}/accessPolicy")
}

pub fn policy_node(field: &str, text: &str) -> Result<NodeName, Refusal> {
    let wanted = || Refusal::field(field, text, "{node}/accessPolicy");
    name(field, text.strip_suffix("/accessPolicy").ok_or_else(wanted)?)
}

pub fn binding(row: &domain::Binding) -> v1::Binding {
    v1::Binding {
        role: row.role.to_string(),
        member: row.member.to_string(),
        start_time: row.from.and_then(timestamp),
        end_time: row.until.and_then(timestamp),
        node: row.node.to_string(),
        author: row.author.clone(),
        update_time: timestamp(row.update_time),
    }
}

pub fn role(field: &str, text: &str) -> Result<RoleName, Refusal> {
    text.parse().map_err(|_| Refusal::field(field, text, "a predefined role such as cluster.edit, or custom/{role}"))
}

pub fn member(field: &str, text: &str) -> Result<Member, Refusal> {
    const WANTED: &str = "user:{id}, serviceAccount:{id} or group:{id}, an id of 1 to 255 printable ASCII characters without spaces and quotes";
    text.parse().map_err(|_| Refusal::field(field, text, WANTED))
}

/// A time to the millisecond, which is what the logs keep.
pub fn time(field: &str, given: &Timestamp) -> Result<Hlc, Refusal> {
    let nanos = u64::try_from(given.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let ms = u64::try_from(given.seconds).ok().zip(nanos.map(|nanos| nanos / 1_000_000));
    let ms = ms.and_then(|(seconds, ms)| seconds.checked_mul(1000)?.checked_add(ms)).filter(|ms| *ms <= LAST_MS);
    ms.map(Hlc::at_unix_ms).ok_or_else(|| {
        Refusal::field(field, &format!("{} s {} ns", given.seconds, given.nanos), "a time from 1970 to the end of 9999")
    })
}

/// The end of 9999.
const LAST_MS: u64 = 253_402_300_799_999;

fn given(field: &str, binding: &v1::Binding) -> Result<Given, Refusal> {
    let at = |name: &str, time_of: &Option<Timestamp>| {
        time_of.as_ref().map(|given| time(&format!("{field}.{name}"), given)).transpose()
    };
    Ok(Given {
        role: role(&format!("{field}.role"), &binding.role)?,
        member: member(&format!("{field}.member"), &binding.member)?,
        from: at("start_time", &binding.start_time)?,
        until: at("end_time", &binding.end_time)?,
    })
}

/// As [`etag`]; `0` is that of a policy under which nothing ever was bound.
pub fn policy_etag(field: &str, text: &str) -> Result<Option<Revision>, Refusal> {
    if text == "0" { Ok(Some(Revision::ABSENT)) } else { etag(field, text) }
}

impl Writes for UpdateAccessPolicyRequest {
    fn write(self) -> Result<Write, Refusal> {
        let policy = present("policy", self.policy)?;
        let give = policy.bindings.iter().map(|binding| given("policy.bindings", binding));
        let change = ChangePolicy {
            node: policy_node("policy.name", &policy.name)?,
            give: give.collect::<Result<_, _>>()?,
            take: Take::AllElse,
            etag: policy_etag("policy.etag", &policy.etag)?,
        };
        write(change, &self.request_id, self.validate_only)
    }
}

impl Writes for ModifyBindingsRequest {
    fn write(self) -> Result<Write, Refusal> {
        let taken =
            |binding: &v1::Binding| Ok((role("take.role", &binding.role)?, member("take.member", &binding.member)?));
        let change = ChangePolicy {
            node: policy_node("name", &self.name)?,
            give: self.give.iter().map(|binding| given("give", binding)).collect::<Result<_, _>>()?,
            take: Take::These(self.take.iter().map(taken).collect::<Result<_, Refusal>>()?),
            etag: policy_etag("etag", &self.etag)?,
        };
        write(change, &self.request_id, self.validate_only)
    }
}

impl Resource for AccessPolicy {
    type Row = domain::AccessPolicy;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: policy_name(&row.node),
            update_time: timestamp(row.update_time),
            author: row.author.clone(),
            etag: revision.to_string(),
            ..Self::default()
        }
    }

    fn look(&mut self, row: &Self::Row, view: &dyn View) -> Result<(), ViewError> {
        self.bindings = query::bindings(view, &row.node, row.node_uid)?.iter().map(binding).collect();
        Ok(())
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        let Command::ChangePolicy(change) = command else { return };
        self.name = policy_name(&change.node);
        let has = |binding: &v1::Binding, role: &RoleName, member: &Member| {
            binding.role == role.to_string() && binding.member == member.to_string()
        };
        match &change.take {
            Take::AllElse => self.bindings.clear(),
            Take::These(these) => {
                self.bindings.retain(|binding| !these.iter().any(|(role, member)| has(binding, role, member)));
            }
        }
        for given in &change.give {
            self.bindings.retain(|binding| !has(binding, &given.role, &given.member));
            self.bindings.push(v1::Binding {
                role: given.role.to_string(),
                member: given.member.to_string(),
                start_time: given.from.and_then(timestamp),
                end_time: given.until.and_then(timestamp),
                node: change.node.to_string(),
                ..v1::Binding::default()
            });
        }
        self.bindings.sort_by(|one, other| (&one.role, &one.member).cmp(&(&other.role, &other.member)));
    }

    fn size(&self) -> (&str, usize) {
        let bytes = |binding: &v1::Binding| {
            binding.role.len() + binding.member.len() + binding.node.len() + binding.author.len() + BINDING_BYTES
        };
        (&self.name, self.bindings.iter().map(bytes).sum())
    }

    fn version(&mut self) -> (&mut String, &mut Option<Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
