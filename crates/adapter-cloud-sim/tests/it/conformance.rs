//! The process behind the client passes the suite of the port.

use std::{sync::Arc, time::Duration};

use adapter_cloud_sim::{Ask, reports::Findings};
use conformance::cloud::{Fixture, Patience, suite};
use fakes::TokioEnv;
use invariants::Observation;
use ports::{
    BoxFuture, Env, Instant, TaskScope,
    cloud::{CloudRegion, ImageId, InstanceType, Zone},
};

use crate::process::{Place, SPEED};

/// A clock on which a second is as long as the process makes it.
struct Quick(TokioEnv);

impl Env for Quick {
    fn now(&self) -> Instant {
        Instant(self.0.now().0 * u64::from(SPEED))
    }

    fn wall_ms(&self) -> u64 {
        self.0.wall_ms()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(span / SPEED)
    }

    fn seed(&self, purpose: &'static str) -> u64 {
        self.0.seed(purpose)
    }

    fn tasks(&self) -> &TaskScope {
        self.0.tasks()
    }

    fn observe(&self, what: &dyn Fn() -> Observation) {
        self.0.observe(what);
    }
}

#[tokio::test]
async fn the_process_is_a_cloud() {
    let place = Place::new();
    let process = place.start();
    let fixture = Fixture {
        cloud: process.cloud(),
        env: Arc::new(Quick(TokioEnv::new(1))),
        account: "000000000001".parse().unwrap(),
        other_account: Some("000000000012".parse().unwrap()),
        region: CloudRegion::new("eu-west-1"),
        zones: [Zone::new("eu-west-1a"), Zone::new("eu-west-1b")],
        image: ImageId::new("ami-simulated-1-37-2-x86-64-eu-west-1"),
        cheap_type: InstanceType::new("t3a.small"),
        range: "10.64.0.0/16".parse().unwrap(),
        run: "run1".to_owned(),
        patience: Patience::default(),
    };
    assert_eq!(suite(&fixture).await, Ok(()));
    let found: Findings = process.ask(Ask::Audit { owner: None }).await.unwrap();
    let twice: Vec<_> = found.doubled.iter().map(|twice| twice.action.as_str()).collect();
    assert!(found.calls > 100 && twice.contains(&"RunInstances"), "the suite's own token in two zones: {twice:?}");
}
