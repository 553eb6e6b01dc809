//! What folders and projects share: the parent that they are put in, their links, and the shape of the folders above
//! and below.
//!
//! The walks read without guards. They are safe under [`sets::tree`], which every creation, move and deletion of a
//! folder guards and raises: of two that were decided on the same rows, the second conflicts. Guarding every folder on
//! the way would take as many guards as a subtree has folders.

use ids::{ContainerName, FolderName, OrganizationName, ResourceName, Subject, limits::FOLDER_DEPTH_MAX};

use crate::{Folder, Organization, Rejection, Row, State, Txn, View, ViewError, check, sets};

/// Folders read at a time on the way down.
const PAGE: usize = 256;

/// `parent` can take `name`: it is of the same organization, exists and is ACTIVE. Guards the parent's row: its
/// deletion writes it, so the two conflict whichever comes first.
pub fn check_parent(txn: &mut Txn<'_>, name: &ResourceName, parent: &ContainerName) -> Result<(), Rejection> {
    let subject = Subject::resource(name);
    let organization = name.organization();
    if parent.organization() != organization {
        return Err(Rejection::OtherOrganization { subject, parent: parent.clone(), organization });
    }
    let parent_subject = Subject::resource(&parent.clone().into());
    let state = match parent {
        ContainerName::Organization(_) => state_of::<Organization>(txn, &parent_subject)?,
        ContainerName::Folder(_) => state_of::<Folder>(txn, &parent_subject)?,
    };
    match state {
        Some(State::Active) => Ok(()),
        Some(state @ (State::Deleting | State::Deleted)) => {
            Err(Rejection::ParentNotActive { subject, parent: parent.clone(), state })
        }
        None => Err(Rejection::NotFound { subject: parent_subject }),
    }
}

fn state_of<T: Row>(txn: &mut Txn<'_>, subject: &Subject) -> Result<Option<State>, ViewError> {
    Ok(txn.get::<T>(subject)?.map(|(_, row)| row.state()))
}

/// Moves an entry from one container's children to another's. Needs no guard on either set: the entry's own row is
/// guarded.
pub fn relink(txn: &mut Txn<'_>, entry: &str, from: &ContainerName, to: &ContainerName) -> Result<(), Rejection> {
    txn.remove_entry(&sets::children(from), entry)?;
    txn.add_entry(&sets::children(to), entry)
}

/// Holds the shape of the organization's folders still, and announces that it changes. Part of every decision that
/// walks; where in the decision does not matter, because the rows of a view stand still.
pub fn lock_shape(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<(), Rejection> {
    let tree = sets::tree(organization);
    txn.revision(&tree);
    txn.bump(&tree)
}

/// A folder with `height` levels of folders below it may stand in `parent`: the deepest is not too deep. Under
/// [`lock_shape`].
pub fn check_depth(
    view: &dyn View,
    folder: &FolderName,
    parent: &ContainerName,
    height: usize,
) -> Result<(), Rejection> {
    let depth = ancestry(view, folder, parent)?.len() + 1 + height;
    if depth > FOLDER_DEPTH_MAX {
        return Err(Rejection::FolderTooDeep { folder: folder.clone(), depth });
    }
    Ok(())
}

/// `parent` is neither `folder` nor inside it. Under [`lock_shape`].
pub fn check_acyclic(view: &dyn View, folder: &FolderName, parent: &ContainerName) -> Result<(), Rejection> {
    if ancestry(view, folder, parent)?.contains(folder) {
        return Err(Rejection::FolderCycle { folder: folder.clone(), parent: parent.clone() });
    }
    Ok(())
}

/// The folders from `container` upwards, itself first where it is a folder. `folder` is the one on whose behalf it
/// asks.
fn ancestry(view: &dyn View, folder: &FolderName, container: &ContainerName) -> Result<Vec<FolderName>, Rejection> {
    let mut above = Vec::new();
    let mut container = container.clone();
    while let ContainerName::Folder(name) = container {
        let subject = Subject::resource(&ResourceName::Folder(name.clone()));
        above.push(name);
        // Rows that name each other as parents can only come from a defect; they must end here and not in an endless
        // walk.
        if above.len() > FOLDER_DEPTH_MAX {
            return Err(Rejection::FolderTooDeep { folder: folder.clone(), depth: above.len() + 1 });
        }
        let (_, row) = view.row::<Folder>(&subject)?.ok_or(Rejection::NotFound { subject })?;
        container = row.parent;
    }
    Ok(above)
}

/// Levels of folders below `folder`: 0 when there is none. Never more than one above the limit. Under [`lock_shape`].
pub fn height(view: &dyn View, folder: &FolderName) -> Result<usize, Rejection> {
    let mut level = vec![folder.clone()];
    let mut height = 0;
    loop {
        let mut below = Vec::new();
        for parent in level {
            folders_in(view, &ContainerName::Folder(parent), &mut below)?;
        }
        if below.is_empty() || height > FOLDER_DEPTH_MAX {
            return Ok(height);
        }
        height += 1;
        level = below;
    }
}

/// Adds the folders that are directly in `container`. Projects sort behind them, so it stops at the first.
fn folders_in(view: &dyn View, container: &ContainerName, found: &mut Vec<FolderName>) -> Result<(), Rejection> {
    let set = sets::children(container);
    let mut after: Option<String> = None;
    loop {
        let page = view.entries(&set, after.as_deref(), PAGE);
        for entry in &page {
            let Some(label) = entry.strip_prefix(sets::FOLDERS_PREFIX) else { return Ok(()) };
            let label =
                label.parse().map_err(|_| ViewError { subject: set.entry(entry), detail: "no label".to_owned() })?;
            found.push(container.organization().folder(label));
        }
        after = page.last().cloned();
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// The container has neither folders nor projects. Guards its set.
pub fn check_childless(txn: &mut Txn<'_>, container: &ContainerName) -> Result<(), Rejection> {
    check::empty(txn, &Subject::resource(&container.clone().into()), &sets::children(container))
}
