//! The calling side: [`PeerTransport`] over connections that are made when needed.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ids::{MemberId, RingId};
use ports::{BoxFuture, CallError, PeerTransport, TaskScope};
use tokio::time::{Instant, timeout_at};
use tonic::codegen::http;
use wire::proto::{PeerReply, PeerRequest, peer_request};

use super::{
    Lane, LinkStatus, MESSAGE_BYTES_MAX, Trouble,
    connect::Target,
    link::Link,
    send::{Failure, send},
};
use crate::tls::{ClientTls, identity::dns_name};

/// What a transport is made from.
#[derive(Clone, Debug)]
pub struct Settings {
    pub ring: RingId,
    /// Certificates; none: calls are made without TLS.
    pub tls: Option<ClientTls>,
}

/// Calls other members over gRPC. Its connections are tasks of the scope that it was given, on the runtime of the caller that needed
/// them first; when the scope is aborted, they end.
#[derive(Clone)]
pub struct GrpcTransport(Arc<Inner>);

struct Inner {
    settings: Settings,
    tasks: TaskScope,
    members: RwLock<BTreeMap<MemberId, Arc<Peer>>>,
}

/// One other member.
struct Peer {
    address: String,
    origin: http::Uri,
    links: [Arc<Link>; Lane::ALL.len()],
}

impl GrpcTransport {
    /// A transport that knows no member yet.
    pub fn new(settings: Settings, tasks: TaskScope) -> Self {
        Self(Arc::new(Inner { settings, tasks, members: RwLock::new(BTreeMap::new()) }))
    }

    /// Replaces what is known of members and their addresses (`host:port`). Connections to members whose address stayed the same are
    /// kept; calls under way to others go on.
    pub fn set_members(&self, addresses: &BTreeMap<MemberId, String>) {
        let mut members = self.0.members.write().unwrap_or_else(PoisonError::into_inner);
        let next = addresses.iter().map(|(member, address)| {
            let kept = members.get(member).filter(|peer| peer.address == *address);
            (*member, kept.map_or_else(|| Arc::new(self.0.peer(*member, address)), Arc::clone))
        });
        *members = next.collect();
    }

    /// How the connections stand, for people: links that were never used are left out.
    pub fn links(&self) -> Vec<LinkStatus> {
        let members = self.0.members.read().unwrap_or_else(PoisonError::into_inner);
        let links = members.values().flat_map(|peer| peer.links.iter().map(|link| link.status()));
        links.filter(|link| link.connected || link.trouble.is_some()).collect()
    }
}

impl Inner {
    fn peer(&self, member: MemberId, address: &str) -> Peer {
        let dns_name = dns_name(&self.settings.ring, member);
        let target = Target { address: address.to_owned(), dns_name: dns_name.clone(), tls: self.settings.tls.clone() };
        let scheme = if target.tls.is_some() { "https" } else { "http" };
        // A ring whose name fits no address is refused where its certificates are made; without TLS the name does not matter.
        let origin = http::Uri::builder().scheme(scheme).authority(dns_name).path_and_query("/").build();
        Peer {
            address: address.to_owned(),
            origin: origin.unwrap_or_else(|_| http::Uri::from_static("http://member.atoll.internal")),
            links: Lane::ALL.map(|lane| Arc::new(Link::new(member, lane, target.clone(), self.tasks.clone()))),
        }
    }

    fn find(&self, member: MemberId) -> Option<Arc<Peer>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).get(&member).cloned()
    }
}

impl PeerTransport for GrpcTransport {
    fn call(
        &self,
        to: MemberId,
        request: PeerRequest,
        within: Duration,
    ) -> BoxFuture<'static, Result<PeerReply, CallError>> {
        let peer = self.0.find(to);
        Box::pin(async move {
            let Some(peer) = peer else { return Err(CallError::Unreachable { to }) };
            peer.call(request, within).await.map_err(|delivered| match delivered {
                Delivered::No => CallError::Unreachable { to },
                Delivered::Perhaps => CallError::TimedOut { to, within },
            })
        })
    }
}

/// What became of a request without a reply.
enum Delivered {
    No,
    Perhaps,
}

impl Peer {
    async fn call(&self, request: PeerRequest, within: Duration) -> Result<PeerReply, Delivered> {
        let deadline = Instant::now() + within;
        let lane = Lane::of(&request);
        let [heartbeats, appends, shipping, forwarding] = &self.links;
        let link = match lane {
            Lane::Heartbeats => heartbeats,
            Lane::Appends => appends,
            Lane::Shipping => shipping,
            Lane::Forwarding => forwarding,
        };
        let says_heads = matches!(request.body, Some(peer_request::Body::Heads(_)));
        let bytes = wire::encoded_len(&request);
        if bytes > MESSAGE_BYTES_MAX {
            link.note(Trouble::TooLarge { bytes, limit: MESSAGE_BYTES_MAX });
            return Err(Delivered::No);
        }
        // Until there is a connection nothing was sent.
        let Ok(Some(connection)) = timeout_at(deadline, link.connection()).await else { return Err(Delivered::No) };
        let left = deadline.saturating_duration_since(Instant::now());
        connection.heard().ask();
        let sending = send(connection.requests(), self.origin.clone(), lane, bytes, request, left);
        match timeout_at(deadline, sending).await {
            Ok(Ok(reply)) => {
                link.answered();
                if says_heads {
                    // A member that lives, about once a second. When a leader dies, a vote and what follows it have no time for
                    // handshakes over the distance between regions: without this the first election fails.
                    heartbeats.warm();
                    appends.warm();
                }
                Ok(reply)
            }
            Ok(Err(Failure::NotDelivered(trouble))) => {
                link.note(trouble);
                Err(Delivered::No)
            }
            Ok(Err(Failure::InDoubt(trouble))) => {
                link.note(trouble);
                Err(Delivered::Perhaps)
            }
            Err(_) => {
                link.note(Trouble::Late);
                link.late(&connection);
                Err(Delivered::Perhaps)
            }
        }
    }
}

impl fmt::Debug for GrpcTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.0.members.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_map().entries(members.iter().map(|(member, peer)| (member, &peer.address))).finish()
    }
}
