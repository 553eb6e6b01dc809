//! Who is looked at after a survey.

use std::time::Duration;

use ids::ClusterName;
use ports::cloud::CloudRegion;
use rand::{SeedableRng, rngs::SmallRng};

use super::*;
use crate::{
    Options,
    book::Named,
    queue::{Places, Queue},
};

fn account() -> AccountId {
    "000000000001".parse().unwrap()
}

fn named(number: usize) -> Named {
    let name: ClusterName =
        format!("organizations/acme/projects/web/locations/eu-west-1/clusters/c-{number}").parse().unwrap();
    Named { key: Key::Cluster(name), uid: RequestId((number as u128).to_be_bytes()), account: account() }
}

fn at(seconds: u64) -> Instant {
    Instant::default().plus(Duration::from_secs(seconds))
}

/// Keys of one account, all of them under way.
fn under_way(keys: usize) -> State {
    let places = Places { asked: 1, deviation: 1, sweep: 1 };
    let mut state = State::new(Queue::new(places, SmallRng::seed_from_u64(1)));
    state.begin(1, (0..keys).map(named).collect(), at(0), &Options::new(CloudRegion::new("eu-west-1")));
    (0..keys).for_each(|number| state.unsettle(&named(number).key, account()));
    state
}

/// Who is handed what a survey of everything found, where something of these is not as it was before.
fn handed(state: &mut State, news: &[usize], now: Instant) -> Vec<usize> {
    let found =
        |number: &usize| (named(*number).uid, Found { things: vec![], digests: [now.since(at(0)).as_secs(), 0] });
    let by_owner = news.iter().map(found).collect();
    let kinds = Kind::ALL.into_iter().collect();
    let survey = Survey { began: now, at_ms: 0, kinds, all_asked: true, often: true, whole: true, by_owner };
    survey.hand_over(state, account(), false, now);
    let all = 0..state.keys.len();
    all.filter(|number| state.take_handed(&named(*number).key).lists.contains_key(&Kind::Machines)).collect()
}

#[test]
fn in_a_crowd_is_looked_at_what_is_new_and_what_has_waited() {
    let mut state = under_way(CROWD + 1);
    let all: Vec<usize> = (0..=CROWD).collect();
    assert_eq!(handed(&mut state, &[], at(0)), all, "nothing was listed before");
    assert_eq!(handed(&mut state, &[], at(1)), all, "nobody said that they would wait");
    all.iter().for_each(|number| state.look_later(&named(*number).key, at(10 + *number as u64)));
    assert_eq!(handed(&mut state, &[], at(9)), [0; 0]);
    assert_eq!(handed(&mut state, &[3], at(9)), [3], "of which something is new");
    assert_eq!(handed(&mut state, &[3], at(9)), [0; 0], "which was told");
    assert_eq!(handed(&mut state, &[], at(11)), [0, 1, 3], "whose time has come, and of which something is gone");
    state.settled(&named(12).key);
    assert_eq!(handed(&mut state, &[], at(99)), [0; 0], "without a crowd whoever is under way looks for itself");
}

#[test]
fn the_more_are_under_way_the_longer_each_waits() {
    let (few, many) = (under_way(CROWD + 1), under_way(9_000));
    assert!(few.next_of_crowd(account(), at(0)) < few.looking_takes());
    assert!(few.looking_takes() < Duration::from_secs(1));
    assert_eq!(many.next_of_crowd(account(), at(0)), Duration::from_secs(18));
    assert_eq!(many.looking_takes(), Duration::from_secs(90));
}

#[test]
fn a_crowd_that_waits_for_hours_is_listed_less_often_until_something_is_new() {
    let mut state = under_way(CROWD + 1);
    assert_eq!(handed(&mut state, &[], at(0)).len(), CROWD + 1);
    assert_eq!(state.next_of_crowd(account(), at(3600)), Duration::from_secs(60));
    assert_eq!(handed(&mut state, &[3], at(3600)).len(), CROWD + 1);
    assert!(state.next_of_crowd(account(), at(3600)) < Duration::from_secs(1));
}
