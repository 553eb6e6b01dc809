//! What is counted beside what is kept: it must agree, whatever comes and goes.

use ids::{ClusterName, RequestId};
use rand::{SeedableRng, rngs::SmallRng};

use super::{crowd::CROWD, *};
use crate::queue::Places;

fn account(number: usize) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn named(number: usize, of: usize) -> Named {
    let name: ClusterName =
        format!("organizations/acme/projects/web/locations/eu-west-1/clusters/c-{number}").parse().unwrap();
    Named { key: Key::Cluster(name), uid: RequestId((number as u128).to_be_bytes()), account: account(of) }
}

fn options() -> Options {
    Options::new(ports::cloud::CloudRegion::new("eu-west-1"))
}

/// Keys of accounts of so many each, in a term that has just begun.
fn begun(keys: usize, each: usize) -> State {
    let places = Places { asked: 1, deviation: 1, sweep: 1 };
    let mut state = State::new(Queue::new(places, SmallRng::seed_from_u64(1)));
    let keys = (0..keys).map(|number| named(number, number / each + 1)).collect();
    state.begin(1, keys, Instant::default(), &options());
    state
}

fn at(seconds: u64) -> Instant {
    Instant::default().plus(Duration::from_secs(seconds))
}

#[test]
fn no_more_is_listed_at_once_than_fits_into_memory() {
    let mut state = begun(4 * AT_ONCE, AT_ONCE / 2);
    let listed: Vec<AccountId> = std::iter::from_fn(|| state.next_survey(at(60))).collect();
    assert_eq!(listed.len(), 2, "with half as many keys each");
    assert_eq!(state.next_survey_due(), None);
    for number in 0..AT_ONCE {
        state.hand(&named(number, 1).key, Handed::default(), Class::Sweep, at(60));
    }
    for account in listed {
        state.surveyed(account, at(120));
    }
    assert_eq!(state.next_survey(at(60)), None, "what was found waits for its runs");
    state.take_handed(&named(0, 1).key);
    assert!(state.next_survey(at(60)).is_some());
}

#[test]
fn an_account_larger_than_that_is_listed_all_the_same() {
    let mut state = begun(3 * AT_ONCE, 3 * AT_ONCE);
    assert_eq!(state.next_survey(at(0)), Some(account(1)));
    assert_eq!(state.next_survey(at(999)), None, "it is being listed");
    assert!(state.surveyed(account(1), at(60)).is_some());
    assert_eq!((state.next_survey(at(59)), state.next_survey(at(60))), (None, Some(account(1))));
}

#[test]
fn an_account_is_crowded_while_many_of_its_own_keys_are_under_way() {
    let mut state = begun(2 * (CROWD + 1), CROWD + 1);
    for number in 0..=CROWD {
        assert!(!state.crowded(account(1)));
        state.unsettle(&named(number, 1).key, account(1));
        state.unsettle(&named(number, 1).key, account(1));
    }
    assert!(state.crowded(account(1)) && !state.crowded(account(2)));
    state.settled(&named(0, 1).key);
    state.settled(&named(0, 1).key);
    assert!(!state.crowded(account(1)));
    assert_eq!(state.unsettled(), CROWD);
}

#[test]
fn a_key_that_is_gone_takes_its_account_along_when_it_was_the_last() {
    let mut state = begun(3, 2);
    let (first, second) = (named(0, 1).key, named(1, 1).key);
    state.forget(&first);
    assert!(state.accounts.contains_key(&account(1)) && !state.owners.contains_key(&named(0, 1).uid));
    assert_eq!(state.next_survey(at(0)), Some(account(1)));
    state.forget(&second);
    assert!(state.surveyed(account(1), at(60)).is_none(), "nothing of it is kept any more");
    let rest: Vec<AccountId> = std::iter::from_fn(|| state.next_survey(at(3600))).collect();
    assert_eq!(rest, [account(2)]);
}

#[test]
fn the_first_pass_has_ended_when_each_key_was_looked_at_or_is_gone() {
    let mut state = begun(3, 3);
    state.ran(&named(0, 1).key, at(1));
    state.ran(&named(0, 1).key, at(2));
    assert_eq!(state.first_pass(), (2, None));
    state.forget(&named(1, 1).key);
    state.ran(&named(1, 1).key, at(3));
    assert_eq!(state.first_pass(), (1, None));
    state.ran(&named(2, 1).key, at(4));
    state.changed(vec![named(9, 1)], at(5));
    assert_eq!(state.first_pass(), (1, Some(Duration::from_secs(4))));
}

#[test]
fn a_network_and_the_cluster_that_it_was_made_for_are_both_kept_under_their_one_uid() {
    let mut state = begun(1, 1);
    let cluster = named(0, 1);
    let Key::Cluster(name) = cluster.key.clone() else { panic!("not a cluster") };
    let vpc = "10.0.0.0/18".parse().unwrap();
    let key = Key::SharedVpc { project: name.project, location: name.location, vpc };
    state.changed(vec![Named { key: key.clone(), ..cluster.clone() }], at(1));
    assert_eq!(state.owners[&cluster.uid].len(), 2);
    state.forget(&cluster.key);
    assert_eq!(state.owners[&cluster.uid].iter().collect::<Vec<_>>(), [&key]);
    assert!(state.accounts[&account(1)].owners.contains(&cluster.uid));
    state.forget(&key);
    assert!(state.accounts.is_empty() && state.owners.is_empty());
}

#[test]
fn a_later_cluster_of_the_same_name_is_another_one() {
    let mut state = begun(1, 1);
    let again = Named { uid: RequestId([9; 16]), ..named(0, 1) };
    state.changed(vec![again.clone()], at(1));
    assert_eq!(state.owners.keys().collect::<Vec<_>>(), [&again.uid]);
    assert_eq!(state.accounts[&account(1)].owners.iter().collect::<Vec<_>>(), [&again.uid]);
    assert_eq!(state.first_pass().0, 1);
}

#[test]
fn nothing_is_kept_for_keys_that_are_out_of_service() {
    let mut state = begun(1, 1);
    let key = named(0, 1).key;
    assert_eq!(state.queue.take(at(999_999)), Some(key.clone()));
    state.queue.done(&key, crate::queue::Ended::Panicked, at(0));
    state.hand(&key, Handed::default(), Class::Deviation, at(1));
    assert!(state.handed.is_empty());
}
