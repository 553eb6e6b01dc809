//! Why calls to a member fail, typed, for people: a caller is told only whether its request was delivered.

use std::io;

use ids::MemberId;

use super::Lane;
use crate::tls::Fault;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("connected to {address}: refused, so nobody listens there")]
    Refused { address: String },
    #[error("connected to {address}: no answer within {within_ms} ms")]
    Silent { address: String, within_ms: u64 },
    #[error("connected to {address}: {message}")]
    Network { address: String, message: String },
    #[error("connected to {address} by TLS: {fault}")]
    Tls { address: String, fault: Fault },
    #[error("connected to {address}: it does not speak HTTP/2 ({message})")]
    NotHttp2 { address: String, message: String },
}

/// What is wrong between this member and another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Connect(ConnectError),
    /// The other member's door sent the request back. Nothing was done.
    #[error("was refused ({reason}): {message}")]
    Refused { reason: String, message: String },
    /// Nothing was sent.
    #[error("encoded a request of {bytes} bytes: at most {limit} are carried")]
    TooLarge { bytes: usize, limit: usize },
    /// The connection ended, or something in between answered. It may have been acted on.
    #[error("was not answered: {message}")]
    Broken { message: String },
    /// It may have been acted on.
    #[error("was not answered in time")]
    Late,
}

/// One lane to one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    pub member: MemberId,
    pub address: String,
    pub lane: Lane,
    pub connected: bool,
    /// What went wrong last, if nothing went well since.
    pub trouble: Option<Trouble>,
}

impl ConnectError {
    pub(super) fn of_io(address: &str, error: &io::Error) -> Self {
        let address = address.to_owned();
        if let Some(fault) = Fault::of(error) {
            return Self::Tls { address, fault };
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { address },
            _ => Self::Network { address, message: error.to_string() },
        }
    }
}
