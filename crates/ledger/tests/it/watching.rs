//! Feeds: every record after a place, in order, once; a mark each second; and an end that says why.

use std::time::Duration;

use ids::Seq;
use ledger::{Canary, Feed, FeedError, FeedItem, records::ReadError};
use ports::Env;

use crate::script::{Holder, Script};

const SECOND: Duration = Duration::from_secs(1);

fn feed(holder: &Holder, after: u64) -> Feed {
    Feed::open(holder.copy(), holder.env.clone(), Seq(after), Canary::None)
}

/// The next item, which must be a record as the script wrote it.
async fn record(feed: &mut Feed, script: &Script) -> u64 {
    match feed.next().await.unwrap() {
        FeedItem::Record { record, hash, proposal } => {
            let at = record.seq.0 as usize;
            assert_eq!((record.encode(), hash), (script.records[at - 1].clone(), script.hashes[at]));
            assert_eq!(proposal.encode().unwrap(), record.proposal);
            record.seq.0
        }
        mark => panic!("wanted a record, got {mark:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_told_every_record_after_its_place_in_order_and_once() {
    let script = Script::of(2000);
    let holder = Holder::of(&script, 1500);
    for after in [0, 1, 700, 1499] {
        let mut feed = feed(&holder, after);
        for seq in after + 1..=1500 {
            assert_eq!(record(&mut feed, &script).await, seq);
        }
    }
    // Resumed in between and while more is written.
    let mut told = 1490;
    for through in [1600, 1601, 2000] {
        holder.take(&script, through);
        let mut feed = feed(&holder, told);
        while told < through - 5 {
            told += 1;
            assert_eq!(record(&mut feed, &script).await, told);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_is_told_as_soon_as_it_is_there() {
    let script = Script::of(11);
    let holder = Holder::of(&script, 10);
    let mut feed = feed(&holder, 10);
    let began = holder.env.now();
    let later = async {
        holder.env.sleep(Duration::from_millis(300)).await;
        holder.take(&script, 11);
    };
    let (seq, ()) = tokio::join!(record(&mut feed, &script), later);
    assert_eq!((seq, holder.env.now().since(began).as_millis()), (11, 300));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_log_gives_a_mark_each_second() {
    let script = Script::of(10);
    let holder = Holder::of(&script, 10);
    let mut feed = feed(&holder, 8);
    assert_eq!(record(&mut feed, &script).await, 9);
    assert_eq!(record(&mut feed, &script).await, 10);
    for _ in 0..3 {
        let began = holder.env.now();
        assert_eq!(feed.next().await.unwrap(), FeedItem::Progress { seq: Seq(10) });
        let waited = holder.env.now().since(began);
        assert!(waited >= SECOND && waited < SECOND + Duration::from_millis(5), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_log_gives_a_mark_each_second_too() {
    let script = Script::of(60);
    let holder = Holder::of(&script, 60);
    let mut feed = feed(&holder, 0);
    let (mut marks, mut last) = (Vec::new(), 0);
    while last < 60 {
        match feed.next().await.unwrap() {
            FeedItem::Record { record, .. } => last = record.seq.0,
            FeedItem::Progress { seq } => marks.push((seq.0, last)),
        }
        // A slow watcher.
        holder.env.sleep(Duration::from_millis(100)).await;
    }
    assert!((5..=7).contains(&marks.len()), "{marks:?}");
    assert!(marks.iter().all(|(mark, told)| mark == told), "a mark says what was delivered: {marks:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_dropped_loses_nothing() {
    let script = Script::of(12);
    let holder = Holder::of(&script, 10);
    let mut feed = feed(&holder, 10);
    for _ in 0..3 {
        let given_up = ports::timeout(holder.env.as_ref(), Duration::from_millis(50), feed.next()).await;
        assert!(given_up.is_none());
    }
    holder.take(&script, 12);
    assert_eq!(record(&mut feed, &script).await, 11);
    assert_eq!(record(&mut feed, &script).await, 12);
}

#[tokio::test(start_paused = true)]
async fn a_place_in_the_future_is_waited_for_and_nothing_older_is_told() {
    let script = Script::of(20);
    let holder = Holder::of(&script, 5);
    let mut feed = feed(&holder, 10);
    assert_eq!(feed.next().await.unwrap(), FeedItem::Progress { seq: Seq(10) });
    holder.take(&script, 8);
    assert_eq!(feed.next().await.unwrap(), FeedItem::Progress { seq: Seq(10) });
    holder.take(&script, 12);
    assert_eq!(record(&mut feed, &script).await, 11);
    assert_eq!(record(&mut feed, &script).await, 12);
}

#[tokio::test(start_paused = true)]
async fn a_place_whose_records_are_gone_ends_the_feed_with_the_first_that_is_kept() {
    let script = Script::of(10);
    let holder = Holder::of(&script, 10);
    holder.replica.records().purge(Seq(6));
    let error = feed(&holder, 3).next().await.unwrap_err();
    assert!(matches!(error, FeedError::Read(ReadError::Purged { after: Seq(3), first: Seq(7) })), "{error:?}");
    assert_eq!(record(&mut feed(&holder, 6), &script).await, 7);
}
