//! The simulated cloud passes the suite of the port, and the suite finds clouds that lie: each a simulated one with one promise broken on
//! the way, as emulators of EC2 break it.

mod lies;

use std::{sync::Arc, time::Duration};

use cloud_sim::{Options, Sim, SimCloud, Vices};
use conformance::{
    Broken,
    cloud::{Fixture, Patience, suite},
};
use fakes::TokioEnv;
use ports::{
    BoxFuture, Cloud, Env,
    cloud::{CallSite, CloudError, CloudRegion, CloudReply, CloudRequest, ImageId, InstanceType, Zone},
};

use self::lies::{Lie, LyingCloud};

fn simulated(seed: u64, vices: Vices) -> (SimCloud, Arc<dyn Env>) {
    let env: Arc<dyn Env> = Arc::new(TokioEnv::new(seed));
    let options = Options { vices, ..Options::small(seed, 2) };
    (SimCloud::new(Sim::new(options), env.clone()), env)
}

fn fixture(cloud: Arc<dyn Cloud>, env: Arc<dyn Env>) -> Fixture {
    Fixture {
        cloud,
        env,
        account: "000000000001".parse().unwrap(),
        other_account: Some("000000000002".parse().unwrap()),
        region: CloudRegion::new("eu-west-1"),
        zones: [Zone::new("eu-west-1a"), Zone::new("eu-west-1b")],
        image: ImageId::new("ami-0000000000000x86"),
        cheap_type: InstanceType::new("m7i.large"),
        range: "10.64.0.0/16".parse().unwrap(),
        run: "run1".to_owned(),
        patience: Patience { settle: Duration::from_secs(120), change: Duration::from_secs(600) },
    }
}

/// A cloud whose calls and answers travel as JSON, as to another process.
struct OverJson(SimCloud);

impl Cloud for OverJson {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        let sent = serde_json::to_vec(&(at, request)).unwrap();
        let (at, request): (CallSite, CloudRequest) = serde_json::from_slice(&sent).unwrap();
        let answer = self.0.call(&at, request);
        Box::pin(async move { serde_json::from_slice(&serde_json::to_vec(&answer.await).unwrap()).unwrap() })
    }
}

async fn told(lie: Lie) -> Broken {
    let (cloud, env) = simulated(1, Vices::off());
    suite(&fixture(Arc::new(LyingCloud::new(cloud, lie)), env)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn the_simulated_cloud_is_a_cloud() {
    for seed in 0..5 {
        let (cloud, env) = simulated(seed, Vices::off());
        assert_eq!(suite(&fixture(Arc::new(cloud.clone()), env)).await, Ok(()), "seed {seed}");
        assert_eq!(cloud.with(|sim, _| sim.audit().launched_twice()).len(), 1, "the suite's own token in two zones");
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulated_cloud_is_a_cloud_also_when_it_lags_and_throttles() {
    for seed in 0..10 {
        let vices = Vices { throttle_percent: Some(20), lag: 15_000, stale: 500, slow: 50, ..Vices::off() };
        let (cloud, env) = simulated(seed, vices);
        assert_eq!(suite(&fixture(Arc::new(cloud), env)).await, Ok(()), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulated_cloud_is_a_cloud_also_over_a_wire_of_json() {
    let (cloud, env) = simulated(1, Vices::off());
    assert_eq!(suite(&fixture(Arc::new(OverJson(cloud)), env)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_suite_leaves_nothing_behind() {
    let (cloud, env) = simulated(3, Vices::off());
    let fixture = fixture(Arc::new(cloud.clone()), env.clone());
    suite(&fixture).await.unwrap();
    env.sleep(Duration::from_secs(2 * 3600)).await;
    assert_eq!(cloud.with(|sim, _| sim.instances().count()), 0);
    let again = Fixture { run: "run2".to_owned(), ..fixture };
    assert_eq!(suite(&again).await, Ok(()), "names, ranges and addresses are free again");
}

#[tokio::test(start_paused = true)]
async fn each_lie_is_found_as_the_promise_that_it_breaks() {
    for (lie, promise) in [
        (Lie::TokensIgnored, "the same client token has one effect"),
        (Lie::ParametersNotCompared, "a client token with other parameters is refused"),
        (Lie::EndedTokensForgotten, "the token of a terminated instance launches nothing"),
        (Lie::TagsLost, "an instance carries its tags from the moment at which it is listed"),
        (Lie::TagsLate, "an instance carries its tags from the moment at which it is listed"),
        (Lie::RunsAtOnce, "an instance is pending, then running, then shutting down, then terminated, and says so"),
        (Lie::DependenciesIgnored, "nothing is deleted that something depends on"),
        (Lie::PagesCut, "pages hold everything that passes the filters, each once, and no more than asked for"),
        (Lie::OneAccount, "an account knows nothing of what is in another"),
        (Lie::UserDataUnbounded, "a launch that cannot be is refused with the code of what is wrong"),
        (Lie::OtherCodes, "what does not exist is refused with the code of its kind"),
        (
            Lie::NamesNotUnique,
            "a load balancer has a name of its own: the same settings answer it again, others are refused",
        ),
        (Lie::NatAtOnce, "a NAT gateway becomes available, holds its address, and is deleted in the end"),
        (Lie::RootsPlain, "a machine starts from a volume as its template says, which ends with it"),
        (Lie::TemplatesHidden, "what was made can be taken away, in the order of what depends on what"),
    ] {
        let broken = told(lie).await;
        assert_eq!(broken.promise, promise, "{lie:?}: {broken}");
    }
}
