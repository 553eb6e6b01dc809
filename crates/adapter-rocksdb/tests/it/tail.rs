//! A machine that loses power keeps what was synced, and of what came later any part.

use std::{
    fs::{self, File},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use adapter_rocksdb::{OpenError, StoreEvent};
use ports::LogStore;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::{
    directory::{copied, last_wal, open, open_observed, try_open},
    workload::Model,
};

/// The last write of each flush, and the length of the log when it had completed.
type Flushes = Vec<(u64, u64)>;

/// A directory as a kill would leave it, all of it in one log file.
fn left(units: u64) -> (TempDir, PathBuf, Flushes) {
    let dir = TempDir::new().unwrap();
    let flushes = Arc::new(Mutex::new(vec![(0, 0)]));
    let (seen, path) = (Arc::clone(&flushes), dir.path().to_owned());
    let store = open_observed(
        dir.path(),
        Arc::new(move |event| {
            if let StoreEvent::Flushed { through } = event {
                seen.lock().unwrap().push((through, last_wal(&path).1));
            }
        }),
    );
    flushes.lock().unwrap()[0].1 = last_wal(dir.path()).1;
    let (mut model, (told, answers)) = (Model::default(), std::sync::mpsc::channel());
    while model.unit < units {
        // Up to 25 writes per flush or two, so that some records of the log are longer than a block of it.
        let writes = 1 + model.unit % 7 * 4;
        for _ in 0..writes {
            let (ops, told) = (model.next(), told.clone());
            store.write(ops, Box::new(move |result| told.send(result).unwrap()));
        }
        (0..writes).for_each(|_| answers.recv().unwrap().unwrap());
    }
    let copy = copied(dir.path());
    let wal = PathBuf::from("log").join(last_wal(dir.path()).0.file_name().unwrap());
    drop(store);
    let flushes = flushes.lock().unwrap().clone();
    (copy, wal, flushes)
}

#[test]
fn a_log_cut_anywhere_behind_the_last_sync_opens_with_a_prefix_that_holds_what_was_acknowledged() {
    let (dir, wal, flushes) = left(120);
    let mut rng = StdRng::seed_from_u64(1);
    let mut cuts = 0;
    for pair in flushes.windows(2) {
        let [(through, synced), (next_through, next_synced)] = *pair else { unreachable!() };
        assert!(synced < next_synced, "all of it is in one file");
        for cut in [synced, synced + 1, synced + 6, next_synced - 1, rng.random_range(synced..next_synced)] {
            let torn = copied(dir.path());
            File::options().write(true).open(torn.path().join(&wal)).unwrap().set_len(cut).unwrap();
            assert_eq!(
                Model::after(through).check(&open(torn.path())),
                Ok(()),
                "cut at {cut} of {synced}..{next_synced}"
            );
            // What was cut off stays away, and the store goes on.
            assert_eq!(Model::after(through).check(&open(torn.path())), Ok(()));
            cuts += 1;
        }
        assert!(next_through > through);
    }
    println!("{} flushes, {cuts} cuts", flushes.len() - 1);
    assert!(cuts > 50);
}

#[test]
fn a_tail_whose_sectors_were_not_all_written_opens_and_the_same_hole_further_up_does_not() {
    let (dir, wal, flushes) = left(120);
    let bytes = fs::read(dir.path().join(&wal)).unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    let mut holes = 0;
    for pair in flushes.windows(2) {
        let [(through, synced), (_, next_synced)] = *pair else { unreachable!() };
        let sectors = synced.div_ceil(512)..(next_synced / 512);
        if sectors.is_empty() {
            continue;
        }
        let at = usize::try_from(rng.random_range(sectors) * 512).unwrap();
        let mut holed = bytes.clone();
        holed[at..at + 512].fill(0);
        let torn = copied(dir.path());
        fs::write(torn.path().join(&wal), &holed[..usize::try_from(next_synced).unwrap()]).unwrap();
        assert_eq!(Model::after(through).check(&open(torn.path())), Ok(()), "hole at {at} of {synced}..{next_synced}");
        if next_synced < flushes.last().unwrap().1 {
            let damaged = copied(dir.path());
            fs::write(damaged.path().join(&wal), &holed).unwrap();
            let error = try_open(damaged.path()).unwrap_err();
            assert!(matches!(error, OpenError::Damaged { .. }), "hole at {at}: {error}");
        }
        holes += 1;
    }
    println!("{holes} holes");
    assert!(holes > 10);
}
