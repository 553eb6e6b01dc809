//! A cloud as the first edition of the catalogue describes it, a log, and an engine between the two.

use std::{
    cell::RefCell,
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use cloud_checks::Log;
use cloud_sim::{Delays, Options as CloudOptions, Place, Quotas, RegionOptions, Sim, SimCloud, TypeOptions, Vices};
use domain::catalog::{Architecture as Runs, Catalog};
use fakes::TokioEnv;
use futures_util::{
    FutureExt,
    future::{Either, select},
};
use ids::{ClusterName, RequestId};
use planner::{
    Asked, Blueprint, Inputs, Network, Request, decide,
    plan::{Desired, Role, State, Wish},
};
use ports::{BoxFuture, Env, cloud::*};
use reconcile::{Engine, Key, Named, Options};

use crate::{
    fuse::{Fuse, Fused},
    log::{Handle, MemoryLog},
};

pub const REGION: &str = "eu-west-1";
static FIRST: OnceLock<Catalog> = OnceLock::new();

pub fn catalog() -> &'static Catalog {
    FIRST.get_or_init(|| catalog::first().unwrap())
}

pub fn account() -> ids::AccountId {
    "000000000001".parse().unwrap()
}

/// Somebody else's.
pub fn other_account() -> ids::AccountId {
    "000000000002".parse().unwrap()
}

pub fn place() -> Place {
    Place { account: account(), region: CloudRegion::new(REGION) }
}

fn architecture(of: Runs) -> Architecture {
    match of {
        Runs::X86_64 => Architecture::X86_64,
        Runs::Arm64 => Architecture::Arm64,
    }
}

/// A cloud that has what the catalogue says.
pub fn offers(seed: u64) -> CloudOptions {
    let catalog = catalog();
    let regions = catalog.regions.iter().map(|(id, region)| {
        let zones = region.zones.iter().map(|zone| (Zone::new(zone.name.as_str()), ZoneId::new(zone.id.as_str())));
        let images = catalog.images.iter().filter(|image| image.region == *id).map(|image| Image {
            id: ImageId::new(image.id.as_str()),
            name: image.id.as_str().into(),
            architecture: architecture(image.architecture),
            created: CloudTime(image.built.days_since_1970() * 86_400),
            tags: Tags::default(),
        });
        (CloudRegion::new(id.as_str()), RegionOptions { zones: zones.collect(), images: images.collect() })
    });
    let types = catalog.instance_types.iter().map(|(name, of)| {
        let prices = of.offers.iter().map(|(region, offer)| (CloudRegion::new(region.as_str()), offer.price));
        let architecture = architecture(of.architecture);
        (
            InstanceType::new(name.as_str()),
            TypeOptions { vcpus: of.vcpus, architecture, prices: prices.collect(), not_in: Default::default() },
        )
    });
    CloudOptions {
        seed,
        accounts: [account(), other_account()].into(),
        regions: regions.collect(),
        types: types.collect(),
        delays: Delays::default(),
        quotas: Quotas::default(),
        vices: Vices::off(),
        audit_max: None,
    }
}

pub fn cluster(name: &str) -> ClusterName {
    format!("organizations/acme/projects/web/locations/{REGION}/clusters/{name}").parse().unwrap()
}

fn blueprint(cluster_type: &str, name: &str, networks: &[Network]) -> Blueprint {
    let request = Request::new(cluster(name), cluster_type);
    let inputs = Inputs {
        catalog: catalog(),
        today: "2026-11-21".parse().unwrap(),
        policies: &[],
        networks,
        asked: Asked::Now,
        current: None,
        workers: None,
        connections: 0,
    };
    decide(&request, &inputs).unwrap()
}

/// From now on machines of these roles are to have an image that is a day newer than theirs, and theirs is too old.
pub fn newer_images(desired: &mut Desired, roles: &[Role]) {
    for role in roles {
        let image = desired.images.get_mut(role).unwrap();
        let another = catalog().images.iter().find(|of| {
            let same = |is: &&domain::catalog::Image| {
                (is.region.clone(), is.architecture) == (of.region.clone(), of.architecture)
            };
            of.id != image.id && catalog().images.iter().find(|is| is.id == image.id).filter(same).is_some()
        });
        image.id = another.unwrap().id.clone();
        image.built = image.built.plus(86_400);
    }
    desired.limits.image_age = 0;
    desired.limits.quiet = false;
    desired.maintenance = domain::catalog::Window::Any;
}

pub struct World {
    pub env: Arc<TokioEnv>,
    pub cloud: SimCloud,
    pub log: Arc<MemoryLog>,
    pub fuse: Arc<Fuse>,
    pub options: Options,
    pub engine: Arc<Engine>,
    /// Addresses that are given out.
    networks: RefCell<Vec<Network>>,
    running: BoxFuture<'static, ()>,
}

/// Runs a test in virtual time, from one seed.
pub fn simulate<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test)
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, Vices::off(), usize::MAX, |_| {})
    }

    pub fn with(seed: u64, vices: Vices, fuse: usize, change: impl FnOnce(&mut Options)) -> Self {
        let env = Arc::new(TokioEnv::ticking(seed));
        let cloud = SimCloud::new(Sim::new(CloudOptions { vices, ..offers(seed) }), env.clone());
        let fuse = Fuse::new(fuse);
        let log = MemoryLog::new(env.clone(), fuse.clone());
        let mut options = Options::new(CloudRegion::new(REGION));
        change(&mut options);
        let (engine, running) = start(&env, &cloud, &log, &fuse, &options);
        Self { env, cloud, log, fuse, options, engine, networks: RefCell::default(), running }
    }

    /// The leader is lost where it stands, and another begins.
    pub fn kill(&mut self) {
        let (engine, running) = start(&self.env, &self.cloud, &self.log, &self.fuse, &self.options);
        (self.engine, self.running) = (engine, running);
        let term = self.log.rows().term;
        self.log.rows().term = term.map(|term| term + 1);
    }

    /// Wishes for a cluster, and for the network that it shares if it shares one.
    pub fn wish(&self, cluster_type: &str, name: &str, wish: Wish) -> Key {
        self.wish_in(account(), cluster_type, name, wish)
    }

    pub fn wish_in(&self, account: ids::AccountId, cluster_type: &str, name: &str, wish: Wish) -> Key {
        let blueprint = blueprint(cluster_type, name, &self.networks.borrow());
        self.networks.borrow_mut().push(blueprint.network.addresses.clone());
        let workers = if cluster_type == "PRODUCTION" { 3 } else { 1 };
        let desired = Desired::cluster(&blueprint, catalog(), workers, wish);
        let uid = |number: u8| RequestId([number; 16]);
        let shared = desired.parts.contains_key(&planner::plan::Part::Network);
        let network = shared.then(|| {
            let (name, vpc) = (cluster(name), blueprint.network.addresses.vpc);
            Key::SharedVpc { project: name.project, location: name.location, vpc }
        });
        let number = u8::try_from(self.networks.borrow().len()).unwrap();
        if let Some(key) = &network {
            let named = Named { key: key.clone(), uid: uid(255 - number), account };
            if self.log.state(key).is_none() {
                let vpc = blueprint.network.addresses.vpc;
                self.log.wish(named, Desired::network(vpc, Wish::Run, 1), None);
            }
        }
        let key = Key::Cluster(cluster(name));
        self.log.wish(Named { key: key.clone(), uid: uid(number), account }, desired, network);
        key
    }

    /// Changes what is wished of a key.
    pub fn change(&self, key: &Key, change: impl FnOnce(&mut Desired)) {
        let (named, mut desired) = {
            let rows = self.log.rows();
            (rows.rows[key].named.clone(), rows.rows[key].desired.clone())
        };
        change(&mut desired);
        self.log.wish(named, desired, None);
    }

    /// Lets the engine run for so long. `false`: its fuse blew.
    pub async fn pass(&mut self, span: Duration) -> bool {
        let (sleep, fuse) = (self.env.sleep(span), self.fuse.clone());
        let waits = select(sleep, fuse.burnt().boxed());
        match select(&mut self.running, waits).await {
            Either::Left(_) => panic!("the engine ended"),
            Either::Right((Either::Left(_), _)) => true,
            Either::Right((Either::Right(_), _)) => false,
        }
    }

    /// Runs until it is so, for at most so many minutes. `false`: the fuse blew.
    pub async fn until(&mut self, minutes: u64, what: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..minutes * 30 {
            if what(self) {
                return true;
            }
            if !self.pass(Duration::from_secs(2)).await {
                return false;
            }
        }
        panic!("not so after {minutes} minutes:\n{}", self.told());
    }

    pub async fn until_state(&mut self, key: &Key, state: State, minutes: u64) -> bool {
        self.until(minutes, |world| world.log.state(key) == Some(state)).await
    }

    /// Nothing is under way.
    pub async fn until_settled(&mut self, minutes: u64) -> bool {
        self.until(minutes, |world| world.settled()).await
    }

    pub fn settled(&self) -> bool {
        let report = self.engine.status();
        let intents = self.log.rows().rows.values().any(|row| !row.held.intents.is_empty());
        let known = report.surveyed.values().all(|(at, _)| at.is_some());
        report.leading.is_some() && report.unsettled == 0 && report.running == 0 && !intents && known
    }

    /// How it stands, for whoever reads a failed test.
    pub fn told(&self) -> String {
        let mut text = format!("{:#?}\n", self.engine.status());
        for (key, row) in &self.log.rows().rows {
            text += &format!(
                "{key}: {:?}\nintents {:?}\nrefused {:?}\n",
                row.held.state, row.held.intents, row.held.refused
            );
            text += &self.engine.plan(key).map_or_else(String::new, |plan| plan.text());
        }
        text
    }

    pub fn broken(&self, check: impl Fn(&Sim, Log<'_>) -> Vec<String>) -> Vec<String> {
        let rows = self.log.rows();
        let log = Log { written: &rows.written, fences: &rows.fences };
        self.cloud.with(|sim, _| check(sim, log))
    }

    /// Nothing was done that never may be.
    pub fn assert_always(&self) {
        let broken = self.broken(cloud_checks::always);
        assert!(broken.is_empty(), "{broken:#?}\n{}", self.told());
    }

    /// Cloud and log agree on everything.
    pub fn assert_settled(&self) {
        let broken = self.broken(cloud_checks::settled);
        assert!(broken.is_empty(), "{broken:#?}\n{}", self.told());
    }

    pub fn living(&self) -> Vec<Instance> {
        self.cloud.with(|sim, _| sim.instances().map(|(_, of)| of.clone()).filter(|of| !of.state.ending()).collect())
    }
}

fn start(
    env: &Arc<TokioEnv>,
    cloud: &SimCloud,
    log: &Arc<MemoryLog>,
    fuse: &Arc<Fuse>,
    options: &Options,
) -> (Arc<Engine>, BoxFuture<'static, ()>) {
    let cloud = Arc::new(Fused { cloud: cloud.clone(), fuse: fuse.clone() });
    let engine = Engine::new(env.clone(), cloud, Arc::new(Handle(log.clone())), options.clone());
    (engine.clone(), engine.run().boxed())
}
