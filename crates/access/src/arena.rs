//! Everything that decides about access in one organization, compiled: nodes with their parents, members with what they were granted and
//! which groups they are in.
//!
//! An arena is a value. Its clone takes constant time and shares what is equal, so the one that readers have is never changed under
//! them. A change costs what it touches. Nothing in it depends on the time, so nothing expires: time boxes are looked at when somebody
//! asks.
//!
//! Changes come from several logs, and no order between those is promised: a cluster may be known before its project, a binding before its
//! role, a lift before its revoke. So what is named and not known yet has a row all the same, which gives nobody anything.

use std::{collections::BTreeSet, sync::Arc};

use ids::{Hlc, Label, OrganizationName, Position, Token, limits::FOLDER_DEPTH_MAX};
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
/// A principal with so many grants is looked through from the first to the last.
const LINEAR_MAX: usize = 16;

#[derive(Clone)]
pub struct Arena {
    pub(crate) root: Ix<Node>,
    pub(crate) nodes: Slots<Node>,
    pub(crate) principals: Slots<Principal>,
    pub(crate) roles: Slots<Role>,
    pub(crate) revokes: OrdMap<RevokeId, Arc<Revoked>>,
    lifted: OrdSet<RevokeId>,
    break_glass: Option<Member>,
    /// When time boxes begin and end, and how many do.
    edges: OrdMap<Hlc, usize>,
    organization: OrganizationName,
    positions: Token,
}

/// A node of the tree, or the name of one that is not known.
#[derive(Clone)]
pub(crate) struct Node {
    pub name: NodeName,
    /// The record that put it where it is; `None` while it is not known.
    pub placed: Option<Arc<Record>>,
    pub parent: Option<Ix<Node>>,
    pub children: OrdSet<Ix<Node>>,
    pub bindings: OrdMap<Label, Arc<Bound>>,
    /// How many revokes name it.
    revokes: usize,
}

/// A member as it is compiled.
#[derive(Clone)]
pub(crate) struct Principal {
    pub member: Member,
    /// By node.
    pub grants: Vec<Grant>,
    pub revokes: Vec<Arc<Revoked>>,
    /// Those it is in directly.
    pub groups: Vec<Ix<Principal>>,
    /// Of a group: itself, and every group that it is in, directly or not.
    pub reach: Vec<Ix<Principal>>,
    /// Of a group: who is in it, and the record that says so.
    pub group: Option<Arc<(Group, Arc<Record>)>>,
}

/// What one binding gives one member.
#[derive(Clone)]
pub(crate) struct Grant {
    pub node: Ix<Node>,
    pub kind: Kind,
    pub role: Ix<Role>,
    pub from: Hlc,
    pub until: Hlc,
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

    fn new(name: NodeName) -> Self {
        let (children, bindings) = (OrdSet::new(), OrdMap::new());
        Self { name, placed: None, parent: None, children, bindings, revokes: 0 }
    }

    fn name(&self) -> &NodeName {
        &self.name
    }

    fn is_needless(&self) -> bool {
        let named = !self.children.is_empty() || !self.bindings.is_empty() || self.revokes > 0;
        // The root is held by the arena itself.
        self.placed.is_none() && !named && self.name.kind() != Kind::Organization
    }
}

impl Row for Principal {
    type Name = Member;

    fn new(member: Member) -> Self {
        let (grants, revokes, groups, reach) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { member, grants, revokes, groups, reach, group: None }
    }

    fn name(&self) -> &Member {
        &self.member
    }

    fn is_needless(&self) -> bool {
        self.grants.is_empty() && self.revokes.is_empty() && self.groups.is_empty() && self.group.is_none()
    }
}

impl Row for Role {
    type Name = RoleName;

    fn new(name: RoleName) -> Self {
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
pub(crate) struct Path {
    nodes: [Ix<Node>; PATH_MAX],
    len: usize,
}

impl Path {
    pub fn nodes(&self) -> &[Ix<Node>] {
        self.nodes.get(..self.len).unwrap_or_default()
    }

    pub fn has(&self, node: Ix<Node>) -> bool {
        self.nodes().contains(&node)
    }

    /// How far above the first node it is.
    pub fn distance(&self, node: Ix<Node>) -> usize {
        self.nodes().iter().take_while(|other| **other != node).count()
    }
}

impl Principal {
    /// Every grant on a node of `path`.
    pub fn each_grant<'a>(&'a self, path: &Path, mut see: impl FnMut(&'a Grant)) {
        if self.grants.len() <= LINEAR_MAX {
            self.grants.iter().filter(|grant| path.has(grant.node)).for_each(see);
            return;
        }
        for node in path.nodes() {
            let start = self.grants.partition_point(|grant| grant.node < *node);
            let there = self.grants.get(start..).unwrap_or_default();
            there.iter().take_while(|grant| grant.node == *node).for_each(&mut see);
        }
    }
}

impl Grant {
    pub fn holds_at(&self, now: Hlc) -> bool {
        self.from <= now && now < self.until
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

    /// The one identity whom no revoke binds.
    pub fn break_glass(&self) -> Option<&Member> {
        self.break_glass.as_ref()
    }

    /// `None`: it is not known, or not how it hangs together with the root.
    pub(crate) fn path(&self, node: Ix<Node>) -> Option<Path> {
        let mut path = Path { nodes: [self.root; PATH_MAX], len: 0 };
        let mut next = Some(node);
        for place in &mut path.nodes {
            let ix = next?;
            let row = self.nodes.get(ix)?;
            row.placed.as_ref()?;
            *place = ix;
            path.len += 1;
            if ix == self.root {
                return Some(path);
            }
            next = row.parent;
        }
        None
    }

    pub(crate) fn path_of(&self, node: &NodeName) -> Option<Path> {
        self.path(self.nodes.find(node)?)
    }

    /// Who the caller is: the member, those it claims, and every group that these are in. May name one twice.
    pub(crate) fn principals_of(&self, caller: Caller<'_>) -> impl Iterator<Item = (Ix<Principal>, &Principal)> {
        let claimed = caller.claimed.iter().filter(|member| member.is_group());
        let named = std::iter::once(caller.member).chain(claimed).filter_map(|member| self.principals.find(member));
        let with_row = |ix| Some((ix, self.principals.get(ix)?));
        named.filter_map(with_row).flat_map(move |named| {
            let groups = named.1.groups.iter().filter_map(|group| self.principals.get(*group));
            let above = groups.flat_map(|group| &group.reach).filter_map(move |ix| with_row(*ix));
            std::iter::once(named).chain(above)
        })
    }

    /// What a grant gives, where its role may be bound on such a node.
    pub(crate) fn rights_of(&self, grant: &Grant) -> Rights {
        match self.roles.get(grant.role) {
            Some(role) if role.bound_at.contains(grant.kind) => role.rights,
            _ => Rights::NONE,
        }
    }

    /// Everyone to whom a change for `member` matters: the member, and who is in it, directly or not.
    pub(crate) fn within(&self, member: &Member, found: &mut BTreeSet<Member>) {
        if !found.insert(member.clone()) {
            return;
        }
        let group = self.principals.row(member).and_then(|principal| principal.group.as_ref());
        for inner in group.iter().flat_map(|group| &group.0.members) {
            self.within(inner, found);
        }
    }
}
