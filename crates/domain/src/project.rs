//! Decisions about projects.
//!
//! A project's clusters are in other logs, so its deletion cannot look whether any is left. It becomes DELETING, which
//! stops new clusters, and lists the regions that must say that they have none; the last one to say so makes it
//! DELETED.

use ids::{RegionId, Subject};

use crate::{
    Context, FactKind, Project, Rejection, State, Txn, check,
    command::{AcknowledgeDrain, CreateProject, DeleteProject, MoveProject, UpdateProject},
    registry, sets, tree,
};

pub fn create(txn: &mut Txn<'_>, command: &CreateProject, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    check::texts(&command.display_name, &command.description)?;
    check::name_is_free::<Project>(txn, &subject)?;
    tree::check_parent(txn, &name.clone().into(), &command.parent)?;
    let row = Project {
        name: name.clone(),
        uid: ctx.request_id,
        parent: command.parent.clone(),
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        state: State::Active,
        awaiting: Default::default(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    txn.write(FactKind::ProjectCreated, subject, Some(row.into()))?;
    txn.add_entry(&sets::children(&command.parent), &sets::project_entry(&name.project))
}

pub fn update(txn: &mut Txn<'_>, command: &UpdateProject, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    check::changes(&subject, command.display_name.as_deref(), command.description.as_deref())?;
    let mut row: Project = check::active(txn, &subject, command.etag)?;
    row.display_name = command.display_name.clone().unwrap_or(row.display_name);
    row.description = command.description.clone().unwrap_or(row.description);
    row.update_time = ctx.now;
    txn.write(FactKind::ProjectUpdated, subject, Some(row.into()))
}

/// Moves a project: `move` is a word of the language. Nothing can be inside a project that it could be moved into, so
/// neither cycle nor depth is looked at, and moves of projects do not wait for one another.
pub fn relocate(txn: &mut Txn<'_>, command: &MoveProject, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, to) = (&command.name, &command.parent);
    let subject = Subject::resource(&name.clone().into());
    let mut row: Project = check::active(txn, &subject, command.etag)?;
    tree::check_parent(txn, &name.clone().into(), to)?;
    if row.parent == *to {
        return Err(Rejection::AlreadyThere { subject, parent: to.clone() });
    }
    let from = std::mem::replace(&mut row.parent, to.clone());
    row.update_time = ctx.now;
    txn.write(FactKind::ProjectMoved, subject, Some(row.into()))?;
    tree::relink(txn, &sets::project_entry(&name.project), &from, to)?;
    // Who may do what below it is another matter now.
    txn.bump(&sets::tree(&to.organization()))
}

pub fn delete(txn: &mut Txn<'_>, command: &DeleteProject, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let mut row: Project = check::active(txn, &subject, command.etag)?;
    // Guards the registry: a region that is registered meanwhile must be awaited too.
    row.awaiting = registry::regions(txn)?;
    row.update_time = ctx.now;
    if row.awaiting.is_empty() {
        return end(txn, subject, row);
    }
    row.state = State::Deleting;
    txn.write(FactKind::ProjectDeletionStarted, subject, Some(row.into()))
}

pub fn acknowledge_drain(txn: &mut Txn<'_>, command: &AcknowledgeDrain, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (project, region) = (command.project.clone(), &command.region);
    let subject = Subject::resource(&project.clone().into());
    let Some((_, mut row)) = txn.get::<Project>(&subject)? else { return Err(Rejection::NotFound { subject }) };
    match row.state {
        State::Active => return Err(Rejection::NotDeleting { project, state: row.state }),
        // A region that repeats itself after the last one left is told that it is done, not that it dreamt.
        State::Deleting | State::Deleted if !row.awaiting.remove(region) => {
            return Err(not_awaited(txn, command));
        }
        State::Deleting | State::Deleted => {}
    }
    row.update_time = ctx.now;
    if row.awaiting.is_empty() {
        return end(txn, subject, row);
    }
    txn.write(FactKind::ProjectRegionDrained, subject, Some(row.into()))
}

/// Why a region is not among those awaited. It only words the rejection, so it needs no guard.
fn not_awaited(txn: &Txn<'_>, command: &AcknowledgeDrain) -> Rejection {
    let (project, region): (_, RegionId) = (command.project.clone(), command.region.clone());
    if registry::is_registered(txn.unguarded(), &region) {
        Rejection::AlreadyDrained { project, region }
    } else {
        Rejection::RegionNotAwaited { project, region }
    }
}

/// The end of a deletion: the row stays as DELETED and the project leaves its parent.
fn end(txn: &mut Txn<'_>, subject: Subject, mut row: Project) -> Result<(), Rejection> {
    row.state = State::Deleted;
    let (children, entry) = (sets::children(&row.parent), sets::project_entry(&row.name.project));
    txn.write(FactKind::ProjectDeleted, subject, Some(row.into()))?;
    txn.remove_entry(&children, &entry)
}
