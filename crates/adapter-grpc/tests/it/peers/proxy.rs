//! A link that can stop, or break, without either end knowing why.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use ports::TaskScope;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Takes bytes and connections, and passes nothing on.
    Stalled,
}

pub struct Proxy {
    pub address: SocketAddr,
    /// Connections taken so far.
    pub taken: Arc<AtomicUsize>,
    way: Arc<watch::Sender<Way>>,
    /// Connections of an older generation are reset.
    generation: Arc<watch::Sender<u64>>,
    _tasks: TaskScope,
}

impl Proxy {
    pub async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, generation) = (Arc::new(watch::Sender::new(Way::Open)), Arc::new(watch::Sender::new(0)));
        let tasks = TaskScope::default();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let (ways, generations, scope) = (Arc::clone(&way), Arc::clone(&generation), tasks.clone());
        tasks.spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                count.fetch_add(1, SeqCst);
                let (mut way, mut generation) = (ways.subscribe(), generations.subscribe());
                let born = *generation.borrow_and_update();
                scope.spawn(async move {
                    let broken = async move {
                        let _ = generation.wait_for(|now| *now != born).await;
                    };
                    let passing = async move {
                        let _ = way.wait_for(|way| *way == Way::Open).await;
                        let Ok(far) = TcpStream::connect(to).await else { return };
                        let _ = near.set_nodelay(true);
                        let _ = far.set_nodelay(true);
                        let (near, far) = (near.into_split(), far.into_split());
                        let there = std::pin::pin!(pass(near.0, far.1, way.clone()));
                        let back = std::pin::pin!(pass(far.0, near.1, way));
                        futures_util::future::select(there, back).await;
                    };
                    futures_util::future::select(std::pin::pin!(broken), std::pin::pin!(passing)).await;
                });
            }
        });
        Self { address, taken, way, generation, _tasks: tasks }
    }

    pub fn stall(&self) {
        self.way.send_replace(Way::Stalled);
    }

    pub fn heal(&self) {
        self.way.send_replace(Way::Open);
    }

    /// Closes every connection; new ones work.
    pub fn reset(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

async fn pass(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(read) = from.read(&mut buffer).await else { return };
        let _ = way.wait_for(|way| *way == Way::Open).await;
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
