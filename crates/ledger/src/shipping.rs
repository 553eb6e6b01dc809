//! Shipping, serving side: records after a place that both sides agree on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ids::{Hash, Incarnation, Log, Seq};
use ports::{Env, Instant, timeout};
use wire::{
    proto::{self, pull_reply::Body, snapshot_pull_reply},
    record::hash_in,
};

use crate::{
    cell::StateCell,
    chunks::cut,
    heads::Head,
    records::{ReadError, RecordLog},
    snapshot,
    state::LogState,
};

/// Bytes of one pull reply, whatever the puller asks for.
pub const PULL_BYTES_MAX: usize = 512 * 1024;
/// How long a packed snapshot is kept after the last piece was asked for.
pub const SNAPSHOT_KEPT: Duration = Duration::from_secs(30);

/// One log as this member holds it, to read from: its own group's, or a replica.
#[derive(Clone)]
pub struct LogCopy {
    pub cell: Arc<StateCell>,
    pub records: Arc<RecordLog>,
    pub voter: bool,
}

impl LogCopy {
    pub fn head(&self) -> Head {
        let state = self.cell.state();
        Head {
            incarnation: state.incarnation,
            seq: state.seq,
            hash: state.hash,
            state_digest: state.digest(),
            voter: self.voter,
            log: state.log,
        }
    }

    /// Answers a pull, waiting for something new as long as it asks for, at most `wait_max`.
    pub async fn pull(&self, env: &dyn Env, request: &proto::PullRequest, wait_max: Duration) -> Result<Body, String> {
        let after = Seq(request.after_seq);
        let after_hash = hash_in("a pull", "after_hash", &request.after_hash).map_err(|error| error.to_string())?;
        let state = self.cell.state();
        if Incarnation(request.incarnation) != state.incarnation || (after == state.seq && after_hash != state.hash) {
            return Ok(self.diverged(&state));
        }
        if after >= state.seq {
            let wait = Duration::from_millis(u64::from(request.wait_ms)).min(wait_max);
            let _ = timeout(env, wait, self.cell.reached(after.next())).await;
        }
        self.records_after(after, after_hash, request.bytes_max)
    }

    fn diverged(&self, state: &LogState) -> Body {
        Body::Diverged(proto::Diverged { seq: state.seq.0, hash: state.hash.0.to_vec().into(), voter: self.voter })
    }

    fn records_after(&self, after: Seq, after_hash: Hash, bytes_max: u32) -> Result<Body, String> {
        let state = self.cell.state();
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(PULL_BYTES_MAX);
        let mut records = match self.records.after(after, bytes_max) {
            Ok(records) => records,
            Err(ReadError::Purged { first, .. }) => {
                return Ok(Body::Purged(proto::Purged { first_seq: first.0 }));
            }
            Err(ReadError::Store(error)) => return Err(error.to_string()),
        };
        // Records reach the journal just before readers see their state: ship what readers see.
        records.retain(|(seq, _)| *seq <= state.seq);
        let Some((last, _)) = records.last() else {
            let last_hash = after_hash.0.to_vec().into();
            return Ok(Body::Records(proto::PulledRecords { records: Vec::new(), last_hash }));
        };
        if self.hash_before(records.first().map(|(_, bytes)| bytes)) != Some(after_hash) {
            return Ok(self.diverged(&state));
        }
        let last_hash = if *last == state.seq {
            Some(state.hash)
        } else {
            let next = self.records.after(*last, 1).map_err(|error| error.to_string())?;
            self.hash_before(next.first().map(|(_, bytes)| bytes))
        };
        let last_hash = last_hash.ok_or("read a stored record: it has no readable predecessor")?;
        let records = records.into_iter().map(|(_, bytes)| bytes).collect();
        Ok(Body::Records(proto::PulledRecords { records, last_hash: last_hash.0.to_vec().into() }))
    }

    /// The chain hash in front of a stored record.
    fn hash_before(&self, record: Option<&bytes::Bytes>) -> Option<Hash> {
        wire::Record::decode(record?.clone()).ok().map(|record| record.prev_hash)
    }

    /// The newest state, sealed.
    pub fn snapshot(&self) -> bytes::Bytes {
        snapshot::pack(&self.cell.state(), None)
    }
}

/// Snapshots that are on their way to others, packed, so that all pieces are of one: at most one per log, for as long as it is asked for.
#[derive(Default)]
pub struct SnapshotsOut {
    packed: Mutex<BTreeMap<Log, Packed>>,
}

struct Packed {
    seq: Seq,
    hash: Hash,
    sealed: bytes::Bytes,
    asked: Instant,
}

impl SnapshotsOut {
    /// Answers with a piece of the snapshot that the request names, or of the newest.
    pub fn serve(
        &self,
        copy: &LogCopy,
        env: &dyn Env,
        request: &proto::SnapshotPullRequest,
        bytes_max: usize,
    ) -> Result<proto::SnapshotPullReply, String> {
        self.expire(env);
        let state = copy.cell.state();
        let mut all = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if request.checksum.is_empty() {
            // What one puller is taking serves the next as well, as long as records lead on from it: a newer one for each of two
            // pullers would take the other's away, and neither would come to an end.
            all.retain(|log, packed| *log != state.log || copy.records.after(packed.seq, 1).is_ok());
            let asked = env.now();
            all.entry(state.log.clone()).or_insert_with(|| {
                let sealed = snapshot::pack(&state, None);
                Packed { seq: state.seq, hash: state.hash, sealed, asked }
            });
        }
        let packed = all.get_mut(&state.log).filter(|packed| {
            request.checksum.is_empty() || wire::seal::checksum(&packed.sealed).as_ref() == Some(&request.checksum)
        });
        let Some(packed) = packed else {
            let body = Some(snapshot_pull_reply::Body::Gone(proto::SnapshotGone {}));
            return Ok(proto::SnapshotPullReply { body });
        };
        packed.asked = env.now();
        let (offset, size) = (request.offset, packed.sealed.len());
        let chunk = cut(&packed.sealed, offset, bytes_max);
        let chunk =
            chunk.ok_or_else(|| format!("read the offset {offset} of a snapshot of {size} bytes: wanted less"))?;
        let hash = packed.hash.0.to_vec().into();
        let pulled = proto::PulledSnapshot { seq: packed.seq.0, hash, chunk: Some(chunk) };
        Ok(proto::SnapshotPullReply { body: Some(snapshot_pull_reply::Body::Chunk(pulled)) })
    }

    /// Lets go of what nobody asks for any more.
    pub fn expire(&self, env: &dyn Env) {
        let now = env.now();
        let mut all = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, packed| now.since(packed.asked) < SNAPSHOT_KEPT);
    }
}

/// Names the log of a request, or says why there is none.
pub fn log_of(text: &str) -> Result<Log, String> {
    text.parse().map_err(|error: ids::NameError| error.to_string())
}
