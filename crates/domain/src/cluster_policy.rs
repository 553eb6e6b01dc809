//! What an organization says about the decisions of its clusters, at the nodes of its tree: rows, and decisions about them.
//!
//! A policy is all rules of one node, written as a whole. It is of the node that had the name when it was written, by its uid: whoever makes
//! another one of the name begins without rules. What rules come to is found out where a cluster is decided, so a change reaches the clusters
//! that are there too, as far as what it is about can change.

use std::fmt;

use ids::{
    ContainerName, RequestId, ResourceName, Revision, Subject,
    limits::{CLUSTER_RULES_MAX, FOLDER_DEPTH_MAX},
};

use crate::{
    ClusterPolicy, Context, FactKind, Folder, Organization, Project, Rejection, Txn, View, ViewError,
    catalog::{Key, Shape, Value},
    check,
    command::SetClusterPolicy,
    policy,
};

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

    pub fn key(&self) -> Key {
        self.key
    }

    pub fn says(&self) -> &Says {
        &self.says
    }
}

impl Says {
    pub fn allows(&self, value: &Value) -> bool {
        match self {
            Self::Default(_) => true,
            Self::Require(wanted) => wanted == value,
            Self::AtLeast(bound) => bound.number() <= value.number(),
            Self::AtMost(bound) => bound.number() >= value.number(),
            Self::OneOf(values) => values.contains(value),
        }
    }

    /// Values that it allows, the one to be taken first where the present one is not allowed.
    pub fn candidates(&self) -> &[Value] {
        match self {
            Self::Default(_) => &[],
            Self::Require(value) | Self::AtLeast(value) | Self::AtMost(value) => std::slice::from_ref(value),
            Self::OneOf(values) => values,
        }
    }

    /// The values that it speaks of.
    pub fn values(&self) -> &[Value] {
        if let Self::Default(value) = self { std::slice::from_ref(value) } else { self.candidates() }
    }

    /// The values that it speaks of, for people.
    pub fn allowed(&self) -> String {
        match self {
            Self::Default(value) | Self::Require(value) => value.to_string(),
            Self::AtLeast(value) => format!("at least {value}"),
            Self::AtMost(value) => format!("at most {value}"),
            Self::OneOf(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Whether the value is spoken of as a possible one.
    pub fn mentions(&self, value: &Value) -> bool {
        self.values().contains(value)
    }

    /// Its place among the rules of one decision: what is set first, then what limits.
    fn place(&self) -> u8 {
        match self {
            Self::Default(_) => 0,
            Self::Require(_) => 1,
            Self::AtLeast(_) => 2,
            Self::AtMost(_) => 3,
            Self::OneOf(_) => 4,
        }
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

/// The row of a node's policy.
pub fn subject(node: &ResourceName) -> Subject {
    Subject::set_of(node, "cluster-policy")
}

pub(crate) fn set(txn: &mut Txn<'_>, command: &SetClusterPolicy, ctx: &Context<'_>) -> Result<(), Rejection> {
    let SetClusterPolicy { node, rules, etag } = command;
    let subject = subject(node);
    if matches!(node, ResourceName::Cluster(_)) {
        let wanted = "an organization, a folder or a project".to_owned();
        return Err(check::invalid("node", &node.to_string(), wanted));
    }
    let uid = policy::check_node(txn, &node.clone().into())?;
    let had = txn.get::<ClusterPolicy>(&subject)?;
    let current = had.as_ref().map_or(Revision::ABSENT, |(revision, _)| *revision);
    if let Some(given) = etag.filter(|given| *given != current) {
        return Err(Rejection::EtagMismatch { subject, given, current });
    }
    let had = had.map(|(_, row)| row).filter(|row| row.node_uid == uid);
    let rules = sorted(rules)?;
    if had.map_or(Vec::new(), |row| row.rules) == rules {
        return Err(Rejection::PolicyUnchanged { subject });
    }
    let (author, update_time) = (ctx.actor.to_owned(), ctx.now);
    let row = ClusterPolicy { node: node.clone(), node_uid: uid, rules, author, update_time };
    txn.write(FactKind::ClusterPolicySet, subject, Some(row.into()))
}

/// By decision. Of each decision, a node says each thing once.
fn sorted(rules: &[Rule]) -> Result<Vec<Rule>, Rejection> {
    if rules.len() > CLUSTER_RULES_MAX {
        let wanted = format!("{CLUSTER_RULES_MAX} at most");
        return Err(check::invalid("rules", &format!("{} rules", rules.len()), wanted));
    }
    let mut rules = rules.to_vec();
    let place = |rule: &Rule| (rule.key, rule.says.place());
    rules.sort_by_key(place);
    if let Some([one, _]) = rules.array_windows().find(|[one, other]| place(one) == place(other)) {
        let wanted = "each decision set, required, or bounded once from each side".to_owned();
        return Err(check::invalid("rules", one.key.name(), wanted));
    }
    Ok(rules)
}

/// What is said about the clusters below a node: by the organization, by each folder on the way, and by the node itself, in this order, with the
/// revisions of the rows. Without guards: clusters are of another log than this.
///
/// # Errors
/// [`ViewError`] when a row cannot be read.
pub fn said_at(view: &dyn View, node: &ResourceName) -> Result<Vec<(Revision, ClusterPolicy)>, ViewError> {
    let (mut found, mut next) = (Vec::new(), Some(node.clone()));
    // Rows that name each other as parents can only come from a defect.
    for _ in 0..FOLDER_DEPTH_MAX + 3 {
        let Some(node) = next else { break };
        let Some((uid, above)) = look(view, &node)? else { break };
        let row = view.row::<ClusterPolicy>(&subject(&node))?;
        found.extend(row.filter(|(_, row)| row.node_uid == uid && !row.rules.is_empty()));
        next = above.map(ResourceName::from);
    }
    found.reverse();
    Ok(found)
}

/// The uid of a node, and what it is in.
fn look(view: &dyn View, node: &ResourceName) -> Result<Option<(RequestId, Option<ContainerName>)>, ViewError> {
    let subject = Subject::resource(node);
    Ok(match node {
        ResourceName::Organization(_) => view.row::<Organization>(&subject)?.map(|(_, row)| (row.uid, None)),
        ResourceName::Folder(_) => view.row::<Folder>(&subject)?.map(|(_, row)| (row.uid, Some(row.parent))),
        ResourceName::Project(_) => view.row::<Project>(&subject)?.map(|(_, row)| (row.uid, Some(row.parent))),
        ResourceName::Cluster(_) => None,
    })
}
