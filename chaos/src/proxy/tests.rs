//! The links themselves, between sockets of this process.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::*;

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

struct World {
    mesh: Mesh,
    a: RegionId,
    b: RegionId,
    near: TcpStream,
    far: TcpStream,
}

/// Two regions and one open connection from `a` to `b`.
async fn world(one_way: Duration) -> World {
    let (a, b): (RegionId, RegionId) = ("a".parse().unwrap(), "b".parse().unwrap());
    let mut mesh = Mesh::new(&[a.clone(), b.clone()]);
    for (from, to) in [(&a, &b), (&b, &a)] {
        mesh.change(from, to, |way| way.delay = one_way);
    }
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = mesh.listen(&a, &b, target.local_addr().unwrap()).await.unwrap();
    let near = TcpStream::connect(address).await.unwrap();
    let (far, _) = timeout(LONG, target.accept()).await.unwrap().unwrap();
    World { mesh, a, b, near, far }
}

async fn carries(from: &mut TcpStream, to: &mut TcpStream) -> Duration {
    let start = Instant::now();
    from.write_all(b"x").await.unwrap();
    let mut byte = [0];
    timeout(LONG, to.read_exact(&mut byte)).await.expect("arrives").unwrap();
    start.elapsed()
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(SHORT, stream.read(&mut [0; 16])).await.is_err()
}

#[tokio::test]
async fn each_direction_has_its_own_delay() {
    let mut world = world(Duration::ZERO).await;
    world.mesh.change(&world.a, &world.b, |way| way.delay = Duration::from_millis(120));
    world.mesh.change(&world.b, &world.a, |way| way.delay = Duration::from_millis(30));
    let there = carries(&mut world.near, &mut world.far).await;
    assert!(there >= Duration::from_millis(120), "{there:?}");
    let back = carries(&mut world.far, &mut world.near).await;
    assert!(back >= Duration::from_millis(30) && back < Duration::from_millis(110), "{back:?}");
}

#[tokio::test]
async fn a_delay_does_not_bound_the_throughput() {
    let World { mut near, mut far, mesh, .. } = world(Duration::from_millis(100)).await;
    const BYTES: usize = 32 * 1024 * 1024;
    let start = Instant::now();
    let send = async {
        near.write_all(&vec![7; BYTES]).await.unwrap();
        near.shutdown().await.unwrap();
    };
    let receive = async {
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        received
    };
    let ((), received) = timeout(LONG, futures_util::future::join(send, receive)).await.unwrap();
    assert_eq!(received.len(), BYTES);
    assert!(received.iter().all(|byte| *byte == 7));
    // One window of 64 KiB a round trip would take 100 s.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop(mesh);
}

#[tokio::test]
async fn a_black_hole_stalls_and_delivers_when_it_opens() {
    let mut world = world(Duration::ZERO).await;
    world.mesh.set_between(&world.a, &world.b, Mode::BlackHole);
    world.near.write_all(b"late").await.unwrap();
    assert!(is_silent(&mut world.far).await);
    world.mesh.heal();
    let mut bytes = [0; 4];
    timeout(LONG, world.far.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes, b"late");
}

#[tokio::test]
async fn one_direction_can_be_cut_alone() {
    let mut world = world(Duration::ZERO).await;
    world.mesh.change(&world.a, &world.b, |way| way.mode = Mode::BlackHole);
    world.near.write_all(b"x").await.unwrap();
    assert!(is_silent(&mut world.far).await);
    carries(&mut world.far, &mut world.near).await;
}

#[tokio::test]
async fn a_reset_breaks_open_connections_and_new_ones() {
    let mut world = world(Duration::ZERO).await;
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = world.mesh.listen(&world.a, &world.b, target.local_addr().unwrap()).await.unwrap();
    world.mesh.set_between(&world.a, &world.b, Mode::Reset);
    for stream in [&mut world.near, &mut world.far] {
        let ended = timeout(LONG, stream.read(&mut [0; 1])).await.unwrap();
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
    let mut fresh = TcpStream::connect(address).await.unwrap();
    timeout(LONG, fresh.read(&mut [0; 1])).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_half_open_connection_ends_at_the_far_side_only_and_breaks_when_mended() {
    let mut world = world(Duration::ZERO).await;
    world.mesh.set_between(&world.a, &world.b, Mode::HalfOpen);
    assert_eq!(timeout(LONG, world.far.read(&mut [0; 1])).await.unwrap().unwrap(), 0, "the far side sees the end");
    assert!(is_silent(&mut world.near).await, "the near side sees nothing");
    world.mesh.heal();
    timeout(LONG, world.near.read(&mut [0; 1])).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_connection_begun_in_a_black_hole_works_when_it_opens() {
    let mut world = world(Duration::ZERO).await;
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = world.mesh.listen(&world.a, &world.b, target.local_addr().unwrap()).await.unwrap();
    world.mesh.set_between(&world.a, &world.b, Mode::BlackHole);
    let mut near = TcpStream::connect(address).await.unwrap();
    assert!(timeout(SHORT, target.accept()).await.is_err(), "nothing gets through");
    world.mesh.heal();
    let (mut far, _) = timeout(LONG, target.accept()).await.unwrap().unwrap();
    carries(&mut near, &mut far).await;
}

#[tokio::test]
async fn flapping_ends_open() {
    let mut world = world(Duration::ZERO).await;
    world.mesh.flap(&world.a, &world.b, Duration::from_millis(20), 3).await;
    carries(&mut world.near, &mut world.far).await;
}

#[tokio::test]
async fn a_region_is_cut_from_all_and_the_others_keep_their_way() {
    let mut world = world(Duration::ZERO).await;
    let c: RegionId = "c".parse().unwrap();
    let mut mesh = Mesh::new(&[world.a.clone(), world.b.clone(), c.clone()]);
    mesh.set_around(&c, Mode::BlackHole);
    let modes: Vec<Mode> = mesh.ways.values().map(|way| way.borrow().mode).collect();
    assert_eq!(modes.iter().filter(|mode| **mode == Mode::Pass).count(), 2);
    assert!(mesh.listen(&c, &c, "127.0.0.1:1".parse().unwrap()).await.is_err());
    carries(&mut world.near, &mut world.far).await;
}
