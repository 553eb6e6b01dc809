//! What an organization says about decisions, at the nodes of its tree.
//!
//! A rule sets a value for clusters below its node, or limits which values there may be. A node above beats a node
//! below: what is limited above stays limited, and a rule below that leaves nothing possible is overruled. Among values
//! that are merely set, the nearest node's holds.

use domain::{
    catalog::{Key, Value},
    cluster_policy::{Rule, Says},
};
use ids::{ResourceName, Revision};

use crate::Source;

/// The rules that one node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub node: ResourceName,
    /// Of its row in the global log.
    pub revision: Revision,
    pub rules: Vec<Rule>,
}

/// Rules of all nodes about one decision, and what they make of the type's value.
pub(crate) struct Ruling<'a> {
    /// Every rule about it, whether it changed anything or not.
    pub all: Vec<(Source, &'a Says)>,
    /// Places in `all` of the limits that hold.
    holding: Vec<usize>,
    pub value: Value,
    /// Place in `all` of the rule that the value is from; `None` for the type's.
    pub by: Option<usize>,
}

impl<'a> Ruling<'a> {
    pub fn of(policies: &'a [Policy], key: Key, given: &Value) -> Self {
        let rules = policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
        let about = rules.filter(|(_, rule)| rule.key() == key);
        let source = |policy: &Policy| Source::Policy { node: policy.node.clone(), revision: policy.revision };
        let all: Vec<_> = about.map(|(policy, rule)| (source(policy), rule.says())).collect();
        let mut ruling = Self { all, holding: Vec::new(), value: given.clone(), by: None };
        ruling.set();
        ruling.limit();
        ruling
    }

    fn set(&mut self) {
        let set = self.all.iter().enumerate().rev().find_map(|(place, (_, says))| match says {
            Says::Default(value) => Some((place, value)),
            _ => None,
        });
        if let Some((place, value)) = set {
            self.value = value.clone();
            self.by = Some(place);
        }
    }

    fn limit(&mut self) {
        for (place, (_, says)) in self.all.iter().enumerate() {
            if matches!(says, Says::Default(_)) {
                continue;
            }
            if says.allows(&self.value) {
                self.holding.push(place);
            } else if let Some(value) = says.candidates().iter().find(|value| self.broken(value).is_none()) {
                self.value = value.clone();
                self.by = Some(place);
                self.holding.push(place);
            }
        }
    }

    /// The first limit that holds and does not allow the value.
    pub fn broken(&self, value: &Value) -> Option<&(Source, &'a Says)> {
        self.holding.iter().filter_map(|place| self.all.get(*place)).find(|(_, says)| !says.allows(value))
    }

    /// The limits that hold.
    pub fn limits(&self) -> impl Iterator<Item = &(Source, &'a Says)> {
        self.holding.iter().filter_map(|place| self.all.get(*place))
    }
}
