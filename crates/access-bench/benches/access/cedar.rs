//! The same tree, groups, bindings and revokes for `cedar-policy`: nodes, members and actions are entities with their parents, each binding is
//! a `permit` and each revoke a `forbid`.
//!
//! It evaluates every policy that it is given. So it is asked in two ways: with all of them, and with those only that are set on the node or
//! above it, as somebody would who keeps an index beside it; finding these is not counted.

use std::collections::BTreeMap;

use access::{Arena, Binding, Change, NodeName, ROLES, Revoke, Right};
use cedar_policy::{Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request};

use crate::world::{NOW, Question, World};

pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    all: PolicySet,
    on: BTreeMap<NodeName, Vec<Policy>>,
}

fn uid(kind: &str, id: &impl ToString) -> EntityUid {
    format!("{kind}::{:?}", id.to_string()).parse().unwrap()
}

impl Cedar {
    pub fn new(world: &World) -> Self {
        let (mut all, mut on) = (PolicySet::new(), BTreeMap::<NodeName, Vec<Policy>>::new());
        let mut parents: BTreeMap<EntityUid, Vec<EntityUid>> = BTreeMap::new();
        for right in Right::ALL {
            let roles = ROLES.iter().filter(|role| role.rights().contains(*right));
            parents.insert(uid("Action", right), roles.map(|role| uid("Action", &role.name)).collect());
        }
        for (number, change) in world.changes.iter().enumerate() {
            let (node, policy) = match change {
                Change::Place(place) => {
                    let above = place.parent().map(|parent| uid("Node", &parent));
                    parents.entry(uid("Node", &place.node())).or_default().extend(above);
                    continue;
                }
                Change::Group(group) => {
                    for member in &group.members {
                        parents.entry(uid("Member", member)).or_default().push(uid("Member", &group.name));
                    }
                    continue;
                }
                Change::Bind(binding) => (&binding.node, permit(number, binding)),
                Change::Revoke(revoke) => (revoke.node.as_ref().unwrap_or(&world.root), forbid(number, revoke)),
                _ => continue,
            };
            all.add(policy.clone()).unwrap();
            on.entry(node.clone()).or_default().push(policy);
        }
        let entities =
            parents.into_iter().map(|(uid, parents)| Entity::new_no_attrs(uid, parents.into_iter().collect()));
        let entities = Entities::from_entities(entities, None).unwrap();
        Self { authorizer: Authorizer::new(), entities, all, on }
    }

    pub fn request(&self, Question { member, right, node }: &Question) -> Request {
        let context =
            Context::from_pairs([("now".to_owned(), cedar_policy::RestrictedExpression::new_long(time(NOW.0)))]);
        Request::new(uid("Member", member), uid("Action", right), uid("Node", node), context.unwrap(), None).unwrap()
    }

    pub fn policies(&self) -> &PolicySet {
        &self.all
    }

    pub fn policies_above(&self, arena: &Arena, question: &Question) -> PolicySet {
        let way = arena.way(&question.node).unwrap_or_default();
        PolicySet::from_policies(way.iter().filter_map(|node| self.on.get(node)).flatten().cloned()).unwrap()
    }

    pub fn ask(&self, request: &Request, policies: &PolicySet) -> bool {
        self.authorizer.is_authorized(request, policies, &self.entities).decision() == Decision::Allow
    }
}

fn time(hlc: u64) -> i64 {
    i64::try_from(hlc).unwrap()
}

fn permit(number: usize, binding: &Binding) -> Policy {
    let member = binding.members.first().unwrap();
    let until = binding.until.map(|until| format!(" when {{ context.now < {} }}", time(until.0))).unwrap_or_default();
    let (member, role, node) = (uid("Member", member), uid("Action", &binding.role), uid("Node", &binding.node));
    policy(number, &format!("permit(principal in {member}, action in {role}, resource in {node}){until};"))
}

fn forbid(number: usize, revoke: &Revoke) -> Policy {
    let node = revoke.node.as_ref().map_or_else(String::new, |node| format!(" in {}", uid("Node", node)));
    policy(number, &format!("forbid(principal in {}, action, resource{node});", uid("Member", &revoke.member)))
}

fn policy(number: usize, text: &str) -> Policy {
    Policy::parse(Some(PolicyId::new(number.to_string())), text).unwrap()
}
