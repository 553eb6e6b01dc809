//! Smallest trees that break each rule, and a sound one.

use super::*;
use crate::testing::said;

fn name(short: &str) -> ResourceName {
    let full = format!("organizations/{short}");
    full.parse().unwrap()
}

fn container(short: &str) -> ContainerName {
    name(short).to_string().parse().unwrap()
}

fn node(short: &str, parent: &str) -> TreeNode {
    let parent = (!parent.is_empty()).then(|| container(parent));
    TreeNode { name: name(short), parent, deleted: false }
}

/// The sets of children that the parent fields of the living nodes call for.
fn children_of(nodes: &[TreeNode]) -> Children {
    let mut children = Children::new();
    for node in nodes.iter().filter(|node| !node.deleted) {
        if let Some(parent) = &node.parent {
            children.entry(parent.clone()).or_default().insert(node.name.clone());
        }
    }
    children
}

fn violations(nodes: &[TreeNode], children: &Children) -> Vec<String> {
    let mut out = Violations::default();
    check_tree(0, nodes, children, &mut out);
    said(&out)
}

/// What is wrong with these nodes, when all sets of children agree with them.
fn wrong(nodes: &[TreeNode]) -> Vec<String> {
    violations(nodes, &children_of(nodes))
}

fn sound() -> Vec<TreeNode> {
    vec![
        node("acme", ""),
        node("acme/folders/eng", "acme"),
        node("acme/projects/web", "acme/folders/eng"),
        TreeNode { deleted: true, ..node("acme/folders/old", "acme") },
        TreeNode { deleted: true, ..node("acme/projects/older", "acme/folders/old") },
    ]
}

#[test]
fn a_sound_tree_with_deleted_parts_is_fine() {
    let mut children = children_of(&sound());
    children.insert(container("acme/folders/old"), BTreeSet::new());
    assert!(violations(&sound(), &children).is_empty());
}

#[test]
fn a_name_twice_is_reported() {
    let mut nodes = sound();
    nodes.push(node("acme", ""));
    assert_eq!(wrong(&nodes), ["organizations/acme is there twice"]);
}

#[test]
fn a_parent_that_is_missing_deleted_foreign_or_too_many_is_reported() {
    let also = |extra: TreeNode| {
        let mut nodes = sound();
        nodes.push(extra);
        wrong(&nodes)
    };
    assert_eq!(also(node("acme/folders/lost", "")), ["organizations/acme/folders/lost has no parent"]);
    let orphan = also(node("acme/projects/p", "acme/folders/old"));
    assert!(orphan.iter().any(|said| said.ends_with("folders/old, which is deleted or was never made")), "{orphan:?}");
    let foreign = [node("acme", ""), node("other", ""), node("acme/projects/p", "other")];
    assert_eq!(wrong(&foreign), ["organizations/acme/projects/p is in organizations/other, of another organization"]);
    assert_eq!(wrong(&[node("a", "b"), node("b", "")]), ["organizations/a has the parent organizations/b"]);
    let cluster = also(node("acme/projects/web/locations/eu/clusters/c", "acme"));
    assert_eq!(cluster.len(), 1);
}

#[test]
fn a_circle_is_reported_for_everything_in_and_below_it() {
    let nodes = [
        node("acme", ""),
        node("acme/folders/a", "acme/folders/b"),
        node("acme/folders/b", "acme/folders/a"),
        node("acme/projects/p", "acme/folders/a"),
    ];
    let said = wrong(&nodes);
    assert_eq!(said.len(), 3);
    assert!(said.iter().all(|said| said.ends_with("is in a circle, or below one")));
}

#[test]
fn only_so_many_folders_may_be_in_one_another() {
    let mut nodes = vec![node("acme", ""), node("acme/folders/f1", "acme")];
    for depth in 2..=FOLDER_DEPTH_MAX {
        nodes.push(node(&format!("acme/folders/f{depth}"), &format!("acme/folders/f{}", depth - 1)));
    }
    nodes.push(node("acme/projects/p", &format!("acme/folders/f{FOLDER_DEPTH_MAX}")));
    assert!(wrong(&nodes).is_empty());
    nodes.push(node("acme/folders/deep", &format!("acme/folders/f{FOLDER_DEPTH_MAX}")));
    assert_eq!(wrong(&nodes), ["organizations/acme/folders/deep makes 11 folders in one another, of 10"]);
}

#[test]
fn sets_of_children_that_disagree_with_the_parents_are_reported() {
    let mut children = children_of(&sound());
    children.insert(container("acme"), BTreeSet::from([name("acme/projects/web"), name("acme/folders/old")]));
    assert_eq!(
        violations(&sound(), &children),
        [
            "organizations/acme/folders/eng is in organizations/acme, whose children do not name it",
            "the children of organizations/acme name organizations/acme/folders/old, which is not in it",
            "the children of organizations/acme name organizations/acme/projects/web, which is not in it",
        ]
    );
}
