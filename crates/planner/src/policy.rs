//! What an organization says about decisions, at the nodes of its tree.
//!
//! A rule sets a value for clusters below its node, or limits which values there may be. A node above beats a node
//! below: what is limited above stays limited, and a rule below that leaves nothing possible is overruled. Among values
//! that are merely set, the nearest node's holds.

use std::fmt;

use domain::catalog::{Key, Shape, Value};
use ids::{Position, ResourceName};

use crate::Source;

/// The rules that one node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub node: ResourceName,
    /// Where in the log it was set.
    pub position: Position,
    pub rules: Vec<Rule>,
}

/// What is said about one decision. It is of the decision's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    key: Key,
    says: Says,
}

/// The ways to say something about a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// This instead of the type's value. Nodes below and requests may say otherwise.
    Default(Value),
    /// This and nothing else.
    Require(Value),
    /// For numbers.
    AtLeast(Value),
    /// For numbers.
    AtMost(Value),
    /// One of these; the first where the value is none of them.
    OneOf(Vec<Value>),
}

/// A rule that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("made a rule for {key} that {says}: wanted {wanted}")]
pub struct RuleError {
    pub key: Key,
    pub says: String,
    pub wanted: String,
}

impl Rule {
    /// # Errors
    /// [`RuleError`] when the decision is computed, or a value is not one that it can have.
    pub fn new(key: Key, says: Says) -> Result<Self, RuleError> {
        let shape = key.shape();
        let fits = match &says {
            Says::Default(value) | Says::Require(value) => shape.accepts(value),
            Says::AtLeast(value) | Says::AtMost(value) => shape.accepts(value) && matches!(shape, Shape::Number { .. }),
            Says::OneOf(values) => !values.is_empty() && values.iter().all(|value| shape.accepts(value)),
        };
        if fits {
            return Ok(Self { key, says });
        }
        Err(RuleError { key, says: says.to_string(), wanted: format!("{shape}, and limits only where it is a number") })
    }
}

impl Says {
    pub(crate) fn allows(&self, value: &Value) -> bool {
        match self {
            Self::Default(_) => true,
            Self::Require(wanted) => wanted == value,
            Self::AtLeast(bound) => bound.number() <= value.number(),
            Self::AtMost(bound) => bound.number() >= value.number(),
            Self::OneOf(values) => values.contains(value),
        }
    }

    /// Values that it allows, the one to be taken first where the present one is not allowed.
    fn candidates(&self) -> &[Value] {
        match self {
            Self::Default(_) => &[],
            Self::Require(value) | Self::AtLeast(value) | Self::AtMost(value) => std::slice::from_ref(value),
            Self::OneOf(values) => values,
        }
    }

    /// The values that it speaks of, for people.
    pub(crate) fn allowed(&self) -> String {
        match self {
            Self::Default(value) | Self::Require(value) => value.to_string(),
            Self::AtLeast(value) => format!("at least {value}"),
            Self::AtMost(value) => format!("at most {value}"),
            Self::OneOf(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Whether the value is spoken of as a possible one.
    pub(crate) fn mentions(&self, value: &Value) -> bool {
        matches!(self, Self::Default(given) if given == value) || self.candidates().contains(value)
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default(_) => write!(f, "sets {}", self.allowed()),
            Self::Require(_) => write!(f, "requires {}", self.allowed()),
            Self::AtLeast(_) | Self::AtMost(_) | Self::OneOf(_) => write!(f, "allows {}", self.allowed()),
        }
    }
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
        let about = rules.filter(|(_, rule)| rule.key == key);
        let source = |policy: &Policy| Source::Policy { node: policy.node.clone(), position: policy.position.clone() };
        let all: Vec<_> = about.map(|(policy, rule)| (source(policy), &rule.says)).collect();
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
