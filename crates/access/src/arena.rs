//! Everything that decides about access in one organization, compiled: nodes with their parents, members with what they were granted and
//! which groups they are in.
//!
//! An arena is a value. Its clone takes constant time and shares what is equal, so the one that readers have is never changed under
//! them. A change costs what it touches. Nothing in it depends on the time, so nothing expires: time boxes are looked at when somebody
//! asks.
//!
//! Changes come from several logs, and no order between those is promised: a cluster may be known before its project, a binding before its
//! role, a lift before its revoke. So what is named and not known yet has a row all the same, which gives nobody anything.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use ids::{Hlc, Label, OrganizationName, Position, Seq, Token, limits::FOLDER_DEPTH_MAX};
use imbl::{OrdMap, OrdSet};

use crate::{
    Binding, Caller, Group, Kind, Kinds, Member, NodeName, Predefined, ROLES, Record, Revoke, RevokeId, Rights,
    RoleName,
    slots::{Ix, Row, Slots},
};

mod apply;
mod groups;
mod validate;

/// Nodes on the way from a namespace to the root.
const PATH_MAX: usize = FOLDER_DEPTH_MAX + 4;
/// So many grants are looked through from the first to the last.
const LINEAR_MAX: usize = 16;

#[derive(Clone)]
pub struct Arena {
    pub(crate) root: Ix<Node>,
    pub(crate) nodes: Slots<Node>,
    pub(crate) principals: Slots<Principal>,
    pub(crate) roles: Slots<Role>,
    pub(crate) revokes: OrdMap<RevokeId, Arc<Revoked>>,
    lifted: OrdSet<RevokeId>,
    /// Since which record of the global log.
    break_glass: Option<(Member, Seq)>,
    /// When time boxes begin and end, and how many do.
    edges: OrdMap<Hlc, usize>,
    organization: OrganizationName,
    positions: Token,
}

/// A node of the tree, or the name of one that is not known. What decisions look at comes first, and so together.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Node {
    pub parent: Option<Ix<Node>>,
    /// The record that put it where it is; `None` while it is not known.
    pub placed: Option<Arc<Record>>,
    /// What its bindings give, by principal.
    pub grants: Vec<Grant>,
    /// By principal.
    pub revokes: Vec<Arc<Revoked>>,
    pub name: NodeName,
    pub children: OrdSet<Ix<Node>>,
    pub bindings: OrdMap<Label, Arc<Bound>>,
}

/// A member as it is compiled.
#[derive(Clone)]
pub(crate) struct Principal {
    pub member: Member,
    /// Itself, and every group that it is in, directly or not. In order.
    pub reach: Vec<Ix<Principal>>,
    /// The nodes on which it has grants, in order; as often as it has.
    pub on: Vec<Ix<Node>>,
    pub revokes: Vec<Arc<Revoked>>,
    /// Those it is in directly.
    pub groups: Vec<Ix<Principal>>,
    /// Of a group: who is in it, and the record that says so.
    pub group: Option<Arc<(Group, Arc<Record>)>>,
}

/// What one binding gives one member on its node. Small, because decisions look through many and take few.
#[derive(Clone)]
pub(crate) struct Grant {
    pub principal: Ix<Principal>,
    pub role: Ix<Role>,
    pub must_end: bool,
    pub bound: Arc<Bound>,
}

pub(crate) struct Bound {
    pub binding: Binding,
    pub record: Arc<Record>,
}

pub(crate) struct Revoked {
    pub revoke: Revoke,
    pub record: Arc<Record>,
    pub node: Ix<Node>,
    pub principal: Ix<Principal>,
}

/// A role, or the name of a custom one that is not known. The rows of custom roles stay for as long as the arena: they are few.
#[derive(Clone)]
pub(crate) struct Role {
    pub name: RoleName,
    pub rights: Rights,
    pub bound_at: Kinds,
    pub must_end: bool,
    /// `None`: predefined, or not known.
    pub record: Option<Arc<Record>>,
}

impl Row for Node {
    type Name = NodeName;

    fn new(name: NodeName, _: Ix<Self>) -> Self {
        let (grants, revokes, children, bindings) = (Vec::new(), Vec::new(), OrdSet::new(), OrdMap::new());
        Self { parent: None, placed: None, grants, revokes, name, children, bindings }
    }

    fn name(&self) -> &NodeName {
        &self.name
    }

    fn is_needless(&self) -> bool {
        let named = !self.children.is_empty() || !self.bindings.is_empty() || !self.revokes.is_empty();
        // The root is held by the arena itself.
        self.placed.is_none() && !named && self.name.kind() != Kind::Organization
    }
}

impl Row for Principal {
    type Name = Member;

    fn new(member: Member, ix: Ix<Self>) -> Self {
        let (on, revokes, groups) = (Vec::new(), Vec::new(), Vec::new());
        Self { member, reach: vec![ix], on, revokes, groups, group: None }
    }

    fn name(&self) -> &Member {
        &self.member
    }

    fn is_needless(&self) -> bool {
        self.on.is_empty() && self.revokes.is_empty() && self.groups.is_empty() && self.group.is_none()
    }
}

impl Row for Role {
    type Name = RoleName;

    fn new(name: RoleName, _: Ix<Self>) -> Self {
        Self { name, rights: Rights::NONE, bound_at: Kinds::default(), must_end: false, record: None }
    }

    fn name(&self) -> &RoleName {
        &self.name
    }

    fn is_needless(&self) -> bool {
        false
    }
}

/// The way from a node up to the root, itself first.
pub(crate) struct Path<'a> {
    nodes: [(Ix<Node>, &'a Node); PATH_MAX],
    len: usize,
}

impl<'a> Path<'a> {
    pub fn nodes(&self) -> &[(Ix<Node>, &'a Node)] {
        self.nodes.get(..self.len).unwrap_or_default()
    }
}

/// What is of one of those, among what is in the order of principals.
pub(crate) fn of_them<'a, T>(
    all: &'a [T],
    who: &[Ix<Principal>],
    principal: impl Fn(&T) -> Ix<Principal>,
    mut see: impl FnMut(&'a T),
) {
    if all.len() <= LINEAR_MAX {
        all.iter().filter(|one| who.contains(&principal(one))).for_each(see);
        return;
    }
    for ix in who {
        let start = all.partition_point(|one| principal(one) < *ix);
        let theirs = all.get(start..).unwrap_or_default();
        theirs.iter().take_while(|one| principal(one) == *ix).for_each(&mut see);
    }
}

impl Node {
    pub fn grants_of<'a>(&'a self, who: &[Ix<Principal>], see: impl FnMut(&'a Grant)) {
        of_them(&self.grants, who, |grant| grant.principal, see);
    }

    pub fn revokes_of<'a>(&'a self, who: &[Ix<Principal>], see: impl FnMut(&'a Arc<Revoked>)) {
        of_them(&self.revokes, who, |revoked| revoked.principal, see);
    }
}

impl Grant {
    /// Its time box is open; and it has an end, where its role is bound for a time only.
    pub fn holds_at(&self, now: Hlc) -> bool {
        let binding = &self.bound.binding;
        binding.holds_at(now) && (binding.until.is_some() || !self.must_end)
    }
}

impl Arena {
    /// Of an organization of which nothing is known yet.
    pub fn new(organization: &OrganizationName) -> Self {
        let mut nodes = Slots::default();
        let root = nodes.intern(&NodeName::Organization(organization.clone()));
        let mut roles: Slots<Role> = Slots::default();
        for role in ROLES {
            let ix = roles.intern(&RoleName::Predefined(Predefined::of(role)));
            roles.edit(ix, |row| {
                (row.rights, row.bound_at, row.must_end) = (role.rights(), role.bound_at, role.must_end);
            });
        }
        Self {
            root,
            nodes,
            principals: Slots::default(),
            roles,
            revokes: OrdMap::new(),
            lifted: OrdSet::new(),
            break_glass: None,
            edges: OrdMap::new(),
            organization: organization.clone(),
            positions: Token::default(),
        }
    }

    pub fn organization(&self) -> &OrganizationName {
        &self.organization
    }

    /// What it was compiled from: the last record of each log that it has seen.
    pub fn positions(&self) -> &Token {
        &self.positions
    }

    /// Takes note of a record that changed nothing here.
    pub fn see(&mut self, position: &Position) {
        self.positions.see(position);
    }

    /// How many nodes and members it knows or has heard of.
    pub fn rows(&self) -> usize {
        self.nodes.len() + self.principals.len()
    }

    /// When the next time box begins or ends, after `now`; until then no answer changes by itself.
    pub fn next_edge(&self, now: Hlc) -> Option<Hlc> {
        self.edges.range((std::ops::Bound::Excluded(now), std::ops::Bound::Unbounded)).next().map(|(edge, _)| *edge)
    }

    /// The one identity whom no revoke binds, but for those that did not know that it is the one.
    pub fn break_glass(&self) -> Option<&Member> {
        self.break_glass.as_ref().map(|(member, _)| member)
    }

    /// The revoke, which is of the caller or of a group that the caller is in, takes everything from the caller.
    pub(crate) fn binds(&self, revoke: &Revoke, caller: Caller<'_>) -> bool {
        self.break_glass.as_ref().is_none_or(|(member, since)| member != caller.member || revoke.seen < *since)
    }

    /// `None`: it is not known, or not how it hangs together with the root.
    pub(crate) fn path(&self, node: Ix<Node>) -> Option<Path<'_>> {
        let mut path = Path { nodes: [(self.root, self.nodes.get(self.root)?); PATH_MAX], len: 0 };
        let mut next = Some(node);
        for place in &mut path.nodes {
            let ix = next?;
            let row = self.nodes.get(ix)?;
            row.placed.as_ref()?;
            *place = (ix, row);
            path.len += 1;
            if ix == self.root {
                return Some(path);
            }
            next = row.parent;
        }
        None
    }

    pub(crate) fn path_of(&self, node: &NodeName) -> Option<Path<'_>> {
        self.path(self.nodes.find(node)?)
    }

    /// Who the caller is: the member, the groups that it claims, and every group that one of these is in.
    pub(crate) fn who(&self, caller: Caller<'_>) -> Cow<'_, [Ix<Principal>]> {
        let reach = |member| self.principals.row(member).map(|row| row.reach.as_slice()).unwrap_or_default();
        let own = reach(caller.member);
        if caller.claimed.is_empty() {
            return Cow::Borrowed(own);
        }
        let claimed = self.claimed(caller).flat_map(reach);
        let all: BTreeSet<_> = own.iter().chain(claimed).copied().collect();
        Cow::Owned(all.into_iter().collect())
    }

    /// Groups whose members no record names. Who is in one on record, the record says, and no claim.
    pub(crate) fn claimed<'a>(&self, caller: Caller<'a>) -> impl Iterator<Item = &'a Member> {
        let on_record = |member: &Member| self.principals.row(member).is_some_and(|row| row.group.is_some());
        caller.claimed.iter().filter(move |member| member.is_group() && !on_record(member))
    }

    pub(crate) fn principals_of(&self, caller: Caller<'_>) -> impl Iterator<Item = (Ix<Principal>, &Principal)> {
        let who = self.who(caller).into_owned();
        who.into_iter().filter_map(|ix| Some((ix, self.principals.get(ix)?)))
    }

    /// What a principal was granted, with the nodes.
    pub(crate) fn grants(&self, ix: Ix<Principal>, mut see: impl FnMut(Ix<Node>, &Node, &Grant)) {
        let on = self.principals.get(ix).map(|row| row.on.as_slice()).unwrap_or_default();
        for same in on.chunk_by(|one, other| one == other) {
            let rows = same.first().and_then(|node| Some((*node, self.nodes.get(*node)?)));
            rows.into_iter().for_each(|(node, row)| row.grants_of(&[ix], |grant| see(node, row, grant)));
        }
    }

    /// What a grant on such a node gives, if its role may be bound there.
    pub(crate) fn rights_of(&self, grant: &Grant, kind: Kind) -> Rights {
        match self.roles.get(grant.role) {
            Some(role) if role.bound_at.contains(kind) => role.rights,
            _ => Rights::NONE,
        }
    }

    /// Everyone to whom a change for `member` matters: the member, and who is in it, directly or not.
    pub(crate) fn within(&self, member: &Member, found: &mut BTreeSet<Member>) {
        let mut next = vec![member];
        while let Some(member) = next.pop() {
            if found.insert(member.clone()) {
                let group = self.principals.row(member).and_then(|principal| principal.group.as_ref());
                next.extend(group.iter().flat_map(|group| &group.0.members));
            }
        }
    }
}
