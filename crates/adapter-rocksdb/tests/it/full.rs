//! A disk without room: typed, nothing acknowledged is lost, and it goes on when there is room.

use adapter_rocksdb::{OpenError, Store};
use bytes::Bytes;
use ids::Log;
use ports::{Journal, LogStore, Op, SnapshotStore, StoreError};

use crate::{
    directory::{Mounted, not_mounted, open, options},
    workload::{put, snapshot, written},
};

fn append(number: u64) -> Vec<Op> {
    let entries = vec![Bytes::from(vec![u8::try_from(number % 251).unwrap(); 100_000])];
    vec![Op::Append { journal: Journal::Raft(Log::Global), first: number, entries }]
}

#[test]
fn a_test_that_may_not_mount_fails_unless_it_may_be_skipped() {
    assert!(std::panic::catch_unwind(|| not_mounted::<()>(false, "no")).is_err());
    assert_eq!(not_mounted::<()>(true, "no"), None);
}

#[test]
fn a_full_disk_fails_every_later_write_and_loses_nothing_that_was_acknowledged() {
    let Some(mounted) = Mounted::new("24m") else { return };
    let dir = mounted.path().join("data");
    let store = open(&dir);
    put(&store, &Log::Global, snapshot(1)).unwrap();
    let mut acknowledged = 0;
    let error = loop {
        match written(&store, append(acknowledged + 1)) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1000, "24 MiB hold more than 100 MB");
    };
    assert!(matches!(error, StoreError::Full { bytes: 100_000 }), "{error}");
    assert_eq!(written(&store, Vec::new()), Err(error.clone()), "nothing later succeeds");
    assert_eq!(store.shutdown(), Err(error));
    drop(store);
    match Store::open(options(&dir)) {
        Ok(_) | Err(OpenError::Full { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    mounted.remount("size=64m");
    let store = open(&dir);
    let next = store.bounds(&Journal::Raft(Log::Global)).next;
    assert!(next > acknowledged, "{next}, {acknowledged} acknowledged");
    for number in 1..=acknowledged {
        let found = store.read(&Journal::Raft(Log::Global), number, number + 1, usize::MAX).unwrap();
        assert_eq!(found[0][..10], [u8::try_from(number % 251).unwrap(); 10]);
    }
    assert_eq!(store.latest(&Log::Global), Ok(Some(snapshot(1))));
    written(&store, append(next)).unwrap();
}

#[test]
fn a_snapshot_without_room_leaves_the_old_one_and_the_next_is_tried_again() {
    let Some(mounted) = Mounted::new("24m") else { return };
    let store = open(&mounted.path().join("data"));
    put(&store, &Log::Global, snapshot(1)).unwrap();
    let large = Bytes::from(vec![1; 40 << 20]);
    assert_eq!(put(&store, &Log::Global, large), Err(StoreError::Full { bytes: 40 << 20 }));
    assert_eq!(store.latest(&Log::Global), Ok(Some(snapshot(1))));
    written(&store, append(1)).unwrap();
    put(&store, &Log::Global, snapshot(2)).unwrap();
    assert_eq!(store.latest(&Log::Global), Ok(Some(snapshot(2))));
}
