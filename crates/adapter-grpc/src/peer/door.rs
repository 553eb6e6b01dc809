//! The serving side: hands calls of other members to this member's region, while it has one.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use ids::{MemberId, RingId};
use ports::{PeerService, TaskScope};
use tonic::{Code, Request, Response, Status, codec::CompressionEncoding, service::Routes};
use tonic_types::{ErrorDetails, StatusExt};
use wire::proto::{PeerReply, PeerRequest};

use super::{
    DOMAIN, MESSAGE_BYTES_MAX,
    stubs::{
        consensus_server::{Consensus, ConsensusServer},
        forwarding_server::{Forwarding, ForwardingServer},
        shipping_server::{Shipping, ShippingServer},
    },
};
use crate::serve::Caller;

/// Whom a door believes to be the member it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Who proves it by the certificate of its connection.
    Certified,
    /// Everybody: TLS is off.
    Anyone,
}

/// Where calls of other members arrive. It outlives the region behind it: a process may close its region and open it again.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    ring: RingId,
    callers: Callers,
    open: RwLock<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    service: Arc<dyn PeerService>,
    tasks: TaskScope,
}

impl Door {
    /// A closed door.
    pub fn new(ring: RingId, callers: Callers) -> Self {
        Self(Arc::new(Inner { ring, callers, open: RwLock::new(None) }))
    }

    /// Serves from now on. A call runs as a task of `tasks`, to its end, also when its caller stops waiting.
    pub fn open(&self, service: Arc<dyn PeerService>, tasks: TaskScope) {
        *self.0.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Open { service, tasks });
    }

    /// Refuses calls from now on. Those that are being served go on.
    pub fn close(&self) {
        *self.0.open.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn answer(&self, request: Request<PeerRequest>) -> Result<Response<PeerReply>, Status> {
        let named = self.0.check(request.extensions().get::<Caller>(), request.get_ref());
        named?;
        let open = self.0.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(open) = open else {
            return Err(refusal(Code::Unavailable, "NOT_SERVING", "called a member that is not serving".to_owned()));
        };
        let serving = open.service.serve(request.into_inner());
        // A task, because dropping a caller's future must not stop half-way what it asked for.
        let reply = open.tasks.spawn(serving).await;
        reply.map(Response::new).map_err(|_| Status::aborted("stopped while serving: it may have been acted on"))
    }
}

impl Inner {
    fn check(&self, caller: Option<&Caller>, request: &PeerRequest) -> Result<(), Status> {
        if self.callers == Callers::Anyone {
            // The region looks at the name of the ring itself.
            return Ok(());
        }
        let from = MemberId(request.from);
        let Some(certified) = caller.and_then(|caller| caller.member.as_deref()) else {
            let message =
                format!("called as {from} without a member's certificate: wanted one of the ring {}", self.ring);
            return Err(refusal(Code::PermissionDenied, "OTHER_MEMBER", message));
        };
        if certified.ring != self.ring || request.ring != self.ring.as_str() {
            let message = format!(
                "called as a member of the ring {:?} with the certificate of {}: wanted the ring {}",
                request.ring,
                certified.uri(),
                self.ring
            );
            return Err(refusal(Code::PermissionDenied, "OTHER_RING", message));
        }
        if certified.member != from {
            let message = format!("called as {from} with the certificate of {}", certified.uri());
            return Err(refusal(Code::PermissionDenied, "OTHER_MEMBER", message));
        }
        Ok(())
    }
}

fn refusal(code: Code, reason: &str, message: String) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, []))
}

/// The services by which other members call this one.
pub fn routes(door: Door) -> Routes {
    let limit = MESSAGE_BYTES_MAX;
    let consensus = ConsensusServer::new(door.clone());
    let shipping = ShippingServer::new(door.clone())
        .accept_compressed(CompressionEncoding::Zstd)
        .send_compressed(CompressionEncoding::Zstd);
    let forwarding = ForwardingServer::new(door);
    Routes::new(consensus.max_decoding_message_size(limit).max_encoding_message_size(limit))
        .add_service(shipping.max_decoding_message_size(limit).max_encoding_message_size(limit))
        .add_service(forwarding.max_decoding_message_size(limit).max_encoding_message_size(limit))
}

#[tonic::async_trait]
impl Consensus for Door {
    async fn call(&self, request: Request<PeerRequest>) -> Result<Response<PeerReply>, Status> {
        self.answer(request).await
    }
}

#[tonic::async_trait]
impl Shipping for Door {
    async fn call(&self, request: Request<PeerRequest>) -> Result<Response<PeerReply>, Status> {
        self.answer(request).await
    }
}

#[tonic::async_trait]
impl Forwarding for Door {
    async fn call(&self, request: Request<PeerRequest>) -> Result<Response<PeerReply>, Status> {
        self.answer(request).await
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.open.read().unwrap_or_else(PoisonError::into_inner).is_some();
        write!(f, "Door({}, open: {open})", self.0.ring)
    }
}
