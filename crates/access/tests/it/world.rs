//! Random organizations, small enough that names meet: what there can be, and what can happen.

use std::sync::Arc;

use access::{
    Arena, Binding, Change, CustomRole, Group, Kind, Kinds, Member, NodeName, Place, Record, Revoke, RevokeId, Right,
    Rights,
};
use ids::{ContainerName, Hlc, Incarnation, Label, Log, Position, RequestId, Seq};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::{select, subsequence},
};

use crate::naive::Naive;

pub const ORGANIZATION: &str = "organizations/acme";
const ROLES: [&str; 12] = [
    "organization.admin",
    "organization.view",
    "folder.edit",
    "folder.admin",
    "project.view",
    "cluster.admin",
    "cluster.view",
    "namespace.edit",
    "cost.viewer",
    "custom/one",
    "custom/two",
    "custom/three",
];
pub const TIMES: u64 = 6;

pub fn label(text: &str) -> Label {
    text.parse().unwrap()
}

pub fn node(text: &str) -> NodeName {
    text.parse().unwrap()
}

pub fn member(text: &str) -> Member {
    text.parse().unwrap()
}

pub fn folders() -> Vec<NodeName> {
    (0..4).map(|f| node(&format!("{ORGANIZATION}/folders/f{f}"))).collect()
}

fn projects() -> Vec<NodeName> {
    (0..3).map(|p| node(&format!("{ORGANIZATION}/projects/p{p}"))).collect()
}

fn clusters() -> Vec<NodeName> {
    let regions = ["us-east-1", "eu-west-1"];
    let name = |project: NodeName| regions.map(|region| node(&format!("{project}/locations/{region}/clusters/c")));
    projects().into_iter().flat_map(name).collect()
}

fn namespaces() -> Vec<NodeName> {
    clusters().into_iter().flat_map(|cluster| ["a", "b"].map(|n| node(&format!("{cluster}/namespaces/{n}")))).collect()
}

pub fn nodes() -> Vec<NodeName> {
    [vec![node(ORGANIZATION)], folders(), projects(), clusters(), namespaces()].concat()
}

pub fn groups() -> Vec<Member> {
    (0..5).map(|g| member(&format!("group:g{g}"))).collect()
}

pub fn members() -> Vec<Member> {
    let users = (0..4).map(|u| member(&format!("user:u{u}")));
    users.chain([member("serviceAccount:s")]).chain(groups()).collect()
}

fn container(node: &NodeName) -> ContainerName {
    node.to_string().parse().unwrap()
}

/// The node, in `parent` where that is for it to say.
pub fn placed(node: &NodeName, parent: &NodeName) -> Change {
    Change::Place(match node {
        NodeName::Organization(name) => Place::Organization(name.clone()),
        NodeName::Folder(name) => Place::Folder(name.clone(), container(parent)),
        NodeName::Project(name) => Place::Project(name.clone(), container(parent)),
        NodeName::Cluster(name) => Place::Cluster(name.clone()),
        NodeName::Namespace(name) => Place::Namespace(name.clone()),
    })
}

fn containers() -> Vec<NodeName> {
    [vec![node(ORGANIZATION)], folders()].concat()
}

fn revoke_id() -> impl Strategy<Value = RevokeId> {
    let logs = ["eu-west-1", "us-east-1"].map(|region| Log::Region(region.parse().unwrap())).to_vec();
    (select(logs), 0..3_u8).prop_map(|(log, id)| RevokeId { log, request: RequestId([id; 16]) })
}

fn binding() -> impl Strategy<Value = Binding> {
    let time = || option::weighted(0.3, (0..TIMES).prop_map(Hlc));
    let ids = vec!["a", "b", "c"];
    // Half of them where they matter to much.
    let on = || prop_oneof![select(containers()), select(nodes())];
    (on(), select(ids), select(ROLES.to_vec()), btree_set(select(members()), 1..4), time(), time()).prop_map(
        |(node, id, role, members, from, until)| {
            let role = role.parse().unwrap();
            Binding { node, id: label(id), role, members, from, until }
        },
    )
}

fn role() -> impl Strategy<Value = CustomRole> {
    let rights = subsequence(Right::ALL.to_vec(), 1..Right::ALL.len());
    (select(vec!["one", "two", "three"]), rights, subsequence(Kind::ALL.to_vec(), 1..5)).prop_map(
        |(name, rights, kinds)| {
            let rights: Rights = rights.into_iter().collect();
            CustomRole { name: label(name), rights, bound_at: Kinds::of(&kinds) }
        },
    )
}

pub fn change() -> impl Strategy<Value = Change> {
    let role_names = || select(vec!["one", "two", "three"]).prop_map(label);
    prop_oneof![
        6 => (select(nodes()), select(containers())).prop_map(|(node, parent)| placed(&node, &parent)),
        1 => select(nodes()[1..].to_vec()).prop_map(Change::Remove),
        10 => binding().prop_map(Change::Bind),
        3 => binding().prop_map(|binding| Change::Unbind { node: binding.node, id: binding.id }),
        5 => (select(groups()), btree_set(select(members()), 0..4))
            .prop_map(|(name, members)| Change::Group(Group { name, members })),
        1 => select(groups()).prop_map(Change::Ungroup),
        2 => role().prop_map(Change::Role),
        1 => role_names().prop_map(Change::Unrole),
        2 => (revoke_id(), select(members()), option::of(select(nodes())), 0..80_u64).prop_map(|(id, member, node, seen)| {
            Change::Revoke(Revoke { id, member, node, reason: Arc::from("left the company"), seen: Seq(seen) })
        }),
        1 => revoke_id().prop_map(Change::Lift),
        1 => option::of(select(members())).prop_map(Change::BreakGlass),
    ]
}

/// A whole tree in some shape, and then what happens to it.
pub fn history(changes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Change>> {
    let parents = vec(select(containers()), nodes().len());
    (parents, vec(change(), changes)).prop_map(|(parents, changes)| {
        let placed = nodes().into_iter().zip(parents).map(|(node, parent)| placed(&node, &parent));
        placed.chain(changes).collect()
    })
}

pub fn record(log: Log, seq: u64) -> Arc<Record> {
    let position = Position { log, incarnation: Incarnation::FIRST, seq: Seq(seq) };
    Arc::new(Record { position, time: Hlc(seq), author: Arc::from("user:author") })
}

pub fn arena() -> Arena {
    Arena::new(&ORGANIZATION.parse().unwrap())
}

/// An arena and its naive twin, fed with the same.
pub struct World {
    pub arena: Arena,
    pub naive: Naive,
    /// Every change that was taken, at the sequence of its record.
    pub ledger: Vec<Change>,
}

impl World {
    pub fn new() -> Self {
        Self { arena: arena(), naive: Naive::default(), ledger: Vec::new() }
    }

    pub fn of(changes: &[Change]) -> Self {
        let mut world = Self::new();
        changes.iter().for_each(|change| world.apply(change));
        world
    }

    /// As many of the changes, one after the other, as can be previewed together.
    pub fn possible(&self, candidates: &[Change], most: usize) -> Vec<Change> {
        let mut taken = Vec::new();
        for candidate in candidates {
            taken.push(candidate.clone());
            if taken.len() > most || self.arena.preview(&taken, Hlc(0)).is_err() {
                taken.pop();
            }
        }
        taken
    }

    /// The two agree on whether it makes sense.
    pub fn apply(&mut self, change: &Change) {
        let record = record(change.log(), self.ledger.len() as u64);
        let taken = self.arena.apply(change, &record);
        assert_eq!(taken.is_ok(), self.naive.apply(change, Seq(self.ledger.len() as u64)), "{change}: {taken:?}");
        if taken.is_ok() {
            self.ledger.push(change.clone());
        }
    }
}
