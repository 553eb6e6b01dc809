//! One request on one connection: sent at most once, and with what is known of it when it fails.

use std::{
    error::Error,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{body::Incoming, client::conn::http2::SendRequest};
use ports::BoxFuture;
use tonic::{
    Code, Request, Status,
    body::Body,
    codec::CompressionEncoding,
    codegen::{Service, http},
};
use tonic_types::StatusExt;
use wire::proto::{PeerReply, PeerRequest};

use super::{
    DOMAIN, Lane, MESSAGE_BYTES_MAX, Trouble,
    stubs::{consensus_client::ConsensusClient, forwarding_client::ForwardingClient, shipping_client::ShippingClient},
};

/// Smaller requests are not worth compressing.
const COMPRESSED_FROM_BYTES: usize = 4 << 10;

/// Why a request brought no reply.
pub(super) enum Failure {
    /// It was certainly not acted on, and never will be.
    NotDelivered(Trouble),
    /// It may have been acted on.
    InDoubt(Trouble),
}

/// Sends on a lane's service. `origin` is what the request says it is sent to, `bytes` its encoded size.
pub(super) async fn send(
    requests: SendRequest<Body>,
    origin: http::Uri,
    lane: Lane,
    bytes: usize,
    request: PeerRequest,
    within: Duration,
) -> Result<PeerReply, Failure> {
    let mut request = Request::new(request);
    request.set_timeout(within);
    let once = Once(requests);
    let limit = MESSAGE_BYTES_MAX;
    let answered = match lane {
        Lane::Heartbeats | Lane::Appends => {
            let client = ConsensusClient::with_origin(once, origin);
            client.max_decoding_message_size(limit).call(request).await
        }
        Lane::Shipping => {
            let client = ShippingClient::with_origin(once, origin).accept_compressed(CompressionEncoding::Zstd);
            let mut client = match bytes {
                COMPRESSED_FROM_BYTES.. => client.send_compressed(CompressionEncoding::Zstd),
                _ => client,
            };
            client = client.max_decoding_message_size(limit);
            client.call(request).await
        }
        Lane::Forwarding => {
            let client = ForwardingClient::with_origin(once, origin);
            client.max_decoding_message_size(limit).call(request).await
        }
    };
    answered.map(tonic::Response::into_inner).map_err(|status| judge(&status))
}

/// Only what is certain counts as not delivered.
fn judge(status: &Status) -> Failure {
    let broken = Trouble::Broken { message: status.to_string() };
    if status.source().and_then(|source| source.downcast_ref::<SendError>()).is_some_and(|error| error.unsent) {
        return Failure::NotDelivered(broken);
    }
    // The door refuses before anything is done.
    if let Some(info) = status.get_details_error_info().filter(|info| info.domain == DOMAIN) {
        return Failure::NotDelivered(Trouble::Refused { reason: info.reason, message: status.message().to_owned() });
    }
    match status.code() {
        // No such service there: said by whatever looks for one.
        Code::Unimplemented => Failure::NotDelivered(broken),
        _ => Failure::InDoubt(broken),
    }
}

/// A connection as tonic's stubs want it. It sends once and never again.
struct Once(SendRequest<Body>);

/// An error of the connection.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct SendError {
    message: String,
    /// The request came back whole: nothing of it was sent.
    unsent: bool,
}

impl Service<http::Request<Body>> for Once {
    type Response = http::Response<Incoming>;
    type Error = SendError;
    type Future = BoxFuture<'static, Result<Self::Response, SendError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        // A connection that is closed gives the request back.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let sending = self.0.try_send_request(request);
        Box::pin(async move {
            sending.await.map_err(|mut error| {
                let unsent = error.take_message().is_some();
                let error = error.into_error();
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                SendError { message: format!("{error}{cause}"), unsent }
            })
        })
    }
}
