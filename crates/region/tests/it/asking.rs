//! Commands and reads given to any member: they come to the leader of their log, and what was read has a known place and age.

use std::time::Duration;

use domain::{Command, command::DeleteCluster};
use ids::{Incarnation, Log, Position, Seq, Token};
use ledger::Verdict;
use region::{Consistency, ReadRefusal};

use crate::ring::{Ring, SOON, cluster, done, organization, submission};

fn region_b() -> Log {
    Log::Region("b".parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_command_may_be_given_to_any_member() {
    let ring = Ring::formed().await.with_project().await;
    for id in 1..=3 {
        let number = u8::try_from(id).unwrap();
        let global = organization(&format!("o-{id}"));
        // Three regions, an organization and a project come before it.
        assert_eq!(done(ring.submit(id, submission(10 + number, global)).await), Seq(5 + id));
        let regional = cluster("b", &format!("c-{id}"));
        assert_eq!(done(ring.submit(id, submission(20 + number, regional)).await), Seq(id));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_elsewhere_has_one_effect() {
    let ring = Ring::formed().await.with_project().await;
    let first = ring.submit(1, submission(9, cluster("b", "one"))).await;
    for id in [2, 3] {
        assert_eq!(ring.submit(id, submission(9, cluster("b", "one"))).await, first);
    }
    let other = ring.submit(3, submission(10, cluster("b", "one"))).await;
    assert!(matches!(&other, Verdict::Rejected { reason, .. } if reason == "ALREADY_EXISTS"), "{other:?}");
    assert_eq!(ring.at(2).ledger().copy(&region_b()).unwrap().cell.seq(), Seq(1));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_cut_off_from_a_region_reaches_it_over_a_third() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(1, 2);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(done(ring.submit(1, submission(9, cluster("b", "one"))).await), Seq(1));
    // Its copy comes over the third region as well.
    ring.holds(1, &region_b(), Seq(1)).await;
}

fn deletion(region: &str, label: &str) -> Command {
    let name = format!("organizations/acme/projects/web/locations/{region}/clusters/{label}").parse().unwrap();
    DeleteCluster { name, retain_ms: 0, etag: None }.into()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_over_a_third_region_is_the_last_word_also_when_the_first_try_arrives_later() {
    let ring = Ring::formed().await.with_project().await;
    done(ring.submit(2, submission(9, cluster("b", "one"))).await);
    ring.cut(1, 2);
    // Not told to be cut off yet, the first tries go the direct way.
    let verdict = ring.submit(1, submission(10, cluster("b", "one"))).await;
    let Verdict::Rejected { reason, record, .. } = &verdict else { panic!("wanted a refusal, got {verdict:?}") };
    assert_eq!((reason.as_str(), *record), ("ALREADY_EXISTS", Some(Seq(2))));
    let gone = done(ring.submit(2, submission(11, deletion("b", "one"))).await);
    ring.mend();
    // By now they would succeed.
    let late = ring.deliver_stranded().await;
    assert!(!late.is_empty() && late.iter().all(|late| *late == verdict), "{late:?}");
    assert_eq!(ring.at(2).ledger().copy(&region_b()).unwrap().cell.seq(), gone);
    // Every copy passes it on like any other record.
    ring.holds(1, &region_b(), gone).await;
    ring.holds(3, &region_b(), gone).await;
    assert_eq!(ring.submit(3, submission(10, cluster("b", "one"))).await, verdict);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_no_record_can_hold_does_not_settle_an_earlier_try() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(1, 2);
    // A leader of another version, which cannot read what is asked: it is spoiled on the way over the relay.
    ring.spoil_relayed();
    let verdict = ring.submit(1, submission(10, cluster("b", "one"))).await;
    let Verdict::Unsettled { message } = &verdict else { panic!("wanted doubt, got {verdict:?}") };
    assert!(message.contains("UNREADABLE_COMMAND"), "{message}");
    ring.mend();
    let late = ring.deliver_stranded().await;
    assert!(
        !late.is_empty() && late.iter().all(|late| done(late.clone()) == Seq(1)),
        "it takes effect after all: {late:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn while_a_cut_is_not_known_yet_a_command_takes_the_other_way_after_one_silent_try() {
    let ring = Ring::of(&[1, 3, 1]).await.with_project().await;
    let number = |number: u8| submission(number, cluster("b", &format!("c-{number}")));
    done(ring.submit(1, number(9)).await);
    for member in 2..=4 {
        ring.cut(1, member);
    }
    let cut = tokio::time::Instant::now();
    done(ring.submit(1, number(10)).await);
    let took = cut.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    // Once it is known, no call waits for it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let known = tokio::time::Instant::now();
    done(ring.submit(1, number(11)).await);
    assert!(known.elapsed() < Duration::from_millis(200), "{:?}", known.elapsed());
    // Nor does a read that must hold it: this copy comes over the third region too.
    let view = ring.at(1).read(&region_b(), &Consistency::Linearizable, Duration::from_millis(1500)).await;
    assert_eq!(view.unwrap().state.seq, Seq(3));
}

#[tokio::test(start_paused = true)]
async fn a_voter_that_is_cut_off_from_its_leader_soon_says_that_others_hold_more() {
    let ring = Ring::formed().await.with_project().await;
    let leader = ring.leader(&Log::Global).await;
    let [cut_off, third] = [1, 2, 3].into_iter().filter(|id| *id != leader).collect::<Vec<_>>().try_into().unwrap();
    ring.cut(cut_off, leader);
    tokio::time::sleep(Duration::from_secs(3)).await;
    done(ring.submit(third, submission(9, organization("new"))).await);
    let asked = tokio::time::Instant::now();
    let refused = ring.at(cut_off).read(&Log::Global, &Consistency::Linearizable, SOON).await.unwrap_err();
    assert!(matches!(refused, ReadRefusal::NotYetReplicated { .. }), "{refused:?}");
    assert!(asked.elapsed() < Duration::from_millis(2500), "{:?}", asked.elapsed());
    ring.at(third).read(&Log::Global, &Consistency::Linearizable, SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_alone_decides_about_its_own_and_says_what_it_cannot() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(1, 2);
    ring.cut(2, 3);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(done(ring.submit(2, submission(9, cluster("b", "own"))).await), Seq(1));
    for (command, wanted) in [(organization("new"), "GLOBAL_QUORUM_LOST"), (cluster("a", "far"), "HOME_UNREACHABLE")] {
        let verdict = ring.submit(2, submission(10, command)).await;
        assert!(matches!(&verdict, Verdict::Unavailable { reason, .. } if reason == wanted), "{verdict:?}");
    }
    // The others go on without it.
    done(ring.submit(1, submission(11, organization("others"))).await);
    let (views, unreachable) = ring.at(2).read_regions(Duration::from_secs(3));
    assert_eq!((views.len(), unreachable), (3, vec!["a".parse().unwrap(), "c".parse().unwrap()]));
}

#[tokio::test(start_paused = true)]
async fn a_linearizable_read_shows_what_was_told_anywhere_before() {
    let ring = Ring::formed().await.with_project().await;
    for (number, id) in (30..).zip([1, 2, 3, 1]) {
        let seq = done(ring.submit(2, submission(number, cluster("b", &format!("c-{number}")))).await);
        let view = ring.at(id).read(&region_b(), &Consistency::Linearizable, SOON).await.unwrap();
        assert!(view.state.seq >= seq);
        assert!(view.age.unwrap() < Duration::from_secs(2), "{:?}", view.age);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_with_a_token_holds_what_the_token_has_seen_or_is_refused() {
    let ring = Ring::formed().await.with_project().await;
    let log = region_b();
    let seq = done(ring.submit(2, submission(9, cluster("b", "one"))).await);
    let at = |incarnation, seq| {
        Consistency::AtLeast(Token::from(Position { log: log.clone(), incarnation: Incarnation(incarnation), seq }))
    };
    let view = ring.at(3).read(&log, &at(1, seq), SOON).await.unwrap();
    assert!(view.state.seq >= seq);
    assert_eq!(view.token().get(&log), Some((Incarnation(1), view.state.seq)));
    let within = Duration::from_millis(300);
    let error = ring.at(3).read(&log, &at(1, Seq(50)), within).await.unwrap_err();
    assert!(matches!(error, ReadRefusal::NotYetReplicated { here, .. } if here == seq), "{error:?}");
    let error = ring.at(3).read(&log, &at(2, Seq(1)), within).await.unwrap_err();
    assert!(matches!(error, ReadRefusal::OtherIncarnation { here: Incarnation(1), .. }), "{error:?}");
    let nowhere = Log::Region("nowhere".parse().unwrap());
    let error = ring.at(3).read(&nowhere, &Consistency::Local, within).await.unwrap_err();
    assert_eq!(error, ReadRefusal::NoCopy { log: nowhere });
}
