//! Calls between members.

use std::time::Duration;

use ids::MemberId;
use wire::proto::{PeerReply, PeerRequest};

use crate::BoxFuture;

/// Why a call brought no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The request was not delivered and never will be: nothing was done.
    #[error("called {to}: not delivered")]
    Unreachable { to: MemberId },
    /// No reply in time: the request may have been acted on.
    #[error("called {to}: no reply within {} ms", within.as_millis())]
    TimedOut { to: MemberId, within: Duration },
}

/// The sending side.
pub trait PeerTransport: Send + Sync + 'static {
    /// Sends a request and waits for its reply, at most `within`. Calls are independent: two may arrive in either order. An
    /// implementation MUST end every call by its deadline and MUST NOT deliver one request twice. Dropping the future does not
    /// recall a request that is under way.
    fn call(
        &self,
        to: MemberId,
        request: PeerRequest,
        within: Duration,
    ) -> BoxFuture<'static, Result<PeerReply, CallError>>;
}

/// The serving side. The transport calls it once per delivered request.
pub trait PeerService: Send + Sync + 'static {
    fn serve(&self, request: PeerRequest) -> BoxFuture<'static, PeerReply>;
}
