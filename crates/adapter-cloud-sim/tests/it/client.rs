//! What the client says when it gets no answer: "no effect" only where that is certain.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use adapter_cloud_sim::{RemoteCloud, client::WITHIN_MAX};
use ports::{
    Cloud, TaskScope,
    cloud::{CloudError, CreateVpc, Trouble, Vpc},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::process::{Place, site, vpc};

const SECOND: Duration = Duration::from_secs(1);

fn cloud(address: SocketAddr, within: Duration) -> Arc<dyn Cloud> {
    Arc::new(RemoteCloud::new(address, within, TaskScope::default()))
}

/// A listener that does `serve` with each connection, once something was sent on it.
async fn other_end<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TaskScope::default().spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            assert!(stream.read(&mut [0; 16 << 10]).await.unwrap() > 0);
            serve(stream).await;
        }
    });
    address
}

async fn made(cloud: &Arc<dyn Cloud>) -> Result<Vpc, CloudError> {
    let create: CreateVpc = vpc();
    cloud.ask(&site(), create).await
}

#[tokio::test]
async fn a_call_that_nobody_listens_to_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = made(&cloud(address, WITHIN_MAX)).await.unwrap_err();
    assert!(matches!(error, CloudError::NotNow { trouble: Trouble::Unreachable, .. }), "{error}");
    assert!(error.without_effect() && error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_call_was_sent_leaves_it_in_doubt() {
    let address = other_end(|stream| async move { drop(stream) }).await;
    let error = made(&cloud(address, WITHIN_MAX)).await.unwrap_err();
    assert!(matches!(error, CloudError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn half_an_answer_leaves_a_call_in_doubt() {
    let half = |mut stream: TcpStream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nsimulated: true\r\ncontent-length: 900\r\n\r\n{\"Ok\"").await.unwrap();
    };
    let error = made(&cloud(other_end(half).await, WITHIN_MAX)).await.unwrap_err();
    assert!(matches!(error, CloudError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn a_call_without_an_answer_is_given_up_and_in_doubt() {
    let address = other_end(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let error = made(&cloud(address.await, SECOND / 10)).await.unwrap_err();
    assert!(matches!(&error, CloudError::Unknown { why } if why.contains("no answer in 100ms")), "{error}");
}

#[tokio::test]
async fn what_is_no_simulated_cloud_is_not_believed() {
    let other = |mut stream: TcpStream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    };
    let error = made(&cloud(other_end(other).await, WITHIN_MAX)).await.unwrap_err();
    assert!(matches!(&error, CloudError::Unknown { why } if why.contains("no simulated cloud")), "{error}");
}

#[tokio::test]
async fn calls_at_the_same_time_have_connections_of_their_own_which_are_used_again() {
    let place = Place::new();
    let process = place.start();
    let cloud = process.cloud();
    for _ in 0..3 {
        let calls = (0..20).map(|_| made(&cloud));
        assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    }
    let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let to = format!(":{:04X} 01 ", process.address.port());
    let open = sockets.lines().filter(|line| line.contains(&to)).count();
    assert!((1..=20).contains(&open), "{open} connections for 20 calls at a time");
}

#[tokio::test]
async fn a_simulated_timeout_takes_as_long_as_it_says() {
    let place = Place::new();
    let config = format!("{}call_timeout = 300\n[vices]\ntimeout_with_effect = 1000\n", crate::process::QUICK);
    place.configure(&config);
    let process = place.start();
    let before = tokio::time::Instant::now();
    let error = made(&process.cloud()).await.unwrap_err();
    assert!(matches!(&error, CloudError::Unknown { why } if why.contains("no answer in time")), "{error}");
    assert!(before.elapsed() >= SECOND * 3 / 10);
}
