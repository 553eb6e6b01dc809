//! Everything that touches openraft's types.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use ids::{Seq, Subject};
use openraft::EmptyNode;

use crate::{runtime::Runtime, state::Outcome};

pub mod convert;
pub mod install;
pub mod log;
pub mod machine;
pub mod network;

/// The payload of one Raft entry: proposals that were queued together, each its exact bytes.
#[derive(Clone, PartialEq)]
pub struct Batch(pub Arc<[Bytes]>);

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch of {}", self.0.len())
    }
}

/// What became of one proposal of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposalOutcome {
    Stored(Seq),
    Duplicate(Outcome),
    Conflict { subject: Subject },
}

openraft::declare_raft_types!(
    /// The ring's groups. Standard leader ids: one leader per term.
    pub TypeConfig:
        D = Batch,
        R = Vec<ProposalOutcome>,
        Node = EmptyNode,
        LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>,
        AsyncRuntime = Runtime,
);

pub type Raft = openraft::Raft<TypeConfig, machine::Machine>;
pub type Entry = openraft::type_config::alias::EntryOf<TypeConfig>;
pub type RaftLogId = openraft::type_config::alias::LogIdOf<TypeConfig>;
pub type Vote = openraft::type_config::alias::VoteOf<TypeConfig>;
pub type StoredMembership = openraft::type_config::alias::StoredMembershipOf<TypeConfig>;
pub type SnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<TypeConfig>;
pub type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, Bytes>;
