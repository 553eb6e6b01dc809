//! What must hold of the rows of the global log after every command, read from the rows alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Entity, State, sets};
use ids::{ContainerName, ResourceName, Subject, limits::FOLDER_DEPTH_MAX};

use crate::memory::Memory;

/// One folder or project that is not DELETED.
struct Node {
    parent: ContainerName,
    entry: String,
}

/// Every folder and project has one parent, which is there and ACTIVE, of the same organization, at a depth within the
/// limit, and is an entry of exactly that parent's set; nothing else is an entry of any set; nothing that is DELETED
/// has entries.
pub fn check(memory: &Memory) -> Result<(), String> {
    let mut containers = BTreeSet::new();
    let mut deleted = Vec::new();
    let mut nodes = BTreeMap::new();
    for (subject, entity) in memory.rows() {
        let (name, state, node): (ResourceName, _, _) = match entity {
            Entity::Organization(row) => (row.name.clone().into(), row.state, None),
            Entity::Folder(row) => {
                let entry = sets::folder_entry(&row.name.folder);
                (row.name.clone().into(), row.state, Some(Node { parent: row.parent.clone(), entry }))
            }
            Entity::Project(row) => {
                if row.awaiting.is_empty() == (row.state == State::Deleting) {
                    return Err(format!("{subject} is {} and awaits {:?}", row.state, row.awaiting));
                }
                let entry = sets::project_entry(&row.name.project);
                (row.name.clone().into(), row.state, Some(Node { parent: row.parent.clone(), entry }))
            }
            Entity::Marker | Entity::Account(_) | Entity::Catalog(_) | Entity::Edition(_) => continue,
            _of_a_region => return Err(format!("{subject} is a {} in the global log", entity.kind())),
        };
        if Subject::resource(&name) != *subject {
            return Err(format!("{subject} holds {name}"));
        }
        let container = name.to_string().parse::<ContainerName>().ok();
        match (state, container) {
            (State::Deleted, Some(container)) => deleted.push(container),
            (State::Active, Some(container)) => drop(containers.insert(container)),
            (State::Active | State::Deleting | State::Deleted, _) => {}
        }
        if let (Some(node), true) = (node, state != State::Deleted) {
            nodes.insert(name, node);
        }
    }
    check_parents(&nodes, &containers)?;
    check_entries(memory, &nodes, &containers, &deleted)
}

fn check_parents(nodes: &BTreeMap<ResourceName, Node>, containers: &BTreeSet<ContainerName>) -> Result<(), String> {
    for (name, node) in nodes {
        let mut above = &node.parent;
        let mut folders = usize::from(matches!(name, ResourceName::Folder(_)));
        loop {
            if !containers.contains(above) || above.organization() != name.organization() {
                return Err(format!("{name} is under {above}, which is no container of its organization"));
            }
            let ContainerName::Folder(_) = above else { break };
            folders += 1;
            if folders > FOLDER_DEPTH_MAX {
                return Err(format!("{name} is too deep or in a cycle"));
            }
            above = &nodes[&above.clone().into()].parent;
        }
    }
    Ok(())
}

fn check_entries(
    memory: &Memory,
    nodes: &BTreeMap<ResourceName, Node>,
    containers: &BTreeSet<ContainerName>,
    deleted: &[ContainerName],
) -> Result<(), String> {
    let mut wanted: BTreeMap<&ContainerName, BTreeSet<&str>> =
        containers.iter().map(|c| (c, BTreeSet::new())).collect();
    for container in deleted {
        wanted.insert(container, BTreeSet::new());
    }
    for node in nodes.values() {
        wanted.entry(&node.parent).or_default().insert(&node.entry);
    }
    for (container, wanted) in wanted {
        let entries = memory.all_entries(&sets::children(container));
        if !entries.iter().map(String::as_str).eq(wanted.iter().copied()) {
            return Err(format!("{container} lists {entries:?}, and {wanted:?} say that they are in it"));
        }
    }
    let listed = memory.all_entries(&sets::organizations());
    let there = containers.iter().filter_map(|container| match container {
        ContainerName::Organization(name) => Some(name.organization.as_str()),
        ContainerName::Folder(_) => None,
    });
    if !there.eq(listed.iter().map(String::as_str)) {
        return Err(format!("the organizations listed are {listed:?}"));
    }
    Ok(())
}
