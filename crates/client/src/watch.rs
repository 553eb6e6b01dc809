//! Watches: every record after a place, in order, once, over reconnects and regions.
//!
//! The watch checks itself that sequences continue: a record that was delivered before is dropped, and a gap is not believed but asked
//! for again elsewhere. Servers send a progress mark each second; a stream that says nothing for 5 s is left.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use api::{
    metadata,
    v1::{self, watch_records_response::Item},
};
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Status, Streaming};

use crate::{
    Client, Error, Route, TraceContext,
    endpoint::{Connections, MESSAGE_BYTES_MAX, never_sent},
    error::reason,
    retry::{Next, next, pause},
    steer::Met,
};

/// A stream that says nothing for so long is left. Progress marks come each second.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Opening a stream takes one round trip, and a connection before it.
const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// Records after this one; 0 for the first.
    After(u64),
    /// From the newest record on.
    Now,
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every item is a record, so a box would only cost")]
pub enum WatchItem {
    Record(v1::Record),
    /// Everything up to here was delivered.
    Progress {
        seq: u64,
    },
    /// The stream broke and is being taken up again where it was; nothing is lost.
    Interrupted {
        error: Error,
    },
    /// The next record is no longer kept, or the log began a new life: list again and watch from there. The watch ends here.
    Relist {
        first_seq: Option<u64>,
        error: Error,
    },
}

/// An endless stream of one log's records.
pub struct Watch {
    client: Client,
    log: String,
    route: Route,
    trace: TraceContext,
    with_proposals: bool,
    from: WatchFrom,
    incarnation: Option<u64>,
    open: Option<(Streaming<v1::WatchRecordsResponse>, Arc<Connections>)>,
    met: Met,
    failures: u32,
    waiting: VecDeque<WatchItem>,
    over: bool,
}

impl Watch {
    pub(crate) fn new(client: Client, log: &str, from: WatchFrom, route: Route) -> Self {
        Self {
            trace: client.trace(),
            client,
            log: log.to_owned(),
            route,
            with_proposals: false,
            from,
            incarnation: None,
            open: None,
            met: Met::default(),
            failures: 0,
            waiting: VecDeque::new(),
            over: false,
        }
    }

    /// Also asks for the exact bytes that were agreed on, which a verifier hashes.
    #[must_use]
    pub fn with_proposals(self) -> Self {
        Self { with_proposals: true, ..self }
    }

    /// The last sequence delivered: where another watch may go on. `None` before the first answer to [`WatchFrom::Now`].
    pub fn position(&self) -> Option<u64> {
        match self.from {
            WatchFrom::After(seq) => Some(seq),
            WatchFrom::Now => None,
        }
    }

    /// Region that serves the watch at the moment.
    pub fn region(&self) -> Option<&str> {
        self.open.as_ref().map(|(_, member)| member.endpoint.region.as_str())
    }

    /// The next item; waits for ever, through any trouble that may pass. `None` after [`WatchItem::Relist`] or an error: it is over.
    /// An error is a refusal that no other region would take back.
    ///
    /// Cancel-safe: a dropped wait loses nothing.
    pub async fn next(&mut self) -> Option<Result<WatchItem, Error>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Some(Ok(item));
            }
            if self.over {
                return None;
            }
            let outcome = match self.open.as_mut() {
                None => self.connect().await,
                Some((stream, _)) => match timeout(SILENCE_MAX, stream.message()).await {
                    Ok(Ok(Some(message))) => self.take(message),
                    Ok(Ok(None)) => Err(Error::made(Code::Unavailable, "", "watched: the server ended the stream")),
                    Ok(Err(status)) => self.broke(&status),
                    Err(_) => {
                        self.failed();
                        Err(Error::made(Code::Unavailable, "", format!("watched: nothing came for {SILENCE_MAX:?}")))
                    }
                },
            };
            if let Err(error) = outcome {
                if self.over {
                    return Some(Err(error));
                }
                self.interrupted(error);
            }
        }
    }

    /// Opens a stream at the next endpoint. An error is an interruption, unless the watch is over.
    async fn connect(&mut self) -> Result<(), Error> {
        if self.failures > 0 {
            let again = self.client.shared.steer.pick(&self.route, &self.met, 1).is_none();
            if again {
                self.met = Met::default();
                sleep(pause(self.failures, None)).await;
            }
        }
        let Some(member) = self.client.shared.steer.pick(&self.route, &self.met, 1) else {
            self.over = true;
            return Err(Error::made(Code::Unavailable, reason::NOT_REACHABLE, "watched: no endpoint is known"));
        };
        let (after_seq, from_now) = match self.from {
            WatchFrom::After(seq) => (seq, false),
            WatchFrom::Now => (0, true),
        };
        let (log, with_proposals) = (self.log.clone(), self.with_proposals);
        let mut request = Request::new(v1::WatchRecordsRequest { log, after_seq, from_now, with_proposals });
        self.client.shared.config.credential.sign(request.metadata_mut());
        if let Some(trace) = self.trace.metadata() {
            request.metadata_mut().insert(metadata::TRACEPARENT, trace);
        }
        let mut client = v1::log_client::LogClient::new(member.stream()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let opened = timeout(OPEN_WITHIN, client.watch_records(request)).await;
        // Only now, so that a wait that is dropped has not used the endpoint up.
        *self.met.tries.entry(member.endpoint.address.clone()).or_default() += 1;
        match opened {
            Ok(Ok(response)) => {
                self.open = Some((response.into_inner(), member));
                Ok(())
            }
            Ok(Err(status)) => self.refused(&status, &member),
            Err(_) => {
                member.health.failed();
                let message = format!("watched at {}: no answer within {OPEN_WITHIN:?}", member.endpoint.address);
                Err(Error::made(Code::Unavailable, "", message))
            }
        }
    }

    fn take(&mut self, message: v1::WatchRecordsResponse) -> Result<(), Error> {
        if let Some((_, member)) = &self.open {
            self.client.heard(member);
        }
        match (message.item, self.from) {
            (None, _) => Err(self.malformed("a message without an item".to_owned())),
            (Some(Item::Record(record)), from) => self.record(record, from),
            (Some(Item::Progress(progress)), WatchFrom::Now) => {
                self.from = WatchFrom::After(progress.seq);
                self.delivered(WatchItem::Progress { seq: progress.seq });
                Ok(())
            }
            (Some(Item::Progress(progress)), WatchFrom::After(last)) if progress.seq > last => {
                Err(self.malformed(format!("progress up to {} after the record {last}", progress.seq)))
            }
            // A copy that is behind what was seen elsewhere says so; it is no news.
            (Some(Item::Progress(_)), WatchFrom::After(last)) => {
                self.delivered(WatchItem::Progress { seq: last });
                Ok(())
            }
        }
    }

    fn record(&mut self, record: v1::Record, from: WatchFrom) -> Result<(), Error> {
        let wanted = match from {
            WatchFrom::Now => record.seq,
            WatchFrom::After(last) => last.saturating_add(1),
        };
        let life = *self.incarnation.get_or_insert(record.incarnation);
        if record.incarnation != life {
            let message = format!("watched {} in incarnation {life}: it is in {}", self.log, record.incarnation);
            let error = Error::made(Code::OutOfRange, reason::REVISION_COMPACTED, message);
            self.over = true;
            self.delivered(WatchItem::Relist { first_seq: None, error });
            return Ok(());
        }
        if record.seq > wanted {
            return Err(self.malformed(format!("the record {} where {wanted} was due", record.seq)));
        }
        if record.seq == wanted {
            self.from = WatchFrom::After(record.seq);
            self.delivered(WatchItem::Record(record));
        }
        Ok(())
    }

    fn delivered(&mut self, item: WatchItem) {
        (self.failures, self.met) = (0, Met::default());
        self.waiting.push_back(item);
    }

    /// The server broke the contract; it is left for another.
    fn malformed(&mut self, what: String) -> Error {
        self.failed();
        Error::made(Code::DataLoss, reason::MALFORMED_ANSWER, format!("watched {}: got {what}", self.log))
    }

    fn failed(&mut self) {
        if let Some((_, member)) = &self.open {
            member.health.failed();
            *self.met.tries.entry(member.endpoint.address.clone()).or_default() += 1;
            self.met.silent.insert(member.endpoint.region.clone());
        }
    }

    fn broke(&mut self, status: &Status) -> Result<(), Error> {
        let Some((_, member)) = self.open.take() else { return Ok(()) };
        *self.met.tries.entry(member.endpoint.address.clone()).or_default() += 1;
        self.refused(status, &member)
    }

    fn refused(&mut self, status: &Status, member: &Connections) -> Result<(), Error> {
        let mut error = Error::of(status);
        error.change().region = Some(member.endpoint.region.clone());
        if error.is(reason::REVISION_COMPACTED) {
            let first_seq = error.metadata.get("first_seq").and_then(|seq| seq.parse().ok());
            self.over = true;
            self.waiting.push_back(WatchItem::Relist { first_seq, error });
            return Ok(());
        }
        match next(&error, never_sent(status)) {
            Next::Elsewhere { down: true, .. } => member.health.failed(),
            Next::Elsewhere { .. } | Next::OtherRegion | Next::Later => {}
            // Cut off for reading too slowly: a reason to go on, not to end.
            Next::Final if ["WATCH_TOO_SLOW", "OUT_OF_SERVICE"].contains(&error.reason.as_str()) => {}
            Next::Final => self.over = true,
        }
        Err(error)
    }

    fn interrupted(&mut self, error: Error) {
        self.open = None;
        self.failures = self.failures.saturating_add(1);
        // Once for each interruption, not for each try to end it.
        if self.failures == 1 {
            self.waiting.push_back(WatchItem::Interrupted { error });
        }
    }
}
