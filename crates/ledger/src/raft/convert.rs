//! openraft's messages as our protobuf, and back. What is stored for years must not depend on a library's own encoding.

use std::collections::BTreeSet;

use bytes::Bytes;
use openraft::{
    EmptyNode, EntryPayload, Membership,
    raft::{AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse},
};
use wire::{Error, proto};

use super::{Batch, Entry, RaftLogId, SnapshotMeta, StoredMembership, TypeConfig, Vote};

pub fn log_id_out(id: &RaftLogId) -> proto::RaftLogId {
    proto::RaftLogId { term: **id.committed_leader_id(), index: id.index() }
}

pub fn log_id_in(id: &proto::RaftLogId) -> RaftLogId {
    RaftLogId::new(id.term.into(), id.index)
}

pub fn vote_out(vote: &Vote) -> proto::RaftVote {
    proto::RaftVote { term: vote.leader_id.term, candidate: vote.leader_id.voted_for, committed: vote.committed }
}

pub fn vote_in(vote: &proto::RaftVote) -> Vote {
    if vote.committed { Vote::new_committed(vote.term, vote.candidate) } else { Vote::new(vote.term, vote.candidate) }
}

fn required<T>(value: Option<T>, what: &'static str, field: &'static str) -> Result<T, Error> {
    value.ok_or_else(|| Error::Field { what, field, value: "nothing".to_owned(), wanted: "a value" })
}

fn required_vote(vote: Option<&proto::RaftVote>, what: &'static str) -> Result<Vote, Error> {
    required(vote, what, "vote").map(vote_in)
}

pub fn membership_out(membership: &Membership<u64, EmptyNode>) -> proto::RaftMembership {
    let sets = membership.get_joint_config().iter();
    proto::RaftMembership {
        voter_sets: sets.map(|set| proto::RaftVoterSet { members: set.iter().copied().collect() }).collect(),
        members: membership.nodes().map(|(id, _)| *id).collect(),
    }
}

pub fn membership_in(membership: &proto::RaftMembership) -> Membership<u64, EmptyNode> {
    let sets = membership.voter_sets.iter().map(|set| set.members.iter().copied().collect()).collect();
    let members: BTreeSet<u64> = membership.members.iter().copied().collect();
    Membership::new_with_defaults(sets, members)
}

pub fn stored_membership_out(stored: &StoredMembership) -> proto::RaftStoredMembership {
    proto::RaftStoredMembership {
        set_at: stored.log_id().as_ref().map(log_id_out),
        membership: Some(membership_out(stored.membership())),
    }
}

pub fn stored_membership_in(stored: &proto::RaftStoredMembership) -> StoredMembership {
    let membership = stored.membership.as_ref().map(membership_in).unwrap_or_default();
    StoredMembership::new(stored.set_at.as_ref().map(log_id_in), membership)
}

pub fn entry_out(entry: &Entry) -> proto::RaftEntry {
    use proto::raft_entry::Payload;
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(proto::RaftBlank {}),
        EntryPayload::Normal(batch) => Payload::Batch(proto::Batch { proposals: batch.bytes().cloned().collect() }),
        EntryPayload::Membership(membership) => Payload::Membership(membership_out(membership)),
    };
    proto::RaftEntry { id: Some(log_id_out(&entry.log_id)), payload: Some(payload) }
}

pub fn entry_in(entry: proto::RaftEntry) -> Result<Entry, Error> {
    use proto::raft_entry::Payload;
    const WHAT: &str = "a Raft entry";
    let payload = match required(entry.payload, WHAT, "payload")? {
        Payload::Blank(_) => EntryPayload::Blank,
        Payload::Batch(batch) => EntryPayload::Normal(Batch::from_iter(batch.proposals)),
        Payload::Membership(membership) => EntryPayload::Membership(membership_in(&membership)),
    };
    Ok(Entry { log_id: log_id_in(&required(entry.id, WHAT, "id")?), payload })
}

/// An entry as it is stored: with a checksum.
pub fn encode_entry(entry: &Entry) -> Bytes {
    wire::encode_checked(&entry_out(entry))
}

pub fn decode_entry(bytes: Bytes) -> Result<Entry, Error> {
    entry_in(wire::decode_checked("a Raft entry", bytes)?)
}

pub fn append_out(request: &AppendEntriesRequest<TypeConfig>) -> proto::RaftAppend {
    proto::RaftAppend {
        vote: Some(vote_out(&request.vote)),
        prev: request.prev_log_id.as_ref().map(log_id_out),
        entries: request.entries.iter().map(entry_out).collect(),
        commit: request.leader_commit.as_ref().map(log_id_out),
    }
}

pub fn append_in(request: proto::RaftAppend) -> Result<AppendEntriesRequest<TypeConfig>, Error> {
    Ok(AppendEntriesRequest {
        vote: required_vote(request.vote.as_ref(), "an append request")?,
        prev_log_id: request.prev.as_ref().map(log_id_in),
        entries: request.entries.into_iter().map(entry_in).collect::<Result<_, _>>()?,
        leader_commit: request.commit.as_ref().map(log_id_in),
    })
}

pub fn append_reply_out(reply: &AppendEntriesResponse<TypeConfig>) -> proto::RaftAppendReply {
    use proto::raft_append_reply::Kind;
    let (kind, matching, higher) = match reply {
        AppendEntriesResponse::Success => (Kind::Success, None, None),
        AppendEntriesResponse::PartialSuccess(matching) => (Kind::Partial, matching.as_ref().map(log_id_out), None),
        AppendEntriesResponse::Conflict => (Kind::Conflict, None, None),
        AppendEntriesResponse::HigherVote(vote) => (Kind::HigherVote, None, Some(vote_out(vote))),
    };
    proto::RaftAppendReply { kind: kind.into(), matching, higher }
}

pub fn append_reply_in(reply: &proto::RaftAppendReply) -> Result<AppendEntriesResponse<TypeConfig>, Error> {
    use proto::raft_append_reply::Kind;
    const WHAT: &str = "an append reply";
    Ok(match reply.kind() {
        Kind::Success => AppendEntriesResponse::Success,
        Kind::Partial => AppendEntriesResponse::PartialSuccess(reply.matching.as_ref().map(log_id_in)),
        Kind::Conflict => AppendEntriesResponse::Conflict,
        Kind::HigherVote => AppendEntriesResponse::HigherVote(required_vote(reply.higher.as_ref(), WHAT)?),
        Kind::Unspecified => return required(None, WHAT, "kind"),
    })
}

pub fn vote_request_out(request: &VoteRequest<TypeConfig>) -> proto::RaftVoteRequest {
    proto::RaftVoteRequest {
        vote: Some(vote_out(&request.vote)),
        last: request.last_log_id.as_ref().map(log_id_out),
        leadership_transfer: request.leadership_transfer,
    }
}

pub fn vote_request_in(request: &proto::RaftVoteRequest) -> Result<VoteRequest<TypeConfig>, Error> {
    let vote = required_vote(request.vote.as_ref(), "a vote request")?;
    let mut read = VoteRequest::new(vote, request.last.as_ref().map(log_id_in));
    read.leadership_transfer = request.leadership_transfer;
    Ok(read)
}

pub fn vote_reply_out(reply: &VoteResponse<TypeConfig>) -> proto::RaftVoteReply {
    proto::RaftVoteReply {
        vote: Some(vote_out(&reply.vote)),
        granted: reply.vote_granted,
        last: reply.last_log_id.as_ref().map(log_id_out),
    }
}

pub fn vote_reply_in(reply: &proto::RaftVoteReply) -> Result<VoteResponse<TypeConfig>, Error> {
    let vote = required_vote(reply.vote.as_ref(), "a vote reply")?;
    Ok(VoteResponse::new(vote, reply.last.as_ref().map(log_id_in), reply.granted))
}

pub fn install_out(vote: &Vote, meta: &SnapshotMeta, chunk: proto::SnapshotChunk) -> proto::RaftInstall {
    proto::RaftInstall {
        vote: Some(vote_out(vote)),
        last: meta.last_log_id.as_ref().map(log_id_out),
        membership: Some(stored_membership_out(&meta.last_membership)),
        chunk: Some(chunk),
    }
}

pub fn install_in(request: &proto::RaftInstall) -> Result<(Vote, SnapshotMeta), Error> {
    let vote = required_vote(request.vote.as_ref(), "a snapshot install")?;
    let membership = required(request.membership.as_ref(), "a snapshot install", "membership")?;
    let last_membership = stored_membership_in(membership);
    Ok((vote, SnapshotMeta { last_log_id: request.last.as_ref().map(log_id_in), last_membership }))
}

pub fn install_reply_in(reply: &proto::RaftInstallReply) -> Result<Vote, Error> {
    required_vote(reply.vote.as_ref(), "a reply to a snapshot install")
}

pub fn transfer_out(request: &TransferLeaderRequest<TypeConfig>) -> proto::RaftTransfer {
    proto::RaftTransfer {
        from: Some(vote_out(request.from_leader())),
        to: *request.to_node_id(),
        last: request.last_log_id().map(log_id_out),
    }
}

pub fn transfer_in(request: &proto::RaftTransfer) -> Result<TransferLeaderRequest<TypeConfig>, Error> {
    let from = required_vote(request.from.as_ref(), "a leadership transfer")?;
    Ok(TransferLeaderRequest::new(from, request.to, request.last.as_ref().map(log_id_in)))
}
