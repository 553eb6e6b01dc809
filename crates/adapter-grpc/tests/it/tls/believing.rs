//! Two sides of a connection that must not, or must, believe each other.

use std::net::SocketAddr;

use adapter_grpc::{
    peer::{Callers, ConnectError, Door, GrpcTransport, Settings, Trouble, routes},
    serve::{Limits, bind, serve},
    tls::{Fault, Material, ServerTls, load_server},
};
use ids::{MemberId, RingId};
use ports::{CallError, TaskScope};

use super::files::Authority;
use crate::peers::ring::{How, SOON, Server, addresses, call, certified, eventually, heads, of_ring, transport, who};

/// Calls once, which must not arrive, and returns why, as it is told to people.
async fn undelivered(transport: &GrpcTransport, server: Option<&Server>) -> Trouble {
    let result = call(transport, 2, heads(1, 1), SOON).await;
    assert_eq!(result, Err(CallError::Unreachable { to: MemberId(2) }));
    assert_eq!(server.map_or(0, |server| server.stub.count()), 0);
    transport.links()[0].trouble.clone().unwrap()
}

fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Connect(ConnectError::Tls { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn members_of_different_authorities_do_not_talk() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(&certified(&there, 2), How::AtOnce);
    let transport = transport(&certified(&here, 1), &[(2, server.address)]);
    assert_eq!(fault(undelivered(&transport, Some(&server)).await), Fault::OtherAuthority);
}

#[tokio::test]
async fn a_caller_of_another_authority_is_refused_before_it_sends() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = Server::start(&ours.load(&ours.sign(&who(2)), &who(2)).unwrap(), How::AtOnce);
    // It believes us, we do not believe it: its list of authorities holds both.
    let both = std::fs::read_to_string(ours.ca()).unwrap() + &std::fs::read_to_string(theirs.ca()).unwrap();
    std::fs::write(theirs.ca(), both).unwrap();
    let caller = theirs.load(&theirs.sign(&who(1)), &who(1)).unwrap();
    let transport = transport(&caller, &[(2, server.address)]);
    let fault = fault(undelivered(&transport, Some(&server)).await);
    assert!(matches!(fault, Fault::RefusedUs { .. }), "{fault:?}");
}

#[tokio::test]
async fn a_member_at_the_address_of_another_is_not_taken_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&certified(&dir, 3), How::AtOnce);
    let transport = transport(&certified(&dir, 1), &[(2, server.address)]);
    let Fault::OtherName { wanted, presented } = fault(undelivered(&transport, Some(&server)).await) else {
        panic!("another fault");
    };
    assert_eq!(wanted, "member-2.test.atoll.internal");
    assert!(presented.iter().any(|name| name.contains("member-3.test.atoll.internal")), "{presented:?}");
}

#[tokio::test]
async fn a_caller_that_says_it_is_another_member_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&certified(&dir, 2), How::AtOnce);
    let transport = transport(&certified(&dir, 3), &[(2, server.address)]);
    let trouble = undelivered(&transport, Some(&server)).await;
    assert!(matches!(&trouble, Trouble::Refused { reason, .. } if reason == "OTHER_MEMBER"), "{trouble:?}");
}

#[tokio::test]
async fn a_caller_of_another_ring_is_refused_even_under_one_authority() {
    let authority = Authority::new();
    let server = Server::start(&authority.load(&authority.sign(&who(2)), &who(2)).unwrap(), How::AtOnce);
    let other = of_ring("other", 1);
    let material = authority.load(&authority.sign(&other), &other).unwrap();
    // As it would call its own ring: the server proves to be of another one.
    let honest =
        GrpcTransport::new(Settings { ring: other.ring.clone(), tls: material.outgoing() }, TaskScope::default());
    honest.set_members(&addresses(&[(2, server.address)]));
    assert!(matches!(fault(undelivered(&honest, Some(&server)).await), Fault::OtherName { .. }));
    // As it would call if it wanted to be taken for one of ours.
    let trouble = undelivered(&transport(&material, &[(2, server.address)]), Some(&server)).await;
    assert!(matches!(&trouble, Trouble::Refused { reason, .. } if reason == "OTHER_RING"), "{trouble:?}");
}

#[tokio::test]
async fn one_side_with_tls_and_one_without_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let (with, without) = (certified(&dir, 2), Material::off());
    let server = Server::start(&with, How::AtOnce);
    let plain = transport(&without, &[(2, server.address)]);
    assert_eq!(fault(undelivered(&plain, Some(&server)).await), Fault::SpeaksTls);
    let server = Server::start(&without, How::AtOnce);
    let secure = transport(&certified(&dir, 1), &[(2, server.address)]);
    assert_eq!(fault(undelivered(&secure, Some(&server)).await), Fault::Plaintext);
}

/// Serves a door that wants certificates behind a listener that may ask for none.
fn listen(tls: Option<ServerTls>) -> SocketAddr {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let door = Door::new(RingId::new("test"), Callers::Certified);
    TaskScope::default().spawn(serve(listener, tls, routes(door), Limits::members(), std::future::pending()));
    address
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let expired = authority.sign_with(&who(2), |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let address = listen(Some(load_server(&expired.cert, &expired.key).unwrap()));
    let caller = authority.load(&authority.sign(&who(1)), &who(1)).unwrap();
    assert_eq!(fault(undelivered(&transport(&caller, &[(2, address)]), None).await), Fault::Expired);
}

#[tokio::test]
async fn a_door_that_wants_certificates_opens_to_nobody_without() {
    let dir = tempfile::tempdir().unwrap();
    // Without TLS, and with TLS that asks for no certificate.
    let plain = listen(None);
    let trouble = undelivered(&transport(&Material::off(), &[(2, plain)]), None).await;
    assert!(matches!(&trouble, Trouble::Refused { reason, .. } if reason == "OTHER_MEMBER"), "{trouble:?}");
    let clients = listen(certified(&dir, 2).clients());
    let trouble = undelivered(&transport(&certified(&dir, 1), &[(2, clients)]), None).await;
    assert!(matches!(&trouble, Trouble::Refused { reason, .. } if reason == "OTHER_MEMBER"), "{trouble:?}");
}

#[tokio::test]
async fn a_member_believed_again_is_called_again() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(&certified(&there, 2), How::AtOnce);
    let transport = transport(&certified(&here, 1), &[(2, server.address)]);
    undelivered(&transport, Some(&server)).await;
    let address = server.stop().await;
    let server = Server::start_at(address, &certified(&here, 2), How::AtOnce, Limits::members());
    crate::peers::ring::until_answered(&transport, 2, SOON).await;
    eventually("the end of the trouble", || transport.links()[0].trouble.is_none()).await;
    assert!(server.stub.count() > 0);
}
