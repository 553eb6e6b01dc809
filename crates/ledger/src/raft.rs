//! Everything that touches openraft's types.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use ids::{Seq, Subject};
use openraft::EmptyNode;
use wire::Proposal;

use crate::{runtime::Runtime, state::Outcome};

pub mod checked;
pub mod convert;
pub mod install;
pub mod log;
pub mod machine;
pub mod network;
pub mod size;

/// The payload of one Raft entry: proposals that were queued together.
#[derive(Clone, PartialEq)]
pub struct Batch(Arc<[Proposed]>);

/// One proposal: its exact bytes, and what they say once somebody has read them. It is checked before it is stored and applied after
/// it is committed, and read for both only once.
struct Proposed {
    bytes: Bytes,
    read: OnceLock<Proposal>,
}

impl PartialEq for Proposed {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Batch {
    /// Proposals whose bytes were just encoded from them.
    pub fn decided(proposals: impl IntoIterator<Item = (Proposal, Bytes)>) -> Self {
        let proposed = |(proposal, bytes): (Proposal, Bytes)| {
            debug_assert_eq!(Proposal::decode(&bytes).ok().as_ref(), Some(&proposal), "bytes say what was encoded");
            Proposed { bytes, read: OnceLock::from(proposal) }
        };
        Self(proposals.into_iter().map(proposed).collect())
    }

    /// The exact bytes of each proposal.
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.0.iter().map(|proposed| &proposed.bytes)
    }

    /// Each proposal with its bytes, or why it does not read.
    pub fn proposals(&self) -> impl ExactSizeIterator<Item = Result<(&Proposal, &Bytes), wire::Error>> {
        self.0.iter().map(|Proposed { bytes, read }| {
            if let Some(proposal) = read.get() {
                return Ok((proposal, bytes));
            }
            let proposal = Proposal::decode(bytes)?;
            Ok((read.get_or_init(|| proposal), bytes))
        })
    }
}

impl FromIterator<Bytes> for Batch {
    fn from_iter<I: IntoIterator<Item = Bytes>>(proposals: I) -> Self {
        Self(proposals.into_iter().map(|bytes| Proposed { bytes, read: OnceLock::new() }).collect())
    }
}

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
