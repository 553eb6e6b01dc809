//! Decisions about organizations, the roots of the tree.
//!
//! An organization is deleted only when nothing is in it, so that no resource ever stands under a root that is gone. It has
//! a cloud account of its own from the start, where the pool has one, and takes it along when it goes ([`crate::account`]).

use ids::{ContainerName, Subject};

use crate::{
    Context, CustomRole, FactKind, Group, Organization, Owner, Rejection, Row, State, Txn, account, check,
    command::{CreateOrganization, DeleteOrganization, UpdateOrganization},
    quota, sets, tree,
};

pub fn create(txn: &mut Txn<'_>, command: &CreateOrganization, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    check::texts(&command.display_name, &command.description)?;
    check::name_is_free::<Organization>(txn, &subject)?;
    let ready = account::first_ready(txn)?;
    let row = Organization {
        name: command.name.clone(),
        uid: ctx.request_id,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        state: State::Active,
        create_time: ctx.now,
        update_time: ctx.now,
        account: ready.as_ref().map(|account| account.id),
    };
    let owner = Owner::of(&row);
    txn.write(FactKind::OrganizationCreated, subject, Some(row.into()))?;
    txn.add_entry(&sets::organizations(), command.name.organization.as_str())?;
    ready.map_or(Ok(()), |account| account::claim(txn, account, owner, ctx))
}

pub fn update(txn: &mut Txn<'_>, command: &UpdateOrganization, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    check::changes(&subject, command.display_name.as_deref(), command.description.as_deref())?;
    let mut row: Organization = check::active(txn, &subject, command.etag)?;
    row.display_name = command.display_name.clone().unwrap_or(row.display_name);
    row.description = command.description.clone().unwrap_or(row.description);
    row.update_time = ctx.now;
    txn.write(FactKind::OrganizationUpdated, subject, Some(row.into()))
}

pub fn delete(txn: &mut Txn<'_>, command: &DeleteOrganization, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let mut row: Organization = check::active(txn, &subject, command.etag)?;
    tree::check_childless(txn, &ContainerName::Organization(command.name.clone()))?;
    check_nothing_of::<Group>(txn, &subject, &sets::groups(&command.name))?;
    check_nothing_of::<CustomRole>(txn, &subject, &sets::roles(&command.name))?;
    check::empty(txn, &subject, &sets::active_identity_providers(&command.name))?;
    check::empty(txn, &subject, &sets::active_service_accounts(&command.name))?;
    row.state = State::Deleted;
    row.update_time = ctx.now;
    let account = row.account;
    txn.write(FactKind::OrganizationDeleted, subject, Some(row.into()))?;
    txn.remove_entry(&sets::organizations(), command.name.organization.as_str())?;
    quota::remove(txn, &command.name)?;
    account.map_or(Ok(()), |account| account::retire(txn, account, ctx))
}

/// Every entry is DELETED. Guards the set: rows that are left would be those of another organization that has the name later.
fn check_nothing_of<T: Row>(txn: &mut Txn<'_>, subject: &Subject, set: &Subject) -> Result<(), Rejection> {
    for entry in txn.entries(set, None, usize::MAX) {
        let entry = set.entry(&entry);
        if txn.unguarded().row::<T>(&entry)?.is_some_and(|(_, row)| row.state() != State::Deleted) {
            return Err(Rejection::NotEmpty { subject: subject.clone(), entry: entry.to_string() });
        }
    }
    Ok(())
}
