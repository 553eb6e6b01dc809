//! Raft messages of other members.

use ids::MemberId;
use invariants::Observation;
use openraft::async_runtime::watch::WatchReceiver;
use wire::proto::{self, peer_reply, raft_reply, raft_request};

use super::Group;
use crate::raft::{TypeConfig, convert};

impl Group {
    /// Serves one Raft message of another member.
    pub async fn serve(&self, body: raft_request::Body) -> peer_reply::Body {
        if let Some(why) = self.stopped() {
            return refusal("MEMBER_STOPPED", why);
        }
        match self.scoped(self.handle(body)).await {
            Ok(body) => peer_reply::Body::Raft(proto::RaftReply { body: Some(body) }),
            Err(why) => refusal("NOT_SERVED", why),
        }
    }

    async fn handle(&self, body: raft_request::Body) -> Result<raft_reply::Body, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        Ok(match body {
            raft_request::Body::Append(request) => {
                let request = convert::append_in(request).map_err(|error| text(&error))?;
                check_proposals(&request).map_err(|error| text(&error))?;
                let reply = self.raft.append_entries(request).await.map_err(|error| text(&error))?;
                raft_reply::Body::Append(convert::append_reply_out(&reply))
            }
            raft_request::Body::Vote(request) => {
                let request = convert::vote_request_in(&request).map_err(|error| text(&error))?;
                let (term, candidate) = (request.vote.leader_id.term, MemberId(request.vote.leader_id.voted_for));
                let reply = self.raft.vote(request).await.map_err(|error| text(&error))?;
                if reply.vote_granted {
                    let (member, log) = (self.shared.member, &self.shared.log);
                    self.shared.env.observe(&|| Observation::VoteGranted { member, log: log.clone(), term, candidate });
                }
                raft_reply::Body::Vote(convert::vote_reply_out(&reply))
            }
            raft_request::Body::PreVote(request) => {
                let request = convert::vote_request_in(&request).map_err(|error| text(&error))?;
                let reply = self.raft.pre_vote(request).await.map_err(|error| text(&error))?;
                raft_reply::Body::Vote(convert::vote_reply_out(&reply))
            }
            raft_request::Body::Install(request) => self.incoming.take(&self.shared, &self.raft, &request).await?,
            raft_request::Body::Transfer(request) => {
                let request = convert::transfer_in(&request).map_err(|error| text(&error))?;
                let reply = self.raft.handle_transfer_leader(request).await.map_err(|error| text(&error))?;
                let unexpected = reply.err().map(|_| convert::vote_out(&self.raft.metrics().borrow_watched().vote));
                raft_reply::Body::Transfer(proto::RaftTransferReply { unexpected })
            }
        })
    }
}

/// Refuses what this build could not apply, such as a record of a later level, before it is stored: once it is in the log it would
/// stop this member at every start.
fn check_proposals(request: &openraft::raft::AppendEntriesRequest<TypeConfig>) -> Result<(), wire::Error> {
    for entry in &request.entries {
        if let openraft::EntryPayload::Normal(batch) = &entry.payload {
            batch.proposals().try_for_each(|proposal| proposal.map(|_| ()))?;
        }
    }
    Ok(())
}

/// A peer's request was not served at all.
pub fn refusal(reason: &str, message: impl Into<String>) -> peer_reply::Body {
    peer_reply::Body::Refusal(proto::PeerRefusal { reason: reason.to_owned(), message: message.into() })
}
