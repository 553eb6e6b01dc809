//! Which connection a request takes.
//!
//! Requests on one connection share its bandwidth and its fate. What must not wait gets a connection of its own.

use std::fmt;

use wire::proto::{PeerRequest, peer_request, raft_request};

/// One of the connections to another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Small Raft messages: heartbeats, votes. Whether a leader is thought dead hangs on these.
    Heartbeats,
    /// Raft entries.
    Appends,
    /// Pulls of records, and snapshots. Compressed.
    Shipping,
    /// Commands, confirmed heads, exchange of heads.
    Forwarding,
}

impl Lane {
    pub const ALL: [Self; 4] = [Self::Heartbeats, Self::Appends, Self::Shipping, Self::Forwarding];

    pub fn of(request: &PeerRequest) -> Self {
        match &request.body {
            Some(peer_request::Body::Raft(raft)) => match &raft.body {
                Some(raft_request::Body::Append(append)) if !append.entries.is_empty() => Self::Appends,
                Some(raft_request::Body::Install(_)) => Self::Shipping,
                _ => Self::Heartbeats,
            },
            Some(peer_request::Body::Pull(_) | peer_request::Body::Snapshot(_)) => Self::Shipping,
            Some(
                peer_request::Body::Heads(_)
                | peer_request::Body::Head(_)
                | peer_request::Body::Submit(_)
                | peer_request::Body::Replace(_),
            )
            | None => Self::Forwarding,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Heartbeats => "heartbeats",
            Self::Appends => "appends",
            Self::Shipping => "shipping",
            Self::Forwarding => "forwarding",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
