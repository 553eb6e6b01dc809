//! An organization with a folder, a project in it and a cluster there.

use std::{collections::BTreeSet, sync::Arc};

use access::{Arena, Binding, Change, Member, NodeName, Place, Record, Revoke, RevokeId};
use gateway::{Denied, Need, Who};
use identity::{Identity, Method};
use ids::{Hlc, Incarnation, Log, Position, RequestId, Seq};

pub const ACME: &str = "organizations/acme";
pub const FOLDER: &str = "organizations/acme/folders/prod";
pub const PROJECT: &str = "organizations/acme/projects/shop";
pub const CLUSTER: &str = "organizations/acme/projects/shop/locations/eu-west-1/clusters/web";
pub const NOW: Hlc = Hlc(1_000 << 16);

pub fn node(text: &str) -> NodeName {
    text.parse().unwrap()
}

/// Of the log that may say this.
fn record(change: &Change) -> Arc<Record> {
    let region = || Log::Region("eu-west-1".parse().unwrap());
    let log = match change {
        Change::Place(Place::Cluster(_)) | Change::Remove(NodeName::Cluster(_)) | Change::Revoke(_) => region(),
        _ => Log::Global,
    };
    let position = Position { log, incarnation: Incarnation::FIRST, seq: Seq(7) };
    Arc::new(Record { position, time: NOW, author: Arc::from("user:author") })
}

pub fn apply(arena: &mut Arena, change: &Change) {
    arena.apply(change, &record(change)).unwrap();
}

pub fn acme() -> Arena {
    let mut arena = Arena::new(&ACME.parse().unwrap());
    let [acme, folder] = [ACME, FOLDER].map(|text| text.parse().unwrap());
    apply(&mut arena, &Change::Place(Place::Organization(ACME.parse().unwrap())));
    apply(&mut arena, &Change::Place(Place::Folder(FOLDER.parse().unwrap(), acme)));
    apply(&mut arena, &Change::Place(Place::Project(PROJECT.parse().unwrap(), folder)));
    apply(&mut arena, &Change::Place(Place::Cluster(CLUSTER.parse().unwrap())));
    arena
}

pub fn give(arena: &mut Arena, role: &str, member: &str, on: &str) {
    let id = format!("b{}", arena.positions().positions().count() + member.len()).parse().unwrap();
    let members: BTreeSet<Member> = [member.parse().unwrap()].into();
    let binding = Binding { node: node(on), id, role: role.parse().unwrap(), members, from: None, until: None };
    apply(arena, &Change::Bind(binding));
}

pub fn revoke(arena: &mut Arena, member: &str, on: Option<&str>) {
    let id = RevokeId { log: Log::Region("eu-west-1".parse().unwrap()), request: RequestId([3; 16]) };
    let (member, on) = (member.parse().unwrap(), on.map(node));
    apply(arena, &Change::Revoke(Revoke { id, member, node: on, reason: Arc::from("lost"), seen: Seq(7) }));
}

pub fn somebody(member: &str, organization: &str) -> Who {
    Who::Member(Identity {
        organization: organization.parse().unwrap(),
        member: member.parse().unwrap(),
        groups: Vec::new(),
        method: Method::OpenIdConnect,
        issued: 0,
        expires: 60,
    })
}

pub fn ann() -> Who {
    somebody("user:ann", ACME)
}

/// What a caller is told who wants to see a node.
pub fn sees(who: &Who, on: &str, arena: &Arena) -> Result<(), Denied> {
    who.may(&Need::see(&node(on)), Some(arena), NOW)
}
