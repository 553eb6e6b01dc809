//! Keys are kept once, run once at a time, and none that was pushed is forgotten.

use proptest::prelude::*;
use rand::SeedableRng;

use super::*;

const PLACES: Places = Places { asked: 2, deviation: 1, sweep: 1 };

fn queue() -> Queue<u8> {
    Queue::new(PLACES, SmallRng::seed_from_u64(1))
}

fn at(ms: u64) -> Instant {
    Instant(ms * 1_000_000)
}

#[test]
fn a_key_that_is_pushed_again_waits_once_in_the_more_urgent_class_at_the_earlier_time() {
    let mut queue = queue();
    queue.push(&1, Class::Sweep, at(10));
    queue.push(&1, Class::Asked, at(20));
    assert_eq!((queue.len(), queue.next_due()), ((1, 0), Some(at(10))));
    queue.push(&2, Class::Deviation, at(0));
    assert_eq!(queue.take(at(10)), Some(1), "asked for comes before a deviation that is due longer");
    assert_eq!(queue.take(at(10)), Some(2));
    assert_eq!(queue.take(at(10)), None);
}

#[test]
fn each_class_has_places_of_its_own() {
    let mut queue = queue();
    (0..3).for_each(|key| queue.push(&key, Class::Deviation, at(0)));
    queue.push(&7, Class::Sweep, at(0));
    assert_eq!((queue.take(at(0)), queue.take(at(0)), queue.take(at(0))), (Some(0), Some(7), None));
    assert_eq!(queue.next_due(), None, "no place, so nothing is due");
    queue.push(&8, Class::Asked, at(0));
    assert_eq!(queue.take(at(0)), Some(8));
    queue.done(&0, Ended::Settled, at(1));
    assert_eq!(queue.take(at(1)), Some(1));
}

#[test]
fn a_push_during_a_run_makes_it_run_once_more() {
    let mut queue = queue();
    queue.push(&1, Class::Sweep, at(0));
    assert_eq!(queue.take(at(0)), Some(1));
    queue.push(&1, Class::Asked, at(0));
    assert_eq!(queue.take(at(0)), None, "never two runs of one key");
    queue.done(&1, Ended::After(Duration::from_secs(60)), at(1));
    assert_eq!(queue.take(at(1)), Some(1), "what was pushed meanwhile does not wait for what was begun");
    queue.done(&1, Ended::Settled, at(2));
    assert_eq!((queue.len(), queue.next_due()), ((0, 0), None));
}

#[test]
fn failures_in_a_row_are_paused_for_longer_each_time_up_to_a_bound_and_a_push_does_not_shorten_that() {
    let (mut queue, mut now, mut last) = (queue(), at(0), Duration::ZERO);
    queue.push(&1, Class::Deviation, now);
    for round in 0..12 {
        assert_eq!(queue.take(now), Some(1));
        queue.push(&1, Class::Asked, now);
        queue.done(&1, Ended::Failed, now);
        let due = queue.next_due().unwrap();
        let pause = due.since(now);
        assert!(pause >= PAUSE.0.mul_f64(0.8) && pause <= PAUSE.1, "{pause:?}");
        assert!(round == 0 || pause > last.mul_f64(1.3) || pause >= PAUSE.1.mul_f64(0.8), "{last:?} then {pause:?}");
        assert_eq!(queue.take(now), None);
        (now, last) = (due, pause);
    }
    assert_eq!(queue.take(now), Some(1));
    queue.done(&1, Ended::After(Duration::from_secs(1)), now);
    let due = queue.next_due().unwrap();
    assert_eq!((queue.take(due), due.since(now)), (Some(1), Duration::from_secs(1)));
    queue.done(&1, Ended::Failed, due);
    assert!(queue.next_due().unwrap().since(due) <= PAUSE.0, "a run that went well begins the count anew");
}

#[test]
fn a_key_whose_run_panicked_is_left_alone_until_it_is_released_and_no_other_is() {
    let mut queue = queue();
    queue.push(&1, Class::Asked, at(0));
    queue.push(&2, Class::Asked, at(0));
    assert_eq!((queue.take(at(0)), queue.take(at(0))), (Some(1), Some(2)));
    queue.done(&1, Ended::Panicked, at(0));
    queue.push(&1, Class::Asked, at(0));
    assert_eq!((queue.take(at(0)), queue.quarantined().collect::<Vec<_>>()), (None, vec![&1]));
    queue.done(&2, Ended::Settled, at(0));
    assert!(!queue.release(&2, at(1)) && queue.release(&1, at(1)));
    assert_eq!(queue.take(at(1)), Some(1));
}

#[test]
fn who_no_longer_leads_forgets_what_waits_and_takes_nothing_up_again() {
    let mut queue = queue();
    (1..4).for_each(|key| queue.push(&key, Class::Asked, at(0)));
    assert_eq!(queue.take(at(0)), Some(1));
    queue.push(&1, Class::Asked, at(0));
    queue.clear();
    assert_eq!((queue.len(), queue.take(at(0))), ((0, 1), None));
    queue.done(&1, Ended::Settled, at(0));
    assert_eq!(queue.len(), (0, 0));
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Push(u8, Class, u64),
    Take,
    Done(usize, Ended),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let class = prop_oneof![Just(Class::Asked), Just(Class::Deviation), Just(Class::Sweep)];
    let ended = prop_oneof![
        4 => Just(Ended::Settled),
        2 => (0..5_000_u64).prop_map(|ms| Ended::After(Duration::from_millis(ms))),
        2 => Just(Ended::Failed),
        1 => Just(Ended::Panicked),
    ];
    prop_oneof![
        4 => (0..6_u8, class, 0..3_000_u64).prop_map(|(key, class, ms)| Act::Push(key, class, ms)),
        4 => Just(Act::Take),
        3 => (0..6_usize, ended).prop_map(|(which, ended)| Act::Done(which, ended)),
        2 => (0..2_000_u64).prop_map(Act::Pass),
    ]
}

proptest! {
    /// Whatever is done in whatever order: a key runs once at a time, classes keep to their places, and what was pushed after its last
    /// run began is run again, unless it is in quarantine.
    #[test]
    fn no_key_runs_twice_at_once_and_none_is_forgotten(acts in prop::collection::vec(act(), 0..200)) {
        let (mut queue, mut now, mut running, mut owed) = (queue(), 0, Vec::new(), BTreeSet::new());
        for act in acts {
            match act {
                Act::Push(key, class, ms) => {
                    queue.push(&key, class, at(now + ms));
                    owed.insert(key);
                }
                Act::Take => {
                    if let Some(key) = queue.take(at(now)) {
                        prop_assert!(!running.contains(&key), "{key} runs twice");
                        running.push(key);
                        owed.remove(&key);
                    }
                }
                Act::Done(which, ended) if !running.is_empty() => {
                    let key = running.swap_remove(which % running.len());
                    queue.done(&key, ended, at(now));
                    if ended != Ended::Settled {
                        owed.insert(key);
                    }
                }
                Act::Done(..) => {}
                Act::Pass(ms) => now += ms,
            }
            let all = PLACES.asked + PLACES.deviation + PLACES.sweep;
            prop_assert!(running.len() <= all);
            prop_assert_eq!(queue.len().1, running.len());
        }
        running.iter().for_each(|key| queue.done(key, Ended::Settled, at(now)));
        while let Some(due) = queue.next_due() {
            let key = queue.take(due).unwrap();
            owed.remove(&key);
            queue.done(&key, Ended::Settled, due);
        }
        queue.quarantined().for_each(|key| { owed.remove(key); });
        prop_assert!(owed.is_empty(), "forgotten: {owed:?}");
    }
}
