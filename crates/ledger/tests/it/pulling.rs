//! The serving side of shipping: what a source answers to a pull, for every place that a puller may stand at.

use std::time::Duration;

use ids::{Hash, Seq};
use ledger::{shipping::PULL_BYTES_MAX, snapshot};
use ports::Env;
use wire::proto::{self, pull_reply::Body};

use crate::script::{Holder, Script, log};

/// How long the source holds a pull, at most.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A pull after `after`, of a puller whose record there has the hash `hash`.
fn request(after: u64, hash: Hash) -> proto::PullRequest {
    proto::PullRequest {
        log: log().to_string(),
        incarnation: 1,
        after_seq: after,
        after_hash: hash.0.to_vec().into(),
        bytes_max: u32::MAX,
        wait_ms: 0,
    }
}

async fn pull(source: &Holder, request: &proto::PullRequest) -> Body {
    source.copy().pull(source.env.as_ref(), request, WAIT_MAX).await.unwrap()
}

/// The records of a reply, after checking its last hash against the script.
fn records(body: Body, script: &Script, after: u64) -> usize {
    let Body::Records(pulled) = body else { panic!("wanted records, got {body:?}") };
    let through = after + pulled.records.len() as u64;
    let (wanted, last_hash) = script.part(after, through);
    assert_eq!(pulled.records, wanted);
    assert_eq!(pulled.last_hash, last_hash.0.to_vec());
    wanted.len()
}

#[tokio::test(start_paused = true)]
async fn a_puller_gets_the_records_after_its_place_with_the_hash_of_the_last() {
    let script = Script::of(30);
    let source = Holder::of(&script, 30);
    for after in [0, 1, 15, 29, 30] {
        let body = pull(&source, &request(after, script.hashes[after as usize])).await;
        assert_eq!(records(body, &script, after), 30 - after as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_holds_at_least_one_record_and_no_more_bytes_than_asked_for_or_allowed() {
    let mut script = Script::of(30);
    let source = Holder::of(&script, 30);
    let size = script.records[0].len() as u32;
    for (bytes_max, wanted) in [(0, 1), (1, 1), (3 * size + 20, 3), (u32::MAX, 20)] {
        let asked = proto::PullRequest { bytes_max, ..request(10, script.hashes[10]) };
        assert_eq!(records(pull(&source, &asked).await, &script, 10), wanted, "at most {bytes_max} bytes");
    }
    script.write(3000);
    source.take(&script, 3030);
    let count = records(pull(&source, &request(0, Hash::ZERO)).await, &script, 0);
    let bytes: usize = script.records[..count].iter().map(bytes::Bytes::len).sum();
    assert!(bytes <= PULL_BYTES_MAX && bytes > PULL_BYTES_MAX * 9 / 10, "{bytes}");
}

#[tokio::test(start_paused = true)]
async fn a_puller_whose_record_is_another_is_told_so_wherever_it_stands() {
    let script = Script::of(10);
    let source = Holder::of(&script, 10);
    let wrong = Hash([9; 32]);
    for after in [0, 1, 5, 9, 10] {
        let Body::Diverged(other) = pull(&source, &request(after, wrong)).await else { panic!("after {after}") };
        assert_eq!((other.seq, other.hash.to_vec(), other.voter), (10, script.hashes[10].0.to_vec(), false));
    }
    let other_life = proto::PullRequest { incarnation: 2, ..request(5, script.hashes[5]) };
    assert!(matches!(pull(&source, &other_life).await, Body::Diverged(_)));
}

#[tokio::test(start_paused = true)]
async fn a_puller_whose_place_was_purged_is_told_the_first_record_and_the_snapshot_takes_it_on() {
    let mut script = Script::of(10);
    let source = Holder::of(&script, 10);
    source.replica.records().purge(Seq(6));
    for after in [0, 5] {
        let Body::Purged(purged) = pull(&source, &request(after, script.hashes[after as usize])).await else {
            panic!("after {after}")
        };
        assert_eq!(purged.first_seq, 7);
    }
    assert_eq!(records(pull(&source, &request(6, script.hashes[6])).await, &script, 6), 4);
    let late = Holder::of(&script, 2);
    late.replica.install(&source.copy().snapshot()).await.unwrap();
    assert_eq!(late.replica.cell().state().hash, script.hashes[10]);
    script.write(5);
    late.take(&script, 15);
    assert_eq!(snapshot::pack(&late.replica.cell().state(), None), snapshot::pack(&script.state, None));
}

#[tokio::test(start_paused = true)]
async fn a_puller_that_has_everything_is_answered_when_there_is_more() {
    let mut script = Script::of(10);
    let source = Holder::of(&script, 10);
    script.write(2);
    let asked = proto::PullRequest { wait_ms: 900, ..request(10, script.hashes[10]) };
    let began = source.env.now();
    let later = async {
        source.env.sleep(Duration::from_millis(300)).await;
        source.take(&script, 12);
    };
    let (body, ()) = tokio::join!(pull(&source, &asked), later);
    assert_eq!(records(body, &script, 10), 2);
    assert_eq!(source.env.now().since(began).as_millis(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_puller_that_has_everything_is_answered_with_nothing_when_its_time_is_over() {
    let script = Script::of(10);
    let source = Holder::of(&script, 10);
    let wait_max = u32::try_from(WAIT_MAX.as_millis()).unwrap();
    for (wait_ms, waited) in [(0, 0), (400, 400), (60_000, wait_max)] {
        let began = source.env.now();
        let asked = proto::PullRequest { wait_ms, ..request(10, script.hashes[10]) };
        assert_eq!(records(pull(&source, &asked).await, &script, 10), 0);
        let took = source.env.now().since(began).as_millis();
        // Timers have a resolution of a millisecond.
        assert!((u128::from(waited)..=u128::from(waited) + 1).contains(&took), "{took} ms of {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_puller_that_is_ahead_gets_nothing_and_a_hash_of_another_length_is_refused() {
    let script = Script::of(10);
    let source = Holder::of(&script, 4);
    let Body::Records(pulled) = pull(&source, &request(10, script.hashes[10])).await else { panic!("wanted records") };
    assert!(pulled.records.is_empty());
    let asked = proto::PullRequest { after_hash: vec![1; 31].into(), ..request(1, Hash::ZERO) };
    let error = source.copy().pull(source.env.as_ref(), &asked, WAIT_MAX).await.unwrap_err();
    assert!(error.contains("after_hash") && error.contains("31 bytes"), "{error}");
}
