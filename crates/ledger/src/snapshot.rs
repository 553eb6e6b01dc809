//! Snapshots: the whole state of one log as sealed bytes.
//!
//! A snapshot is checked completely before anything is replaced by it: checksum, level, log, incarnation, and the state digest
//! computed again from its rows. A half-read or foreign one is a typed error and changes nothing.

use std::sync::Arc;

use bytes::Bytes;
use ids::{Incarnation, Log, RequestId, Revision, Seq, Subject};
use imbl::OrdMap;
use wire::{
    CommandDigest, Error, LEVEL, LEVEL_OF_EFFECTS, LEVEL_OF_REJECTIONS, Rejected, StateDigest, decode, encode, proto,
    record::{hash_in, log_in, request_id_in, subject_in},
    seal::{HEADER_BYTES, Sealing, seal, unseal},
};

use crate::{
    requests::Requests,
    state::{LogState, Outcome, Row},
};

const WHAT: &str = "a snapshot";

/// Rows, or remembered requests, that are packed in one step: about a megabyte, some milliseconds.
const STEP: usize = 1000;
/// What a row and a remembered request take beside their own bytes, about.
const ROW_BYTES: usize = 20;
const REQUEST_BYTES: usize = 160;

/// Seals `state`; `raft` says where the group's own log stood, and is `None` for a replica.
pub fn pack(state: &LogState, raft: Option<proto::RaftMark>) -> Bytes {
    let mut packing = Packing::begin(state);
    while packing.step() {}
    packing.end(raft)
}

/// As [`pack`], letting others go on between its steps: of a large state it takes seconds.
pub async fn pack_in_turns(state: &LogState, raft: Option<proto::RaftMark>) -> Bytes {
    let mut packing = Packing::begin(state);
    while packing.step() {
        tokio::task::yield_now().await;
    }
    packing.end(raft)
}

/// A snapshot in the making. Its parts are encoded one after the other into the memory of the whole, so that nothing is there twice.
struct Packing<'a> {
    sealing: Sealing,
    rows: imbl::ordmap::Iter<'a, Subject, Arc<Row>, imbl::shared_ptr::DefaultSharedPtr>,
    requests: Box<dyn Iterator<Item = (&'a RequestId, &'a Outcome)> + Send + 'a>,
}

impl<'a> Packing<'a> {
    fn begin(state: &'a LogState) -> Self {
        let rows = state.rows.iter().map(|(subject, row)| subject.as_str().len() + row.value.len() + ROW_BYTES);
        let room = rows.sum::<usize>() + state.requests.iter().count() * REQUEST_BYTES;
        let holds_rejections = state.requests.iter().any(|(_, outcome)| outcome.rejected.is_some());
        let mut sealing = Sealing::with_room(room);
        sealing.put(&proto::Snapshot {
            level: if holds_rejections { LEVEL_OF_REJECTIONS } else { LEVEL_OF_EFFECTS },
            log: state.log.to_string(),
            incarnation: state.incarnation.0,
            seq: state.seq.0,
            head_hlc: state.hlc.0,
            head_hash: Bytes::copy_from_slice(&state.hash.0),
            state_digest: Bytes::copy_from_slice(&state.digest().0),
            ..proto::Snapshot::default()
        });
        Self { sealing, rows: state.rows.iter(), requests: Box::new(state.requests.iter()) }
    }

    /// `false`: all of it is packed.
    fn step(&mut self) -> bool {
        let row = |(subject, row): (&Subject, &Arc<Row>)| proto::SnapshotRow {
            subject: subject.to_string(),
            revision: row.revision.0,
            value: row.value.clone(),
        };
        let request = |(request, outcome): (&RequestId, &Outcome)| proto::SnapshotRequest {
            request_id: Bytes::copy_from_slice(&request.0),
            seq: outcome.seq.0,
            response: outcome.response.to_string(),
            command_digest: CommandDigest::out(outcome.command),
            rejected: outcome.rejected.as_ref().map(|rejected| rejected.out()),
        };
        let rows: Vec<_> = self.rows.by_ref().take(STEP).map(row).collect();
        // In the order of the fields, so that the parts are what the whole would be.
        let requests =
            if rows.is_empty() { self.requests.by_ref().take(STEP).map(request).collect() } else { Vec::new() };
        let more = !rows.is_empty() || !requests.is_empty();
        self.sealing.put(&proto::Snapshot { rows, requests, ..proto::Snapshot::default() });
        more
    }

    fn end(mut self, raft: Option<proto::RaftMark>) -> Bytes {
        self.sealing.put(&proto::Snapshot { raft, ..proto::Snapshot::default() });
        self.sealing.seal()
    }
}

/// Where the group's log stood, of a snapshot that is whole: without putting the state together.
pub fn mark(sealed: &Bytes) -> Result<Option<proto::RaftMark>, Error> {
    let message: proto::SnapshotMark = decode(WHAT, unseal(WHAT, sealed)?)?;
    Ok(message.raft)
}

/// Opens a snapshot of `log`.
pub fn unpack(log: &Log, sealed: &Bytes) -> Result<(LogState, Option<proto::RaftMark>), Error> {
    let message: proto::Snapshot = decode(WHAT, unseal(WHAT, sealed)?)?;
    if message.level > LEVEL {
        return Err(Error::FromTheFuture { what: WHAT, level: message.level, supported: LEVEL });
    }
    let given = log_in(WHAT, &message.log)?;
    if given != *log {
        return Err(Error::OtherLog { what: WHAT, given: given.to_string(), wanted: log.to_string() });
    }
    let listed = message.rows.len();
    let (rows, digest) = rows_in(message.rows)?;
    if rows.len() != listed {
        return Err(Error::Field {
            what: WHAT,
            field: "rows.subject",
            value: format!("{listed} rows of {} subjects", rows.len()),
            wanted: "each subject once",
        });
    }
    let said = hash_in(WHAT, "state_digest", &message.state_digest)?;
    if digest.hash() != said {
        return Err(Error::Digest { computed: digest.hash(), said });
    }
    let mut requests = Requests::default();
    for request in message.requests {
        let id = request_id_in(WHAT, &request.request_id)?;
        let response = subject_in(WHAT, "response", &request.response)?;
        let command = CommandDigest::read(WHAT, &request.command_digest)?;
        let rejected = request.rejected.map(Rejected::read_kept).transpose()?.map(Arc::new);
        requests.remember(id, Outcome { seq: Seq(request.seq), response, command, rejected });
    }
    let state = LogState {
        log: given,
        incarnation: Incarnation(message.incarnation),
        seq: Seq(message.seq),
        hlc: ids::Hlc(message.head_hlc),
        hash: hash_in(WHAT, "head_hash", &message.head_hash)?,
        rows,
        requests,
        digest,
    };
    Ok((state, message.raft))
}

/// Opens a snapshot that must be of the incarnation that this member follows.
pub fn unpack_same_life(
    log: &Log,
    incarnation: Incarnation,
    sealed: &Bytes,
) -> Result<(LogState, Option<proto::RaftMark>), Error> {
    let (state, raft) = unpack(log, sealed)?;
    if state.incarnation != incarnation {
        return Err(Error::OtherIncarnation { what: WHAT, given: state.incarnation, wanted: incarnation });
    }
    Ok((state, raft))
}

/// Seals anew what damaged bytes say, so that nothing behind finds the damage: for the known bug that checks nothing.
pub(crate) fn sealed_anew(sealed: &Bytes) -> Result<Bytes, Error> {
    let content = sealed.get(HEADER_BYTES..).map(|content| sealed.slice_ref(content)).unwrap_or_default();
    let mut message: proto::Snapshot = decode(WHAT, content)?;
    let (_, digest) = rows_in(message.rows.clone())?;
    message.state_digest = Bytes::copy_from_slice(&digest.hash().0);
    Ok(seal(&encode(&message)))
}

fn rows_in(rows: Vec<proto::SnapshotRow>) -> Result<(OrdMap<Subject, Arc<Row>>, StateDigest), Error> {
    let mut digest = StateDigest::default();
    let mut map = OrdMap::new();
    for row in rows {
        let subject = subject_in(WHAT, "subject", &row.subject)?;
        // Its own bytes: a row that stays must not keep the whole snapshot.
        let row = Row::new(Revision(row.revision), Bytes::copy_from_slice(&row.value));
        digest.add(row.digest(&subject));
        map.insert(subject, Arc::new(row));
    }
    Ok((map, digest))
}

#[cfg(test)]
mod tests;
