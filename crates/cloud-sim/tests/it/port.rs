//! The simulated cloud behind the port: latencies, lost answers, and a host that restarts.

use std::{sync::Arc, time::Duration};

use cloud_sim::{Options, Sim, SimCloud, Vices};
use fakes::TokioEnv;
use ports::{
    Cloud, Env,
    cloud::{CloudError, CreateVpc, Describe, DescribeVpcs, Tags},
};

use crate::world::site;

fn cloud(vices: Vices) -> (SimCloud, Arc<dyn Env>) {
    let env: Arc<dyn Env> = Arc::new(TokioEnv::new(1));
    (SimCloud::new(Sim::new(Options { vices, ..Options::small(1, 1) }), env.clone()), env)
}

fn create() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".parse().unwrap(), tags: Tags::default() }
}

#[tokio::test(start_paused = true)]
async fn a_call_takes_its_time_and_a_lost_one_takes_longer() {
    for (vices, at_least, at_most) in
        [(Vices::off(), 50, 200), (Vices { timeout_with_effect: 1000, ..Vices::off() }, 30_000, 31_000)]
    {
        let (cloud, env) = cloud(vices);
        let port: Arc<dyn Cloud> = Arc::new(cloud.clone());
        let before = env.now();
        let answer = port.ask(&site(1, "eu-west-1"), create()).await;
        let took = env.now().since(before).as_millis();
        assert!((at_least..at_most).contains(&took), "{took} ms for {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_its_call_in_doubt() {
    let (cloud, env) = cloud(Vices { slow: 1000, ..Vices::off() });
    let port: Arc<dyn Cloud> = Arc::new(cloud.clone());
    let site = site(1, "eu-west-1");
    let gone = ports::timeout(&*env, Duration::from_millis(500), port.ask(&site, create())).await;
    assert!(gone.is_none());
    assert_eq!(port.ask(&site, DescribeVpcs(Describe::default())).await.unwrap().items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_is_restored_goes_on_where_it_was() {
    let (first, env) = cloud(Vices::off());
    let port: Arc<dyn Cloud> = Arc::new(first.clone());
    let vpc = port.ask(&site(1, "eu-west-1"), create()).await.unwrap();
    let (bytes, before) = (first.with(|sim, _| sim.snapshot().unwrap()), first.now());
    env.sleep(Duration::from_secs(60)).await;
    let second = SimCloud::new(Sim::restore(&bytes).unwrap(), env);
    assert!(second.now() >= before + 60_000);
    let port: Arc<dyn Cloud> = Arc::new(second);
    let listed = port.ask(&site(1, "eu-west-1"), DescribeVpcs(Describe::id(vpc.id.clone()))).await.unwrap();
    assert_eq!(listed.items, [vpc]);
    let unknown = port.ask(&site(2, "eu-west-1"), DescribeVpcs(Describe::default())).await;
    assert!(matches!(unknown, Err(CloudError::Refused { .. })));
}
