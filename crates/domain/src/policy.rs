//! Decisions about access policies: which member has which role on a node.
//!
//! A binding is a row of its own, of one role, one member and one node. So the record that wrote the row is the one that explains it, and
//! what is given twice is there once. The revision of the set of a node's bindings is the etag of its policy: every change raises and guards
//! it, and what is read of the entries needs no guard beside that one. A binding is of the node that had the name when it was made, by its
//! uid: whoever makes another one of the name begins without bindings.
//!
//! An organization that has an administrator keeps one: a user or a service account, also through groups on record, with `organization.admin`
//! on the organization and without an end. Groups that only tokens claim do not count, for nobody here knows who is in them.

use std::collections::{BTreeMap, BTreeSet};

use access::{Kinds, Member, NodeName, ROLES, RoleName};
use ids::{Hlc, Label, OrganizationName, RequestId, ResourceName, Revision, Seq, Subject, limits::BINDINGS_MAX};
use sha2::{Digest, Sha256};

use crate::{
    AccessPolicy, Binding, Cluster, Context, CustomRole, FactKind, Folder, Organization, Project, Rejection, Row,
    State, Txn, View, ViewError, check,
    command::{ChangePolicy, Command, Given, Take},
    group, query, role, sets,
};

/// The role that an organization never loses the last holder of.
pub const ADMINISTRATOR: &str = "organization.admin";

/// Rows that are left of another node of the name go so many at a time.
const LEFT_MAX: usize = 64;

/// The entry of a binding in [`sets::bindings`], a label: a digest of its role and its member, because both may be longer than an entry.
pub fn binding_id(role: &RoleName, member: &Member) -> String {
    let digest = Sha256::digest(format!("{role}\n{member}"));
    digest.iter().take(16).fold("b".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

/// Bindings by their entries, of whichever node had the name.
type Bound = BTreeMap<String, Binding>;

pub(crate) fn change(txn: &mut Txn<'_>, command: &ChangePolicy, ctx: &Context<'_>) -> Result<(), Rejection> {
    let node = &command.node;
    let uid = check_node(txn, node)?;
    let set = sets::bindings(node);
    let current = txn.revision(&set);
    if let Some(given) = command.etag.filter(|given| *given != current) {
        return Err(Rejection::EtagMismatch { subject: set, given, current });
    }
    let (mut had, left) = bound(txn.unguarded(), &set, uid)?;
    let mut given = Bound::new();
    for each in &command.give {
        check_given(txn, node, each, ctx)?;
        let Given { role, member, from, until } = each.clone();
        let (author, update_time) = (ctx.actor.to_owned(), ctx.now);
        let binding = Binding { node: node.clone(), node_uid: uid, role, member, from, until, author, update_time };
        if given.insert(binding_id(&each.role, &each.member), binding).is_some() {
            let twice = format!("{} {}", each.role, each.member);
            return Err(check::invalid("give", &twice, "each role of each member once".to_owned()));
        }
    }
    let taken = taken(command, &had, &given)?;
    let same =
        |id: &String, new: &Binding| had.get(id).is_some_and(|had| (had.from, had.until) == (new.from, new.until));
    given.retain(|id, new| !same(id, new));
    if given.is_empty() && taken.is_empty() {
        return Err(Rejection::PolicyUnchanged { subject: set });
    }
    let before = had.clone();
    had.retain(|id, _| !taken.contains(id));
    had.extend(given.clone());
    if had.len() > BINDINGS_MAX && had.len() > before.len() {
        return Err(Rejection::TooManyBindings { subject: set });
    }
    if let NodeName::Organization(organization) = node {
        keep_administrator(txn, organization, &before, &had, ctx.now)?;
    }
    let (author, update_time) = (ctx.actor.to_owned(), ctx.now);
    let row = AccessPolicy { node: node.clone(), node_uid: uid, author, update_time };
    txn.write(FactKind::PolicyChanged, set.clone(), Some(row.into()))?;
    txn.bump(&sets::policies(&node.organization()))?;
    let gone: BTreeSet<String> = taken.into_iter().chain(left).filter(|id| !given.contains_key(id)).collect();
    for (id, binding) in given {
        txn.write(FactKind::RoleBound, set.entry(&id), Some(binding.into()))?;
    }
    gone.iter().try_for_each(|id| txn.write(FactKind::RoleUnbound, set.entry(id), None))
}

/// What is bound on the node, and entries that are left of another one that had its name.
fn bound(view: &dyn View, set: &Subject, uid: RequestId) -> Result<(Bound, Vec<String>), ViewError> {
    let (mut bound, mut left) = (Bound::new(), Vec::new());
    for id in view.entries(set, None, usize::MAX) {
        match view.row::<Binding>(&set.entry(&id))? {
            Some((_, row)) if row.node_uid == uid => drop(bound.insert(id, row)),
            _ => left.push(id),
        }
    }
    // They have no effect, so that they go can take several changes.
    left.truncate(LEFT_MAX);
    Ok((bound, left))
}

/// The uid of the node, which is there and ACTIVE; of a namespace that of its cluster. Guards it.
pub(crate) fn check_node(txn: &mut Txn<'_>, node: &NodeName) -> Result<RequestId, Rejection> {
    fn active<T: Row>(txn: &mut Txn<'_>, name: impl Into<ResourceName>) -> Result<T, Rejection> {
        check::active(txn, &Subject::resource(&name.into()), None)
    }
    Ok(match node.clone() {
        NodeName::Organization(name) => active::<Organization>(txn, name)?.uid,
        NodeName::Folder(name) => active::<Folder>(txn, name)?.uid,
        NodeName::Project(name) => active::<Project>(txn, name)?.uid,
        NodeName::Cluster(name) => active::<Cluster>(txn, name)?.uid,
        NodeName::Namespace(name) => active::<Cluster>(txn, name.cluster)?.uid,
    })
}

/// The role may be bound there so, and will hold at some time.
fn check_given(txn: &mut Txn<'_>, node: &NodeName, given: &Given, ctx: &Context<'_>) -> Result<(), Rejection> {
    let Given { role, from, until, .. } = given;
    let (bound_at, must_end) = match role {
        RoleName::Predefined(_) => predefined(role),
        RoleName::Custom(label) => (custom(txn, node, label, ctx)?.bound_at, false),
    };
    if !bound_at.contains(node.kind()) {
        return Err(Rejection::RoleNotBindable { role: role.to_string(), node: node.to_string(), bound_at });
    }
    match until {
        None if must_end => {
            Err(check::invalid("until", "", format!("a time, because {role} is given for a time only")))
        }
        Some(until) if *until <= from.unwrap_or_default() || *until <= ctx.now => {
            Err(check::invalid("until", &until.to_string(), "a time to come, after the beginning".to_owned()))
        }
        _ => Ok(()),
    }
}

fn predefined(role: &RoleName) -> (Kinds, bool) {
    let name = role.to_string();
    let row = ROLES.iter().find(|row| row.name == name);
    row.map(|row| (row.bound_at, row.must_end)).unwrap_or_default()
}

/// Guarded where it is a row of the same log; a region goes by its copy of the global log, and a role that is gone gives nothing.
fn custom(txn: &mut Txn<'_>, node: &NodeName, label: &Label, ctx: &Context<'_>) -> Result<CustomRole, Rejection> {
    let subject = role::subject(&node.organization(), label);
    let row = match ctx.log {
        ids::Log::Global => txn.get::<CustomRole>(&subject)?,
        ids::Log::Region(_) => ctx.global.row::<CustomRole>(&subject)?,
    };
    match row {
        Some((_, row)) if row.state == State::Active => Ok(row),
        _ => Err(Rejection::NotFound { subject }),
    }
}

/// Entries that go.
fn taken(command: &ChangePolicy, had: &Bound, given: &Bound) -> Result<BTreeSet<String>, Rejection> {
    let Take::These(these) = &command.take else {
        return Ok(had.keys().filter(|id| !given.contains_key(*id)).cloned().collect());
    };
    let mut taken = BTreeSet::new();
    for (role, member) in these {
        let id = binding_id(role, member);
        if !had.contains_key(&id) {
            let (role, member) = (role.to_string(), member.to_string());
            return Err(Rejection::NotBound { node: command.node.to_string(), role, member });
        }
        if given.contains_key(&id) || !taken.insert(id) {
            let wanted = "each once, and none that is given by the same change".to_owned();
            return Err(check::invalid("take", &format!("{role} {member}"), wanted));
        }
    }
    Ok(taken)
}

/// There is an administrator afterwards, if there was one. Guards groups, through which somebody may be one.
fn keep_administrator(
    txn: &mut Txn<'_>,
    organization: &OrganizationName,
    before: &Bound,
    after: &Bound,
    now: Hlc,
) -> Result<(), Rejection> {
    let members = |bound: &Bound| -> BTreeSet<Member> {
        bound.values().filter(|binding| administers(binding, now)).map(|binding| binding.member.clone()).collect()
    };
    let (before, after) = (members(before), members(after));
    if before.is_subset(&after) {
        return Ok(());
    }
    txn.revision(&sets::groups(organization));
    let view = txn.unguarded();
    if group::somebody(view, organization, &before, None)? && !group::somebody(view, organization, &after, None)? {
        return Err(Rejection::LastAdministrator { organization: organization.clone() });
    }
    Ok(())
}

/// Nothing that decides who may do what was changed behind `planned`, by this log. Guards all of it.
pub(crate) fn check_plan(txn: &mut Txn<'_>, command: &Command, planned: Seq) -> Result<(), Rejection> {
    let subject = command.subject();
    let other = || check::invalid("plan", subject.as_str(), "a command about who may do what".to_owned());
    let organization = query::organization_of(&subject).ok_or_else(other)?;
    let sets = [
        sets::policies(&organization),
        sets::groups(&organization),
        sets::roles(&organization),
        sets::tree(&organization),
    ];
    // Nothing was planned on the beginning of a log.
    let changed = sets.iter().any(|set| txn.revision(set) > Revision::from(planned)) || planned == Seq::ZERO;
    if changed { Err(Rejection::PlanStale { subject }) } else { Ok(()) }
}

/// Whom an organization has as administrators for good. Rests on the set of its bindings.
pub(crate) fn administrators(
    view: &dyn View,
    organization: &Organization,
    now: Hlc,
) -> Result<BTreeSet<Member>, ViewError> {
    let set = sets::bindings(&NodeName::Organization(organization.name.clone()));
    let (bound, _) = bound(view, &set, organization.uid)?;
    Ok(bound.into_values().filter(|binding| administers(binding, now)).map(|binding| binding.member).collect())
}

fn administers(binding: &Binding, now: Hlc) -> bool {
    let is_admin = matches!(&binding.role, RoleName::Predefined(_)) && binding.role.to_string() == ADMINISTRATOR;
    is_admin && binding.until.is_none() && binding.from.is_none_or(|from| from <= now)
}
