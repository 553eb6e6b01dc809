//! An organization with many clusters, members and bindings. The same one in every run.

use std::sync::Arc;

use access::{Arena, Binding, Change, Group, Kind, Member, NodeName, Place, Record, Revoke, RevokeId, Right};
use ids::{Hlc, Incarnation, Position, RequestId, Seq};

pub const NOW: Hlc = Hlc(1_000);
const USERS: usize = 10_000;
const GROUPS: usize = 500;
const FOLDERS: usize = 40;
const REVOKES: u8 = 20;

/// How much there is of what.
#[derive(Clone, Copy)]
pub struct Scale {
    pub projects: usize,
    pub clusters_per_project: usize,
    /// Of each cluster.
    pub namespaces: usize,
    pub bindings: usize,
}

pub struct World {
    /// What makes it, in order.
    pub changes: Vec<Change>,
    pub root: NodeName,
    members: Vec<Member>,
    leaves: Vec<NodeName>,
}

pub struct Question {
    pub member: Member,
    pub right: Right,
    pub node: NodeName,
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        items.get(self.below(items.len())).unwrap()
    }
}

pub fn root() -> NodeName {
    "organizations/acme".parse().unwrap()
}

fn user(number: usize) -> Member {
    format!("user:u{number}").parse().unwrap()
}

fn group(number: usize) -> Member {
    format!("group:g{number}").parse().unwrap()
}

impl World {
    pub fn new(scale: Scale) -> Self {
        let mut world =
            Self { changes: Vec::new(), root: root(), members: (0..USERS).map(user).collect(), leaves: Vec::new() };
        let mut chance = Chance(7);
        world.grow(scale, &mut chance);
        world.gather(&mut chance);
        world.bind(scale.bindings, &mut chance);
        world
    }

    pub fn empty(&self) -> Arena {
        Arena::new(&"organizations/acme".parse().unwrap())
    }

    pub fn folder(&self, number: usize) -> NodeName {
        format!("organizations/acme/folders/f{number}").parse().unwrap()
    }

    /// Three levels of folders, projects in any of them.
    fn grow(&mut self, scale: Scale, chance: &mut Chance) {
        self.changes.push(Change::Place(Place::Organization("organizations/acme".parse().unwrap())));
        for number in 0..FOLDERS {
            let parent = if number < 5 { root() } else { self.folder(number / 5) };
            let (folder, parent) = (self.folder(number).to_string(), parent.to_string());
            self.changes.push(Change::Place(Place::Folder(folder.parse().unwrap(), parent.parse().unwrap())));
        }
        for project in 0..scale.projects {
            let name = format!("organizations/acme/projects/p{project}");
            let parent = self.folder(chance.below(FOLDERS)).to_string().parse().unwrap();
            self.changes.push(Change::Place(Place::Project(name.parse().unwrap(), parent)));
            for cluster in 0..scale.clusters_per_project {
                let region = *chance.of(&["us-east-1", "us-west-2", "eu-west-1"]);
                let cluster = format!("{name}/locations/{region}/clusters/c{cluster}");
                self.changes.push(Change::Place(Place::Cluster(cluster.parse().unwrap())));
                let names = (0..scale.namespaces).map(|namespace| format!("{cluster}/namespaces/n{namespace}"));
                let namespaces: Vec<NodeName> = names.map(|name| name.parse().unwrap()).collect();
                for node in &namespaces {
                    let NodeName::Namespace(name) = node else { continue };
                    self.changes.push(Change::Place(Place::Namespace(name.clone())));
                }
                self.leaves.extend(if namespaces.is_empty() { vec![cluster.parse().unwrap()] } else { namespaces });
            }
        }
    }

    /// Each user in about three groups, those in a tree of groups, and everyone in one.
    fn gather(&mut self, chance: &mut Chance) {
        let mut members: Vec<Vec<Member>> = vec![Vec::new(); GROUPS];
        for number in 0..USERS {
            for _ in 0..3 {
                let at = chance.below(GROUPS);
                members.get_mut(at).unwrap().push(user(number));
            }
        }
        for number in 10..GROUPS {
            members.get_mut(number / 10).unwrap().push(group(number));
        }
        for (number, members) in members.into_iter().enumerate() {
            self.changes.push(Change::Group(Group { name: group(number), members: members.into_iter().collect() }));
        }
        let name = "group:everyone".parse().unwrap();
        self.changes.push(Change::Group(Group { name, members: (0..USERS).map(user).collect() }));
    }

    fn bind(&mut self, bindings: usize, chance: &mut Chance) {
        let nodes: Vec<NodeName> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Place(place) => Some(place.node()),
                _ => None,
            })
            .collect();
        let of_kind = |kind| nodes.iter().filter(|node| node.kind() == kind).cloned().collect::<Vec<_>>();
        let [folders, projects] = [Kind::Folder, Kind::Project].map(of_kind);
        let below = nodes.iter().filter(|node| node.kind() > Kind::Project).cloned().collect::<Vec<_>>();
        for number in 0..bindings {
            let (node, roles): (NodeName, &[&str]) = match number {
                0..40 => (root(), &["organization.view", "organization.auditor", "cost.viewer"]),
                40..600 => {
                    (chance.of(&folders).clone(), &["folder.view", "folder.edit", "cluster.view", "namespace.view"])
                }
                600..10_000 => {
                    (chance.of(&projects).clone(), &["project.edit", "project.view", "cluster.admin", "namespace.edit"])
                }
                _ => {
                    let node = chance.of(&below).clone();
                    let at_namespace = node.kind() == Kind::Namespace;
                    (
                        node,
                        if at_namespace {
                            &["namespace.admin", "namespace.view"]
                        } else {
                            &["cluster.edit", "cluster.view", "namespace.edit"]
                        },
                    )
                }
            };
            let member = if chance.below(2) == 0 { user(chance.below(USERS)) } else { group(chance.below(GROUPS)) };
            self.changes.push(Change::Bind(Binding {
                node,
                id: format!("b{number}").parse().unwrap(),
                role: chance.of(roles).parse().unwrap(),
                members: [member].into(),
                from: None,
                // One in twenty is over.
                until: (chance.below(20) == 0).then_some(Hlc(500)),
            }));
        }
        for number in 0..REVOKES {
            let id = RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([number; 16]) };
            let (member, reason) = (user(usize::from(number)), Arc::from("left"));
            self.changes.push(Change::Revoke(Revoke {
                id,
                member,
                node: Some(chance.of(&folders).clone()),
                reason,
                seen: Seq::ZERO,
            }));
        }
    }

    /// Half of them by members who were bound near by, so that some are allowed.
    pub fn questions(&self, count: usize) -> Vec<Question> {
        let mut chance = Chance(11);
        let bound: Vec<&Binding> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Bind(binding) => Some(binding),
                _ => None,
            })
            .collect();
        let question = |number: usize| {
            let binding = *chance.of(&bound);
            let near = number.is_multiple_of(2) && binding.node.kind() >= Kind::Cluster;
            let node = if near { binding.node.clone() } else { chance.of(&self.leaves).clone() };
            let users = binding.members.iter().find(|member| !member.is_group()).filter(|_| near);
            let member = users.cloned().unwrap_or_else(|| chance.of(&self.members).clone());
            let rights: Vec<Right> = Right::ALL.iter().copied().filter(|right| right.kind() == node.kind()).collect();
            Question { member, right: *chance.of(&rights), node }
        };
        (0..count).map(question).collect()
    }
}

/// The record of a change.
pub fn record(change: &Change, seq: u64) -> Arc<Record> {
    let position = Position { log: change.log(), incarnation: Incarnation::FIRST, seq: Seq(seq) };
    Arc::new(Record { position, time: Hlc(seq), author: Arc::from("user:author") })
}
