//! What crosses a wire or reaches a disk: generated messages, hand-written conversions, the record codec and the hash chain.
//!
//! Map: [`proto`] generated messages · [`record`] proposals, records, hashes · [`rejected`] rejections ·
//! [`entity`], [`command`] and [`catalog`] conversions of the domain ·
//! [`digest`] the incremental state digest · [`seal`] checksummed blobs · [`checked`] checksums of what stays on one disk · [`error`]
//! why bytes were refused · `field` reading single fields.
//!
//! **Architecture invariants:** domain values never implement a wire trait; conversions are total and written by hand. Bytes that
//! were hashed are kept as they came and never encoded again.

pub mod catalog;
pub mod checked;
pub mod command;
pub mod digest;
pub mod entity;
pub mod error;
pub mod record;
pub mod rejected;
pub mod seal;

mod field;

/// The generated messages of `atoll.internal.v1`.
pub mod proto {
    #![allow(clippy::all, missing_docs, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/atoll.internal.v1.rs"));
}

pub use checked::{decode_checked, encode_checked};
pub use command::{CommandDigest, Submission, command_in, command_out, submission_in, submission_out};
pub use digest::{RowDigest, StateDigest};
pub use entity::{decode_entity, encode_entity, raw_fact};
pub use error::Error;
pub use record::{Proposal, RawFact, Record, decode_batch, encode_batch, level_of};
pub use rejected::Rejected;

use bytes::Bytes;
use prost::Message;

/// Feature level of this build: it reads records up to this level, and writes none above it.
pub const LEVEL: u32 = 7;

/// What a proposal or a snapshot with effects only needs of its reader.
pub const LEVEL_OF_EFFECTS: u32 = 1;
/// What one that holds a rejection needs: a reader of a lower level would take it for an effect.
pub const LEVEL_OF_REJECTIONS: u32 = 2;
/// What a proposal with facts about cloud accounts or the catalogue needs: a reader of a lower level does not know their kinds.
pub const LEVEL_OF_CLOUD_FACTS: u32 = 3;
/// What a proposal with facts about what became of clusters needs, as above.
pub const LEVEL_OF_MACHINES: u32 = 4;
/// What a proposal with facts about how editions of the catalogue spread needs.
pub const LEVEL_OF_WAVES: u32 = 4;
/// What a proposal with facts about who may do what needs.
pub const LEVEL_OF_ACCESS: u32 = 5;
/// What a proposal with facts about whose tokens are taken needs.
pub const LEVEL_OF_IDENTITIES: u32 = 6;
/// What a proposal with facts about what organizations say of decisions needs.
pub const LEVEL_OF_CLUSTER_POLICIES: u32 = 7;

/// The bytes of a message.
pub fn encode(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

/// How many bytes [`encode`] makes of a message.
pub fn encoded_len(message: &impl Message) -> usize {
    message.encoded_len()
}

/// Reads a message; `what` names it in the error.
pub fn decode<M: Message + Default>(what: &'static str, bytes: Bytes) -> Result<M, Error> {
    let length = bytes.len();
    M::decode(bytes).map_err(|source| Error::Unreadable { what, bytes: length, source })
}
