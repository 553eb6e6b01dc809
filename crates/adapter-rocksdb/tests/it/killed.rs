//! A process that writes at full speed is killed, again and again. What it had been told is there, and nothing is half there.
//!
//! The process is this test binary, started again: told by a variable, one of the tests below writes until it is killed.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use adapter_rocksdb::Store;
use ids::Log;
use ports::{LogStore, SnapshotStore};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::{
    directory::{files, open},
    workload::{Model, last, snapshot},
};

const CHILD: &str = "ATOLL_STORE_TEST_DIRECTORY";
const KILLS: u64 = 25;
const IN_FLIGHT: u64 = 64;
const SNAPSHOT_EVERY: u64 = 400;

#[test]
fn as_a_child_it_writes_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "how the parent tells its child what to be")]
    let Ok(dir) = std::env::var(CHILD) else { return };
    let store = open(Path::new(&dir));
    let mut model = Model::after(last(&store));
    let (told, answers) = mpsc::channel();
    let mut in_flight = 0;
    loop {
        while in_flight < IN_FLIGHT {
            let ops = model.next();
            let (unit, told) = (model.unit, told.clone());
            if unit % SNAPSHOT_EVERY == 0 {
                let told = told.clone();
                let flushed = move |result: Result<(), _>| told.send(("snapshot", unit, result)).unwrap();
                store.put(&Log::Global, snapshot(unit), Box::new(flushed));
                in_flight += 1;
            }
            let flushed = Box::new(move |result| told.send(("write", unit, result)).unwrap());
            // Runs of either kind, and both mixed.
            match (unit / 100 % 3, unit % 3) {
                (0, _) | (1, 0) => store.write_later(ops, flushed),
                _ => store.write(ops, flushed),
            }
            in_flight += 1;
        }
        let (what, unit, result) = answers.recv().unwrap();
        result.unwrap();
        in_flight -= 1;
        // The handle, because `println` may be captured.
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what} {unit}").unwrap();
        out.flush().unwrap();
    }
}

fn start(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::as_a_child_it_writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The last write and the last snapshot that the child was told of, until it was killed some time after the first.
fn run_and_kill(dir: &Path, after: Duration) -> (u64, u64) {
    let mut child = start(dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (began, wait) = mpsc::channel::<()>();
    let killer = std::thread::Builder::new().spawn(move || {
        let _ = wait.recv();
        // Not until something happened, but until some time passed: that is the test.
        let _ = wait.recv_timeout(after);
        child.kill().unwrap();
        child.wait().unwrap()
    });
    let killer = killer.unwrap();
    let mut unsaid = true;
    let (mut write, mut put, mut line) = (0, 0, String::new());
    while lines.read_line(&mut line).unwrap() > 0 {
        // A line that was cut off says nothing.
        let words = line.strip_suffix('\n').and_then(|line| line.split_once(' '));
        match words {
            Some(("write", number)) => write = number.parse().unwrap(),
            Some(("snapshot", number)) => put = number.parse().unwrap(),
            _ => {}
        }
        if write > 0 && std::mem::take(&mut unsaid) {
            let _ = began.send(());
        }
        line.clear();
    }
    drop(began);
    let status = killer.join().unwrap();
    assert!(std::os::unix::process::ExitStatusExt::signal(&status) == Some(9), "the child ended by itself: {status}");
    (write, put)
}

#[test]
fn what_was_acknowledged_survives_every_kill_and_nothing_is_half_there() {
    let dir = TempDir::new().unwrap();
    let mut rng = StdRng::seed_from_u64(7);
    let mut model = Model::default();
    let (mut unacknowledged, mut snapshots) = (0, 0);
    for round in 0..KILLS {
        let after = Duration::from_millis(rng.random_range(0..150));
        let (write, put) = run_and_kill(dir.path(), after);
        if round % 3 == 0 {
            let before = files(dir.path());
            let store = Store::open_read_only(dir.path()).unwrap();
            assert!(last(&store) >= write);
            drop(store);
            assert!(files(dir.path()) == before, "a look changed the directory");
        }
        let store = open(dir.path());
        let survived = last(&store);
        assert!(survived >= write && survived >= model.unit, "round {round}: {write} told, {survived} there");
        unacknowledged += survived - write;
        model.advance(survived);
        assert_eq!(model.check(&store), Ok(()), "round {round}");
        let found = store.latest(&Log::Global).unwrap();
        let newest = found.as_ref().map_or(0, |bytes| u64::from_be_bytes(bytes[..8].try_into().unwrap()));
        assert!(newest >= put && found.is_none_or(|bytes| bytes == snapshot(newest)), "round {round}: {newest}, {put}");
        snapshots = newest;
    }
    println!("{KILLS} kills, {} writes, {unacknowledged} survived unacknowledged, snapshot {snapshots}", model.unit);
    assert!(model.unit > KILLS * IN_FLIGHT && snapshots > 0);
}
