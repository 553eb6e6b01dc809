//! Proposals and records: the bytes that are replicated, hashed and kept.
//!
//! ```text
//! hash = SHA-256(tag || log || incarnation || seq || hlc || prev_hash || proposal)
//! ```
//! Lengths precede the parts whose length varies, so no two records hash the same input. The proposal is hashed as the exact bytes
//! that were proposed: a reader of another version that knows fewer fields still verifies the chain.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use domain::FactKind;
use ids::{
    Hash, Hlc, Incarnation, Log, RequestId, Revision, Seq, Subject,
    limits::{FACTS_MAX, GUARDS_MAX, PROPOSAL_BYTES_MAX},
};

use crate::{
    CommandDigest, Error, LEVEL, LEVEL_OF_ACCESS, LEVEL_OF_CLOUD_FACTS, LEVEL_OF_CLUSTER_POLICIES, LEVEL_OF_EFFECTS,
    LEVEL_OF_IDENTITIES, LEVEL_OF_MACHINES, LEVEL_OF_REJECTIONS, LEVEL_OF_WAVES, Rejected, decode, encode,
    field::sixteen_bytes_in, proto, rejected::bounded,
};

/// Domain separation: a record's hash is never the hash of anything else.
const TAG: &[u8] = b"atoll.record.v1";

const PROPOSAL: &str = "a proposal";

/// One fact as apply sees it: a subject, and the bytes that it now has (`None`: removed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFact {
    pub kind: u32,
    pub subject: Subject,
    pub after: Option<Bytes>,
    pub detail: Bytes,
}

/// One decided command, ready to replicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub request_id: RequestId,
    pub actor: String,
    pub hlc: Hlc,
    pub level: u32,
    pub observed_global_seq: Seq,
    pub guards: Vec<(Subject, Revision)>,
    pub facts: Vec<RawFact>,
    /// The subject the command was about.
    pub response: Subject,
    pub traceparent: String,
    /// Which command it was; `None` in what was written before this was kept.
    pub command: Option<CommandDigest>,
    /// The request was rejected: there are neither guards nor facts, and this is what every later try of it is told.
    pub rejected: Option<Arc<Rejected>>,
}

impl Proposal {
    /// The bytes to replicate. Refuses what apply could not take: limits are checked here, never when applying.
    pub fn encode(&self) -> Result<Bytes, Error> {
        at_most("guards of a proposal", self.guards.len(), GUARDS_MAX)?;
        at_most("facts of a proposal", self.facts.len(), FACTS_MAX)?;
        known(self.level)?;
        self.no_subject_twice()?;
        self.one_outcome()?;
        self.facts.iter().try_for_each(|fact| known_kind(fact.kind, self.level))?;
        let rejected = self.rejected.as_ref().map(|rejected| rejected.out());
        rejected.as_ref().map_or(Ok(()), bounded)?;
        let bytes = encode(&proto::Proposal {
            request_id: Bytes::copy_from_slice(&self.request_id.0),
            actor: self.actor.clone(),
            hlc: self.hlc.0,
            level: self.level,
            observed_global_seq: self.observed_global_seq.0,
            guards: self.guards.iter().map(guard_out).collect(),
            facts: self.facts.iter().map(fact_out).collect(),
            response: self.response.to_string(),
            traceparent: self.traceparent.clone(),
            command_digest: CommandDigest::out(self.command),
            rejected,
        });
        at_most("bytes of a proposal", bytes.len(), PROPOSAL_BYTES_MAX)?;
        Ok(bytes)
    }

    /// Reads and checks the bytes of a proposal; what passes can be applied.
    pub fn decode(bytes: &Bytes) -> Result<Self, Error> {
        at_most("bytes of a proposal", bytes.len(), PROPOSAL_BYTES_MAX)?;
        let message: proto::Proposal = decode(PROPOSAL, bytes.clone())?;
        known(message.level)?;
        at_most("guards of a proposal", message.guards.len(), GUARDS_MAX)?;
        at_most("facts of a proposal", message.facts.len(), FACTS_MAX)?;
        let proposal = Self {
            request_id: request_id_in(PROPOSAL, &message.request_id)?,
            actor: message.actor,
            hlc: Hlc(message.hlc),
            level: message.level,
            observed_global_seq: Seq(message.observed_global_seq),
            guards: message.guards.into_iter().map(guard_in).collect::<Result<_, _>>()?,
            facts: message.facts.into_iter().map(|fact| fact_in(fact, message.level)).collect::<Result<_, _>>()?,
            response: subject_in(PROPOSAL, "response", &message.response)?,
            traceparent: message.traceparent,
            command: CommandDigest::read(PROPOSAL, &message.command_digest)?,
            rejected: message.rejected.map(Rejected::read_kept).transpose()?.map(Arc::new),
        };
        proposal.no_subject_twice()?;
        proposal.one_outcome()?;
        Ok(proposal)
    }

    /// What was rejected changes nothing, and rests on nothing that may have changed since.
    fn one_outcome(&self) -> Result<(), Error> {
        if self.rejected.is_some() && !(self.guards.is_empty() && self.facts.is_empty()) {
            let (guards, facts) = (self.guards.len(), self.facts.len());
            let given = format!("set beside {guards} guards and {facts} facts");
            return Err(Error::field(PROPOSAL, "rejected", given, "it alone"));
        }
        if self.rejected.is_some() && self.level < LEVEL_OF_REJECTIONS {
            let given = format!("set at level {}", self.level);
            return Err(Error::field(
                PROPOSAL,
                "rejected",
                given,
                "level 2: a reader of level 1 takes it for an effect",
            ));
        }
        Ok(())
    }

    /// A subject written twice in one record would have two post-images of one revision.
    fn no_subject_twice(&self) -> Result<(), Error> {
        let mut subjects: Vec<&Subject> = self.facts.iter().map(|fact| &fact.subject).collect();
        subjects.sort_unstable();
        match subjects.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
            Some(subject) => Err(Error::field(PROPOSAL, "facts.subject", subject, "each subject once")),
            None => Ok(()),
        }
    }
}

/// What a proposal with these facts needs of its reader.
pub fn level_of(facts: &[RawFact]) -> u32 {
    let kinds = facts.iter().filter_map(|fact| FactKind::from_number(fact.kind));
    kinds.map(level_of_kind).fold(LEVEL_OF_EFFECTS, u32::max)
}

fn level_of_kind(kind: FactKind) -> u32 {
    match kind {
        FactKind::AccountAdded | FactKind::AccountClaimed | FactKind::AccountRetired | FactKind::CatalogPublished => {
            LEVEL_OF_CLOUD_FACTS
        }
        FactKind::EditionPublished | FactKind::EditionHalted => LEVEL_OF_WAVES,
        FactKind::PolicyChanged
        | FactKind::RoleBound
        | FactKind::RoleUnbound
        | FactKind::GroupCreated
        | FactKind::GroupUpdated
        | FactKind::GroupDeleted
        | FactKind::RoleCreated
        | FactKind::RoleUpdated
        | FactKind::RoleDeleted
        | FactKind::RevokeIssued
        | FactKind::RevokeLifted
        | FactKind::BreakGlassNamed => LEVEL_OF_ACCESS,
        FactKind::IdentityProviderCreated
        | FactKind::IdentityProviderUpdated
        | FactKind::IdentityProviderDeleted
        | FactKind::ServiceAccountCreated
        | FactKind::ServiceAccountUpdated
        | FactKind::ServiceAccountDeleted
        | FactKind::ServiceAccountKeyAdded
        | FactKind::ServiceAccountKeyRemoved => LEVEL_OF_IDENTITIES,
        FactKind::ClusterPolicySet => LEVEL_OF_CLUSTER_POLICIES,
        FactKind::ClusterProgressed
        | FactKind::DeedsNoted
        | FactKind::ClusterDeletionWished
        | FactKind::ClusterUndeleted
        | FactKind::ClusterHibernationWished
        | FactKind::ClusterWakingWished
        | FactKind::AddressesTaken
        | FactKind::AddressesReleased
        | FactKind::SharedVpcUsed
        | FactKind::SharedVpcProgressed
        | FactKind::SharedVpcGone
        | FactKind::MachineStarted
        | FactKind::MachineStopped => LEVEL_OF_MACHINES,
        _from_the_first_on => LEVEL_OF_EFFECTS,
    }
}

/// One committed entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub log: Log,
    pub incarnation: Incarnation,
    pub seq: Seq,
    pub hlc: Hlc,
    pub prev_hash: Hash,
    /// The exact bytes of the proposal.
    pub proposal: Bytes,
}

impl Record {
    pub fn encode(&self) -> Bytes {
        encode(&proto::Record {
            log: self.log.to_string(),
            incarnation: self.incarnation.0,
            seq: self.seq.0,
            hlc: self.hlc.0,
            prev_hash: Bytes::copy_from_slice(&self.prev_hash.0),
            proposal: self.proposal.clone(),
        })
    }

    pub fn decode(bytes: Bytes) -> Result<Self, Error> {
        const WHAT: &str = "a record";
        let message: proto::Record = decode(WHAT, bytes)?;
        Ok(Self {
            log: log_in(WHAT, &message.log)?,
            incarnation: Incarnation(message.incarnation),
            seq: Seq(message.seq),
            hlc: Hlc(message.hlc),
            prev_hash: hash_in(WHAT, "prev_hash", &message.prev_hash)?,
            proposal: message.proposal,
        })
    }

    /// The record's link in the chain.
    pub fn hash(&self) -> Hash {
        let log = self.log.to_string();
        let mut hasher = Context::new(&SHA256);
        hasher.update(TAG);
        hasher.update(&length(log.len()));
        hasher.update(log.as_bytes());
        hasher.update(&self.incarnation.0.to_be_bytes());
        hasher.update(&self.seq.0.to_be_bytes());
        hasher.update(&self.hlc.0.to_be_bytes());
        hasher.update(&self.prev_hash.0);
        hasher.update(&length(self.proposal.len()));
        hasher.update(&self.proposal);
        let mut hash = [0; 32];
        hash.iter_mut().zip(hasher.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Hash(hash)
    }
}

/// The payload of one Raft entry.
pub fn encode_batch(proposals: &[Bytes]) -> Bytes {
    encode(&proto::Batch { proposals: proposals.to_vec() })
}

/// The proposals of one Raft entry.
pub fn decode_batch(bytes: Bytes) -> Result<Vec<Bytes>, Error> {
    Ok(decode::<proto::Batch>("a batch of proposals", bytes)?.proposals)
}

pub(crate) fn at_most(what: &'static str, given: usize, max: usize) -> Result<(), Error> {
    if given > max { Err(Error::TooMuch { what, given, max }) } else { Ok(()) }
}

fn known(level: u32) -> Result<(), Error> {
    if level > LEVEL { Err(Error::FromTheFuture { what: PROPOSAL, level, supported: LEVEL }) } else { Ok(()) }
}

fn length(bytes: usize) -> [u8; 8] {
    u64::try_from(bytes).unwrap_or(u64::MAX).to_be_bytes()
}

fn guard_out((subject, revision): &(Subject, Revision)) -> proto::Guard {
    proto::Guard { subject: subject.to_string(), revision: revision.0 }
}

fn guard_in(guard: proto::Guard) -> Result<(Subject, Revision), Error> {
    Ok((subject_in("a guard", "subject", &guard.subject)?, Revision(guard.revision)))
}

fn fact_out(fact: &RawFact) -> proto::Fact {
    proto::Fact {
        kind: fact.kind,
        subject: fact.subject.to_string(),
        after: fact.after.clone(),
        detail: fact.detail.clone(),
    }
}

fn fact_in(fact: proto::Fact, level: u32) -> Result<RawFact, Error> {
    known_kind(fact.kind, level)?;
    let subject = subject_in("a fact", "subject", &fact.subject)?;
    // A row is kept for long, and must not keep the whole message that it came in.
    let after = fact.after.map(|value| Bytes::copy_from_slice(&value));
    Ok(RawFact { kind: fact.kind, subject, after, detail: fact.detail })
}

/// A kind that this build does not know at a level that it does know is a defect of whoever wrote it; so is one of a higher level.
fn known_kind(kind: u32, level: u32) -> Result<(), Error> {
    let needs = FactKind::from_number(kind).map(level_of_kind);
    match needs.filter(|needs| *needs <= level.max(LEVEL_OF_EFFECTS)) {
        Some(_) => Ok(()),
        None => Err(Error::field("a fact", "kind", kind, "a kind of fact of this level")),
    }
}

/// Reads a subject out of a message.
pub fn subject_in(what: &'static str, field: &'static str, value: &str) -> Result<Subject, Error> {
    value.parse().map_err(|_| Error::field(what, field, value, "1 to 512 printable ASCII characters without spaces"))
}

/// Reads a log's name out of a message.
pub fn log_in(what: &'static str, value: &str) -> Result<Log, Error> {
    value.parse().map_err(|_| Error::field(what, "log", value, "`global` or `region/{region}`"))
}

/// Reads a SHA-256 value out of a message.
pub fn hash_in(what: &'static str, field: &'static str, value: &Bytes) -> Result<Hash, Error> {
    let bytes = value.as_ref().try_into();
    bytes.map(Hash).map_err(|_| Error::field(what, field, format!("{} bytes", value.len()), "32 bytes"))
}

/// Reads a request id out of a message.
pub fn request_id_in(what: &'static str, value: &Bytes) -> Result<RequestId, Error> {
    sixteen_bytes_in(what, "request_id", value)
}
