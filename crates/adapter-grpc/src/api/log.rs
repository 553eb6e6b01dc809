//! `atoll.v1.Log`: heads, records and watches of every log, from the copies here.

use std::pin::Pin;

use api::v1::{
    GetLogHeadRequest, ListRecordsRequest, ListRecordsResponse, LogHead, WatchRecordsRequest, WatchRecordsResponse,
    log_server,
};
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};
use ids::{Log, Seq, limits::PAGE_SIZE_MAX};
use ledger::{LogState, records::ReadError, shipping::LogCopy};
use tonic::{Request, Response, Status};
use wire::{Proposal, Record};

use super::{
    call::{Answer, Call, WITHIN},
    fact,
    front::Front,
    input::{name, page_size},
    read::wanted,
    resource::ANSWER_BYTES_MAX,
    status::Refusal,
    watching,
};

/// Bytes that are read at once: other calls get their turn in between.
const READ_BYTES: usize = 256 * 1024;

#[tonic::async_trait]
impl log_server::Log for Front {
    async fn get_log_head(&self, request: Request<GetLogHeadRequest>) -> Result<Response<LogHead>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let log = name("log", &request.log)?;
            let view = call.read(&log, &wanted(request.read)?).await?;
            let copy = call.copy(&log)?;
            Ok(Answer::new(head(&view.state, &copy), view.token(), view.age))
        })
        .await
    }

    async fn list_records(
        &self,
        request: Request<ListRecordsRequest>,
    ) -> Result<Response<ListRecordsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let log = name("log", &request.log)?;
            let size = page_size(request.page_size)?;
            let size = if size == 0 { PAGE_SIZE_MAX } else { size.min(PAGE_SIZE_MAX) };
            let view = call.read(&log, &wanted(request.read)?).await?;
            let copy = call.copy(&log)?;
            let head = head(&view.state, &copy);
            let records = list(&copy, Seq(request.after_seq), Seq(head.seq), size, request.with_proposals).await?;
            Ok(Answer::new(ListRecordsResponse { records, head: Some(head) }, view.token(), view.age))
        })
        .await
    }

    type WatchRecordsStream = Pin<Box<dyn Stream<Item = Result<WatchRecordsResponse, Status>> + Send>>;

    async fn watch_records(
        &self,
        request: Request<WatchRecordsRequest>,
    ) -> Result<Response<Self::WatchRecordsStream>, Status> {
        let (metadata, _, request) = request.into_parts();
        let watch = async {
            // A watch has no deadline of its own, but one that is no time at all is refused like any other.
            let call = Call::begin(self, &metadata, WITHIN)?;
            call.admit_question(&request).await?;
            let log = name("log", &request.log)?;
            let copy = call.copy(&log)?;
            let from = watching::From { log, after: Seq(request.after_seq), now: request.from_now };
            watching::start(&call.opened, &copy, from, request.with_proposals, self.limits.watch_patience)
        };
        let items = watch.await.map_err(|refusal| self.signature.status(refusal))?;
        let signature = self.signature.clone();
        let items = items.map(move |item| item.map_err(|refusal| signature.status(refusal)));
        let items: Self::WatchRecordsStream = Box::pin(items);
        let mut response = Response::new(items);
        self.signature.sign(response.metadata_mut());
        Ok(response)
    }
}

impl Call {
    /// The copy of a log here, while it serves.
    pub fn copy(&self, log: &Log) -> Result<LogCopy, Refusal> {
        self.known(log)?;
        let copy = self.opened.region.ledger().copy(log);
        copy.ok_or_else(|| Refusal::new("NO_COPY", format!("read {log}: no copy of it is in service here")))
    }
}

fn head(state: &LogState, copy: &LogCopy) -> LogHead {
    LogHead {
        log: state.log.to_string(),
        incarnation: state.incarnation.0,
        seq: state.seq.0,
        hash: Bytes::copy_from_slice(&state.hash.0),
        state_digest: Bytes::copy_from_slice(&state.digest().0),
        first_seq: copy.records.first().0,
    }
}

/// Records after `after` up to `through`, as far as one answer goes.
async fn list(
    copy: &LogCopy,
    after: Seq,
    through: Seq,
    size: usize,
    with_proposals: bool,
) -> Result<Vec<api::v1::Record>, Refusal> {
    let (mut records, mut at, mut bytes) = (Vec::new(), after, 0);
    while at < through && records.len() < size && bytes < ANSWER_BYTES_MAX {
        let read = copy.records.after(at, READ_BYTES).map_err(|error| unreadable(&error))?;
        if read.is_empty() {
            break;
        }
        for (seq, encoded) in read {
            // As facts, and again as the exact bytes where those are asked for.
            bytes += encoded.len() * if with_proposals { 2 } else { 1 };
            if seq > through || records.len() == size || (bytes > ANSWER_BYTES_MAX && !records.is_empty()) {
                return Ok(records);
            }
            at = seq;
            records.push(shown(encoded, with_proposals).map_err(|error| {
                Refusal::new("UNREADABLE_RECORD", format!("read the record {seq}: {error}")).with("seq", seq)
            })?);
        }
        tokio::task::yield_now().await;
    }
    Ok(records)
}

fn shown(encoded: Bytes, with_proposals: bool) -> Result<api::v1::Record, wire::Error> {
    let record = Record::decode(encoded)?;
    let proposal = Proposal::decode(&record.proposal)?;
    Ok(fact::record(&record, record.hash(), &proposal, with_proposals))
}

/// Why records could not be read.
pub fn unreadable(error: &ReadError) -> Refusal {
    match error {
        ReadError::Purged { first, .. } => {
            Refusal::new("REVISION_COMPACTED", error.to_string()).with("first_seq", first)
        }
        ReadError::Store(_) => Refusal::new("UNREADABLE_RECORD", error.to_string()),
    }
}
