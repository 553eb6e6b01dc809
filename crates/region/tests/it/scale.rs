//! Many clusters in one region, in virtual time: what they cost in processor time and memory. Run by hand, in release:
//!
//! ```sh
//! cargo test -p region --release -- --ignored --nocapture a_thousand_clusters
//! ```
//!
//! Cloud, disk and member are one process here, so figures are those of all three; `bench clusters` measures real processes. What this is
//! for is `perf`, and to see how a cost grows without waiting for it.

use std::{sync::Arc, time::Duration};

use cloud_sim::{Delays, Options, Place, Sim, SimCloud, Tamper};
use domain::{ClusterOptions, ClusterType, Command, command as c};
use fakes::TokioEnv;
use futures_util::future::join_all;
use ids::{AccountId, RequestId};
use ledger::Verdict;
use ports::cloud::{CloudRegion, InstanceId};

use crate::ring::{Ring, done, submission};

const HOME: &str = "eu-west-1";
/// As many as fit into the addresses of an organization in one region, a quarter of them for production: 300 machines.
const PER_ORGANIZATION: usize = 100;

/// Processor time of this process, and its memory in MiB.
fn spent() -> (Duration, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let resident = line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024;
    (Duration::from_millis(ticks * 10), resident)
}

struct Meter {
    cpu: Duration,
    at: tokio::time::Instant,
}

impl Meter {
    fn new() -> Self {
        Self { cpu: spent().0, at: tokio::time::Instant::now() }
    }

    /// Says what passed since the last time it was asked.
    fn tell(&mut self, what: &str, ring: &Ring) {
        let ((cpu, resident), at) = (spent(), tokio::time::Instant::now());
        let (took, passed) = (cpu - self.cpu, at - self.at);
        let share = took.as_secs_f64() / passed.as_secs_f64().max(0.001) * 100.0;
        let report = ring.at(1).keeper().unwrap().status();
        let log = ids::Log::Region(HOME.parse().unwrap());
        let seq = ring.at(1).ledger().copy(&log).unwrap().cell.seq();
        let calls: u64 = report.calls.values().sum();
        println!(
            "{what}: {took:.2?} of processor time in {:.0} s ({share:.1} %), {resident} MiB, {seq} records, {calls} calls, \
             unsettled {}",
            passed.as_secs_f64(),
            report.unsettled
        );
        *self = Self { cpu, at };
    }
}

fn request(number: u128) -> RequestId {
    RequestId(number.to_be_bytes())
}

async fn submit(ring: &Ring, number: u128, command: Command) -> Verdict {
    let mut submission = submission(0, command);
    submission.request_id = request(number);
    ring.submit(1, submission).await
}

/// An organization with its project and its clusters.
async fn fill(ring: &Ring, number: usize, count: usize) {
    let from = u128::try_from(number).unwrap() * 1_000_000 + 1_000;
    let name = format!("organizations/org-{number}");
    let texts = || (String::new(), String::new());
    let (display_name, description) = texts();
    let organization = c::CreateOrganization { name: name.parse().unwrap(), display_name, description };
    done(submit(ring, from, organization.into()).await);
    let (display_name, description) = texts();
    let project = c::CreateProject {
        name: format!("{name}/projects/web").parse().unwrap(),
        parent: name.parse().unwrap(),
        display_name,
        description,
    };
    done(submit(ring, from + 1, project.into()).await);
    for cluster in 0..count {
        let (display_name, description) = texts();
        let create = c::CreateCluster {
            name: format!("{name}/projects/web/locations/{HOME}/clusters/c-{cluster}").parse().unwrap(),
            display_name,
            description,
            cluster_type: if cluster % 4 == 0 { ClusterType::PRODUCTION } else { ClusterType::DEVELOPMENT },
            options: ClusterOptions::default(),
        };
        done(submit(ring, from + 2 + cluster as u128, create.into()).await);
    }
}

async fn settled(ring: &Ring) {
    let mut calm = 0;
    while calm < 5 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let report = ring.at(1).keeper().unwrap().status();
        let listed = report.surveyed.values().all(|(at, _)| at.is_some());
        calm = if report.unsettled == 0 && report.running == 0 && listed { calm + 1 } else { 0 };
    }
}

async fn measure(count: usize) {
    let catalog = catalog::first().unwrap();
    let organizations = count.div_ceil(PER_ORGANIZATION);
    let options = Options { audit_max: Some(1), ..Options::of(&catalog, 7, organizations as u64) };
    let accounts: Vec<AccountId> = options.accounts.iter().copied().collect();
    let usual = options.delays.clone();
    let cloud = SimCloud::new(Sim::new(options), Arc::new(TokioEnv::new(99)));
    cloud.with(|sim, _| {
        let (launch, join, checks, nat_gateway, load_balancer) = (1000, 1000, 1000, 1000, 1000);
        let short = Delays { launch, join, checks, nat_gateway, load_balancer, registration: 1000, ..usual.clone() };
        sim.set_delays(short);
    });
    let ring = Ring::with_cloud(&[HOME], cloud.clone()).await;
    done(submit(&ring, 1, c::PublishCatalog { catalog, waves: None }.into()).await);
    for (number, account) in (10..).zip(&accounts) {
        done(submit(&ring, number, c::AddAccount { account: *account }.into()).await);
    }
    let mut meter = Meter::new();
    join_all((0..organizations).map(|number| fill(&ring, number, PER_ORGANIZATION.min(count)))).await;
    meter.tell("asked for", &ring);
    settled(&ring).await;
    meter.tell("made", &ring);
    cloud.with(|sim, _| sim.set_delays(usual));
    tokio::time::sleep(Duration::from_secs(600)).await;
    meter.tell("ten minutes", &ring);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    meter.tell("an hour", &ring);
    ring.end(1);
    ring.start(1).await;
    meter.tell("started again", &ring);
    settled(&ring).await;
    meter.tell("first pass", &ring);
    let victims: Vec<(AccountId, InstanceId)> = cloud.with(|sim, _| {
        let all: Vec<_> = sim.instances().map(|(place, of)| (place.account, of.id.clone())).collect();
        all.chunks(all.len() / 50 + 1).filter_map(|some| some.first().cloned()).collect()
    });
    for (account, id) in victims {
        let place = Place { account, region: CloudRegion::new(HOME) };
        assert!(cloud.with(|sim, now| sim.tamper(now, &place, Tamper::Kill(id))));
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    settled(&ring).await;
    meter.tell("fifty machines repaired", &ring);
}

#[tokio::test(start_paused = true)]
#[ignore = "a measurement"]
async fn a_thousand_clusters() {
    measure(1_000).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "a measurement"]
async fn ten_thousand_clusters() {
    measure(10_000).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "a measurement"]
async fn a_hundred_thousand_clusters() {
    measure(100_000).await;
}
