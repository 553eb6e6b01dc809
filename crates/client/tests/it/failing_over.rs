//! Members that are dead, mute, slow, refusing, or that lose answers.

use std::time::Duration;

use client::{Client, Code, Config, Endpoint, Read, RequestId, WatchFrom, WatchItem, Write, double::Fault, reason};
use tokio::time::Instant;

use crate::world::{World, eventually, organization};

const BAR: Duration = Duration::from_secs(2);

fn refuse(code: Code, reason: &'static str) -> Fault {
    Fault::Refuse { code, reason, retry_after: None, writes_only: true }
}

#[tokio::test]
async fn the_next_call_after_a_region_died_is_answered_elsewhere_within_two_seconds() {
    let mut world = World::start();
    let client = world.client();
    client.organizations().create("one", organization(""), &Write::default()).await.unwrap();
    world.servers[0].stop();
    let began = Instant::now();
    let made = client.organizations().create("two", organization(""), &Write::default()).await.unwrap();
    assert!(began.elapsed() < BAR, "took {:?}", began.elapsed());
    assert_ne!(made.region, "us-east-1");
    assert_eq!(world.executed().len(), 2);

    let again = client.organizations().get("organizations/two", &Read::default()).await.unwrap();
    assert_eq!(again.tries, 1, "a dead member is not asked first again");
}

/// A client that was given the address of one region.
fn of_one_address(world: &World) -> Client {
    Client::connect(Config::new(vec![world.servers[0].endpoint()])).unwrap()
}

#[tokio::test]
async fn a_client_that_was_given_one_address_is_answered_elsewhere_when_that_region_died() {
    let mut world = World::start();
    let client = of_one_address(&world);
    client.organizations().create("one", organization(""), &Write::default()).await.unwrap();
    eventually("the addresses of the ring", || client.endpoints().len() == 3).await;
    world.servers[0].stop();
    let began = Instant::now();
    let made = client.organizations().create("two", organization(""), &Write::default()).await.unwrap();
    assert!(began.elapsed() < BAR, "took {:?}", began.elapsed());
    assert_ne!(made.region, "us-east-1");
}

#[tokio::test]
async fn a_client_that_prefers_its_one_address_learns_the_others_too() {
    let world = World::start();
    // Nobody looks who answers first, which is another place to learn from.
    let client = Client::connect(Config::new(vec![world.servers[0].endpoint()]).prefer("us-east-1")).unwrap();
    client.organizations().list(0, &Read::default()).collect().await.unwrap();
    eventually("the addresses of the ring", || client.endpoints().len() == 3).await;
}

#[tokio::test]
async fn a_client_that_only_watches_goes_on_elsewhere_when_its_one_region_died() {
    let mut world = World::start();
    let client = of_one_address(&world);
    let mut watch = client.watch("global", WatchFrom::Now);
    assert!(matches!(watch.next().await, Some(Ok(WatchItem::Progress { seq: 0 }))));
    eventually("the addresses of the ring", || client.endpoints().len() == 3).await;
    world.servers[0].stop();
    world.ring.change(|state| state.append("global", "", "folder-created", "organizations/acme/folders/one", None));
    let found = async {
        loop {
            if let WatchItem::Record(record) = watch.next().await.unwrap().unwrap() {
                return record.seq;
            }
        }
    };
    assert_eq!(tokio::time::timeout(BAR, found).await, Ok(1));
}

#[tokio::test]
async fn a_client_that_is_to_keep_to_its_addresses_learns_none() {
    let world = World::start();
    let config = Config { refresh_topology: false, ..Config::new(vec![world.servers[0].endpoint()]) };
    let client = Client::connect(config).unwrap();
    for _ in 0..20 {
        client.regions().list(&Read::default()).await.unwrap();
    }
    assert_eq!(client.endpoints().len(), 1);
}

#[tokio::test]
async fn a_mute_region_is_left_within_two_seconds() {
    let world = World::start();
    let client = world.client();
    client.regions().list(&Read::default()).await.unwrap();
    world.servers[0].fail(Fault::Mute);
    for call in 0..2 {
        let began = Instant::now();
        let listed = client.organizations().list(0, &Read::default()).collect().await.unwrap();
        assert!(began.elapsed() < BAR, "call {call} took {:?}", began.elapsed());
        assert_ne!(listed.region, "us-east-1");
    }
}

#[tokio::test]
async fn an_address_where_nobody_accepts_is_left_within_two_seconds() {
    let world = World::start();
    // The system completes the connection; nobody ever reads from it.
    let hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = world.config();
    config.endpoints[0] = Endpoint::new("us-east-1", &format!("http://{}", hole.local_addr().unwrap()));
    let client = Client::connect(config).unwrap();
    let began = Instant::now();
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert!(began.elapsed() < BAR, "took {:?}", began.elapsed());
    assert_ne!(made.region, "us-east-1");
    drop(hole);
}

#[tokio::test]
async fn many_calls_leave_a_dead_region_together() {
    let world = World::start();
    let client = world.client();
    client.regions().list(&Read::default()).await.unwrap();
    world.servers[0].fail(Fault::Mute);
    let began = Instant::now();
    let calls = (0..300).map(|number| {
        let (client, id) = (client.clone(), format!("org-{number}"));
        async move { client.organizations().create(&id, organization(""), &Write::default()).await }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|answer| answer.is_err()));
    assert!(began.elapsed() < BAR + Duration::from_secs(2), "took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_slow_member_is_not_a_dead_one() {
    let world = World::start();
    let client = world.client();
    world.servers[0].fail(Fault::Slow(Duration::from_millis(1_500)));
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert_eq!((made.region.as_str(), made.tries), ("us-east-1", 1));
    assert!(client.endpoints().iter().all(|(_, up)| *up));
}

#[tokio::test]
async fn a_very_slow_write_is_doubled_elsewhere_and_happens_once() {
    let world = World::start();
    let config = Config { patience: Duration::from_millis(200), ..world.config() };
    let client = Client::connect(config).unwrap();
    world.servers[0].fail(Fault::Slow(Duration::from_secs(5)));
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert_ne!(made.region, "us-east-1");
    assert_eq!(world.executed().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_request_id() {
    let world = World::start();
    let client = world.client();
    world.servers[0].fail(Fault::LoseAnswer);
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert_eq!((made.value.name.as_str(), made.tries), ("organizations/acme", 2));
    let state = world.ring.state();
    assert_eq!((state.executed.len(), state.submitted.len()), (1, 2));
    assert_eq!(state.submitted[0].request_id, state.submitted[1].request_id);
}

#[tokio::test]
async fn a_write_whose_answer_never_comes_is_settled_elsewhere() {
    let world = World::start();
    let client = world.client();
    world.servers[0].fail(Fault::DoAndStaySilent);
    let config = Config { patience: Duration::from_millis(200), ..world.config() };
    let began = Instant::now();
    let made = Client::connect(config).unwrap().organizations().create("a", organization(""), &Write::default()).await;
    assert!(made.unwrap().tries >= 2 && began.elapsed() < BAR);
    assert_eq!(world.executed().len(), 1);
    drop(client);
}

#[tokio::test]
async fn when_every_answer_is_lost_the_outcome_is_unknown_and_can_be_settled() {
    let world = World::start();
    let client = world.client();
    world.servers.iter().for_each(|server| server.fail(Fault::LoseAnswer));
    let options = Write::default().within(Duration::from_millis(600));
    let error = client.organizations().create("acme", organization(""), &options).await.unwrap_err();
    assert!(error.outcome_unknown() && error.is(reason::OUTCOME_UNKNOWN), "{error}");
    let id = error.request_id.unwrap();

    world.servers.iter().for_each(|server| server.fail(Fault::None));
    let settled = client.organizations().create("acme", organization(""), &Write::with_request_id(id)).await.unwrap();
    assert_eq!(settled.value.name, "organizations/acme");
    assert_eq!(world.executed(), [id.to_string()]);
}

#[tokio::test]
async fn a_refusal_after_a_try_without_an_answer_is_put_on_record_and_settles_both() {
    let world = World::start();
    let client = world.client();
    client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    let first = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(first.is("ALREADY_EXISTS") && !first.is_on_record() && !first.outcome_unknown(), "{first}");
    world.servers[0].fail(Fault::Mute);
    let error = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(error.is("ALREADY_EXISTS") && error.is_on_record() && !error.outcome_unknown(), "{error}");
    assert!(!error.to_string().contains("an earlier try got no answer"), "{error}");
    // The try that got no answer would find the name free, and must not.
    world.ring.change(|state| state.organizations.clear());
    let late = Write::with_request_id(error.request_id.unwrap());
    let late = client.organizations().create("acme", organization(""), &late).await.unwrap_err();
    assert!(late.is("ALREADY_EXISTS") && late.is_on_record(), "{late}");
}

#[tokio::test]
async fn a_write_that_is_sent_again_by_its_caller_is_settled_by_its_refusal() {
    let world = World::start();
    let client = world.client();
    client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    let again = Write::again(RequestId::new());
    let error = client.organizations().create("acme", organization(""), &again).await.unwrap_err();
    assert!(error.is("ALREADY_EXISTS") && error.is_on_record() && !error.outcome_unknown(), "{error}");
    // A refusal that is on no record says nothing about the earlier call.
    world.ring.change(|state| state.forgets_refusals = true);
    let again = Write::again(RequestId::new());
    let error = client.organizations().create("acme", organization(""), &again).await.unwrap_err();
    assert!(error.is("ALREADY_EXISTS") && !error.is_on_record() && error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_refusal_after_a_try_without_an_answer_that_is_not_on_record_leaves_the_outcome_unknown() {
    let world = World::start();
    world.ring.state().forgets_refusals = true;
    let client = world.client();
    client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    world.servers[0].fail(Fault::Mute);
    // The first try may be decided later, when the name is free.
    let error = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(error.is("ALREADY_EXISTS") && error.outcome_unknown(), "{error}");
    assert!(error.to_string().contains("an earlier try got no answer"), "{error}");
}

#[tokio::test]
async fn when_every_region_has_lost_the_global_quorum_each_was_asked_once() {
    let world = World::start();
    let client = world.client();
    world.servers.iter().for_each(|server| server.fail(refuse(Code::Unavailable, reason::GLOBAL_QUORUM_LOST)));
    let error = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(error.is(reason::GLOBAL_QUORUM_LOST) && !error.outcome_unknown(), "{error}");
    let mut regions: Vec<&str> = error.attempts.iter().map(|attempt| attempt.region.as_str()).collect();
    regions.sort_unstable();
    assert_eq!(regions, ["eu-west-1", "us-east-1", "us-west-2"]);
}

#[tokio::test]
async fn a_region_without_the_global_quorum_is_passed_over_for_one_that_has_it() {
    let world = World::start();
    let client = world.client();
    world.servers[0].fail(refuse(Code::Unavailable, reason::GLOBAL_QUORUM_LOST));
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert_ne!(made.region, "us-east-1");
    let read = client.organizations().get("organizations/acme", &Read::default()).await.unwrap();
    assert_eq!(read.region, "us-east-1", "it still serves reads");
}

#[tokio::test]
async fn the_pause_that_a_server_asks_for_is_kept() {
    let world = World::start();
    let client = world.client();
    let retry_after = Some(Duration::from_millis(300));
    let busy = Fault::Refuse { code: Code::ResourceExhausted, reason: "OVERLOADED", retry_after, writes_only: true };
    world.servers.iter().for_each(|server| server.fail(busy.clone()));
    let calm = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.servers.iter().for_each(|server| server.fail(Fault::None));
    };
    let began = Instant::now();
    let (organizations, options) = (client.organizations(), Write::default());
    let (made, ()) = tokio::join!(organizations.create("acme", organization(""), &options), calm);
    assert_eq!(made.unwrap().tries, 2);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn nobody_in_reach_is_said_soon_and_is_no_unknown_outcome() {
    let mut world = World::start();
    let client = world.client();
    world.servers.iter_mut().for_each(client::double::Server::stop);
    let began = Instant::now();
    let error = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(error.not_reachable() && !error.outcome_unknown(), "{error}");
    assert!(began.elapsed() < BAR, "took {:?}", began.elapsed());
}

#[tokio::test]
async fn the_preferred_region_is_used_again_when_it_is_back() {
    let mut world = World::start();
    let client = world.client();
    client.regions().list(&Read::default()).await.unwrap();
    world.servers[0].stop();
    assert_ne!(client.regions().list(&Read::default()).await.unwrap().region, "us-east-1");
    world.servers[0].start().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while client.regions().list(&Read::default()).await.unwrap().region != "us-east-1" {
        assert!(Instant::now() < deadline, "it was never used again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_a_preference_the_first_that_answers_is_kept() {
    let world = World::start();
    world.servers[0].fail(Fault::Mute);
    let config = Config { preferred_region: None, ..world.config() };
    let client = Client::connect(config).unwrap();
    let began = Instant::now();
    let first = client.regions().list(&Read::default()).await.unwrap().region;
    assert!(began.elapsed() < Duration::from_millis(900), "took {:?}", began.elapsed());
    for _ in 0..5 {
        assert_eq!(client.regions().list(&Read::default()).await.unwrap().region, first);
    }
}

#[tokio::test]
async fn a_deadline_holds_over_all_tries() {
    let world = World::start();
    let client = world.client();
    world.servers.iter().for_each(|server| server.fail(Fault::Mute));
    let began = Instant::now();
    let read = Read::default().within(Duration::from_millis(700));
    let error = client.organizations().get("organizations/acme", &read).await.unwrap_err();
    assert!(error.is(reason::DEADLINE_EXCEEDED) && !error.outcome_unknown(), "{error}");
    let write = Write { request_id: Some(RequestId::new()), ..Write::default() }.within(Duration::from_millis(700));
    let error = client.organizations().create("acme", organization(""), &write).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert!(began.elapsed() < Duration::from_millis(1_900), "took {:?}", began.elapsed());
    eventually("nothing was done", || world.executed().is_empty()).await;
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_taken_and_no_other() {
    let world = World::start();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let server = world.ring.serve_tls("us-east-1", 9, &made.cert.pem(), &made.signing_key.serialize_pem()).unwrap();
    let config = Config::new(vec![server.endpoint()]);
    let trusting = Client::connect(config.clone().trust(&made.cert.pem())).unwrap();
    assert_eq!(trusting.regions().list(&Read::default()).await.unwrap().member, Some(9));

    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let wary = Client::connect(config.trust(&other.cert.pem())).unwrap();
    let error = wary.organizations().create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert!(error.not_reachable() && error.message.contains("certificate"), "{error}");
    assert!(!error.outcome_unknown() && world.executed().is_empty());
}
