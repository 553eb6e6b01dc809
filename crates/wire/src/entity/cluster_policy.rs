//! What organizations say about decisions, to messages and back.

use domain::{
    ClusterPolicy,
    catalog::{Key, Value},
    cluster_policy::{Rule, Says},
};
use ids::Hlc;

use super::uid_out;
use crate::{
    Error,
    field::{name_in, uid_in},
    proto::{self, cluster_rule::Says as Said},
};

const POLICY: &str = "a cluster policy";

impl From<&ClusterPolicy> for proto::ClusterPolicy {
    fn from(row: &ClusterPolicy) -> Self {
        let ClusterPolicy { node, node_uid, rules, author, update_time } = row;
        Self {
            node: node.to_string(),
            node_uid: uid_out(node_uid),
            rules: rules_out(rules),
            author: author.clone(),
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::ClusterPolicy> for ClusterPolicy {
    type Error = Error;

    fn try_from(message: proto::ClusterPolicy) -> Result<Self, Error> {
        let proto::ClusterPolicy { node, node_uid, rules, author, update_time } = message;
        Ok(Self {
            node: name_in(POLICY, "node", &node)?,
            node_uid: uid_in(POLICY, &node_uid)?,
            rules: rules_in(POLICY, rules)?,
            author,
            update_time: Hlc(update_time),
        })
    }
}

pub fn rules_out(rules: &[Rule]) -> Vec<proto::ClusterRule> {
    let out = |rule: &Rule| {
        let says = match rule.says() {
            Says::Default(_) => Said::Default,
            Says::Require(_) => Said::Require,
            Says::AtLeast(_) => Said::AtLeast,
            Says::AtMost(_) => Said::AtMost,
            Says::OneOf(_) => Said::OneOf,
        };
        let values = rule.says().values().iter().map(ToString::to_string).collect();
        proto::ClusterRule { decision: rule.key().name().to_owned(), says: says.into(), values }
    };
    rules.iter().map(out).collect()
}

pub fn rules_in(what: &'static str, rules: Vec<proto::ClusterRule>) -> Result<Vec<Rule>, Error> {
    rules.into_iter().map(|rule| rule_in(what, rule)).collect()
}

fn rule_in(what: &'static str, message: proto::ClusterRule) -> Result<Rule, Error> {
    let proto::ClusterRule { decision, says, values } = message;
    let wrong = |field: &'static str, value: &str, wanted: &'static str| Error::field(what, field, value, wanted);
    let key = Key::named(&decision).ok_or_else(|| wrong("rules.decision", &decision, "a decision"))?;
    let read =
        |text: &String| key.shape().read(text).map_err(|_| wrong("rules.values", text, "a value of the decision"));
    let mut values = values.iter().map(read).collect::<Result<Vec<Value>, Error>>()?;
    let said = Said::try_from(says).map_err(|_| wrong("rules.says", &says.to_string(), "one of the ways to say it"))?;
    let count = values.len();
    let mut one = || match values.pop() {
        Some(value) if count == 1 => Ok(value),
        _ => Err(wrong("rules.values", &count.to_string(), "one value")),
    };
    let says = match said {
        Said::Default => Says::Default(one()?),
        Said::Require => Says::Require(one()?),
        Said::AtLeast => Says::AtLeast(one()?),
        Said::AtMost => Says::AtMost(one()?),
        Said::OneOf => Says::OneOf(values),
        Said::Unspecified => return Err(wrong("rules.says", "0", "one of the ways to say it")),
    };
    Rule::new(key, says).map_err(|error| wrong("rules", &error.to_string(), "a rule that the decision can have"))
}
