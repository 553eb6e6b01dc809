//! Why a decision is as it is: what it rests on, each part with the record that says so.
//!
//! Whoever takes the cited records alone, and nothing else, comes to the same decision.

use std::collections::BTreeMap;

use ids::Hlc;

use crate::{
    Arena, Binding, Caller, Decision, Denial, Kinds, Member, NodeName, Record, Revoke, Right, RoleName,
    arena::{Node, Path, Principal},
    check::{get, get_policy},
    slots::Ix,
};

/// A question, its answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub member: Member,
    pub right: Right,
    pub node: NodeName,
    pub now: Hlc,
    pub why: Why,
}

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Allowed(Grounds<Binding>),
    Revoked(Grounds<Revoke>),
    /// Nothing grants it. Any of these roles would, bound on the node or on a node above it.
    NotGranted {
        would: Vec<Would>,
    },
    NotFound,
    NotAsked,
}

/// A role that holds the right, and where it may be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Would {
    pub role: RoleName,
    pub bound_at: Kinds,
}

/// Why a binding or a revoke says something about this member on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounds<T> {
    /// The binding or revoke. `None`: not for the eyes of who asks.
    pub what: Option<Cited<T>>,
    /// The node on which it is set. `None`: not for the eyes of who asks.
    pub on: Option<NodeName>,
    /// Of a binding: what it gives, and the record that says what a custom role is.
    pub role: Option<(RoleName, Option<Record>)>,
    /// From the member to whom the binding or revoke names; empty where that is the member itself.
    pub groups: Vec<Membership>,
    /// From the root down to the node asked about; `None`: not for the eyes of who asks.
    pub path: Vec<Option<Placed>>,
}

/// A part of an explanation, and the record that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited<T> {
    pub value: T,
    pub record: Record,
}

/// One node on the way down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub node: NodeName,
    /// That put it where it is.
    pub record: Record,
}

/// A group that the member, or the group before, is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub group: Member,
    /// That says who is in it. `None`: the member's token says so.
    pub record: Option<Record>,
}

impl Explanation {
    pub fn decision(&self) -> Decision {
        Decision::Denied(match &self.why {
            Why::Allowed(_) => return Decision::Allowed,
            Why::Revoked(_) => Denial::Revoked,
            Why::NotGranted { .. } => Denial::NotGranted,
            Why::NotFound => Denial::NotFound,
            Why::NotAsked => Denial::NotAsked,
        })
    }

    /// The explanation as `asker` may have it: a node that they do not see is left out, and so is a binding or revoke where they do not see
    /// the access policy. If they do not see the node that it is about, it says what it says about a node that is not there.
    ///
    /// What somebody asks about themselves says by which role and through which groups, also where the rest is left out.
    #[must_use]
    pub fn shown_to(mut self, arena: &Arena, asker: Caller<'_>) -> Self {
        let now = self.now;
        if !arena.may_see(asker, &self.node, now) {
            self.why = Why::NotFound;
        }
        let own = *asker.member == self.member;
        match &mut self.why {
            Why::Allowed(grounds) => grounds.hide(arena, asker, own, now),
            Why::Revoked(grounds) => grounds.hide(arena, asker, own, now),
            Why::NotGranted { .. } | Why::NotFound | Why::NotAsked => {}
        }
        self
    }
}

impl<T> Grounds<T> {
    fn hide(&mut self, arena: &Arena, asker: Caller<'_>, own: bool, now: Hlc) {
        let may = |node: &NodeName, right: Right| arena.check(asker, right, node, now).is_allowed();
        if !self.on.as_ref().is_some_and(|node| may(node, get_policy(node.kind()))) {
            self.what = None;
            if !own {
                (self.role, self.groups) = (None, Vec::new());
            }
        }
        self.on = self.on.take().filter(|node| may(node, get(node.kind())));
        for placed in &mut self.path {
            *placed = placed.take().filter(|placed| may(&placed.node, get(placed.node.kind())));
        }
    }
}

impl Arena {
    /// The decision of [`Self::check`], and why. Of several grounds it tells the nearest: first by groups, then by nodes, then by name.
    pub fn explain(&self, caller: Caller<'_>, right: Right, node: &NodeName, now: Hlc) -> Explanation {
        let why = self.why(caller, right, node, now);
        Explanation { member: caller.member.clone(), right, node: node.clone(), now, why }
    }

    fn why(&self, caller: Caller<'_>, right: Right, node: &NodeName, now: Hlc) -> Why {
        let Some(path) = self.path_of(node) else { return Why::NotFound };
        match self.check(caller, right, node, now) {
            Decision::Allowed => self.ground_of_grant(caller, right, &path, now).map(Why::Allowed),
            Decision::Denied(Denial::Revoked) => self.ground_of_revoke(caller, &path).map(Why::Revoked),
            Decision::Denied(Denial::NotGranted) => None,
            Decision::Denied(Denial::NotFound) => Some(Why::NotFound),
            Decision::Denied(Denial::NotAsked) => Some(Why::NotAsked),
        }
        .unwrap_or_else(|| Why::NotGranted { would: self.would(right) })
    }

    fn would(&self, right: Right) -> Vec<Would> {
        let roles = self.roles.all().filter(|role| role.rights.contains(right));
        let mut would: Vec<Would> =
            roles.map(|role| Would { role: role.name.clone(), bound_at: role.bound_at }).collect();
        would.sort_by(|one, other| one.role.cmp(&other.role));
        would
    }

    fn ground_of_grant(&self, caller: Caller<'_>, right: Right, path: &Path<'_>, now: Hlc) -> Option<Grounds<Binding>> {
        let (who, mut found) = (self.who(caller), BTreeMap::new());
        for (above, (_, node)) in path.nodes().iter().enumerate() {
            node.grants_of(&who, |grant| {
                if grant.holds_at(now) && self.rights_of(grant, node.name.kind()).contains(right) {
                    let chain = self.chain_to(caller, grant.principal);
                    found.insert((chain.len(), above, &grant.bound.binding.id, chain), grant);
                }
            });
        }
        let ((_, above, _, chain), grant) = found.pop_first()?;
        let role = self.roles.get(grant.role)?;
        let cited = Cited { value: grant.bound.binding.clone(), record: (*grant.bound.record).clone() };
        let grounds = self.grounds(caller, path, cited, above, &chain);
        Some(Grounds { role: Some((role.name.clone(), role.record.as_deref().cloned())), ..grounds })
    }

    fn ground_of_revoke(&self, caller: Caller<'_>, path: &Path<'_>) -> Option<Grounds<Revoke>> {
        let (who, mut found) = (self.who(caller), BTreeMap::new());
        for (above, (_, node)) in path.nodes().iter().enumerate() {
            node.revokes_of(&who, |revoked| {
                if !self.binds(&revoked.revoke, caller) {
                    return;
                }
                let chain = self.chain_to(caller, revoked.principal);
                found.insert((chain.len(), above, &revoked.revoke.id, chain), revoked);
            });
        }
        let ((_, above, _, chain), revoked) = found.pop_first()?;
        let cited = Cited { value: revoked.revoke.clone(), record: (*revoked.record).clone() };
        Some(self.grounds(caller, path, cited, above, &chain))
    }

    /// Of what is set so far `above` the first node of the path, for the last of the chain.
    fn grounds<T>(
        &self,
        caller: Caller<'_>,
        path: &Path<'_>,
        cited: Cited<T>,
        above: usize,
        chain: &[Member],
    ) -> Grounds<T> {
        let placed = |(_, node): &(Ix<Node>, &Node)| {
            let record = node.placed.as_deref()?.clone();
            Some(Placed { node: node.name.clone(), record })
        };
        Grounds {
            what: Some(cited),
            on: path.nodes().get(above).map(|(_, node)| node.name.clone()),
            role: None,
            groups: self.memberships(caller, chain),
            path: path.nodes().iter().rev().map(placed).collect(),
        }
    }

    /// The shortest way from the caller, or a group that it claims, to `principal`, without the caller.
    fn chain_to(&self, caller: Caller<'_>, principal: Ix<Principal>) -> Vec<Member> {
        let Some(principal) = self.principals.get(principal).map(|row| &row.member) else { return Vec::new() };
        let own = self.chain(caller.member, principal).map(|chain| chain.into_iter().skip(1).collect());
        let through = self.claimed(caller).filter_map(|claimed| self.chain(claimed, principal));
        own.into_iter()
            .chain(through)
            .min_by_key(|chain: &Vec<Member>| (chain.len(), chain.clone()))
            .unwrap_or_default()
    }

    fn memberships(&self, caller: Caller<'_>, chain: &[Member]) -> Vec<Membership> {
        let mut inner = caller.member;
        let mut steps = Vec::new();
        for group in chain {
            let kept = self.principals.row(group).and_then(|row| row.group.as_ref());
            let says = kept.filter(|kept| kept.0.members.contains(inner));
            steps.push(Membership { group: group.clone(), record: says.map(|kept| (*kept.1).clone()) });
            inner = group;
        }
        steps
    }
}
