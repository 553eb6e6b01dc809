//! Each verdict can fail.

use v1::{cluster_status::State, machine::State as Stands};

use super::*;

fn broken(verdict: &Verdict) -> &str {
    if let Verdict::Broken(what) = verdict { what } else { panic!("not broken: {verdict:?}") }
}

fn held(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Held(_)), "{verdict:?}");
}

fn unseen(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::NotExamined(_)), "{verdict:?}");
}

fn cluster(location: &str, state: State) -> v1::Cluster {
    let status = v1::ClusterStatus { state: state.into(), ..v1::ClusterStatus::default() };
    let name = format!("organizations/demo/projects/shop/locations/{location}/clusters/web");
    v1::Cluster { name, uid: location.to_owned(), status: Some(status), ..v1::Cluster::default() }
}

#[test]
fn a_region_without_a_running_cluster_is_named() {
    let both = [cluster("a", State::Running), cluster("b", State::Running)];
    held(&made(&["a", "b"], &both));
    assert_eq!(broken(&made(&["a", "b", "c"], &both)), "none was seen in c");
    let one = [cluster("a", State::Running), cluster("b", State::Provisioning)];
    assert_eq!(broken(&made(&["a", "b"], &one)), "the one in b does not run");
}

#[test]
fn own_time_of_more_than_two_seconds_or_without_a_report_is_not_held() {
    let creation = |own_ms: u64| {
        let cloud = Duration::from_secs(40);
        let own = Duration::from_millis(own_ms);
        Some(Creation { took: cloud + own, cloud, own })
    };
    held(&own_time(&[("a".to_owned(), creation(2_000)), ("b".to_owned(), creation(900))]));
    assert_eq!(broken(&own_time(&[("a".to_owned(), creation(900)), ("b".to_owned(), creation(2_100))])), "b 2.1 s");
    unseen(&own_time(&[("a".to_owned(), creation(900)), ("b".to_owned(), None)]));
    unseen(&own_time(&[]));
}

#[test]
fn a_refusal_is_in_time_for_the_right_reason_and_without_effect() {
    let lost = Ended::Refused("GLOBAL_QUORUM_LOST".to_owned(), "no majority".to_owned());
    let soon = Duration::from_millis(400);
    held(&refused(&lost, soon, Some(false)));
    assert!(broken(&refused(&Ended::Acknowledged, soon, Some(false))).contains("acknowledged"));
    assert!(broken(&refused(&lost, Duration::from_millis(1_600), Some(false))).contains("only after 1.6 s"));
    assert!(broken(&refused(&lost, soon, Some(true))).contains("took effect"));
    let other = Ended::Refused("DEADLINE_EXCEEDED".to_owned(), "too late".to_owned());
    assert!(broken(&refused(&other, soon, Some(false))).contains("another reason: DEADLINE_EXCEEDED"));
    unseen(&refused(&lost, soon, None));
}

#[test]
fn one_write_that_fails_elsewhere_breaks_the_promise() {
    let done = |from: &str| (from.to_owned(), Ok(Duration::from_millis(200)));
    held(&went_on(&[done("a"), done("b")]));
    let failed = ("b".to_owned(), Err("no majority".to_owned()));
    assert_eq!(broken(&went_on(&[done("a"), failed.clone()])), "one from b failed: no majority");
    assert!(broken(&went_on(&[failed])).contains("from b"));
    unseen(&went_on(&[]));
}

#[test]
fn a_list_names_the_region_that_is_cut_off_and_no_other_and_shows_what_is_known() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let known = names(&["c/web"]);
    held(&named("c", &names(&["locations/c"]), &names(&["a/web", "c/web"]), &known));
    assert!(broken(&named("c", &[], &names(&["c/web"]), &known)).contains("did not name locations/c"));
    assert!(broken(&named("c", &names(&["locations/c"]), &[], &known)).contains("did not show c/web"));
    let two = names(&["locations/b", "locations/c"]);
    assert!(broken(&named("c", &two, &known, &known)).contains("named locations/b too"));
}

#[test]
fn a_repair_is_another_machine_in_the_same_slot_with_its_reason_on_record() {
    let machine = |id: &str, slot: &str, state: Stands| v1::Machine {
        id: id.to_owned(),
        slot: slot.to_owned(),
        state: state.into(),
        ..v1::Machine::default()
    };
    let killed = machine("i-1", "worker-1", Stands::Joined);
    let other = machine("i-2", "worker-2", Stands::Joined);
    let after = [machine("i-3", "worker-1", Stands::Joined), other.clone()];
    let deed =
        |did: &str, cause: &str| v1::Deed { did: did.to_owned(), cause: cause.to_owned(), ..v1::Deed::default() };
    let why = [deed("launch m7g.large in z", "the one before is gone")];
    held(&repaired(&killed, 2, &after, &why));
    assert!(broken(&repaired(&killed, 2, &[killed.clone(), other.clone()], &why)).contains("i-1 is still counted"));
    assert!(
        broken(&repaired(&killed, 2, std::slice::from_ref(&other), &why))
            .contains("no other machine joined as worker-1")
    );
    let starting = [machine("i-3", "worker-1", Stands::Started), other];
    assert!(broken(&repaired(&killed, 2, &starting, &why)).contains("no other machine joined"));
    assert!(broken(&repaired(&killed, 2, &after, &[])).contains("nothing is on record"));
    assert!(broken(&repaired(&killed, 2, &after, &[deed("launch m7g.large", "")])).contains("nothing is on record"));
    assert!(broken(&repaired(&killed, 3, &after, &why)).contains("2 machines have joined, 3 had before"));
}

#[test]
fn a_cluster_made_inside_runs_and_is_the_same_elsewhere() {
    let inside = cluster("c", State::Running);
    held(&made_inside(&inside, Some(&inside), "a"));
    assert!(broken(&made_inside(&inside, None, "a")).contains("a does not see it"));
    let other = v1::Cluster { uid: "x".to_owned(), ..inside.clone() };
    assert!(broken(&made_inside(&inside, Some(&other), "a")).contains("a sees it otherwise"));
    let starting = cluster("c", State::Provisioning);
    assert!(broken(&made_inside(&starting, Some(&starting), "a")).contains("it did not run"));
}

#[test]
fn unequal_heads_and_a_region_that_is_missing_are_found() {
    let head = v1::LogHead {
        seq: 9,
        incarnation: 1,
        hash: vec![1; 32].into(),
        state_digest: vec![2; 32].into(),
        ..v1::LogHead::default()
    };
    let heads = |other: Option<v1::LogHead>| [("a".to_owned(), Some(head.clone())), ("b".to_owned(), other)];
    held(&one_log(&heads(Some(head.clone()))));
    assert_eq!(broken(&one_log(&heads(None))), "b did not answer");
    let changed = |change: fn(&mut v1::LogHead)| {
        let mut other = head.clone();
        change(&mut other);
        one_log(&heads(Some(other)))
    };
    assert_eq!(broken(&changed(|head| head.seq = 8)), "b is at 1.8, a at 1.9");
    assert_eq!(broken(&changed(|head| head.incarnation = 2)), "b is at 2.9, a at 1.9");
    assert_eq!(broken(&changed(|head| head.hash = vec![3; 32].into())), "b has another chain than a");
    assert_eq!(broken(&changed(|head| head.state_digest = vec![3; 32].into())), "b has another digest than a");
    unseen(&one_log(&[("a".to_owned(), None)]));
}
