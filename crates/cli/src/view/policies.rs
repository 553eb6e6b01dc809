//! Cluster policies.

use client::v1::{ClusterPolicy, ClusterRule, cluster_rule::Says};
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, age, json::Object};

impl Resource for ClusterPolicy {
    const NOUN: &'static str = "cluster policy";
    const HEADERS: &'static [&'static str] = &["NAME", "RULES", "CHANGED", "BY"];
    const WIDE: &'static [&'static str] = &["ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let rule = |rule: &ClusterRule| {
            let says = rule.says().as_str_name().trim_start_matches("SAYS_");
            let fields = Object::default().text("decision", &rule.decision).text("says", says);
            fields.texts("values", &rule.values).text("node", &rule.node).done()
        };
        let rules = |rules: &[ClusterRule]| rules.iter().map(rule).collect::<Vec<Value>>();
        Object::default()
            .text("name", &self.name)
            .value("rules", Value::from(rules(&self.rules)))
            .value("inherited", Value::from(rules(&self.inherited)))
            .text("author", &self.author)
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let rules = self.rules.len().to_string();
        vec![self.name.clone(), rules, age(self.update_time.as_ref(), now), self.author.clone()]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone()]
    }
}

/// What a rule says of its decision, in words.
pub fn written(rule: &ClusterRule) -> String {
    let values = rule.values.join(" or ");
    match rule.says() {
        Says::Default | Says::Unspecified => format!("set to {values}"),
        Says::Require => format!("must be {values}"),
        Says::OneOf => format!("one of {values}"),
        Says::AtLeast => format!("at least {values}"),
        Says::AtMost => format!("at most {values}"),
    }
}
