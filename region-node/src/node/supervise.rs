//! Lives of the member, one after the other, and the end of the process.
//!
//! A life ends by itself when a flush failed, the disk is full, or consensus ended. Then nobody knows what the disk holds but the disk:
//! callers are refused with the reason, everything is closed, and when there is room the store is opened again and read. The process
//! and its listeners stay.

use std::{net::SocketAddr, path::PathBuf, pin::pin, sync::Arc, thread::JoinHandle, time::Duration};

use adapter_grpc::{
    peer,
    serve::{self, Limits},
};
use adapter_rocksdb::Store;
use futures_util::future::{Either, select};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::Node;
use crate::{
    config::Config,
    failure::{Failure, chain},
    identity,
    life::{Life, observe_store},
    pages, world,
};

/// Between two looks at the disk and the copies.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two tries to begin again: the first, and the most.
const AGAIN_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// A life that lasted so long had a cause of its own to end.
const LASTED: Duration = Duration::from_secs(60);
/// For answering what waits and handing over leadership.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(10);
/// For listeners to end.
const LISTENERS_WITHIN: Duration = Duration::from_secs(6);

/// See the module.
pub struct Supervisor {
    pub node: Arc<Node>,
    pub file: PathBuf,
    pub addresses: Vec<(&'static str, SocketAddr)>,
}

/// The listener of other members, and how all listeners are told to end.
type Listening = (std::net::TcpListener, watch::Sender<bool>, watch::Receiver<bool>);

struct Signals {
    stop: [Signal; 2],
    reload: Signal,
}

enum Told {
    Stop,
    Reload,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let stop = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        Ok(Self { stop, reload: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) -> Told {
        let [terminate, interrupt] = &mut self.stop;
        let (terminate, interrupt, reload) = (pin!(terminate.recv()), pin!(interrupt.recv()), pin!(self.reload.recv()));
        match select(select(terminate, interrupt), reload).await {
            Either::Left(_) => Told::Stop,
            Either::Right(_) => Told::Reload,
        }
    }
}

/// Why a life ended.
enum Ended {
    Told,
    Stopped { reason: &'static str, why: String },
}

impl Supervisor {
    /// Runs until told to stop, and ends in order.
    pub async fn run(self, store: Store, listening: Listening, clients: JoinHandle<()>) -> Result<(), Failure> {
        let mut signals = Signals::new().map_err(|error| Failure::failed(format!("waited for signals: {error}")))?;
        let (listener, stop, mut stopped) = listening;
        let routes = peer::routes(self.node.door.clone());
        let shutdown = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let members = serve::serve(listener, self.node.tls.members(), routes, Limits::members(), shutdown);
        let lives = async {
            let life = Life::begin(&self.node, store).await?;
            self.node.current.set(Ok(life.region.clone()));
            self.node.metrics.starts.get_or_create(&kind("process")).inc();
            self.say_serving();
            self.live(life, &mut signals).await
        };
        let mut listeners = JoinSet::new();
        listeners.spawn(members);
        let life = match select(Box::pin(lives), Box::pin(listeners.join_next())).await {
            Either::Left((life, _)) => life?,
            Either::Right(_) => return Err(Failure::failed("served other members: the listener ended by itself")),
        };
        let ending = Box::pin(self.finish(life, stop, listeners, clients));
        match select(ending, pin!(signals.next())).await {
            Either::Left(((), _)) => Ok(()),
            Either::Right(_) => {
                tracing::warn!("told to stop a second time: ends at once");
                Err(Failure::failed("ended at once, as it was told twice: what was acknowledged is on disk"))
            }
        }
    }

    fn say_serving(&self) {
        let find =
            |wanted| self.addresses.iter().find(|(name, _)| *name == wanted).map(|(_, address)| address.to_string());
        let (config, telemetry) = (self.node.config(), find("telemetry"));
        let (api, peer) = (find("api").unwrap_or_default(), find("peer").unwrap_or_default());
        tracing::info!(
            ring = config.ring,
            region = config.region,
            member = config.member,
            api,
            peer,
            telemetry,
            "serving"
        );
    }

    /// Lives until told to stop; `None` when that came between two lives.
    async fn live(&self, mut life: Life, signals: &mut Signals) -> Result<Option<Life>, Failure> {
        let mut after = AGAIN_AFTER.0;
        loop {
            let began = Instant::now();
            let Ended::Stopped { reason, why } = self.watch(&life, signals).await else { return Ok(Some(life)) };
            tracing::error!(reason, why, "stopped serving: closes its store and begins again");
            self.close(reason, &why);
            if let Err(why) = life.end(&self.node).await {
                tracing::warn!(why, "closed the store");
            }
            if began.elapsed() >= LASTED {
                after = AGAIN_AFTER.0;
            }
            life = loop {
                if let Either::Right((Told::Stop, _)) =
                    select(pin!(tokio::time::sleep(after)), pin!(signals.next())).await
                {
                    return Ok(None);
                }
                after = (after * 2).min(AGAIN_AFTER.1);
                match self.again().await {
                    Ok(life) => break life,
                    Err(why) => {
                        tracing::warn!(why, next_try_ms = after.as_millis(), "cannot serve yet");
                        self.close(reason, &why);
                    }
                }
            };
            self.node.current.set(Ok(life.region.clone()));
            self.node.metrics.starts.get_or_create(&kind("recovery")).inc();
            tracing::info!(after_ms = began.elapsed().as_millis(), "serving again");
        }
    }

    fn close(&self, reason: &str, why: &str) {
        self.node.current.set(Err(why.to_owned()));
        self.node.front.close(reason, why);
        self.node.door.close();
    }

    /// Opens the store again, when there is room.
    async fn again(&self) -> Result<Life, String> {
        let config = self.node.config();
        if let Some(room) = world::room(&config.data.dir).filter(|room| *room < config.data.reserve.0) {
            let (dir, reserve) = (config.data.dir.display(), config.data.reserve);
            return Err(format!("waits for room in {dir}: {room} bytes are free, wanted {reserve}"));
        }
        let observe = observe_store(&self.node.metrics);
        let store = identity::open(&config, Some(observe)).map_err(|error| chain(&error))?;
        Life::begin(&self.node, store).await.map_err(|failure| failure.to_string())
    }

    /// Looks after a life until it ends.
    async fn watch(&self, life: &Life, signals: &mut Signals) -> Ended {
        let mut stopped = life.region.stopped();
        loop {
            let look = pin!(tokio::time::sleep(LOOK_EVERY));
            match select(pin!(select(&mut stopped, look)), pin!(signals.next())).await {
                Either::Left((Either::Left((stopped, _)), _)) => return self.stopped(&stopped),
                Either::Left((Either::Right(((), _)), _)) => {
                    self.look_at_room();
                    pages::read_into(&life.region, &self.node.metrics);
                }
                Either::Right((Told::Stop, _)) => return Ended::Told,
                Either::Right((Told::Reload, _)) => self.reload(life),
            }
        }
    }

    fn stopped(&self, stopped: &region::Stopped) -> Ended {
        let config = self.node.config();
        let full = world::room(&config.data.dir).is_some_and(|room| room < config.data.reserve.0);
        let reason = if full { "DISK_FULL" } else { "MEMBER_STOPPED" };
        Ended::Stopped { reason, why: stopped.to_string() }
    }

    /// Refuses customers' writes while room is short, so that what the member itself must write still finds some.
    fn look_at_room(&self) {
        let (config, metrics) = (self.node.config(), &self.node.metrics);
        let Some(room) = world::room(&config.data.dir) else { return };
        metrics.free_bytes.set(i64::try_from(room).unwrap_or(i64::MAX));
        let reserve = config.data.reserve.0;
        let refusing = metrics.writes_refused.get() == 1;
        if room < reserve && !refusing {
            tracing::error!(room, reserve, "refuses customers' writes: the disk is almost full");
            let why = "wrote to a member whose disk is almost full: reads are served, writes are taken elsewhere";
            self.node.front.refuse_writes(Some(("DISK_FULL", why)));
            metrics.writes_refused.set(1);
        } else if refusing && room / 3 >= reserve / 2 {
            tracing::info!(room, reserve, "takes customers' writes again");
            self.node.front.refuse_writes(None);
            metrics.writes_refused.set(0);
        }
    }

    /// Reads the configuration again, for its members.
    fn reload(&self, life: &Life) {
        let read = Config::load(&self.file).and_then(|config| self.node.set_members(&config).map(|()| config));
        match read {
            Ok(config) => {
                life.set_members(&self.node);
                tracing::info!(members = config.members.len(), "read its members again");
            }
            Err(error) => tracing::error!(error = chain(&error), "kept its members: the configuration does not read"),
        }
    }

    /// Ends in order; each step is bounded.
    async fn finish<T: 'static>(
        &self,
        life: Option<Life>,
        stop: watch::Sender<bool>,
        mut members: JoinSet<T>,
        clients: JoinHandle<()>,
    ) {
        let began = Instant::now();
        let step = |what: &str, detail: String| {
            tracing::info!(step = what, ms = began.elapsed().as_millis(), detail, "stopping");
        };
        step("told to stop", String::new());
        if let Some(life) = &life {
            // Other members are served meanwhile: they take over leadership through that.
            step("drained and handed over", life.region.shutdown(HAND_OVER_WITHIN).await.to_string());
        }
        self.close("SHUTTING_DOWN", "called a member that is shutting down: another member takes the call");
        let _ = stop.send(true);
        let listeners = async {
            members.join_next().await;
            while !clients.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = timeout(LISTENERS_WITHIN, listeners).await.is_ok();
        step("listeners ended", if ended { String::new() } else { "some calls were cut off".to_owned() });
        if let Some(life) = life {
            let closed = life.end(&self.node).await;
            step("store closed", closed.err().unwrap_or_default());
        }
    }
}

fn kind(kind: &'static str) -> adapter_telemetry::metrics::OfKind {
    adapter_telemetry::metrics::OfKind { kind }
}
