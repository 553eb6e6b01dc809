//! What a caller is told, and what the other side has seen.

use std::time::Duration;

use adapter_grpc::{
    peer::{MESSAGE_BYTES_MAX, Trouble},
    tls::Material,
};
use ids::MemberId;
use ports::{CallError, PeerTransport};
use tokio::time::Instant;
use wire::proto::{peer_reply, pull_reply};

use super::{
    proxy::Proxy,
    ring::{How, SOON, Server, append, call, certified, eventually, heads, pull, transport, until_answered},
};

const TO: MemberId = MemberId(2);

async fn every_service_carries(material: [&Material; 2]) {
    let server = Server::start(material[1], How::AtOnce);
    let transport = transport(material[0], &[(2, server.address)]);
    let requests = [heads(1, 42), append(1, 0), append(1, 100 << 10), append(1, 1 << 20), pull(1, 1 << 20)];
    for request in &requests {
        let reply = call(&transport, 2, request.clone(), SOON).await.unwrap();
        match reply.body.unwrap() {
            peer_reply::Body::Heads(heads) => assert_eq!(heads.heads[0].seq, 42),
            peer_reply::Body::Raft(raft) => assert!(raft.body.is_some()),
            peer_reply::Body::Pull(pull) => {
                let Some(pull_reply::Body::Records(records)) = pull.body else { panic!("no records") };
                assert_eq!(records.records[0].len(), 1 << 20);
            }
            other => panic!("answered by {other:?}"),
        }
    }
    assert_eq!(*server.stub.served.lock().unwrap(), requests);
    let lanes = transport.links();
    assert_eq!(lanes.len(), 4, "one connection per lane: {lanes:?}");
    assert!(lanes.iter().all(|link| link.connected && link.trouble.is_none()), "{lanes:?}");
    server.stop().await;
}

#[tokio::test]
async fn every_service_carries_requests_and_replies_without_tls() {
    every_service_carries([&Material::off(), &Material::off()]).await;
}

#[tokio::test]
async fn every_service_carries_requests_and_replies_with_tls() {
    let dir = tempfile::tempdir().unwrap();
    every_service_carries([&certified(&dir, 1), &certified(&dir, 2)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_carries_requests_and_replies_on_many_threads() {
    let dir = tempfile::tempdir().unwrap();
    every_service_carries([&certified(&dir, 1), &certified(&dir, 2)]).await;
}

#[tokio::test]
async fn a_call_that_is_never_answered_ends_by_its_deadline_in_doubt() {
    let server = Server::start(&Material::off(), How::Never);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let within = Duration::from_millis(300);
    let begun = Instant::now();
    let result = call(&transport, 2, heads(1, 1), within).await;
    assert_eq!(result, Err(CallError::TimedOut { to: TO, within }));
    assert!(begun.elapsed() >= within - Duration::from_millis(5), "given up after {:?}", begun.elapsed());
    assert_eq!(server.stub.count(), 1);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_in_doubt_and_the_work_was_done() {
    let server = Server::start(&Material::off(), How::After(Duration::from_millis(400)));
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let within = Duration::from_millis(150);
    assert_eq!(call(&transport, 2, heads(1, 1), within).await, Err(CallError::TimedOut { to: TO, within }));
    // What was asked goes on to its end, although its caller has gone.
    eventually("the end of the work", || *server.stub.finished.lock().unwrap() == 1).await;
    assert_eq!(server.stub.count(), 1);
}

#[tokio::test]
async fn a_dropped_call_does_not_stop_what_it_asked_for() {
    let server = Server::start(&Material::off(), How::After(Duration::from_millis(200)));
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let calling = transport.call(TO, heads(1, 1), SOON);
    let served = eventually("the request", || server.stub.count() == 1);
    futures_util::future::select(std::pin::pin!(calling), std::pin::pin!(served)).await;
    assert_eq!(*server.stub.finished.lock().unwrap(), 0);
    eventually("the end of the work", || *server.stub.finished.lock().unwrap() == 1).await;
}

#[tokio::test]
async fn nobody_listening_and_nobody_known_are_unreachable() {
    let address = Server::start(&Material::off(), How::AtOnce).stop().await;
    let transport = transport(&Material::off(), &[(2, address)]);
    let begun = Instant::now();
    assert_eq!(call(&transport, 2, heads(1, 1), SOON).await, Err(CallError::Unreachable { to: TO }));
    assert_eq!(call(&transport, 9, heads(1, 1), SOON).await, Err(CallError::Unreachable { to: MemberId(9) }));
    assert!(begun.elapsed() < Duration::from_secs(1), "took {:?}", begun.elapsed());
    let links = transport.links();
    assert!(links[0].trouble.as_ref().unwrap().to_string().contains("refused, so nobody listens there"), "{links:?}");
}

#[tokio::test]
async fn a_closed_door_is_unreachable_until_it_is_opened() {
    let server = Server::start(&Material::off(), How::AtOnce);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    server.door.close();
    assert_eq!(call(&transport, 2, heads(1, 1), SOON).await, Err(CallError::Unreachable { to: TO }));
    let links = transport.links();
    assert!(matches!(&links[0].trouble, Some(Trouble::Refused { reason, .. }) if reason == "NOT_SERVING"), "{links:?}");
    assert_eq!(server.stub.count(), 0);
    let service = super::ring::Shared(server.stub.clone());
    server.door.open(std::sync::Arc::new(service), server.tasks.clone());
    call(&transport, 2, heads(1, 2), SOON).await.unwrap();
    assert_eq!(transport.links()[0].trouble, None);
}

#[tokio::test]
async fn a_member_whose_tasks_were_aborted_leaves_calls_in_doubt() {
    let server = Server::start(&Material::off(), How::Never);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let calling = transport.call(TO, heads(1, 1), SOON);
    let aborting = async {
        eventually("the request", || server.stub.count() == 1).await;
        server.tasks.abort();
    };
    let (result, ()) = tokio::join!(calling, aborting);
    assert_eq!(result, Err(CallError::TimedOut { to: TO, within: SOON }));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_sent() {
    let server = Server::start(&Material::off(), How::AtOnce);
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let result = call(&transport, 2, append(1, MESSAGE_BYTES_MAX), SOON).await;
    assert_eq!(result, Err(CallError::Unreachable { to: TO }));
    let links = transport.links();
    let bytes = match &links[0].trouble {
        Some(Trouble::TooLarge { bytes, limit: MESSAGE_BYTES_MAX }) => *bytes,
        other => panic!("{other:?}"),
    };
    assert!(bytes > MESSAGE_BYTES_MAX);
    // The largest that fits is carried.
    let fits = append(1, MESSAGE_BYTES_MAX - (bytes - MESSAGE_BYTES_MAX) - 8);
    call(&transport, 2, fits, SOON).await.unwrap();
    assert_eq!(server.stub.count(), 1);
}

#[tokio::test]
async fn over_breaking_connections_nothing_is_delivered_twice_and_what_is_said_is_true() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&certified(&dir, 2), How::After(Duration::from_millis(2)));
    let proxy = Proxy::start(server.address).await;
    let transport = transport(&certified(&dir, 1), &[(2, proxy.address)]);
    let (mut answered, mut undelivered, mut in_doubt) = (0, 0, 0);
    for round in 0..60_u64 {
        let before = server.stub.count();
        if round % 4 == 3 {
            // No new connection comes about, and the old one is gone.
            proxy.stall();
            proxy.reset();
            eventually("the end", || transport.links().iter().all(|link| !link.connected)).await;
        }
        let calls = (0..8).map(|call| {
            let mark = round * 8 + call;
            let calling = transport.call(TO, heads(1, mark), Duration::from_millis(400));
            async move { (mark, calling.await) }
        });
        let breaking = async {
            let some = usize::try_from(round % 8).unwrap();
            match round % 4 {
                // While requests are served, or just after.
                0 => eventually("requests", || server.stub.count() > before + some).await,
                // At any time.
                1 => tokio::time::sleep(Duration::from_micros(round * 997 % 20_000)).await,
                _ => return,
            }
            proxy.reset();
        };
        let (results, ()) = tokio::join!(futures_util::future::join_all(calls), breaking);
        proxy.heal();
        until_answered(&transport, 2, SOON).await;
        let served = server.stub.served.lock().unwrap().clone();
        for (mark, result) in results {
            let times = served.iter().filter(|request| **request == heads(1, mark)).count();
            match result {
                Ok(_) => {
                    answered += 1;
                    assert_eq!(times, 1, "an answered request was served {times} times");
                }
                Err(CallError::Unreachable { .. }) => {
                    undelivered += 1;
                    assert_eq!(times, 0, "an undelivered request was served");
                }
                Err(CallError::TimedOut { .. }) => {
                    in_doubt += 1;
                    assert!(times <= 1, "a request was served {times} times");
                }
            }
        }
    }
    // The run must have seen every kind, or it has shown nothing.
    assert!(answered > 0 && undelivered > 0 && in_doubt > 0, "{answered} {undelivered} {in_doubt}");
    let mut all = server.stub.served.lock().unwrap().clone();
    all.retain(|request| *request != heads(1, u64::MAX));
    for (at, request) in all.iter().enumerate() {
        assert!(!all[..at].contains(request), "served twice: {request:?}");
    }
}
