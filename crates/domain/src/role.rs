//! Decisions about roles that an organization makes for itself.

use ids::{Label, OrganizationName, RoleId, Subject};

use crate::{
    Context, CustomRole, FactKind, Organization, Rejection, State, Txn, check,
    command::{CreateRole, DeleteRole, UpdateRole},
    sets,
};

/// The row of a role.
pub fn subject(organization: &OrganizationName, role: &Label) -> Subject {
    sets::roles(organization).entry(role.as_str())
}

fn of(name: &RoleId) -> Subject {
    subject(&name.organization, &name.role)
}

pub(crate) fn create(txn: &mut Txn<'_>, command: &CreateRole, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, of(&command.name));
    check::texts(&command.display_name, &command.description)?;
    let _: Organization = check::active(txn, &Subject::resource(&name.organization.clone().into()), None)?;
    check::name_was_never_taken::<CustomRole>(txn, &subject)?;
    if command.rights.is_empty() {
        return Err(check::invalid("rights", "", "one right or more".to_owned()));
    }
    if command.bound_at.iter().next().is_none() {
        return Err(check::invalid("bound_at", "", "one kind of node or more".to_owned()));
    }
    let row = CustomRole {
        name: name.clone(),
        uid: ctx.request_id,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        rights: command.rights,
        bound_at: command.bound_at,
        state: State::Active,
        author: ctx.actor.to_owned(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    txn.write(FactKind::RoleCreated, subject, Some(row.into()))?;
    txn.bump(&sets::roles(&name.organization))
}

pub(crate) fn update(txn: &mut Txn<'_>, command: &UpdateRole, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = of(&command.name);
    let UpdateRole { display_name, description, rights, .. } = command;
    if rights.is_none() {
        check::changes(&subject, display_name.as_deref(), description.as_deref())?;
    }
    check::texts(display_name.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default())?;
    let mut row: CustomRole = check::active(txn, &subject, command.etag)?;
    row.rights = rights.unwrap_or(row.rights);
    if row.rights.is_empty() {
        return Err(check::invalid("rights", "", "one right or more, or the deletion of the role".to_owned()));
    }
    row.display_name = display_name.clone().unwrap_or(row.display_name);
    row.description = description.clone().unwrap_or(row.description);
    (row.author, row.update_time) = (ctx.actor.to_owned(), ctx.now);
    txn.write(FactKind::RoleUpdated, subject, Some(row.into()))?;
    txn.bump(&sets::roles(&command.name.organization))
}

pub(crate) fn delete(txn: &mut Txn<'_>, command: &DeleteRole, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = of(&command.name);
    let mut row: CustomRole = check::active(txn, &subject, command.etag)?;
    (row.state, row.author, row.update_time) = (State::Deleted, ctx.actor.to_owned(), ctx.now);
    txn.write(FactKind::RoleDeleted, subject, Some(row.into()))?;
    txn.bump(&sets::roles(&command.name.organization))
}
