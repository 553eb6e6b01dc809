//! Everything before the first call is served. What can be refused is refused before anything is changed.

use std::{net::SocketAddr, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use adapter_grpc::{
    api::{self, About, Front},
    peer::{Callers, Door},
    serve::{self, Limits},
    tls::{self, Identity, Material, Mode},
};
use adapter_telemetry::{Metrics, http};
use ids::MemberId;
use tokio::{runtime::Runtime, sync::watch};

use super::{Node, supervise::Supervisor};
use crate::{
    calls::Calls,
    config::{Config, LogFormat, TlsMode, units::Address},
    failure::Failure,
    identity,
    life::observe_store,
    pages, world,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The ports, taken.
struct Ports {
    api: std::net::TcpListener,
    peer: std::net::TcpListener,
    telemetry: Option<std::net::TcpListener>,
}

impl Ports {
    fn take(config: &Config) -> Result<Self, Failure> {
        let take = |address: Address| serve::bind(address.0).map_err(|error| Failure::start(&error));
        let telemetry = config.listen.telemetry.map(take).transpose()?;
        Ok(Self { api: take(config.listen.api)?, peer: take(config.listen.peer)?, telemetry })
    }
}

/// Serves until told to stop. With `init`, a member of a new ring is made where there is none.
pub fn serve(file: &Path, init: bool) -> Result<(), Failure> {
    let config = Config::load(file).map_err(|error| Failure::start(&error))?;
    let (ring, region, member) =
        (config.ring(), config.region().map_err(|error| Failure::start(&error))?, config.member());
    let metrics = Metrics::new(&ring, &region, member, VERSION);
    let telemetry = telemetry(&config, &metrics)?;
    let new = !identity::is_there(&config)?;
    if new && !init {
        return Err(Failure::refused(format!(
            "opened the data directory {}: there is no member in it, wanted one made by `region-node init` (a new ring) or \
             `region-node join` (a ring that exists)",
            config.data.dir.display()
        )));
    }
    let ports = Ports::take(&config)?;
    let who = Identity { ring, region, member };
    let material = tls::load(&mode(&config), &who).map_err(|error| Failure::start(&error))?;
    if new {
        identity::init(&config)?;
    }
    let store = identity::open(&config, Some(observe_store(&metrics))).map_err(|error| Failure::start(&error))?;
    let node = Arc::new(node(config, metrics, material)?);

    let region_runtime = runtime()?;
    let (stop, stopped) = watch::channel(false);
    let addresses = addresses(&ports)?;
    let Ports { api, peer, telemetry: pages } = ports;
    let clients = spawn_api(&node, api, pages, stopped.clone())?;
    let supervisor = Supervisor { node: Arc::clone(&node), file: file.to_owned(), addresses };
    let ended = region_runtime.block_on(Box::pin(supervisor.run(store, (peer, stop, stopped), clients)));
    // Tasks that are left hold nothing that matters any more.
    region_runtime.shutdown_timeout(Duration::from_secs(1));
    drop(telemetry);
    ended
}

fn telemetry(config: &Config, metrics: &Arc<Metrics>) -> Result<adapter_telemetry::Guard, Failure> {
    let telemetry = adapter_telemetry::Config {
        ring: config.ring(),
        member: config.member(),
        region: config.region().map_err(|error| Failure::start(&error))?,
        log: config.telemetry.log.clone(),
        format: match config.telemetry.format {
            LogFormat::Text => adapter_telemetry::Format::Text,
            LogFormat::Json => adapter_telemetry::Format::Json,
        },
        otlp: config.telemetry.otlp.clone(),
        spans_every: Duration::from_millis(500),
        metrics_every: Duration::from_secs(15),
        seed: world::seed(),
    };
    adapter_telemetry::init(&telemetry, metrics).map_err(|error| Failure::start(&error))
}

fn mode(config: &Config) -> Mode {
    let file = |file: &Option<std::path::PathBuf>| file.clone().unwrap_or_default();
    match config.tls.mode {
        TlsMode::Off => Mode::Off,
        TlsMode::Files => {
            Mode::Files { ca: file(&config.tls.ca), cert: file(&config.tls.cert), key: file(&config.tls.key) }
        }
        TlsMode::Development => Mode::Development { dir: config.certificates(), names: config.tls.names.clone() },
    }
}

fn node(config: Config, metrics: Arc<Metrics>, tls: Material) -> Result<Node, Failure> {
    let refused = |error| Failure::start(&error);
    let about = About {
        ring: config.ring(),
        member: config.member(),
        region: config.region().map_err(|error| Failure::start(&error))?,
        version: VERSION.to_owned(),
        topology: config.by_region(|member| (MemberId(member.id), member.api.clone())).map_err(refused)?,
    };
    let callers = if tls.is_on() { Callers::Certified } else { Callers::Anyone };
    let operators = config.operators().map_err(|error| Failure::start(&error))?;
    if operators.is_some() && !tls.is_on() {
        tracing::warn!(
            "tls.mode is off: tokens of callers can be read on their way, and whoever reaches the peer port is believed"
        );
    }
    if operators.is_none() {
        tracing::warn!("access.operators is not set: whoever reaches the API may do everything");
    }
    let front = Front::guarded(about, api::Limits::default(), operators);
    let door = Door::new(config.ring(), callers);
    let (listed, current) = (Arc::default(), Arc::default());
    let config_of_node = std::sync::RwLock::new(Arc::new(config.clone()));
    let node = Node { config: config_of_node, metrics, listed, front, door, tls, current };
    node.set_members(&config).map_err(|error| Failure::start(&error))?;
    Ok(node)
}

/// A runtime of one thread.
pub fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::failed(format!("started a runtime: {error}")))
}

fn addresses(ports: &Ports) -> Result<Vec<(&'static str, SocketAddr)>, Failure> {
    let listeners = [("api", Some(&ports.api)), ("peer", Some(&ports.peer)), ("telemetry", ports.telemetry.as_ref())];
    let listeners = listeners.into_iter().filter_map(|(name, listener)| Some((name, listener?)));
    let addresses = listeners.map(|(name, listener)| listener.local_addr().map(|address| (name, address)));
    addresses.collect::<Result<_, _>>().map_err(|error| Failure::failed(format!("asked for a port: {error}")))
}

/// Clients have a thread of their own: what they cost does not hold up consensus.
fn spawn_api(
    node: &Arc<Node>,
    listener: std::net::TcpListener,
    telemetry: Option<std::net::TcpListener>,
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, Failure> {
    let routes = api::routes(&node.front).map_err(|error| Failure::failed(format!("made the services: {error}")))?;
    let calls = Calls::new(Arc::clone(&node.metrics), node.config().telemetry.sample, world::seed());
    let routes = serve::observed(routes, Arc::new(calls));
    let (tls, pages) = (node.tls.clients(), pages::pages(Arc::clone(&node.current), Arc::clone(&node.metrics)));
    let runtime = runtime()?;
    let work = async move {
        let mut until = stopped.clone();
        let shutdown = async move { drop(until.wait_for(|stop| *stop).await) };
        let served = serve::serve(listener, tls, routes, Limits::clients(), shutdown);
        let pages = async move {
            match telemetry.map(tokio::net::TcpListener::from_std) {
                Some(Ok(listener)) => http::serve(listener, pages).await,
                Some(Err(error)) => tracing::error!(%error, "serves no telemetry pages"),
                None => {}
            }
            std::future::pending::<()>().await;
        };
        let (served, pages) = (std::pin::pin!(served), std::pin::pin!(pages));
        if let futures_util::future::Either::Left((Err(error), _)) = futures_util::future::select(served, pages).await {
            tracing::error!(%error, "serves no clients any more");
        }
    };
    let run = move || {
        runtime.block_on(work);
        runtime.shutdown_timeout(Duration::from_millis(100));
    };
    let spawned = std::thread::Builder::new().name("api".to_owned()).spawn(run);
    spawned.map_err(|error| Failure::failed(format!("started a thread: {error}")))
}
