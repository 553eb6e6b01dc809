//! Connections that are slow, stuck or gone, and members that come back.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use adapter_grpc::{
    peer::{Lane, Trouble},
    serve::Limits,
    tls::Material,
};
use ids::MemberId;
use ports::CallError;
use tokio::{net::TcpListener, time::Instant};

use super::{
    proxy::Proxy,
    ring::{How, SOON, Server, addresses, append, call, certified, eventually, heads, transport, until_answered},
};

const TO: MemberId = MemberId(2);
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_restarted_member_is_found_within_two_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (certified(&dir, 1), certified(&dir, 2));
    let server = Server::start(&two, How::AtOnce);
    let transport = transport(&one, &[(2, server.address)]);
    call(&transport, 2, heads(1, 1), SOON).await.unwrap();
    let address = server.stop().await;
    // Long enough for the pauses between attempts to have reached their longest.
    let down = Instant::now();
    while down.elapsed() < Duration::from_secs(3) {
        let result = call(&transport, 2, heads(1, 1), SHORT).await;
        assert_eq!(result, Err(CallError::Unreachable { to: TO }));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let server = Server::start_at(address, &two, How::AtOnce, Limits::members());
    let took = until_answered(&transport, 2, Duration::from_secs(2)).await;
    assert!(took < Duration::from_millis(1100), "found after {took:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_stalled_link_ends_calls_by_their_deadline_and_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&certified(&dir, 2), How::AtOnce);
    let proxy = Proxy::start(server.address).await;
    let transport = transport(&certified(&dir, 1), &[(2, proxy.address)]);
    call(&transport, 2, heads(1, 1), SOON).await.unwrap();
    proxy.stall();
    let stalled = Instant::now();
    let mut ends = (0, 0);
    while stalled.elapsed() < Duration::from_secs(4) {
        match call(&transport, 2, heads(1, 2), SHORT).await {
            // On the connection from before: it may have arrived.
            Err(CallError::TimedOut { .. }) => ends.0 += 1,
            // On its way to a new connection: certainly not sent.
            Err(CallError::Unreachable { .. }) => ends.1 += 1,
            Ok(_) => panic!("answered over a stalled link"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(ends.0 >= 3 && ends.1 >= 3, "{ends:?}: the connection was not replaced");
    assert!(proxy.taken.load(SeqCst) >= 2);
    proxy.heal();
    until_answered(&transport, 2, Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_slow_member_whose_connection_is_alive_is_not_called_anew() {
    let server = Server::start(&Material::off(), How::After(Duration::from_millis(3800)));
    let proxy = Proxy::start(server.address).await;
    let transport = transport(&Material::off(), &[(2, proxy.address)]);
    let waiting = call(&transport, 2, heads(1, 1), SOON);
    let impatient = async {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(3400) {
            let second = call(&transport, 2, heads(1, 2), SHORT).await;
            assert_eq!(second, Err(CallError::TimedOut { to: TO, within: SHORT }));
        }
    };
    let (first, ()) = tokio::join!(waiting, impatient);
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(proxy.taken.load(SeqCst), 1);
}

#[tokio::test]
async fn a_machine_that_says_nothing_is_unreachable_because_nothing_was_sent() {
    // Accepted by the kernel, and then nobody is there.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport = transport(&Material::off(), &[(2, silent.local_addr().unwrap())]);
    assert_eq!(call(&transport, 2, heads(1, 1), SHORT).await, Err(CallError::Unreachable { to: TO }));
    eventually("the end of the attempt", || {
        transport.links().first().is_some_and(|link| {
            let said = link.trouble.as_ref().map(Trouble::to_string).unwrap_or_default();
            said.contains("no answer within 1500 ms")
        })
    })
    .await;
}

#[tokio::test]
async fn heartbeats_do_not_share_a_connection_with_entries() {
    let server = Server::start(&Material::off(), How::AtOnce);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let (entries, heartbeat) =
        tokio::join!(call(&transport, 2, append(1, 4 << 20), SOON), call(&transport, 2, append(1, 0), SOON));
    assert!(entries.is_ok() && heartbeat.is_ok());
    let lanes: Vec<_> = transport.links().into_iter().map(|link| link.lane).collect();
    assert_eq!(lanes, [Lane::Heartbeats, Lane::Appends]);
}

#[tokio::test]
async fn an_exchange_of_heads_opens_the_connections_that_an_election_will_need() {
    let server = Server::start(&Material::off(), How::AtOnce);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    call(&transport, 2, heads(1, 1), SOON).await.unwrap();
    eventually("heartbeats and entries to be connected", || {
        let connected = transport.links().into_iter().filter(|link| link.connected).map(|link| link.lane);
        connected.collect::<Vec<_>>() == [Lane::Heartbeats, Lane::Appends, Lane::Forwarding]
    })
    .await;
}

#[tokio::test]
async fn a_new_address_is_used_at_once_and_an_old_one_kept() {
    let (here, there) = (Server::start(&Material::off(), How::AtOnce), Server::start(&Material::off(), How::AtOnce));
    let transport = transport(&Material::off(), &[(2, here.address), (3, here.address)]);
    call(&transport, 2, heads(1, 1), SOON).await.unwrap();
    call(&transport, 3, heads(1, 2), SOON).await.unwrap();
    transport.set_members(&addresses(&[(2, there.address), (3, here.address)]));
    let mut kept: Vec<_> =
        transport.links().into_iter().filter(|link| link.connected).map(|link| link.member).collect();
    kept.dedup();
    assert_eq!(kept, [MemberId(3)]);
    call(&transport, 2, heads(1, 3), SOON).await.unwrap();
    assert_eq!((here.stub.count(), there.stub.count()), (2, 1));
    transport.set_members(&addresses(&[]));
    assert_eq!(call(&transport, 2, heads(1, 4), SOON).await, Err(CallError::Unreachable { to: TO }));
}
