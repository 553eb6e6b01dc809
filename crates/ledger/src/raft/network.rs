//! openraft's messages over the members' own transport.
//!
//! Every call ends within the soft limit that openraft gives it. A lost message is a time-out, never a refusal; only a message that
//! was certainly not delivered is unreachable, which makes openraft wait longer before the next.

use std::{future::Future, io, sync::Arc, time::Duration};

use bytes::Bytes;
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
        append_out, append_reply_in, install_out, transfer_out, vote_in, vote_out, vote_reply_in, vote_request_out,
    },
};
use crate::peers::Peers;

/// How long the first try to send a snapshot may take, and twice as long each further one. A snapshot is one call under one long
/// limit, so a lost one would otherwise hold up its receiver for the whole of it; installing one twice changes nothing.
const INSTALL_PATIENCE: Duration = Duration::from_secs(2);

type Rpc<T> = Result<T, RPCError<TypeConfig>>;

/// Makes a link to each other member of one group.
pub struct Network {
    pub peers: Arc<Peers>,
    pub log: Log,
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, _node: &EmptyNode) -> Link {
        Link { peers: Arc::clone(&self.peers), log: self.log.clone(), to: MemberId(target) }
    }
}

/// The link to one member.
pub struct Link {
    peers: Arc<Peers>,
    log: Log,
    to: MemberId,
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
        _cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let install = install_out(&vote, &snapshot.meta, snapshot.snapshot);
        let mut left = option.soft_ttl();
        let mut patience = INSTALL_PATIENCE;
        loop {
            let within = patience.min(left);
            let body = raft_request::Body::Install(install.clone());
            match self.call_within(body, RPCTypes::InstallSnapshot, within).await {
                Ok(raft_reply::Body::Install(vote)) => return Ok(SnapshotResponse::new(vote_in(&vote))),
                Ok(_) => return Err(unexpected(self.to).into()),
                Err(RPCError::Timeout(_)) if within < left => {
                    left -= within;
                    patience *= 2;
                }
                Err(error) => return Err(error.into()),
            }
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

/// The vote as a reply to an install.
pub fn install_reply(vote: &Vote) -> raft_reply::Body {
    raft_reply::Body::Install(vote_out(vote))
}
