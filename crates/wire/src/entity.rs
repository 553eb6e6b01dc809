//! Entities to bytes and back: the values of rows, in facts and in snapshots.
//!
//! One entity has one encoding, because replicas compare digests over these bytes: fields go out by rising number and a set by
//! rising element. Reading checks shapes (names, lengths, known kinds) and no rule of the domain; a rule may change, kept bytes may
//! not.

use bytes::Bytes;
use domain::{Entity, Fact, Folder, Gate, Organization, Project, State};
use ids::{Hlc, RegionId, RequestId};

use crate::{
    Error, RawFact, decode, encode,
    field::{name_in, uid_in},
    proto::{self, entity::Kind},
};

mod access;
mod account;
mod cluster;
mod cluster_policy;
mod edition;
mod held;
mod identity;
mod network;
mod quota;
mod revoke;

pub(crate) use self::access::{
    kinds_in, kinds_out, member_in, members_in, members_out, rights_in, rights_out, role_in,
};
pub(crate) use cluster::{cluster_type_in, options_in, options_out, ranges_in, ranges_out, window_in, window_out};
pub(crate) use cluster_policy::{rules_in, rules_out};
pub(crate) use held::{deed_in, deed_out, edge_in, edge_out, held_in, held_out, part_in, status_in, status_out};
pub(crate) use network::cidr_in;
pub(crate) use revoke::{maybe_member_in, node_in, text_out};

const ENTITY: &str = "an entity";
const ORGANIZATION: &str = "an organization";
const FOLDER: &str = "a folder";
const PROJECT: &str = "a project";
const GATE: &str = "a gate";

/// The bytes of a row's value.
pub fn encode_entity(entity: &Entity) -> Bytes {
    let kind = match entity {
        Entity::Organization(row) => Kind::Organization(row.into()),
        Entity::Folder(row) => Kind::Folder(row.into()),
        Entity::Project(row) => Kind::Project(row.into()),
        Entity::Cluster(row) => Kind::Cluster(row.into()),
        Entity::ClusterStatus(row) => Kind::ClusterStatus(row.as_ref().into()),
        Entity::Deeds(row) => Kind::Deeds(row.into()),
        Entity::Network(row) => Kind::Network(row.into()),
        Entity::SharedVpc(row) => Kind::SharedVpc(row.into()),
        Entity::MachineRun(row) => Kind::MachineRun(row.into()),
        Entity::Gate(row) => Kind::Gate(row.into()),
        Entity::Account(row) => Kind::Account(row.into()),
        Entity::Quota(row) => Kind::Quota(row.into()),
        Entity::Allotment(row) => Kind::Allotment(row.into()),
        Entity::Catalog(row) => Kind::Catalog(Box::new(row.into())),
        Entity::Edition(row) => Kind::Edition(row.into()),
        Entity::AccessPolicy(row) => Kind::AccessPolicy(row.into()),
        Entity::Binding(row) => Kind::Binding(row.into()),
        Entity::Group(row) => Kind::Group(row.into()),
        Entity::CustomRole(row) => Kind::CustomRole(row.into()),
        Entity::Revoke(row) => Kind::Revoke(row.into()),
        Entity::Lift(row) => Kind::Lift(row.into()),
        Entity::BreakGlass(row) => Kind::BreakGlass(row.into()),
        Entity::IdentityProvider(row) => Kind::IdentityProvider(row.into()),
        Entity::ServiceAccount(row) => Kind::ServiceAccount(row.into()),
        Entity::ClusterPolicy(row) => Kind::ClusterPolicy(row.into()),
        Entity::Marker => Kind::Marker(proto::Marker {}),
    };
    encode(&proto::Entity { kind: Some(kind) })
}

/// Reads and checks the bytes of a row's value.
///
/// # Errors
/// The bytes are no message, have no kind that this build knows, or hold a field of another shape.
pub fn decode_entity(bytes: &Bytes) -> Result<Entity, Error> {
    let message: proto::Entity = decode(ENTITY, bytes.clone())?;
    match message.kind {
        Some(Kind::Organization(row)) => Ok(Entity::Organization(row.try_into()?)),
        Some(Kind::Folder(row)) => Ok(Entity::Folder(row.try_into()?)),
        Some(Kind::Project(row)) => Ok(Entity::Project(row.try_into()?)),
        Some(Kind::Cluster(row)) => Ok(Entity::Cluster(row.try_into()?)),
        Some(Kind::ClusterStatus(row)) => Ok(Entity::ClusterStatus(Box::new(row.try_into()?))),
        Some(Kind::Deeds(row)) => Ok(Entity::Deeds(row.try_into()?)),
        Some(Kind::Network(row)) => Ok(Entity::Network(row.try_into()?)),
        Some(Kind::SharedVpc(row)) => Ok(Entity::SharedVpc(row.try_into()?)),
        Some(Kind::MachineRun(row)) => Ok(Entity::MachineRun(row.try_into()?)),
        Some(Kind::Gate(row)) => Ok(Entity::Gate(row.try_into()?)),
        Some(Kind::Account(row)) => Ok(Entity::Account(row.try_into()?)),
        Some(Kind::Quota(row)) => Ok(Entity::Quota(row.try_into()?)),
        Some(Kind::Allotment(row)) => Ok(Entity::Allotment(row.try_into()?)),
        Some(Kind::Catalog(row)) => Ok(Entity::Catalog((*row).try_into()?)),
        Some(Kind::Edition(row)) => Ok(Entity::Edition(row.try_into()?)),
        Some(Kind::AccessPolicy(row)) => Ok(Entity::AccessPolicy(row.try_into()?)),
        Some(Kind::Binding(row)) => Ok(Entity::Binding(row.try_into()?)),
        Some(Kind::Group(row)) => Ok(Entity::Group(row.try_into()?)),
        Some(Kind::Revoke(row)) => Ok(Entity::Revoke(row.try_into()?)),
        Some(Kind::Lift(row)) => Ok(Entity::Lift(row.try_into()?)),
        Some(Kind::BreakGlass(row)) => Ok(Entity::BreakGlass(row.try_into()?)),
        Some(Kind::IdentityProvider(row)) => Ok(Entity::IdentityProvider(row.try_into()?)),
        Some(Kind::ServiceAccount(row)) => Ok(Entity::ServiceAccount(row.try_into()?)),
        Some(Kind::ClusterPolicy(row)) => Ok(Entity::ClusterPolicy(row.try_into()?)),
        Some(Kind::CustomRole(row)) => Ok(Entity::CustomRole(row.try_into()?)),
        Some(Kind::Marker(proto::Marker {})) => Ok(Entity::Marker),
        None => Err(Error::field(ENTITY, "kind", "not set", "one of the kinds of rows")),
    }
}

/// The fact as apply sees it, with no detail.
pub fn raw_fact(fact: &Fact) -> RawFact {
    RawFact {
        kind: fact.kind.number(),
        subject: fact.subject.clone(),
        after: fact.after.as_ref().map(encode_entity),
        detail: Bytes::new(),
    }
}

impl From<&Organization> for proto::Organization {
    fn from(row: &Organization) -> Self {
        let Organization { name, uid, display_name, description, state, create_time, update_time, account } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            display_name: display_name.clone(),
            description: description.clone(),
            state: state_out(*state),
            create_time: create_time.0,
            update_time: update_time.0,
            account: account.map_or_else(String::new, |account| account.to_string()),
        }
    }
}

impl TryFrom<proto::Organization> for Organization {
    type Error = Error;

    fn try_from(message: proto::Organization) -> Result<Self, Error> {
        let proto::Organization { name, uid, display_name, description, state, create_time, update_time, account } =
            message;
        Ok(Self {
            name: name_in(ORGANIZATION, "name", &name)?,
            uid: uid_in(ORGANIZATION, &uid)?,
            display_name,
            description,
            state: state_in(ORGANIZATION, state)?,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
            account: Some(account)
                .filter(|account| !account.is_empty())
                .map(|account| name_in(ORGANIZATION, "account", &account))
                .transpose()?,
        })
    }
}

impl From<&Folder> for proto::Folder {
    fn from(row: &Folder) -> Self {
        let Folder { name, uid, parent, display_name, description, state, create_time, update_time } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            parent: parent.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            state: state_out(*state),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Folder> for Folder {
    type Error = Error;

    fn try_from(message: proto::Folder) -> Result<Self, Error> {
        let proto::Folder { name, uid, parent, display_name, description, state, create_time, update_time } = message;
        Ok(Self {
            name: name_in(FOLDER, "name", &name)?,
            uid: uid_in(FOLDER, &uid)?,
            parent: name_in(FOLDER, "parent", &parent)?,
            display_name,
            description,
            state: state_in(FOLDER, state)?,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

impl From<&Project> for proto::Project {
    fn from(row: &Project) -> Self {
        let Project { name, uid, parent, display_name, description, state, awaiting, create_time, update_time } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            parent: parent.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            state: state_out(*state),
            awaiting: awaiting.iter().map(RegionId::to_string).collect(),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Project> for Project {
    type Error = Error;

    fn try_from(message: proto::Project) -> Result<Self, Error> {
        let proto::Project { name, uid, parent, display_name, description, state, awaiting, create_time, update_time } =
            message;
        Ok(Self {
            name: name_in(PROJECT, "name", &name)?,
            uid: uid_in(PROJECT, &uid)?,
            parent: name_in(PROJECT, "parent", &parent)?,
            display_name,
            description,
            state: state_in(PROJECT, state)?,
            awaiting: awaiting.iter().map(|region| name_in(PROJECT, "awaiting", region)).collect::<Result<_, _>>()?,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

impl From<&Gate> for proto::Gate {
    fn from(row: &Gate) -> Self {
        let Gate { project, closed_through } = row;
        Self { project: project.to_string(), closed_through: closed_through.0 }
    }
}

impl TryFrom<proto::Gate> for Gate {
    type Error = Error;

    fn try_from(message: proto::Gate) -> Result<Self, Error> {
        let proto::Gate { project, closed_through } = message;
        Ok(Self { project: name_in(GATE, "project", &project)?, closed_through: Hlc(closed_through) })
    }
}

fn state_out(state: State) -> i32 {
    let message = match state {
        State::Active => proto::State::Active,
        State::Deleting => proto::State::Deleting,
        State::Deleted => proto::State::Deleted,
    };
    message.into()
}

fn state_in(what: &'static str, number: i32) -> Result<State, Error> {
    match proto::State::try_from(number) {
        Ok(proto::State::Active) => Ok(State::Active),
        Ok(proto::State::Deleting) => Ok(State::Deleting),
        Ok(proto::State::Deleted) => Ok(State::Deleted),
        Ok(proto::State::Unspecified) | Err(_) => {
            Err(Error::field(what, "state", number, "1 (ACTIVE), 2 (DELETING) or 3 (DELETED)"))
        }
    }
}

pub(crate) fn uid_out(uid: &RequestId) -> Bytes {
    Bytes::copy_from_slice(&uid.0)
}
