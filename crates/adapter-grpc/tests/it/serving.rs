//! Listeners: ports, handshakes that stall, and an end in bounded time.

use std::time::Duration;

use adapter_grpc::{
    serve::{BindError, Limits, bind},
    tls::Material,
};
use ids::MemberId;
use ports::{CallError, PeerTransport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::peers::ring::{How, SOON, Server, call, certified, eventually, heads, transport};

const HERE: &str = "127.0.0.1:0";

#[test]
fn a_port_in_use_and_an_address_of_another_machine_are_said_in_one_line() {
    let first = bind(HERE.parse().unwrap()).unwrap();
    let address = first.local_addr().unwrap();
    let error = bind(address).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    assert_eq!(
        error.to_string(),
        format!("listened on {address}: the port is in use, wanted a free one (0 chooses one)")
    );
    // An address for documentation (RFC 5737): nobody has it.
    let error = bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert!(matches!(error, BindError::NoSuchAddress { .. }), "{error:?}");
}

#[tokio::test]
async fn a_shutdown_waits_for_open_calls() {
    let mut server = Server::start(&Material::off(), How::After(Duration::from_millis(500)));
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let calling = transport.call(MemberId(2), heads(1, 1), SOON);
    let stopping = async {
        eventually("the request", || server.stub.count() == 1).await;
        server.begin_stop();
    };
    let (answered, ()) = tokio::join!(calling, stopping);
    assert!(answered.is_ok(), "{answered:?}");
    timeout(SOON, server.serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_shutdown_cuts_calls_that_never_end() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { grace: Duration::from_millis(300), ..Limits::members() };
    let mut server = Server::start_at(HERE.parse().unwrap(), &certified(&dir, 2), How::Never, limits);
    let transport = transport(&certified(&dir, 1), &[(2, server.address)]);
    let begun = Instant::now();
    let long = Duration::from_secs(60);
    let calling = transport.call(MemberId(2), heads(1, 1), long);
    let stopping = async {
        eventually("the request", || server.stub.count() == 1).await;
        server.begin_stop();
        timeout(SOON, &mut server.serving).await.unwrap().unwrap().unwrap();
    };
    let (answered, ()) = tokio::join!(calling, stopping);
    // In doubt at once, not at the end of its minute: the connection was closed.
    assert_eq!(answered, Err(CallError::TimedOut { to: MemberId(2), within: long }));
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    // The port is free again.
    bind(server.address).unwrap();
}

#[tokio::test]
async fn callers_that_never_shake_hands_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&certified(&dir, 2), How::AtOnce);
    let mut silent = Vec::new();
    // More than may shake hands at once.
    for _ in 0..300 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let within = Duration::from_secs(2);
    call(&transport(&certified(&dir, 1), &[(2, server.address)]), 2, heads(1, 1), within).await.unwrap();
    // And they are not kept: the oldest gave way, the last one's time is over.
    let read = timeout(Duration::from_secs(1), silent[0].read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    let read = timeout(Duration::from_secs(8), silent[299].read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed_and_places_come_free() {
    let limits = Limits { connections_max: 2, ..Limits::members() };
    let server = Server::start_at(HERE.parse().unwrap(), &Material::off(), How::AtOnce, limits);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server speaks first: its settings.
        stream.read_exact(&mut [0; 9]).await.unwrap();
        kept.push(stream);
    }
    let transport = transport(&Material::off(), &[(2, server.address)]);
    let result = call(&transport, 2, heads(1, 1), SOON).await;
    assert_eq!(result, Err(CallError::Unreachable { to: MemberId(2) }));
    kept.clear();
    crate::peers::ring::until_answered(&transport, 2, SOON).await;
}

#[tokio::test]
async fn a_connection_that_does_not_begin_to_speak_http2_is_closed() {
    let server = Server::start(&Material::off(), How::AtOnce);
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut begun = TcpStream::connect(server.address).await.unwrap();
    begun.write_all(b"PRI * HTTP").await.unwrap();
    for stream in [&mut silent, &mut begun] {
        // What the server says by itself, and the end.
        let read = timeout(Duration::from_secs(8), stream.read_to_end(&mut Vec::new())).await;
        assert!(read.is_ok(), "it is kept");
    }
}
