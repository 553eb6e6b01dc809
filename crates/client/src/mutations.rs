//! Many writes over one stream, with a bound on those that are under way.
//!
//! Every mutation that was taken by [`MutationsSender::send`] gets exactly one [`MutationOutcome`], in any order. A stream that breaks,
//! or whose member shows no sign of life, is opened again elsewhere and what was not answered is sent again with the same request ids.
//! A refusal of a single mutation is handed over as it came; whether to send that again is the caller's to decide. One that was sent again
//! says so, so that its refusal is recorded and settles the try before it too.
//!
//! The receiver drives the stream: nothing is sent while nobody waits in [`MutationsReceiver::next`].

mod queue;

use std::{sync::Arc, time::Duration};

use api::{metadata, v1};
use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep, timeout},
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Request, Status, Streaming};

use self::queue::{Answered, Queue};
pub(crate) use self::queue::{give_request_id, request_id};
use crate::{
    Client, Error, RequestId, Route, TraceContext,
    endpoint::{Connections, MESSAGE_BYTES_MAX, never_sent},
    error::reason,
    retry::{Next, next, pause},
    steer::Met,
};

/// What the server takes of one stream.
const IN_FLIGHT_MAX: u32 = 1024;

const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// A stream with mutations under way that says nothing for so long is left, even when its member lives.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Both ends of a mutation stream. Use them from one task, or [`Mutations::split`] them over two.
pub struct Mutations {
    pub sender: MutationsSender,
    pub receiver: MutationsReceiver,
}

/// Takes mutations, as many as may be under way at once.
pub struct MutationsSender {
    shared: Arc<Shared>,
    in_flight_max: u32,
}

/// Drives the stream and hands outcomes over.
pub struct MutationsReceiver {
    client: Client,
    route: Route,
    trace: TraceContext,
    shared: Arc<Shared>,
    open: Option<Open>,
    met: Met,
    failures: u32,
    /// When the stream was lost that has not been opened again.
    lost: Option<Instant>,
    ready: std::collections::VecDeque<MutationOutcome>,
}

/// What became of one mutation.
#[derive(Clone, Debug, PartialEq)]
pub struct MutationOutcome {
    /// As [`MutationsSender::send`] gave it.
    pub index: u64,
    pub request_id: Option<RequestId>,
    pub result: Result<v1::Done, Error>,
}

struct Open {
    stream: Streaming<v1::MutateResponse>,
    member: Arc<Connections>,
    heard: Instant,
}

struct Shared {
    queue: Queue,
    room: Semaphore,
    sent: Notify,
}

impl Client {
    /// A stream of mutations with at most `in_flight_max` (1 to 1024) under way.
    pub fn mutations(&self, in_flight_max: u32, route: Route) -> Mutations {
        let in_flight_max = in_flight_max.clamp(1, IN_FLIGHT_MAX);
        let room = Semaphore::new(usize::try_from(in_flight_max).unwrap_or(usize::MAX));
        let shared = Arc::new(Shared { queue: Queue::default(), room, sent: Notify::new() });
        Mutations {
            sender: MutationsSender { shared: Arc::clone(&shared), in_flight_max },
            receiver: MutationsReceiver {
                client: self.clone(),
                route,
                trace: self.trace(),
                shared,
                open: None,
                met: Met::default(),
                failures: 0,
                lost: None,
                ready: std::collections::VecDeque::new(),
            },
        }
    }
}

impl Mutations {
    pub fn split(self) -> (MutationsSender, MutationsReceiver) {
        (self.sender, self.receiver)
    }
}

impl MutationsSender {
    /// Takes mutations, waiting for room. Gives the index of the first; the others follow without gaps. A mutation without a request id
    /// gets one. `None` when the receiver is gone.
    pub async fn send(&mut self, mutations: Vec<v1::Mutation>) -> Option<u64> {
        let mut first = None;
        let mut mutations = mutations.into_iter();
        loop {
            let part: Vec<v1::Mutation> = mutations.by_ref().take(self.in_flight_max as usize).collect();
            let Some(count) = u32::try_from(part.len()).ok().filter(|count| *count > 0) else { return first };
            self.shared.room.acquire_many(count).await.ok()?.forget();
            let index = self.shared.queue.push(part);
            self.shared.sent.notify_one();
            first = first.or(Some(index));
        }
    }

    /// How many are under way.
    pub fn in_flight(&self) -> usize {
        self.shared.queue.len()
    }
}

impl Drop for MutationsSender {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.shared.sent.notify_one();
    }
}

impl Drop for MutationsReceiver {
    fn drop(&mut self) {
        self.shared.room.close();
    }
}

impl MutationsReceiver {
    /// The next outcome; `None` when the sender is gone and everything was answered. Cancel-safe.
    pub async fn next(&mut self) -> Option<MutationOutcome> {
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                return Some(outcome);
            }
            if self.shared.queue.len() == 0 {
                if self.shared.queue.closed() {
                    return None;
                }
                self.shared.sent.notified().await;
                continue;
            }
            let Some(open) = self.open.as_mut() else {
                self.reopen().await;
                continue;
            };
            let doubt = self.client.shared.config.doubt_after;
            match timeout(doubt, open.stream.message()).await {
                Ok(Ok(Some(answer))) => self.take(answer),
                Ok(Ok(None)) => self.lose(None),
                Ok(Err(status)) => self.lose(Some(&status)),
                Err(_) => self.doubt().await,
            }
        }
    }

    /// Region that serves the stream at the moment.
    pub fn region(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.member.endpoint.region.as_str())
    }

    fn take(&mut self, answer: v1::MutateResponse) {
        if let Some(open) = &mut self.open {
            open.heard = Instant::now();
            self.client.heard(&open.member);
        }
        (self.failures, self.lost, self.met) = (0, None, Met::default());
        for outcome in answer.outcomes {
            let mut result = match outcome.result {
                Some(v1::outcome::Result::Done(done)) => Ok(done),
                Some(v1::outcome::Result::Error(error)) => Err(Error::from(error)),
                None => Err(unknown("the outcome is empty")),
            };
            if let Some(Answered { index, request_id, retried }) = self.shared.queue.answered(outcome.index) {
                if let Err(error) = &mut result {
                    error.change().unsettled |= retried && !error.is_on_record();
                }
                self.hand_over(index, request_id, result);
            }
        }
    }

    fn hand_over(&mut self, index: u64, request_id: Option<RequestId>, mut result: Result<v1::Done, Error>) {
        if let Ok(v1::Done { position: Some(position), .. }) = &result {
            let mut token = crate::Token::default();
            token.see(&position.log, position.incarnation, position.seq);
            self.client.import_token(&token);
        }
        if let Err(error) = &mut result {
            error.change().request_id = request_id;
        }
        self.shared.room.add_permits(1);
        self.ready.push_back(MutationOutcome { index, request_id, result });
    }

    /// Nothing came for a while. A member that lives is waited for.
    async fn doubt(&mut self) {
        let Some(open) = &self.open else { return };
        let config = &self.client.shared.config;
        let (member, quiet) = (Arc::clone(&open.member), open.heard.elapsed());
        if member.sign_of_life(config.sign_within).await.is_none() || quiet > SILENCE_MAX {
            member.health.failed();
            self.met.silent.insert(member.endpoint.region.clone());
            self.lose(None);
        }
    }

    async fn reopen(&mut self) {
        let config = &self.client.shared.config;
        let lost = *self.lost.get_or_insert_with(Instant::now);
        if lost.elapsed() > config.timeout {
            return self.give_up("no region took the stream");
        }
        if self.failures > 0 && self.client.shared.steer.pick(&self.route, &self.met, 1).is_none() {
            sleep(pause(self.failures, None)).await;
            self.met = Met::default();
        }
        let Some(member) = self.client.shared.steer.pick(&self.route, &self.met, 1) else {
            return self.give_up("no endpoint is known");
        };
        *self.met.tries.entry(member.endpoint.address.clone()).or_default() += 1;
        let mut messages = Request::new(UnboundedReceiverStream::new(self.shared.queue.restart()));
        config.credential.sign(messages.metadata_mut());
        if let Some(trace) = self.trace.metadata() {
            messages.metadata_mut().insert(metadata::TRACEPARENT, trace);
        }
        let mut client =
            v1::mutations_client::MutationsClient::new(member.stream()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        match timeout(OPEN_WITHIN, client.mutate(messages)).await {
            Ok(Ok(response)) => {
                self.open = Some(Open { stream: response.into_inner(), member, heard: Instant::now() });
            }
            Ok(Err(status)) => self.failed(&status, &member),
            Err(_) => {
                member.health.failed();
                self.failures = self.failures.saturating_add(1);
            }
        }
    }

    fn lose(&mut self, status: Option<&Status>) {
        let Some(open) = self.open.take() else { return };
        self.shared.queue.stop();
        *self.met.tries.entry(open.member.endpoint.address.clone()).or_default() += 1;
        match status {
            Some(status) => self.failed(status, &open.member),
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    fn failed(&mut self, status: &Status, member: &Connections) {
        let error = Error::of(status);
        match next(&error, never_sent(status)) {
            Next::Elsewhere { down: true, .. } => member.health.failed(),
            Next::Final => return self.give_up(&error.to_string()),
            Next::Elsewhere { .. } | Next::OtherRegion | Next::Later => {}
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// Nobody takes the stream: what was not answered may have been done.
    fn give_up(&mut self, why: &str) {
        (self.open, self.lost) = (None, None);
        for (index, request_id) in self.shared.queue.drain() {
            self.hand_over(index, request_id, Err(unknown(why)));
        }
    }
}

fn unknown(why: &str) -> Error {
    let message = format!("sent a mutation over a stream, and no answer says whether it took effect: {why}");
    let mut error = Error::made(Code::Aborted, reason::OUTCOME_UNKNOWN, message);
    error.change().unsettled = true;
    error
}
