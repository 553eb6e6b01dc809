//! `atoll.v1.ClusterPolicies`.

use ::access::NodeName;
use api::v1::{
    self, ClusterPolicy, GetClusterPolicyRequest, UpdateClusterPolicyRequest, cluster_policies_server::ClusterPolicies,
    cluster_rule::Says as Said,
};
use domain::{
    Command,
    catalog::{Key, Value},
    cluster_policy::{Rule, Says},
    command::SetClusterPolicy,
    query,
};
use ids::{Log, RequestId, ResourceName, Revision};
use tonic::{Request, Response, Status};

use super::{
    access_policies::policy_etag,
    call::{Answer, WITHIN},
    command::{Write, Writes, write},
    front::Front,
    gate::Admitted,
    input::{name, present},
    read::{rejected, wanted},
    resource::{Resource, timestamp},
    status::Refusal,
};

/// Bytes of a rule beyond its values, at most.
const RULE_BYTES: usize = 128;

#[tonic::async_trait]
impl ClusterPolicies for Front {
    async fn get_cluster_policy(
        &self,
        request: Request<GetClusterPolicyRequest>,
    ) -> Result<Response<ClusterPolicy>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let node = policy_node("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, mut said) = query::cluster_policies(&view.state, &node).map_err(|why| rejected(&why, ""))?;
            let own = said.pop_if(|(_, row)| row.node == node);
            let mut shown = match &own {
                Some((revision, row)) => ClusterPolicy::show(*revision, row),
                None => ClusterPolicy { name: policy_name(&node), ..ClusterPolicy::default() },
            };
            shown.etag = revision.to_string();
            let above = said.iter().filter(|(_, row)| sees(&to, &row.node));
            shown.inherited =
                above.flat_map(|(_, row)| row.rules.iter().map(|rule| rule_out(rule, &row.node))).collect();
            Ok(Answer::new(shown, view.token(), view.age))
        })
        .await
    }

    async fn update_cluster_policy(
        &self,
        request: Request<UpdateClusterPolicyRequest>,
    ) -> Result<Response<ClusterPolicy>, Status> {
        self.write(request).await
    }
}

fn sees(to: &Admitted, node: &ResourceName) -> bool {
    to.sees(&NodeName::from(node.clone()))
}

/// The name of the policy of a node.
pub fn policy_name(node: &ResourceName) -> String {
    format!("{node}/clusterPolicy")
}

pub fn policy_node(field: &str, text: &str) -> Result<ResourceName, Refusal> {
    let wanted = || Refusal::field(field, text, "{organization, folder or project}/clusterPolicy");
    let node: ResourceName = name(field, text.strip_suffix("/clusterPolicy").ok_or_else(wanted)?)?;
    if matches!(node, ResourceName::Cluster(_)) { Err(wanted()) } else { Ok(node) }
}

pub fn rule_out(rule: &Rule, node: &ResourceName) -> v1::ClusterRule {
    let says = match rule.says() {
        Says::Default(_) => Said::Default,
        Says::Require(_) => Said::Require,
        Says::AtLeast(_) => Said::AtLeast,
        Says::AtMost(_) => Said::AtMost,
        Says::OneOf(_) => Said::OneOf,
    };
    let values = rule.says().values().iter().map(ToString::to_string).collect();
    v1::ClusterRule { decision: rule.key().name().to_owned(), says: says.into(), values, node: node.to_string() }
}

fn rule_in(given: &v1::ClusterRule) -> Result<Rule, Refusal> {
    const DECISION: &str = "a decision that can be given, such as pods.privileged";
    const VALUES: &str = "policy.rules.values";
    let known = Key::named(&given.decision).filter(|key| !key.is_computed());
    let key = known.ok_or_else(|| Refusal::field("policy.rules.decision", &given.decision, DECISION))?;
    let read = |text: &String| {
        let wanted = |_| Refusal::field(VALUES, text, format!("of {key}, {}", key.shape()));
        key.shape().read(text).map_err(wanted)
    };
    let values = given.values.iter().map(read).collect::<Result<Vec<Value>, Refusal>>()?;
    let one = |says: fn(Value) -> Says| match values.as_slice() {
        [value] => Ok(says(value.clone())),
        _ => Err(Refusal::field(VALUES, &format!("{} values of {key}", values.len()), "one value")),
    };
    let says = match Said::try_from(given.says) {
        Ok(Said::Default) => one(Says::Default)?,
        Ok(Said::Require) => one(Says::Require)?,
        Ok(Said::AtLeast) => one(Says::AtLeast)?,
        Ok(Said::AtMost) => one(Says::AtMost)?,
        Ok(Said::OneOf) => Says::OneOf(values),
        Ok(Said::Unspecified) | Err(_) => {
            let wanted = "DEFAULT, REQUIRE, AT_LEAST, AT_MOST or ONE_OF";
            return Err(Refusal::field("policy.rules.says", &given.says.to_string(), wanted));
        }
    };
    let impossible = |error: domain::cluster_policy::RuleError| {
        Refusal::field("policy.rules", &format!("{} that {}", error.key, error.says), &error.wanted)
    };
    Rule::new(key, says).map_err(impossible)
}

impl Writes for UpdateClusterPolicyRequest {
    fn write(self) -> Result<Write, Refusal> {
        let policy = present("policy", self.policy)?;
        let node = policy_node("policy.name", &policy.name)?;
        let rules = policy.rules.iter().map(rule_in).collect::<Result<_, Refusal>>()?;
        let command = SetClusterPolicy { node, rules, etag: policy_etag("policy.etag", &policy.etag)? };
        write(command, &self.request_id, self.validate_only)
    }
}

impl Resource for ClusterPolicy {
    type Row = domain::ClusterPolicy;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: policy_name(&row.node),
            rules: row.rules.iter().map(|rule| rule_out(rule, &row.node)).collect(),
            inherited: Vec::new(),
            author: row.author.clone(),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::SetClusterPolicy(set) = command {
            self.name = policy_name(&set.node);
            self.rules = set.rules.iter().map(|rule| rule_out(rule, &set.node)).collect();
        }
    }

    fn size(&self) -> (&str, usize) {
        let values = |rule: &v1::ClusterRule| rule.values.iter().map(String::len).sum::<usize>() + rule.node.len();
        let rules = self.rules.iter().chain(&self.inherited);
        (&self.name, self.author.len() + rules.map(|rule| RULE_BYTES + values(rule)).sum::<usize>())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
