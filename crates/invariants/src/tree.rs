//! `tree`: organizations, folders and projects form a forest: no circles, one living parent each, within one organization, and every
//! container's set of children says the same as the children's parent fields.
//!
//! Source: the rules of `domain` for moving and deleting; [`ids::limits::FOLDER_DEPTH_MAX`]. A move changes only fields and sets, in one
//! record, so a missed guard shows here as a folder in two places, in none, or below itself.
//!
//! Looks like a violation and is not: a deleted resource that still names a parent, also a deleted one; an empty set of children of
//! something deleted or never seen. Clusters are not part of the tree: their project is in their name.

use std::collections::{BTreeMap, BTreeSet};

use ids::{ContainerName, ResourceName, limits::FOLDER_DEPTH_MAX};

use crate::{Nanos, Violations};

const NAME: &str = "tree";

/// A resource of the tree as the state has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    pub name: ResourceName,
    /// `None` for organizations, and for nothing else.
    pub parent: Option<ContainerName>,
    pub deleted: bool,
}

pub type Children = BTreeMap<ContainerName, BTreeSet<ResourceName>>;

/// Checks the whole tree of one state.
pub fn check_tree(at: Nanos, nodes: &[TreeNode], children: &Children, out: &mut Violations) {
    let mut say = |detail| out.push(NAME, at, detail);
    let mut names = BTreeSet::new();
    for node in nodes.iter().filter(|node| !names.insert(&node.name)) {
        say(format!("{} is there twice", node.name));
    }
    let living: Living<'_> =
        nodes.iter().filter(|node| !node.deleted).map(|node| (&node.name, node.parent.as_ref())).collect();
    for (name, parent) in &living {
        wrong_parent(&living, name, *parent).into_iter().for_each(&mut say);
        wrong_path(&living, name).into_iter().for_each(&mut say);
        if let Some(parent) = parent.filter(|parent| !children.get(*parent).is_some_and(|set| set.contains(*name))) {
            say(format!("{name} is in {parent}, whose children do not name it"));
        }
    }
    for (container, set) in children {
        for child in set.iter().filter(|child| living.get(child).copied().flatten() != Some(container)) {
            say(format!("the children of {container} name {child}, which is not in it"));
        }
    }
}

/// What is not deleted, with its parent.
type Living<'a> = BTreeMap<&'a ResourceName, Option<&'a ContainerName>>;

fn wrong_parent(living: &Living<'_>, name: &ResourceName, parent: Option<&ContainerName>) -> Option<String> {
    let parent = match (name, parent) {
        (ResourceName::Organization(_), None) => return None,
        (ResourceName::Organization(_), Some(parent)) => return Some(format!("{name} has the parent {parent}")),
        (ResourceName::Cluster(_), _) => return Some(format!("{name} is not part of the tree")),
        (ResourceName::Folder(_) | ResourceName::Project(_), None) => return Some(format!("{name} has no parent")),
        (ResourceName::Folder(_) | ResourceName::Project(_), Some(parent)) => parent,
    };
    if parent.organization() != name.organization() {
        return Some(format!("{name} is in {parent}, of another organization"));
    }
    let exists = living.contains_key(&ResourceName::from(parent.clone()));
    (!exists).then(|| format!("{name} is in {parent}, which is deleted or was never made"))
}

/// Walks up from `name`: a circle, or more folders than may be in one another.
fn wrong_path(living: &Living<'_>, name: &ResourceName) -> Option<String> {
    let mut passed = BTreeSet::new();
    let mut place = Some(name.clone());
    while let Some(here) = place {
        let parent = living.get(&here).copied().flatten();
        place = parent.map(|parent| ResourceName::from(parent.clone()));
        if matches!(here, ResourceName::Folder(_)) && !passed.insert(here) {
            return Some(format!("{name} is in a circle, or below one"));
        }
    }
    let folders = passed.len();
    (folders > FOLDER_DEPTH_MAX)
        .then(|| format!("{name} makes {folders} folders in one another, of {FOLDER_DEPTH_MAX}"))
}

#[cfg(test)]
mod tests;
