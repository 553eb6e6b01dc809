//! Calls between members over gRPC: [`ports::PeerTransport`] on one side, [`ports::PeerService`] behind a [`Door`] on the other.
//!
//! ```text
//!   region ─▶ GrpcTransport ─▶ link: one per member and lane ─▶ connection ┄┄▶ serve() ─▶ Door ─▶ region of the other member
//! ```
//!
//! A call is either certainly not delivered, or answered, or in doubt; in doubt it counts as delivered. To know, a request is handed to
//! a connection only after the other side has been heard on it, nothing is ever sent twice, and a refusal of the door says so.
//!
//! Map: [`transport`] the calling side · [`door`] the serving side · [`lane`] which connection a request takes · [`trouble`] why calls
//! fail, for people · `link` finding a member again · `connect` one connection · `heard` what was heard on it · `send` requests on it.

pub mod door;
pub mod lane;
pub mod transport;
pub mod trouble;

mod connect;
mod heard;
mod link;
mod send;

pub use door::{Callers, Door, routes};
pub use lane::Lane;
pub use transport::{GrpcTransport, Settings};
pub use trouble::{ConnectError, LinkStatus, Trouble};

/// One request or reply, encoded. Raft appends reach 1 MiB and a little, pieces of snapshots too.
pub const MESSAGE_BYTES_MAX: usize = 8 << 20;

/// Of the `ErrorInfo` in refusals of a [`Door`]: they come before anything was done.
const DOMAIN: &str = "peering.atoll";

/// The generated stubs.
mod stubs {
    #![allow(clippy::all, clippy::allow_attributes_without_reason, missing_docs, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/atoll.internal.v1.rs"));
}
