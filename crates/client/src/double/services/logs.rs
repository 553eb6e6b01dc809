//! Records, and the stream of mutations.

use std::{pin::Pin, time::Duration};

use api::v1::{self, log_server::Log, mutations_server::Mutations, watch_records_response::Item};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Code, Request, Response, Status, Streaming};

use super::{
    super::{
        State,
        state::{Done, refusal},
    },
    Service,
};

type Answer<T> = Result<Response<T>, Status>;

/// Answers to come.
type Outgoing<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Log for Service {
    async fn get_log_head(&self, request: Request<v1::GetLogHeadRequest>) -> Answer<v1::LogHead> {
        let r = request.into_inner();
        self.read(r.read, |state| Ok(state.log_head(&r.log))).await
    }

    async fn list_records(&self, request: Request<v1::ListRecordsRequest>) -> Answer<v1::ListRecordsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let size = usize::try_from(r.page_size).ok().filter(|size| *size > 0).unwrap_or(1000);
            let records = after(state, &r.log, r.after_seq, r.with_proposals)?.into_iter().take(size).collect();
            Ok(v1::ListRecordsResponse { records, head: Some(state.log_head(&r.log)) })
        })
        .await
    }

    type WatchRecordsStream = Outgoing<v1::WatchRecordsResponse>;

    async fn watch_records(&self, request: Request<v1::WatchRecordsRequest>) -> Answer<Self::WatchRecordsStream> {
        let r = request.into_inner();
        self.enter(false).await?;
        let mut last = if r.from_now { self.ring.state().head(&r.log) } else { r.after_seq };
        // Refused at once when it cannot begin.
        after(&self.ring.state(), &r.log, last, false)?;
        let (sender, outgoing) = mpsc::channel(16);
        let service = self.clone();
        let cut = self.ring.state().cut_watch_after;
        detach(async move {
            let (mut sent, mut mark) = (0, r.from_now);
            loop {
                let changed = service.ring.inner.changed.notified();
                let records = after(&service.ring.state(), &r.log, last, r.with_proposals).unwrap_or_default();
                let idle = records.is_empty();
                for record in records {
                    last = record.seq;
                    if sender.send(Ok(item(Item::Record(record)))).await.is_err() {
                        return;
                    }
                    sent += 1;
                    if cut.is_some_and(|cut| sent >= cut) {
                        let message = "cut on purpose".to_owned();
                        drop(sender.send(Err(refusal(Code::Unavailable, "OUT_OF_SERVICE", message, &[]))).await);
                        return;
                    }
                }
                if mark && sender.send(Ok(item(Item::Progress(v1::Progress { seq: last })))).await.is_err() {
                    return;
                }
                mark = idle && tokio::time::timeout(Duration::from_millis(200), changed).await.is_err();
            }
        });
        Ok(self.answer(Box::pin(ReceiverStream::new(outgoing))))
    }
}

fn item(item: Item) -> v1::WatchRecordsResponse {
    v1::WatchRecordsResponse { item: Some(item) }
}

fn after(state: &State, log: &str, seq: u64, with_proposals: bool) -> Result<Vec<v1::Record>, Status> {
    if seq + 1 < state.first_seq {
        let first = state.first_seq.to_string();
        let message = format!("read {log} after {seq}: kept from {first} on");
        return Err(refusal(Code::OutOfRange, "REVISION_COMPACTED", message, &[("first_seq", &first)]));
    }
    let records = state.logs.get(log).map_or(&[][..], Vec::as_slice).iter().filter(|record| record.seq > seq).cloned();
    let strip = |record| if with_proposals { record } else { v1::Record { proposal: Vec::new().into(), ..record } };
    Ok(records.map(strip).collect())
}

#[tonic::async_trait]
impl Mutations for Service {
    type MutateStream = Outgoing<v1::MutateResponse>;

    async fn mutate(&self, request: Request<Streaming<v1::MutateRequest>>) -> Answer<Self::MutateStream> {
        self.enter(true).await?;
        let mut incoming = request.into_inner();
        let (sender, outgoing) = mpsc::channel(16);
        let service = self.clone();
        detach(async move {
            let mut index = 0;
            while let Ok(Some(message)) = incoming.message().await {
                for mutation in message.mutations {
                    let outcome = service.outcome(index, mutation).await;
                    index += 1;
                    if sender.send(Ok(v1::MutateResponse { outcomes: vec![outcome] })).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(self.answer(Box::pin(ReceiverStream::new(outgoing))))
    }
}

impl Service {
    async fn outcome(&self, index: u64, mutation: v1::Mutation) -> v1::Outcome {
        use v1::outcome::Result as Outcome;
        let result = match mutation.kind {
            None => Err(Status::invalid_argument("a mutation without a kind")),
            Some(kind) => match self.enter(true).await {
                Ok(()) => self.do_once(kind, mutation.retried).await,
                Err(status) => Err(status),
            },
        };
        let result = match result {
            Ok(done) => {
                let (name, etag) = named(done);
                let seq = etag.parse().unwrap_or(0);
                Outcome::Done(v1::Done {
                    name,
                    etag,
                    position: Some(v1::Position { log: "global".to_owned(), incarnation: 1, seq }),
                })
            }
            Err(status) => {
                use tonic_types::StatusExt;
                let (reason, metadata) =
                    status.get_details_error_info().map(|info| (info.reason, info.metadata)).unwrap_or_default();
                Outcome::Error(v1::Error {
                    code: status.code().into(),
                    reason,
                    message: status.message().to_owned(),
                    metadata: metadata.into_iter().collect(),
                    ..v1::Error::default()
                })
            }
        };
        v1::Outcome { index, result: Some(result) }
    }
}

pub(super) fn named(done: Done) -> (String, String) {
    match done {
        Done::Organization(one) => (one.name, one.etag),
        Done::Folder(one) => (one.name, one.etag),
        Done::Project(one) => (one.name, one.etag),
        Done::Cluster(one) => (one.name, one.etag),
        Done::CloudAccount(one) => (one.name, one.etag),
        Done::Edition(one) => (one.name, one.etag),
        Done::Operation(one) => (one.target, String::new()),
        Done::AccessPolicy(one) => (one.name, one.etag),
        Done::Group(one) => (one.name, one.etag),
        Done::Role(one) => (one.name, one.etag),
        Done::IdentityProvider(one) => (one.name, one.etag),
        Done::ServiceAccount(one) => (one.name, one.etag),
    }
}

/// The tasks of a server live on its runtime, and die with it.
#[expect(clippy::disallowed_methods, reason = "a test double on its own runtime")]
fn detach(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}
