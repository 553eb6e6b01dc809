//! Copies of other regions' logs: a batch is taken in whole or not at all, and a crash costs at most what is pulled again.

use std::time::Duration;

use bytes::Bytes;
use ids::{Hash, Log, Seq};
use invariants::observation::QuarantineCause;
use ledger::{LogState, Retention, replica::InstallError, snapshot};
use wire::{Error, Record};

use crate::{
    ring::until,
    script::{Holder, Script},
};

/// The batch is refused and leaves no trace: not in the state, not among the records.
fn refused(holder: &Holder, records: Vec<Bytes>, last_hash: Hash) -> Error {
    let before = snapshot::pack(&holder.replica.cell().state(), None);
    let next = holder.replica.records().next();
    let error = holder.replica.accept(records, last_hash).unwrap_err();
    assert_eq!(snapshot::pack(&holder.replica.cell().state(), None), before);
    assert_eq!(holder.replica.records().next(), next);
    error
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_one_wrong_record_is_refused_whole() {
    let script = Script::of(20);
    let holder = Holder::of(&script, 10);
    let (batch, last_hash) = script.part(10, 20);
    let spoiled = |at: usize, spoil: &dyn Fn(&mut Record)| {
        let mut batch = batch.clone();
        let mut record = Record::decode(batch[at].clone()).unwrap();
        spoil(&mut record);
        batch[at] = record.encode();
        refused(&holder, batch, last_hash)
    };
    let error = spoiled(0, &|record| record.log = Log::Global);
    assert!(matches!(error, Error::OtherLog { .. }), "{error}");
    let error = spoiled(4, &|record| record.seq = Seq(99));
    assert!(matches!(error, Error::OutOfOrder { given: Seq(99), wanted: Seq(15) }), "{error}");
    let error = spoiled(4, &|record| record.hlc.0 += 1);
    assert!(matches!(error, Error::BrokenChain { seq: Seq(16), .. }), "the next record shows it: {error}");
    let error = spoiled(9, &|record| record.hlc.0 += 1);
    assert!(matches!(error, Error::BrokenChain { .. }), "the last hash shows the last record: {error}");
    let mut cut = batch.clone();
    cut[9] = cut[9].slice(..20);
    refused(&holder, cut, last_hash);
    let mut gap = batch.clone();
    gap.remove(3);
    assert!(matches!(refused(&holder, gap, last_hash), Error::OutOfOrder { given: Seq(15), wanted: Seq(14) }));
    assert!(holder.replica.quarantined().is_none(), "what others send wrong says nothing about this copy");
    holder.replica.accept(batch, last_hash).unwrap();
    assert_eq!(holder.seq(), Seq(20));
}

#[tokio::test(start_paused = true)]
async fn the_last_hash_must_be_the_sources() {
    let script = Script::of(20);
    let holder = Holder::of(&script, 10);
    let (batch, _) = script.part(10, 20);
    let error = refused(&holder, batch, Hash([1; 32]));
    assert!(
        matches!(error, Error::BrokenChain { given, wanted, .. } if given == Hash([1; 32]) && wanted == script.hashes[20])
    );
}

#[tokio::test(start_paused = true)]
async fn a_replica_opens_with_everything_that_was_flushed() {
    let script = Script::of(40);
    let holder = Holder::of(&script, 40);
    holder.settle().await;
    let holder = holder.crash();
    assert_eq!(holder.seq(), Seq(40));
    let state = holder.replica.cell().state();
    assert_eq!(snapshot::pack(&state, None), snapshot::pack(&script.state, None));
    assert_eq!(holder.copy().records.after(Seq(0), usize::MAX).unwrap().len(), 40);
}

/// Takes in everything in batches with a crash between any two, whatever the disk keeps of them.
async fn crashes_often(seed: u64, retention: Retention, pause: bool) {
    let script = Script::of(120);
    let mut holder = Holder::new(seed, retention);
    let mut tries = 0;
    while holder.seq() < Seq(120) {
        let told = holder.seq();
        for _ in 0..4 {
            let through = (holder.seq().0 + 7).min(120);
            holder.take(&script, through);
        }
        if pause || tries > 200 {
            holder.settle().await;
        }
        let reached = holder.seq();
        holder = holder.crash();
        assert!((told..=reached).contains(&holder.seq()), "flushed records stay and unknown ones do not appear");
        assert_eq!(holder.replica.cell().state().hash, script.hashes[holder.seq().0 as usize]);
        tries += 1;
    }
    assert_eq!(snapshot::pack(&holder.replica.cell().state(), None), snapshot::pack(&script.state, None));
    assert!(holder.replica.quarantined().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_crashes_again_and_again_ends_with_the_same_state() {
    let tight = Retention { snapshot_every: 10, log_bytes: u64::MAX, entries_kept: 5, records_kept: 12 };
    for seed in 0..20 {
        for retention in [Retention::default(), tight] {
            for pause in [false, true] {
                crashes_often(seed, retention, pause).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_keeps_as_many_records_as_it_was_told_and_opens_from_its_snapshot() {
    let tight = Retention { snapshot_every: 10, log_bytes: u64::MAX, entries_kept: 5, records_kept: 12 };
    let script = Script::of(40);
    let holder = Holder::new(1, tight);
    for through in (10..=40).step_by(10) {
        holder.take(&script, through);
        holder.settle().await;
    }
    until(|| holder.replica.records().after(Seq(27), 1).err()).await;
    assert_eq!(holder.replica.records().after(Seq(28), usize::MAX).unwrap().len(), 12);
    holder.settle().await;
    let holder = holder.crash();
    assert_eq!(snapshot::pack(&holder.replica.cell().state(), None), snapshot::pack(&script.state, None));
}

#[tokio::test(start_paused = true)]
async fn a_crash_around_an_install_leaves_the_state_before_or_after_it() {
    let mut script = Script::of(60);
    let sealed = snapshot::pack(&script.state, None);
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let holder = Holder::new(seed, Retention::default());
        holder.take(&script, 10);
        holder.settle().await;
        // Any flush takes at least a millisecond and at most five.
        let within = Duration::from_millis(seed % 7);
        let installed = tokio::time::timeout(within, holder.replica.install(&sealed)).await.is_ok();
        assert_eq!(holder.seq(), if installed { Seq(60) } else { Seq(10) });
        let holder = holder.crash();
        assert!(!installed || holder.seq() == Seq(60), "what was taken in stays");
        outcomes.insert(holder.seq());
        holder.take(&script, 60);
        assert_eq!(holder.replica.cell().state().hash, script.hashes[60]);
    }
    assert_eq!(outcomes, [Seq(10), Seq(60)].into(), "both happened");
    script.write(3);
    let holder = Holder::of(&script, 63);
    holder.replica.install(&sealed).await.unwrap();
    assert_eq!(holder.seq(), Seq(63), "a snapshot that is behind changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_anothers_replaces_nothing() {
    let script = Script::of(20);
    let holder = Holder::of(&script, 10);
    let mut other_life = script.state;
    other_life.incarnation = ids::Incarnation(2);
    let error = holder.replica.install(&snapshot::pack(&other_life, None)).await.unwrap_err();
    assert!(matches!(error, InstallError::Unfit(Error::OtherIncarnation { .. })));
    let error = holder.replica.install(&snapshot::pack(&LogState::new(Log::Global), None)).await.unwrap_err();
    assert!(matches!(error, InstallError::Unfit(Error::OtherLog { .. })));
    assert_eq!(holder.seq(), Seq(10));
}

#[tokio::test(start_paused = true)]
async fn a_replica_is_taken_out_of_service_once_and_says_why() {
    let holder = Holder::of(&Script::of(5), 5);
    holder.replica.quarantine(QuarantineCause::Digest, "the first reason".to_owned());
    holder.replica.quarantine(QuarantineCause::Chain, "another".to_owned());
    assert_eq!(holder.replica.quarantined().as_deref(), Some("the first reason"));
    let told = holder.env.observations();
    let told = told.iter().filter(|what| matches!(what, invariants::Observation::Quarantined { .. }));
    assert_eq!(told.count(), 1);
}
