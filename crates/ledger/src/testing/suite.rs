//! openraft's storage suite (`openraft::testing::log::Suite`) over a group's log and state machine on given stores.
//!
//! All of it runs. One answer is adapted: the suite reads ranges that reach beyond the log and wants what there is, as openraft's
//! contract has it. [`RaftLog`] refuses such a range, because openraft counts what it asked for as applied and a store that lost
//! entries must stop the member; so here a range is first cut to what the journal retains. The suite applies blank and membership
//! entries only (it cannot make a batch); applying batches is tested beside [`crate::verify`] and by the simulator.

use std::{
    fmt::Debug,
    io,
    ops::{Bound, RangeBounds},
    sync::{Arc, Mutex, PoisonError},
};

use ids::{Log, MemberId};
use openraft::{
    OptionalSend, RaftLogReader, StorageError,
    storage::{IOFlushed, LogState as RaftLogState, RaftLogStorage},
    testing::log::{StoreBuilder, Suite},
    type_config::TypeConfigExt,
};
use ports::{Env, Journal, LogStore, SnapshotStore};

use crate::{
    Canary, Retention,
    cell::StateCell,
    raft::{
        Entry, RaftLogId, TypeConfig, Vote,
        log::RaftLog,
        machine::{Machine, Shared},
    },
    records::RecordLog,
    runtime::Runtime,
    state::LogState,
};

/// A store that the suite refused. Where a check of the suite does not hold, the suite panics, as tests do.
#[derive(Debug, thiserror::Error)]
#[error("ran the storage suite: {0}")]
pub struct SuiteError(String);

/// Runs the suite. `open` gives empty stores each time it is called, some fifty times; what was opened before is of no more interest.
/// The stores' own tasks or threads must be running, on whichever clock they use: an append is waited for until it is flushed. Takes
/// some seconds of `env`'s runtime, which must be tokio's with time enabled.
///
/// # Errors
/// When a store gave an error.
///
/// # Panics
/// When a check does not hold.
pub async fn storage_suite(
    env: Arc<dyn Env>,
    open: impl FnMut() -> (Arc<dyn LogStore>, Arc<dyn SnapshotStore>) + Send,
) -> Result<(), SuiteError> {
    let seed = env.seed("storage suite");
    let builder = Builder { env: Arc::clone(&env), open: Mutex::new(open) };
    let suite = Box::pin(Suite::<TypeConfig, CutLog, Machine, _, ()>::test_all(builder));
    let ran = Box::pin(env.tasks().enter(Runtime::scope(seed, suite))).await;
    ran.map_err(|error| SuiteError(error.to_string()))
}

struct Builder<Open> {
    env: Arc<dyn Env>,
    open: Mutex<Open>,
}

impl<Open> StoreBuilder<TypeConfig, CutLog, Machine, ()> for Builder<Open>
where
    Open: FnMut() -> (Arc<dyn LogStore>, Arc<dyn SnapshotStore>) + Send,
{
    async fn build(&self) -> Result<((), CutLog, Machine), StorageError<TypeConfig>> {
        let (store, snapshots) = (self.open.lock().unwrap_or_else(PoisonError::into_inner))();
        let log = Log::Global;
        let shared = Shared {
            planner: None,
            member: MemberId(0),
            log: log.clone(),
            cell: Arc::new(StateCell::new(LogState::new(log.clone()))),
            records: Arc::new(RecordLog::new(log.clone(), Arc::clone(&store))),
            snapshots,
            env: Arc::clone(&self.env),
            retention: Retention::default(),
            size: Arc::default(),
            snapshot_chunk_bytes: crate::config::SNAPSHOT_CHUNK_BYTES,
            canary: Canary::None,
        };
        let machine = Machine::open(shared).map_err(|error| StorageError::read(TypeConfig::err_from_error(&error)))?;
        let journal = Journal::Raft(log.clone());
        Ok(((), CutLog { log: RaftLog::new(log, Arc::clone(&store)), store, journal }, machine))
    }
}

/// See the module.
struct CutLog {
    log: RaftLog,
    store: Arc<dyn LogStore>,
    journal: Journal,
}

impl RaftLogReader<TypeConfig> for CutLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        let kept = self.store.bounds(&self.journal);
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(to) => *to,
            Bound::Unbounded => u64::MAX,
        };
        let from = from.clamp(kept.first, kept.next);
        self.log.try_get_log_entries(from..to.clamp(from, kept.next)).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        self.log.limited_get_log_entries(start, end).await
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        self.log.read_vote().await
    }
}

impl RaftLogStorage<TypeConfig> for CutLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<RaftLogState<TypeConfig>, io::Error> {
        self.log.get_log_state().await
    }

    async fn get_log_reader(&mut self) -> Self {
        let (store, journal) = (Arc::clone(&self.store), self.journal.clone());
        Self { log: self.log.get_log_reader().await, store, journal }
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        self.log.save_vote(vote).await
    }

    async fn save_committed(&mut self, committed: Option<RaftLogId>) -> Result<(), io::Error> {
        self.log.save_committed(committed).await
    }

    async fn read_committed(&mut self) -> Result<Option<RaftLogId>, io::Error> {
        self.log.read_committed().await
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        self.log.append(entries, callback).await
    }

    async fn truncate_after(&mut self, last: Option<RaftLogId>) -> Result<(), io::Error> {
        self.log.truncate_after(last).await
    }

    async fn purge(&mut self, through: RaftLogId) -> Result<(), io::Error> {
        self.log.purge(through).await
    }
}

#[cfg(test)]
mod tests {
    use fakes::{Disk, TokioEnv};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn openraft_accepts_the_log_and_the_machine_on_a_disk_that_flushes_late() {
        let env = Arc::new(TokioEnv::new(1));
        let on_disk = || {
            let disk = Disk::new(MemberId(0), 5, Arc::new(drop)).open(env.clone());
            (Arc::clone(&disk) as Arc<dyn LogStore>, disk as Arc<dyn SnapshotStore>)
        };
        storage_suite(env.clone(), on_disk).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_without_entries_can_begin_at_zero_again() {
        let env = Arc::new(TokioEnv::new(1));
        let store = Disk::new(MemberId(0), 5, Arc::new(drop)).open(env.clone());
        let mut log = RaftLog::new(Log::Global, store);
        let entry = |term: u64, index| Entry {
            log_id: RaftLogId::new(term.into(), index),
            payload: openraft::EntryPayload::Blank,
        };
        log.append([entry(1, 0), entry(1, 1)], IOFlushed::noop()).await.unwrap();
        log.truncate_after(None).await.unwrap();
        assert_eq!(log.get_log_state().await.unwrap().last_log_id, None);
        log.append([entry(2, 0)], IOFlushed::noop()).await.unwrap();
        let read = log.try_get_log_entries(0..1).await.unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(log.get_log_state().await.unwrap().last_log_id, Some(RaftLogId::new(2.into(), 0)));
    }
}
