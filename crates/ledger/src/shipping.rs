//! Shipping, serving side: records after a place that both sides agree on.

use std::{sync::Arc, time::Duration};

use ids::{Hash, Incarnation, Log, Seq};
use ports::{Env, timeout};
use wire::{
    proto::{self, pull_reply::Body},
    record::hash_in,
};

use crate::{
    cell::StateCell,
    heads::Head,
    records::{ReadError, RecordLog},
    snapshot,
    state::LogState,
};

/// Bytes of one pull reply, whatever the puller asks for.
pub const PULL_BYTES_MAX: usize = 512 * 1024;
/// How long a source holds a request while it has nothing newer, at most.
pub const WAIT_MAX: Duration = Duration::from_secs(1);

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

    /// Answers a pull, waiting a little for something new.
    pub async fn pull(&self, env: &dyn Env, request: &proto::PullRequest) -> Result<Body, String> {
        let after = Seq(request.after_seq);
        let after_hash = hash_in("a pull", "after_hash", &request.after_hash).map_err(|error| error.to_string())?;
        let state = self.cell.state();
        if Incarnation(request.incarnation) != state.incarnation || (after == state.seq && after_hash != state.hash) {
            return Ok(self.diverged(&state));
        }
        if after >= state.seq {
            let wait = Duration::from_millis(u64::from(request.wait_ms)).min(WAIT_MAX);
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

/// Names the log of a request, or says why there is none.
pub fn log_of(text: &str) -> Result<Log, String> {
    text.parse().map_err(|error: ids::NameError| error.to_string())
}
