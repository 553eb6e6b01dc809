//! Decisions about groups: members by one name, groups among them.
//!
//! Every change of a group guards and raises the revision of the organization's set of groups, so the walks here read without guards.

use std::collections::BTreeSet;

use access::{Member, NodeName};
use ids::{
    GroupName, Label, OrganizationName, Subject,
    limits::{GROUP_MEMBERS_MAX, GROUPS_MAX},
};

use crate::{
    Context, FactKind, Group, Organization, Rejection, State, Txn, View, ViewError, check,
    command::{CreateGroup, DeleteGroup, UpdateGroup},
    policy, sets,
};

/// The row of a group.
pub fn subject(name: &GroupName) -> Subject {
    sets::groups(&name.organization).entry(name.group.as_str())
}

pub(crate) fn create(txn: &mut Txn<'_>, command: &CreateGroup, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    check::texts(&command.display_name, &command.description)?;
    let _: Organization = check::active(txn, &Subject::resource(&name.organization.clone().into()), None)?;
    check::name_was_never_taken::<Group>(txn, &subject)?;
    let set = lock(txn, &name.organization)?;
    if txn.unguarded().entries(&set, None, GROUPS_MAX).len() == GROUPS_MAX {
        return Err(Rejection::TooManyGroups { organization: name.organization.clone() });
    }
    let row = Group {
        name: name.clone(),
        uid: ctx.request_id,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        members: command.members.clone(),
        state: State::Active,
        author: ctx.actor.to_owned(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    check_members(txn.unguarded(), &row)?;
    txn.write(FactKind::GroupCreated, subject, Some(row.into()))
}

pub(crate) fn update(txn: &mut Txn<'_>, command: &UpdateGroup, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    let UpdateGroup { display_name, description, add, remove, .. } = command;
    if add.is_empty() && remove.is_empty() {
        check::changes(&subject, display_name.as_deref(), description.as_deref())?;
    }
    check::texts(display_name.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default())?;
    let mut row: Group = check::active(txn, &subject, command.etag)?;
    let missing = remove.iter().find(|member| !row.members.contains(*member) || add.contains(*member));
    if let Some(member) = missing {
        return Err(Rejection::NotAMember { group: name.clone(), member: member.to_string() });
    }
    row.members.retain(|member| !remove.contains(member));
    row.members.extend(add.iter().cloned());
    row.display_name = display_name.clone().unwrap_or(row.display_name);
    row.description = description.clone().unwrap_or(row.description);
    (row.author, row.update_time) = (ctx.actor.to_owned(), ctx.now);
    check_members(txn.unguarded(), &row)?;
    lock(txn, &name.organization)?;
    keep_administrator(txn, &row, ctx)?;
    txn.write(FactKind::GroupUpdated, subject, Some(row.into()))
}

pub(crate) fn delete(txn: &mut Txn<'_>, command: &DeleteGroup, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = subject(&command.name);
    let mut row: Group = check::active(txn, &subject, command.etag)?;
    (row.state, row.update_time) = (State::Deleted, ctx.now);
    (row.author, row.members) = (ctx.actor.to_owned(), BTreeSet::new());
    lock(txn, &command.name.organization)?;
    keep_administrator(txn, &row, ctx)?;
    txn.write(FactKind::GroupDeleted, subject, Some(row.into()))
}

/// Holds the groups of the organization still, and announces that one changes.
fn lock(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<Subject, Rejection> {
    let set = sets::groups(organization);
    txn.revision(&set);
    txn.bump(&set)?;
    Ok(set)
}

/// Not too many, and none that the group itself is in.
fn check_members(view: &dyn View, row: &Group) -> Result<(), Rejection> {
    if row.members.len() > GROUP_MEMBERS_MAX {
        return Err(Rejection::TooManyMembers { group: row.name.clone(), members: row.members.len() });
    }
    let (mut seen, mut next) = (BTreeSet::new(), groups_among(&row.members));
    while let Some(label) = next.pop() {
        if label == row.name.group {
            return Err(Rejection::GroupCycle { group: row.name.clone() });
        }
        if seen.insert(label.clone()) {
            next.extend(groups_among(&members(view, &row.name.organization, &label)?));
        }
    }
    Ok(())
}

/// Groups that can be on record.
fn groups_among(members: &BTreeSet<Member>) -> Vec<Label> {
    members.iter().filter(|member| member.is_group()).filter_map(|member| member.id().parse().ok()).collect()
}

/// Direct members of a group; none of one that is not there.
fn members(view: &dyn View, organization: &OrganizationName, group: &Label) -> Result<BTreeSet<Member>, ViewError> {
    let row = view.row::<Group>(&sets::groups(organization).entry(group.as_str()))?;
    Ok(row.map(|(_, row)| row.members).unwrap_or_default())
}

/// Whether a user or a service account is among these, also through groups; `changed` goes before what is on record.
pub(crate) fn somebody(
    view: &dyn View,
    organization: &OrganizationName,
    among: &BTreeSet<Member>,
    changed: Option<&Group>,
) -> Result<bool, ViewError> {
    if among.iter().any(|member| !member.is_group()) {
        return Ok(true);
    }
    let (mut seen, mut next) = (BTreeSet::new(), groups_among(among));
    while let Some(label) = next.pop() {
        if !seen.insert(label.clone()) {
            continue;
        }
        let members = match changed.filter(|group| group.name.group == label) {
            Some(group) => group.members.clone(),
            None => members(view, organization, &label)?,
        };
        if members.iter().any(|member| !member.is_group()) {
            return Ok(true);
        }
        next.extend(groups_among(&members));
    }
    Ok(false)
}

/// Whether `member` is among these, also through groups on record.
pub(crate) fn is_among(
    view: &dyn View,
    organization: &OrganizationName,
    among: &BTreeSet<Member>,
    member: &Member,
) -> Result<bool, ViewError> {
    let (mut seen, mut next) = (BTreeSet::new(), groups_among(among));
    if among.contains(member) {
        return Ok(true);
    }
    while let Some(label) = next.pop() {
        if seen.insert(label.clone()) {
            let members = members(view, organization, &label)?;
            if members.contains(member) {
                return Ok(true);
            }
            next.extend(groups_among(&members));
        }
    }
    Ok(false)
}

/// The organization still has an administrator with the group as it is to be, if it has one. Guards bindings of the organization.
fn keep_administrator(txn: &mut Txn<'_>, changed: &Group, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &changed.name.organization;
    let (_, organization) = check::existing::<Organization>(txn, &Subject::resource(&name.clone().into()))?;
    txn.revision(&sets::bindings(&NodeName::Organization(name.clone())));
    let view = txn.unguarded();
    let administrators = policy::administrators(view, &organization, ctx.now)?;
    if somebody(view, name, &administrators, None)? && !somebody(view, name, &administrators, Some(changed))? {
        return Err(Rejection::LastAdministrator { organization: name.clone() });
    }
    Ok(())
}
