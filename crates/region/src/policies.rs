//! Access policies, compiled: the rows of all logs that say who may do what, as one [`Arena`] for each organization.
//!
//! ```text
//!   copy of G ───── tree, bindings, groups, roles ─┐
//!   copy of R(x) ── clusters, bindings on them ────┼─ what changed since the last time ─▶ arenas, one for each organization
//!   copy of R(y) ── ...                           ─┘
//! ```
//!
//! Nothing is compiled before somebody asks; then what changed since is. A row that cannot be read gives nobody anything, and neither does
//! a binding of a node that had the name before the one that is there.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use access::{Arena, Binding, Change, CustomRole, Group, NodeName, Place, Record, Revoke, RevokeId};
use domain::{Entity, State, View, policy, revoke, sets};
use ids::{Hlc, Label, Log, OrganizationName, Position, RequestId, ResourceName, Revision, RevokeName, Seq, Subject};
use ledger::{LogState, state::Row};
use ports::trace::tracing;
use wire::entity::decode_entity;

use crate::region::{Inner, Region};

/// Of all organizations, as of one state of each log.
#[derive(Default)]
pub(crate) struct Policies {
    arenas: BTreeMap<OrganizationName, Arena>,
    /// What each log was when it was looked at last.
    seen: BTreeMap<Log, LogState>,
    /// Uids of nodes that are placed: bindings of another one of the name do not count.
    uids: BTreeMap<NodeName, RequestId>,
}

impl Region {
    /// Who may do what in an organization, as this member's copies of all logs say it now; `None` where they know of none.
    /// [`Arena::positions`] says as of when.
    pub fn access(&self, organization: &OrganizationName) -> Option<Arena> {
        self.inner.access(organization)
    }
}

impl Inner {
    pub(crate) fn access(&self, organization: &OrganizationName) -> Option<Arena> {
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let own = [Log::Global, Log::Region(self.ledger.config().region.clone())];
        let others = self.ledger.replicas().map(|replica| replica.log().clone());
        for log in own.into_iter().chain(others) {
            if let Some(copy) = self.ledger.copy(&log) {
                policies.catch_up(copy.cell.state());
            }
        }
        policies.of(organization)
    }
}

impl Policies {
    fn of(&self, organization: &OrganizationName) -> Option<Arena> {
        self.uids.get(&NodeName::Organization(organization.clone()))?;
        let mut arena = self.arenas.get(organization)?.clone();
        self.seen.values().for_each(|state| arena.see(&state.position()));
        Some(arena)
    }

    fn catch_up(&mut self, state: LogState) {
        let older = self.seen.insert(state.log.clone(), state.clone());
        if older.as_ref().is_some_and(|older| older.hash == state.hash && older.seq == state.seq) {
            return;
        }
        let older = older.unwrap_or_else(|| LogState::new(state.log.clone()));
        for (subject, row) in state.differences(&older).filter(|(subject, _)| says_who_may(subject)) {
            match row {
                Some(row) => self.wrote(&state, subject, row),
                None => self.removed(&older, &state, subject),
            }
        }
    }

    /// Another organization has the name: what is of it is compiled anew, of every log, for some may have told of it earlier than G.
    fn begin_again(&mut self, organization: &OrganizationName) {
        self.forget(organization);
        let (name, states) = (Subject::resource(&organization.clone().into()), self.seen.clone());
        for state in states.values() {
            let rest = |subject: &Subject| subject.as_str().strip_prefix(name.as_str()).map(str::to_owned);
            let of_it =
                |subject: &Subject| rest(subject).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#']));
            let rows = state.rows_from(name.clone()).take_while(|(subject, _)| rest(subject).is_some());
            for (subject, row) in rows.filter(|(subject, _)| of_it(subject) && says_who_may(subject)) {
                self.wrote(state, subject, row);
            }
        }
    }

    fn wrote(&mut self, state: &LogState, subject: &Subject, row: &Row) {
        let Ok(entity) = decode_entity(&row.value) else {
            return tracing::error!(%subject, "a row that says who may do what cannot be read; it gives nobody anything");
        };
        let at = At { state, revision: row.revision };
        match entity {
            Entity::Organization(row) if row.state == State::Deleted => self.forget(&row.name),
            Entity::Organization(row) => {
                let (name, at) = (row.name.clone(), at.record("", row.update_time));
                self.place(state, row.uid, &Place::Organization(name), &at);
            }
            Entity::Folder(row) => {
                let at = at.record("", row.update_time);
                match row.state {
                    State::Deleted => self.displace(&NodeName::Folder(row.name), &at),
                    State::Active | State::Deleting => {
                        self.place(state, row.uid, &Place::Folder(row.name, row.parent), &at);
                    }
                }
            }
            Entity::Project(row) => {
                let at = at.record("", row.update_time);
                match row.state {
                    State::Deleted => self.displace(&NodeName::Project(row.name), &at),
                    State::Active | State::Deleting => {
                        self.place(state, row.uid, &Place::Project(row.name, row.parent), &at);
                    }
                }
            }
            Entity::Cluster(row) => {
                let at = at.record("", row.update_time);
                self.place(state, row.uid, &Place::Cluster(row.name), &at);
            }
            Entity::Binding(row) => self.bind(row, &at),
            Entity::Group(row) => {
                let at = at.record(&row.author, row.update_time);
                let Ok(name) = format!("group:{}", row.name.group).parse() else { return };
                let change = match row.state {
                    State::Active | State::Deleting => Change::Group(Group { name, members: row.members }),
                    State::Deleted => Change::Ungroup(name),
                };
                self.apply(&row.name.organization, &change, &at);
            }
            Entity::Revoke(row) => self.revoke(row, &at),
            Entity::Lift(row) => {
                let at = at.record(&row.author, row.create_time);
                self.apply(&row.revoke.organization, &Change::Lift(revoke_id(&row.revoke)), &at);
            }
            Entity::BreakGlass(row) => {
                let at = at.record(&row.author, row.update_time);
                let is_of_it = self.is_there(&row.organization, row.organization_uid);
                let change = Change::BreakGlass(row.member.filter(|_| is_of_it));
                self.apply(&row.organization, &change, &at);
            }
            Entity::CustomRole(row) => {
                let at = at.record(&row.author, row.update_time);
                let (name, rights, bound_at) = (row.name.role, row.rights, row.bound_at);
                let change = match row.state {
                    State::Active | State::Deleting => Change::Role(CustomRole { name, rights, bound_at }),
                    State::Deleted => Change::Unrole(name),
                };
                self.apply(&row.name.organization, &change, &at);
            }
            _of_another_kind => {}
        }
    }

    /// The row is gone: a cluster, or a binding.
    fn removed(&mut self, older: &LogState, state: &LogState, subject: &Subject) {
        let at = At { state, revision: state.seq.into() }.record("", state.hlc);
        let was = (older as &dyn View).get(subject);
        match was {
            Ok(Some((_, Entity::Cluster(row)))) => self.displace(&NodeName::Cluster(row.name), &at),
            Ok(Some((_, Entity::Binding(row)))) => {
                let Ok(id) = policy::binding_id(&row.role, &row.member).parse() else { return };
                let organization = row.node.organization();
                self.apply(&organization, &Change::Unbind { node: row.node, id }, &at);
            }
            _ => {}
        }
    }

    /// Places a node. One that has another uid than the one of that name before begins with its own bindings.
    fn place(&mut self, state: &LogState, uid: RequestId, place: &Place, at: &Arc<Record>) {
        let node = place.node();
        let organization = node.organization();
        let is_another = self.uids.get(&node).is_some_and(|had| *had != uid);
        if is_another && matches!(node, NodeName::Organization(_)) {
            return self.begin_again(&organization);
        }
        if is_another {
            self.displace(&node, at);
        }
        self.apply(&organization, &Change::Place(place.clone()), at);
        if self.uids.insert(node.clone(), uid) != Some(uid) {
            self.bind_all(state, &node);
            if let NodeName::Organization(organization) = &node {
                self.revoke_all(state, organization);
            }
        }
    }

    /// Revokes of all regions that were told before the organization was, and who breaks glass.
    fn revoke_all(&mut self, state: &LogState, organization: &OrganizationName) {
        let set = sets::revokes(organization);
        let mut states: Vec<LogState> = self.seen.values().cloned().collect();
        states.push(state.clone());
        for state in &states {
            let rows =
                state.rows_from(set.clone()).take_while(|(subject, _)| subject.as_str().starts_with(set.as_str()));
            for (subject, row) in rows.filter(|(subject, _)| subject.entry_of(&set).is_some()) {
                self.wrote(state, subject, row);
            }
        }
        let subject = revoke::break_glass(organization);
        let row = state.rows_from(subject.clone()).next().filter(|(found, _)| **found == subject);
        row.into_iter().for_each(|(subject, row)| self.wrote(state, subject, row));
    }

    /// A revoke counts in the organization that it was issued for, and in no other one of the name.
    fn revoke(&mut self, row: domain::Revoke, at: &At<'_>) {
        let record = at.record(&row.author, row.create_time);
        if !self.is_there(&row.name.organization, row.organization_uid) {
            return;
        }
        let (id, reason) = (revoke_id(&row.name), Arc::from(row.reason));
        let change = Change::Revoke(Revoke { id, member: row.member, node: row.node, reason, seen: row.seen });
        self.apply(&row.name.organization, &change, &record);
    }

    fn is_there(&self, organization: &OrganizationName, uid: RequestId) -> bool {
        self.uids.get(&NodeName::Organization(organization.clone())) == Some(&uid)
    }

    /// Bindings that are there already: their rows may have come before that of the node.
    fn bind_all(&mut self, state: &LogState, node: &NodeName) {
        let prefix = sets::bindings(node);
        let rows =
            state.rows_from(prefix.clone()).take_while(|(subject, _)| subject.as_str().starts_with(prefix.as_str()));
        for (subject, row) in rows.filter(|(subject, _)| subject.entry_of(&prefix).is_some()) {
            self.wrote(state, subject, row);
        }
    }

    fn bind(&mut self, row: domain::Binding, at: &At<'_>) {
        let record = at.record(&row.author, row.update_time);
        let organization = row.node.organization();
        let placed = match &row.node {
            // Nothing says yet which namespaces there are: one that is named is there, in the cluster that its name says.
            NodeName::Namespace(name) => {
                let cluster = NodeName::Cluster(name.cluster.clone());
                let there = self.uids.get(&cluster) == Some(&row.node_uid);
                if there {
                    self.apply(&organization, &Change::Place(Place::Namespace(name.clone())), &record);
                    self.uids.insert(row.node.clone(), row.node_uid);
                }
                there
            }
            node => self.uids.get(node) == Some(&row.node_uid),
        };
        let Ok(id) = policy::binding_id(&row.role, &row.member).parse::<Label>() else { return };
        let change = match placed {
            true => {
                let domain::Binding { node, role, member, from, until, .. } = row;
                Change::Bind(Binding { node, id, role, members: [member].into(), from, until })
            }
            false => Change::Unbind { node: row.node, id },
        };
        self.apply(&organization, &change, &record);
    }

    /// Removes a node, and the namespaces of a cluster with it.
    fn displace(&mut self, node: &NodeName, at: &Arc<Record>) {
        let mut gone = vec![node.clone()];
        if let NodeName::Cluster(cluster) = node {
            let inside = |name: &&NodeName| matches!(name, NodeName::Namespace(of) if of.cluster == *cluster);
            gone.extend(self.uids.keys().filter(inside).cloned());
        }
        for node in gone.into_iter().rev() {
            self.uids.remove(&node);
            self.apply(&node.organization(), &Change::Remove(node), at);
        }
    }

    fn forget(&mut self, organization: &OrganizationName) {
        self.arenas.remove(organization);
        self.uids.retain(|node, _| !node.is_of(organization));
    }

    fn apply(&mut self, organization: &OrganizationName, change: &Change, at: &Arc<Record>) {
        let arena = self.arenas.entry(organization.clone()).or_insert_with(|| Arena::new(organization));
        if let Err(error) = arena.apply(change, at) {
            // Decisions refuse what an arena refuses: this is a defect, and gives nobody anything.
            tracing::error!(%organization, %change, %error, "what is on record about access makes no sense");
        }
    }
}

fn revoke_id(name: &RevokeName) -> RevokeId {
    RevokeId { log: Log::Region(name.region.clone()), request: name.request }
}

/// The record that wrote a row.
struct At<'a> {
    state: &'a LogState,
    revision: Revision,
}

impl At<'_> {
    fn record(&self, author: &str, time: Hlc) -> Arc<Record> {
        let LogState { log, incarnation, .. } = self.state;
        let position = Position { log: log.clone(), incarnation: *incarnation, seq: Seq(self.revision.0) };
        Arc::new(Record { position, time, author: Arc::from(author) })
    }
}

/// Rows of resources of the tree, of bindings, groups, roles and revokes, by their names alone.
fn says_who_may(subject: &Subject) -> bool {
    let text = subject.as_str();
    match text.split_once('#') {
        None => text.parse::<ResourceName>().is_ok(),
        Some((_, set)) => {
            const OF_ACCESS: [&str; 6] =
                ["bindings/", "namespace-bindings/", "groups/", "roles/", "revokes/", "lifts/"];
            set == "break-glass" || OF_ACCESS.iter().any(|of| set.starts_with(of))
        }
    }
}
