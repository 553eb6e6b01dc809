//! openraft's messages over the members' own transport.
//!
//! Every call ends within the soft limit that openraft gives it. A lost message is a time-out, never a refusal; only a message that
//! was certainly not delivered is unreachable, which makes openraft wait longer before the next.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use ids::{Log, MemberId};
use openraft::{
    AnyError, EmptyNode, OptionalSend, RPCTypes, RaftNetworkFactory,
    errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable},
    network::{RPCOption, v2::RaftNetworkV2},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse,
        VoteRequest, VoteResponse,
    },
};
use ports::CallError;
use wire::proto::{self, peer_reply, peer_request, raft_reply, raft_request};

use super::{
    Snapshot, TypeConfig, Vote,
    convert::{
        append_out, append_reply_in, install_out, install_reply_in, transfer_out, vote_reply_in, vote_request_out,
    },
};
use crate::{chunks::cut, peers::Peers};

/// How long the first try to send a piece of a snapshot may take, and twice as long each further one: a lost one must not hold up the
/// rest for long, and the last one takes as long as the receiver's disk. A piece that comes twice changes nothing.
const CHUNK_PATIENCE: Duration = Duration::from_secs(2);
/// Pieces in a row after which the receiver may want no more than before, before the snapshot is begun again.
const STALLS_MAX: u32 = 8;

type Rpc<T> = Result<T, RPCError<TypeConfig>>;

/// Makes a link to each other member of one group.
pub struct Network {
    pub peers: Arc<Peers>,
    pub log: Log,
    /// Bytes of one piece of a snapshot.
    pub chunk_bytes: usize,
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, _node: &EmptyNode) -> Link {
        let (peers, log) = (Arc::clone(&self.peers), self.log.clone());
        Link { peers, log, to: MemberId(target), chunk_bytes: self.chunk_bytes }
    }
}

/// The link to one member.
pub struct Link {
    peers: Arc<Peers>,
    log: Log,
    to: MemberId,
    chunk_bytes: usize,
}

impl Link {
    async fn call(&self, body: raft_request::Body, kind: RPCTypes, option: &RPCOption) -> Rpc<raft_reply::Body> {
        self.call_within(body, kind, option.soft_ttl()).await
    }

    async fn call_within(&self, body: raft_request::Body, kind: RPCTypes, within: Duration) -> Rpc<raft_reply::Body> {
        let request = proto::RaftRequest { log: self.log.to_string(), body: Some(body) };
        let reply = self.peers.call(self.to, peer_request::Body::Raft(request), within).await;
        match reply {
            Ok(peer_reply::Body::Raft(reply)) => reply.body.ok_or_else(|| unexpected(self.to)),
            Ok(peer_reply::Body::Refusal(refusal)) => {
                Err(RPCError::Unreachable(Unreachable::new(&io::Error::other(refusal.message))))
            }
            Ok(_) => Err(unexpected(self.to)),
            Err(error @ CallError::Unreachable { .. }) => Err(RPCError::Unreachable(Unreachable::new(&error))),
            Err(CallError::TimedOut { .. }) => {
                let id = self.peers.member().0;
                Err(RPCError::Timeout(Timeout { action: kind, id, target: self.to.0, timeout: within }))
            }
        }
    }
}

/// How far a snapshot on its way is.
struct Progress {
    offset: u64,
    /// The offset that was wanted last.
    reached: u64,
    stalls: u32,
    /// Time without progress that is left.
    left: Duration,
    patience: Duration,
}

impl Progress {
    fn begin(left: Duration) -> Self {
        Self { offset: 0, reached: 0, stalls: 0, left, patience: CHUNK_PATIENCE }
    }

    fn wanted(&mut self, offset: u64, left: Duration) {
        if offset > self.reached {
            *self = Self { offset, reached: offset, ..Self::begin(left) };
        } else {
            // Damaged on the way; or, where it is less than before, the receiver was started again.
            *self = Self { offset, reached: offset, stalls: self.stalls + 1, ..*self };
        }
    }
}

impl Link {
    /// Sends a snapshot piece by piece. It may take as long as it makes progress: without any, at most `left`.
    async fn send_snapshot(
        &self,
        vote: Vote,
        snapshot: Snapshot,
        left: Duration,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let mut progress = Progress::begin(left);
        while progress.stalls < STALLS_MAX {
            let Some(chunk) = cut(&snapshot.snapshot, progress.offset, self.chunk_bytes) else { break };
            let within = progress.patience.min(progress.left);
            let body = raft_request::Body::Install(install_out(&vote, &snapshot.meta, chunk));
            match self.call_within(body, RPCTypes::InstallSnapshot, within).await {
                Ok(raft_reply::Body::Install(reply)) => {
                    let theirs = install_reply_in(&reply).map_err(|error| unreadable(&error))?;
                    if reply.installed || theirs > vote {
                        return Ok(SnapshotResponse::new(theirs));
                    }
                    progress.wanted(reply.wanted, left);
                }
                Ok(_) => return Err(unexpected(self.to).into()),
                Err(RPCError::Timeout(_)) if within < progress.left => {
                    progress.left -= within;
                    progress.patience *= 2;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let (to, offset) = (self.to, progress.offset);
        let error = format!("sent a snapshot to {to}: it wants the offset {offset} again and again");
        Err(unreadable(&AnyError::error(error)).into())
    }
}

fn unexpected(from: MemberId) -> RPCError<TypeConfig> {
    unreadable(&AnyError::error(format!("read the reply of {from}: it answers another question")))
}

fn unreadable(error: &(impl std::error::Error + 'static)) -> RPCError<TypeConfig> {
    RPCError::Network(NetworkError::new(error))
}

impl RaftNetworkV2<TypeConfig> for Link {
    type SnapshotData = Bytes;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<AppendEntriesResponse<TypeConfig>> {
        let body = raft_request::Body::Append(append_out(&rpc));
        match self.call(body, RPCTypes::AppendEntries, &option).await? {
            raft_reply::Body::Append(reply) => append_reply_in(&reply).map_err(|error| unreadable(&error)),
            _ => Err(unexpected(self.to)),
        }
    }

    async fn vote(&mut self, rpc: VoteRequest<TypeConfig>, option: RPCOption) -> Rpc<VoteResponse<TypeConfig>> {
        let body = raft_request::Body::Vote(vote_request_out(&rpc));
        match self.call(body, RPCTypes::Vote, &option).await? {
            raft_reply::Body::Vote(reply) => vote_reply_in(&reply).map_err(|error| unreadable(&error)),
            _ => Err(unexpected(self.to)),
        }
    }

    /// Asked for real: openraft's default grants without asking, which would switch pre-vote off without a word.
    async fn pre_vote(&mut self, rpc: VoteRequest<TypeConfig>, option: RPCOption) -> Rpc<VoteResponse<TypeConfig>> {
        let body = raft_request::Body::PreVote(vote_request_out(&rpc));
        match self.call(body, RPCTypes::Vote, &option).await? {
            raft_reply::Body::Vote(reply) => vote_reply_in(&reply).map_err(|error| unreadable(&error)),
            _ => Err(unexpected(self.to)),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let sending = self.send_snapshot(vote, snapshot, option.soft_ttl());
        match select(pin!(cancel), pin!(sending)).await {
            Either::Left((closed, _)) => Err(StreamingError::Closed(closed)),
            Either::Right((sent, _)) => sent,
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<TransferLeaderResponse<TypeConfig>> {
        let body = raft_request::Body::Transfer(transfer_out(&request));
        match self.call(body, RPCTypes::TransferLeader, &option).await? {
            // Why the other side refuses changes nothing here: the leader goes on until its time for the transfer is over.
            raft_reply::Body::Transfer(_) => Ok(Ok(())),
            _ => Err(unexpected(self.to)),
        }
    }
}
