//! Which endpoint is picked, by health, region and what the call met.

use super::*;

fn steer(preferred: Option<&str>) -> Steer {
    let addresses = [("a", "http://a1"), ("a", "http://a2"), ("b", "http://b1"), ("c", "http://c1")];
    let endpoints: Vec<Endpoint> = addresses.iter().map(|(region, address)| Endpoint::new(region, address)).collect();
    let config = Config::new(endpoints.clone());
    let members = endpoints.iter().map(|endpoint| Connections::new(endpoint, &config).unwrap()).collect();
    Steer::new(members, preferred.map(str::to_owned))
}

fn picked(steer: &Steer, route: &Route, met: &Met) -> Option<String> {
    steer.pick(route, met, 1).map(|member| member.endpoint.address.clone())
}

fn fail(steer: &Steer, address: &str) {
    steer
        .members()
        .iter()
        .filter(|member| member.endpoint.address == address)
        .for_each(|member| member.health.failed());
}

#[tokio::test]
async fn the_preferred_region_comes_first_and_its_other_member_next() {
    let (steer, mut met) = (steer(Some("a")), Met::default());
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://a1"));
    met.tries.insert("http://a1".to_owned(), 1);
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://a2"));
    assert_eq!(picked(&steer, &Route::Prefer("c".to_owned()), &met).as_deref(), Some("http://c1"));
}

#[tokio::test]
async fn after_silence_another_region_is_asked_not_another_member() {
    let (steer, mut met) = (steer(Some("a")), Met::default());
    met.tries.insert("http://a1".to_owned(), 1);
    met.silent.insert("a".to_owned());
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://b1"));
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_used_only_when_nobody_else_is_left() {
    let (steer, mut met) = (steer(Some("a")), Met::default());
    ["http://a1", "http://a2"].iter().for_each(|address| fail(&steer, address));
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://b1"));
    met.tries = ["http://b1", "http://c1"].map(|address| (address.to_owned(), 1)).into();
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://a1"));
    let up = steer.members();
    up.iter().for_each(|member| member.health.answered());
    assert_eq!(picked(&steer, &Route::Any, &Met::default()).as_deref(), Some("http://a1"), "it answered, so it is up");
}

#[tokio::test]
async fn a_region_that_refused_is_not_asked_again_and_only_means_only() {
    let (steer, mut met) = (steer(Some("a")), Met::default());
    met.refused.insert("a".to_owned());
    assert_eq!(picked(&steer, &Route::Any, &met).as_deref(), Some("http://b1"));
    assert_eq!(picked(&steer, &Route::Only("a".to_owned()), &met), None);
    assert_eq!(picked(&steer, &Route::Only("nowhere".to_owned()), &Met::default()), None);
}

#[tokio::test]
async fn addresses_are_learned_once_and_never_forgotten() {
    let steer = steer(Some("a"));
    let address = |region: &str, api: &str| v1::RegionAddresses {
        region: region.to_owned(),
        members: vec![v1::MemberAddress { member: 9, api: api.to_owned() }],
    };
    let regions = vec![address("d", "http://d1"), address("b", "http://b1"), address("e", "no address")];
    let topology = v1::Topology { ring: String::new(), regions };
    let config = Config::new(Vec::new());
    steer.learn(&topology, &config);
    steer.learn(&v1::Topology::default(), &config);
    let known: Vec<String> = steer.members().iter().map(|member| member.endpoint.address.clone()).collect();
    assert_eq!(known, ["http://a1", "http://a2", "http://b1", "http://c1", "http://d1"]);
}

#[tokio::test(start_paused = true)]
async fn the_ring_is_asked_for_its_addresses_at_once_again_when_it_was_silent_and_now_and_then() {
    let steer = steer(Some("a"));
    assert!(steer.asks(), "nothing was told yet");
    assert!(!steer.asks(), "one asks, not every call");
    tokio::time::advance(TOPOLOGY_AGAIN).await;
    assert!(steer.asks(), "nobody answered");
    steer.learn(&v1::Topology::default(), &Config::new(Vec::new()));
    tokio::time::advance(TOPOLOGY_EVERY / 2).await;
    assert!(!steer.asks(), "it was told not long ago");
    tokio::time::advance(TOPOLOGY_EVERY / 2).await;
    assert!(steer.asks());
}
