//! What was answered survives SIGKILL in the middle of calls, and no retried token has two effects.

use std::{collections::BTreeMap, fs, sync::Arc};

use adapter_cloud_sim::{Ask, reports};
use ports::{Cloud, TaskScope, cloud::*};
use tokio::sync::{Notify, watch};

use crate::process::{Place, Process, site, vpc};

const CALLERS: usize = 6;
const KILLS: usize = 6;
/// Answers between one kill and the next.
const ANSWERS: usize = 40;

/// What callers were told: the instance of each token, and VPCs.
#[derive(Default)]
struct Told {
    instances: BTreeMap<String, InstanceId>,
    vpcs: Vec<VpcId>,
    in_doubt: usize,
}

fn launch(subnet: &SubnetId, token: &str) -> RunInstances {
    RunInstances {
        client_token: ClientToken::new(token),
        image: ImageId::new("ami-simulated-1-37-2-arm64-eu-west-1"),
        instance_type: InstanceType::new("t4g.small"),
        subnet: subnet.clone(),
        security_groups: Vec::new(),
        launch_template: None,
        user_data: None,
        hibernation: false,
        public_address: false,
        tags: [("slot", token)].into_iter().collect(),
    }
}

/// Asks again until there is an answer, as reconciling does, and counts the answers that were lost.
async fn settle<A: Action + Clone>(cloud: &Arc<dyn Cloud>, action: A, lost: &mut usize) -> A::Reply {
    loop {
        match cloud.ask(&site(), action.clone()).await {
            Ok(reply) => return reply,
            Err(CloudError::Unknown { .. }) => *lost += 1,
            Err(CloudError::NotNow { trouble: Trouble::Unreachable, .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn subnet(cloud: &Arc<dyn Cloud>) -> SubnetId {
    let vpc = cloud.ask(&site(), vpc()).await.unwrap().id;
    let zone = Zone::new("eu-west-1a");
    let subnet = CreateSubnet { vpc, zone, cidr: "10.0.0.0/16".parse().unwrap(), tags: Tags::default() };
    cloud.ask(&site(), subnet).await.unwrap().id
}

#[tokio::test]
async fn what_was_answered_survives_kills_and_a_retried_token_has_one_effect() {
    let place = Place::new();
    let mut process = place.start();
    let address = process.address.to_string();
    let cloud = process.cloud();
    let subnet = subnet(&cloud).await;
    let (told, news) = (Arc::new(std::sync::Mutex::new(Told::default())), Arc::new(Notify::new()));
    let (stop, stopped) = watch::channel(false);
    let tasks = TaskScope::default();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (cloud, subnet, told, news) = (cloud.clone(), subnet.clone(), told.clone(), news.clone());
            let stopped = stopped.clone();
            tasks.spawn(async move {
                for number in 0.. {
                    let token = format!("caller-{caller}-{number}");
                    let mut lost = 0;
                    let instance = settle(&cloud, launch(&subnet, &token), &mut lost).await.id;
                    let vpc = settle(&cloud, vpc(), &mut lost).await.id;
                    let mut told = told.lock().unwrap();
                    told.instances.insert(token, instance);
                    told.vpcs.push(vpc);
                    told.in_doubt += lost;
                    news.notify_one();
                    if *stopped.borrow() {
                        return;
                    }
                }
            })
        })
        .collect();
    for kill in 1..=KILLS {
        while told.lock().unwrap().instances.len() < kill * ANSWERS {
            news.notified().await;
        }
        process.kill();
        process = Process::start(&place.serve(&address));
    }
    stop.send(true).unwrap();
    for caller in callers {
        caller.await.unwrap();
    }
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert!(told.in_doubt > 0, "no call was under way when the process was killed: this shows little");
    let machines: Vec<reports::Machine> = process.ask(Ask::Machines).await.unwrap();
    let there: BTreeMap<_, _> =
        machines.iter().map(|machine| (machine.tags.get("slot").unwrap(), &machine.id)).collect();
    assert!(told.instances.iter().all(|(token, id)| there.get(token.as_str()) == Some(&id)), "an answer was forgotten");
    assert_eq!(machines.len(), told.instances.len(), "an instance that nobody was told of");
    for (token, id) in &told.instances {
        assert_eq!(cloud.ask(&site(), launch(&subnet, token)).await.unwrap().id, *id);
    }
    for vpc in &told.vpcs {
        cloud.ask(&site(), DescribeVpcs(Describe::id(vpc.clone()))).await.unwrap();
    }
    let found: reports::Findings = process.ask(Ask::Audit { owner: None }).await.unwrap();
    assert_eq!(found.doubled, []);
}

#[tokio::test]
async fn an_orderly_stop_leaves_a_snapshot_and_the_next_call_needs_no_second_try() {
    let place = Place::new();
    let process = place.start();
    let (cloud, address) = (process.cloud(), process.address.to_string());
    let vpc = cloud.ask(&site(), vpc()).await.unwrap();
    assert!(process.stop().contains("stopped"));
    let journal = |name: &str| fs::metadata(place.data().join(name)).unwrap().len();
    assert_eq!(journal("journal-0000000002"), 0);
    let _process = Process::start(&place.serve(&address));
    // On a connection that was kept, and ended with the process.
    let listed = cloud.ask(&site(), DescribeVpcs(Describe::id(vpc.id.clone()))).await.unwrap();
    assert_eq!(listed.items, [vpc]);
}
