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
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    Node,
    signals::{Signals, Told},
};
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
            let life = signals.during(Life::begin(&self.node, store)).await??;
            self.node.current.set(Ok(life.open()));
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
        signals.during(Box::pin(self.finish(life, stop, listeners, clients))).await
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
            if let Err(why) = signals.during(life.end(&self.node)).await? {
                tracing::warn!(why, "closed the store");
            }
            if began.elapsed() >= LASTED {
                after = AGAIN_AFTER.0;
            }
            life = loop {
                if self.told_to_stop_within(after, signals).await {
                    return Ok(None);
                }
                after = (after * 2).min(AGAIN_AFTER.1);
                match signals.during(self.again()).await? {
                    Ok(life) => break life,
                    Err(why) => {
                        tracing::warn!(why, next_try_ms = after.as_millis(), "cannot serve yet");
                        self.close(reason, &why);
                    }
                }
            };
            self.node.current.set(Ok(life.open()));
            self.node.metrics.starts.get_or_create(&kind("recovery")).inc();
            tracing::info!(after_ms = began.elapsed().as_millis(), "serving again");
        }
    }

    /// Waits between two lives. Members that are read again hold for the next one.
    async fn told_to_stop_within(&self, span: Duration, signals: &mut Signals) -> bool {
        let mut over = pin!(tokio::time::sleep(span));
        loop {
            match select(over.as_mut(), pin!(signals.next())).await {
                Either::Left(_) => return false,
                Either::Right((Told::Stop, _)) => return true,
                Either::Right((Told::Reload, _)) => self.reload(None),
            }
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
        self.look_at_room(life);
        loop {
            let look = pin!(tokio::time::sleep(LOOK_EVERY));
            match select(pin!(select(&mut stopped, look)), pin!(signals.next())).await {
                Either::Left((Either::Left((stopped, _)), _)) => return self.stopped(&stopped),
                Either::Left((Either::Right(((), _)), _)) => {
                    self.look_at_room(life);
                    pages::read_into(&life.region, &self.node.metrics);
                }
                Either::Right((Told::Stop, _)) => return Ended::Told,
                Either::Right((Told::Reload, _)) => self.reload(Some(life)),
            }
        }
    }

    fn stopped(&self, stopped: &region::Stopped) -> Ended {
        let config = self.node.config();
        let full = world::room(&config.data.dir).is_some_and(|room| room < config.data.reserve.0);
        let reason = if full { "DISK_FULL" } else { "MEMBER_STOPPED" };
        Ended::Stopped { reason, why: stopped.to_string() }
    }

    /// Refuses customers' writes while room is short, so that what the member itself must write still finds some: those that come in
    /// here, and those of every other member for the logs that are led here.
    fn look_at_room(&self, life: &Life) {
        let (config, metrics) = (self.node.config(), &self.node.metrics);
        let Some(room) = world::room(&config.data.dir) else { return };
        metrics.free_bytes.set(i64::try_from(room).unwrap_or(i64::MAX));
        let reserve = config.data.reserve.0;
        let before = metrics.writes_refused.get() == 1;
        let refuses = room < reserve || (before && room / 3 < reserve / 2);
        let why = "wrote to a member whose disk is almost full, or to a log that it leads: reads are served, nothing was done";
        let why = refuses.then_some(("DISK_FULL", why));
        // The front stays as it was told; a region is another one in each life.
        self.node.front.refuse_writes(why);
        life.region.refuse_writes(why);
        metrics.writes_refused.set(i64::from(refuses));
        match (before, refuses) {
            (false, true) => tracing::error!(room, reserve, "refuses customers' writes: the disk is almost full"),
            (true, false) => tracing::info!(room, reserve, "takes customers' writes again"),
            _ => {}
        }
    }

    /// Reads the configuration again, for its members. Without a life they hold for the next one.
    fn reload(&self, life: Option<&Life>) {
        let read = Config::load(&self.file).and_then(|config| self.node.set_members(&config).map(|()| config));
        match read {
            Ok(config) => {
                if let Some(life) = life {
                    life.set_members(&self.node);
                }
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
