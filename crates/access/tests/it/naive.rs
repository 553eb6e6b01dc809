//! What access means, written down as simply as possible: maps of what is on record, and a recomputation of everything for each question.

use std::collections::{BTreeMap, BTreeSet};

use access::{Binding, Change, CustomRole, Kinds, Member, NodeName, ROLES, Revoke, RevokeId, Rights, RoleName};
use ids::{Hlc, Label, Seq};

#[derive(Clone, Debug, Default)]
pub struct Naive {
    parents: BTreeMap<NodeName, Option<NodeName>>,
    bindings: BTreeMap<(NodeName, Label), Binding>,
    groups: BTreeMap<Member, BTreeSet<Member>>,
    roles: BTreeMap<Label, CustomRole>,
    revokes: BTreeMap<RevokeId, Revoke>,
    lifted: BTreeSet<RevokeId>,
    break_glass: Option<(Member, Seq)>,
}

/// Rights that somebody has somewhere; none are left out.
pub type Everything = BTreeMap<(Member, NodeName), Rights>;

impl Naive {
    /// `false`: it makes no sense, and nothing changed.
    pub fn apply(&mut self, change: &Change, at: Seq) -> bool {
        let mut next = self.clone();
        match change.clone() {
            Change::Place(place) => _ = next.parents.insert(place.node(), place.parent()),
            Change::Remove(node) => {
                next.parents.remove(&node);
                next.bindings.retain(|(on, _), _| *on != node);
            }
            Change::Bind(binding) => {
                _ = next.bindings.insert((binding.node.clone(), binding.id.clone()), binding);
            }
            Change::Unbind { node, id } => _ = next.bindings.remove(&(node, id)),
            Change::Group(group) => _ = next.groups.insert(group.name, group.members),
            Change::Ungroup(name) => _ = next.groups.remove(&name),
            Change::Role(role) => _ = next.roles.insert(role.name.clone(), role),
            Change::Unrole(name) => _ = next.roles.remove(&name),
            Change::Revoke(revoke) => _ = next.revokes.insert(revoke.id.clone(), revoke),
            Change::Lift(id) => _ = next.lifted.insert(id),
            Change::BreakGlass(Some(member)) if member.is_group() => return false,
            Change::BreakGlass(member) => {
                let since =
                    next.break_glass.filter(|(known, _)| Some(known) == member.as_ref()).map(|(_, since)| since);
                next.break_glass = member.map(|member| (member, since.unwrap_or(at)));
            }
        }
        let sound = next.is_sound();
        if sound {
            *self = next;
        }
        sound
    }

    /// No node is above itself, and no group in itself.
    fn is_sound(&self) -> bool {
        let mut names = self.parents.keys();
        let endless = |name: &NodeName| {
            let steps = std::iter::successors(Some(name), |name| self.parents.get(name).and_then(Option::as_ref));
            steps.take(100).count() == 100
        };
        let in_itself = |group: &Member| self.who_is_in(group).contains(group);
        !names.any(endless) && !self.groups.keys().any(in_itself)
    }

    fn who_is_in(&self, group: &Member) -> BTreeSet<Member> {
        let mut found = BTreeSet::new();
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for member in self.groups.get(group).into_iter().flatten() {
                if found.insert(member.clone()) {
                    open.push(member);
                }
            }
        }
        found
    }

    /// The member and every group that it is in.
    fn who(&self, member: &Member, claimed: &[Member]) -> BTreeSet<Member> {
        let claimed = claimed.iter().filter(|group| !self.groups.contains_key(*group));
        let mut all: BTreeSet<Member> = claimed.chain([member]).cloned().collect();
        loop {
            let more = self.groups.iter().filter(|(_, members)| !members.is_disjoint(&all)).map(|(name, _)| name);
            let more: BTreeSet<Member> = more.cloned().collect();
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                return all;
            }
        }
    }

    pub fn path(&self, node: &NodeName) -> Option<Vec<NodeName>> {
        let mut path = vec![node.clone()];
        loop {
            match self.parents.get(path.last()?)? {
                Some(parent) => path.push(parent.clone()),
                None => return Some(path),
            }
        }
    }

    pub fn is_revoked(&self, member: &Member, claimed: &[Member], path: &[NodeName]) -> bool {
        let who = self.who(member, claimed);
        let holds = |revoke: &Revoke| {
            let here = revoke.node.as_ref().is_none_or(|node| path.contains(node));
            let spared = self.break_glass.as_ref().is_some_and(|(of, since)| of == member && revoke.seen >= *since);
            here && who.contains(&revoke.member) && !self.lifted.contains(&revoke.id) && !spared
        };
        self.revokes.values().any(holds)
    }

    pub fn effective(&self, member: &Member, claimed: &[Member], node: &NodeName, now: Hlc) -> Rights {
        let Some(path) = self.path(node) else { return Rights::NONE };
        if self.is_revoked(member, claimed, &path) {
            return Rights::NONE;
        }
        let who = self.who(member, claimed);
        let holds = |binding: &&Binding| {
            let open = binding.from.is_none_or(|from| now >= from) && binding.until.is_none_or(|until| now < until);
            open && path.contains(&binding.node) && !binding.members.is_disjoint(&who)
        };
        let roles = self.bindings.values().filter(holds).filter_map(|binding| {
            let (rights, bound_at, must_end) = self.role(&binding.role)?;
            let ends = binding.until.is_some() || !must_end;
            (ends && bound_at.contains(binding.node.kind())).then_some(rights)
        });
        let rights: BTreeSet<_> = roles.flat_map(|rights| rights.iter().collect::<Vec<_>>()).collect();
        rights.into_iter().filter(|right| right.kind() == node.kind()).collect()
    }

    /// Its rights, where it may be bound, and whether for a time only.
    fn role(&self, name: &RoleName) -> Option<(Rights, Kinds, bool)> {
        match name {
            RoleName::Custom(label) => self.roles.get(label).map(|role| (role.rights, role.bound_at, false)),
            RoleName::Predefined(_) => {
                let role = ROLES.iter().find(|role| role.name == name.to_string()).unwrap();
                Some((role.rights(), role.bound_at, role.must_end))
            }
        }
    }

    pub fn everything(&self, members: &[Member], nodes: &[NodeName], now: Hlc) -> Everything {
        let pairs = members.iter().flat_map(|member| nodes.iter().map(move |node| (member, node)));
        let all = pairs.map(|(member, node)| ((member.clone(), node.clone()), self.effective(member, &[], node, now)));
        all.filter(|(_, rights)| !rights.is_empty()).collect()
    }
}

/// What is gained and lost between two times everything.
pub fn difference(before: &Everything, after: &Everything) -> BTreeMap<(Member, NodeName), (Rights, Rights)> {
    let at = |all: &Everything, key| all.get(key).copied().unwrap_or_default();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let both = keys.into_iter().map(|key| (key, at(before, key), at(after, key)));
    both.filter(|(_, had, has)| had != has)
        .map(|(key, had, has)| (key.clone(), (has.without(had), had.without(has))))
        .collect()
}
