//! Decisions about folders.
//!
//! Folders are what can break a tree: a folder moved into itself, a parent deleted under a child, a branch too deep.
//! Everything that changes the shape of the folders of an organization therefore goes one after the other, by the guard
//! on [`sets::tree`].

use ids::{ContainerName, OrganizationName, Subject};

use crate::{
    Context, FactKind, Folder, Rejection, State, Txn, check,
    command::{CreateFolder, DeleteFolder, MoveFolder, UpdateFolder},
    sets, tree,
};

pub fn create(txn: &mut Txn<'_>, command: &CreateFolder, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    check::texts(&command.display_name, &command.description)?;
    check::name_is_free::<Folder>(txn, &subject)?;
    tree::check_parent(txn, &name.clone().into(), &command.parent)?;
    tree::check_depth(txn.unguarded(), name, &command.parent, 0)?;
    let row = Folder {
        name: name.clone(),
        uid: ctx.request_id,
        parent: command.parent.clone(),
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        state: State::Active,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    txn.write(FactKind::FolderCreated, subject, Some(row.into()))?;
    txn.add_entry(&sets::children(&command.parent), &sets::folder_entry(&name.folder))?;
    tree::lock_shape(txn, &command.parent.organization())
}

pub fn update(txn: &mut Txn<'_>, command: &UpdateFolder, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    check::changes(&subject, command.display_name.as_deref(), command.description.as_deref())?;
    let mut row: Folder = check::active(txn, &subject, command.etag)?;
    row.display_name = command.display_name.clone().unwrap_or(row.display_name);
    row.description = command.description.clone().unwrap_or(row.description);
    row.update_time = ctx.now;
    txn.write(FactKind::FolderUpdated, subject, Some(row.into()))
}

/// Moves a folder: `move` is a word of the language.
pub fn relocate(txn: &mut Txn<'_>, command: &MoveFolder, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, to) = (&command.name, &command.parent);
    let subject = Subject::resource(&name.clone().into());
    let mut row: Folder = check::active(txn, &subject, command.etag)?;
    tree::check_parent(txn, &name.clone().into(), to)?;
    if row.parent == *to {
        return Err(Rejection::AlreadyThere { subject, parent: to.clone() });
    }
    tree::check_acyclic(txn.unguarded(), name, to)?;
    let height = tree::height(txn.unguarded(), name)?;
    tree::check_depth(txn.unguarded(), name, to, height)?;
    let from = std::mem::replace(&mut row.parent, to.clone());
    row.update_time = ctx.now;
    txn.write(FactKind::FolderMoved, subject, Some(row.into()))?;
    tree::relink(txn, &sets::folder_entry(&name.folder), &from, to)?;
    tree::lock_shape(txn, &to.organization())
}

pub fn delete(txn: &mut Txn<'_>, command: &DeleteFolder, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    let mut row: Folder = check::active(txn, &subject, command.etag)?;
    tree::check_childless(txn, &ContainerName::Folder(name.clone()))?;
    row.state = State::Deleted;
    row.update_time = ctx.now;
    let children = sets::children(&row.parent);
    txn.write(FactKind::FolderDeleted, subject, Some(row.into()))?;
    txn.remove_entry(&children, &sets::folder_entry(&name.folder))?;
    tree::lock_shape(txn, &OrganizationName { organization: name.organization.clone() })
}
