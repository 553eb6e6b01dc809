//! `atoll.v1.Mutations`: many writes over one stream.
//!
//! ```text
//!   messages ─▶ task: at most 1024 without an answer ─▶ region ─▶ outbox ─▶ one message with all that is ready
//! ```
//!
//! The task goes on while the client does not read, so a slow client holds its own outcomes and none of the region's room. Outcomes are
//! sent as soon as the connection takes a message, however many there are: no timer.
//!
//! A stream that is ended from this side says what its unanswered mutations may hope for. `OUTCOME_UNKNOWN`: some of them were begun, so
//! each is to be sent again under its request id. Any other reason: none of them was begun.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use api::v1::{Done, MutateRequest, MutateResponse, Mutation, Outcome, Position, mutations_server::Mutations, outcome};
use futures_util::{
    future::{Either, select},
    stream::{FuturesUnordered, Stream, StreamExt},
    task::AtomicWaker,
};
use gateway::Need;
use ids::{Incarnation, Log, Seq, Token};
use tonic::{Request, Response, Status, Streaming};
use wire::Submission;

use super::{
    call::{Call, Signature, WITHIN},
    command::{Write, Writes as _, public_name},
    front::{Front, Opened, Writes},
    gate::Bearer,
    status::Refusal,
    typed::of_message,
    write::{Committed, committed, submission},
};

/// What the task and the connection share.
#[derive(Default)]
struct Outbox {
    ready: Mutex<Ready>,
    /// The connection waits for outcomes.
    for_outcomes: AtomicWaker,
    /// The task waits for room.
    for_room: AtomicWaker,
}

#[derive(Default)]
struct Ready {
    outcomes: Vec<Outcome>,
    /// How many were begun that have no outcome here or before.
    under_way: usize,
    /// Set when no more will come: how the stream ends.
    end: Option<Result<(), Status>>,
    /// The client is gone.
    left: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, how: Result<(), Status>) {
        self.lock().end.get_or_insert(how);
        self.for_outcomes.wake();
    }

    /// Ends the stream where it stands, for `why`. Whatever is under way may still take effect.
    fn cut(&self, why: Refusal, signature: &Signature) {
        let under_way = self.lock().under_way;
        let why = if under_way == 0 {
            why
        } else {
            let message = format!("{}; {under_way} mutations of the stream were begun and not answered", why.message);
            Refusal::new("OUTCOME_UNKNOWN", message).with("because", why.reason)
        };
        self.end(Err(signature.status(why)));
    }
}

/// The task's side: however the task ends, the stream does.
struct Outcomes {
    outbox: Arc<Outbox>,
    signature: Signature,
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        self.outbox.cut(Refusal::new("SHUTTING_DOWN", "sent mutations to a member that stopped"), &self.signature);
    }
}

/// The connection's side.
pub struct Answers(Arc<Outbox>);

impl Drop for Answers {
    fn drop(&mut self) {
        self.0.lock().left = true;
        self.0.for_room.wake();
    }
}

impl Stream for Answers {
    type Item = Result<MutateResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Register before looking, so that outcomes in between are not missed.
        self.0.for_outcomes.register(context.waker());
        let mut ready = self.0.lock();
        if !ready.outcomes.is_empty() {
            let outcomes = std::mem::take(&mut ready.outcomes);
            drop(ready);
            self.0.for_room.wake();
            return Poll::Ready(Some(Ok(MutateResponse { outcomes })));
        }
        match &mut ready.end {
            None => Poll::Pending,
            Some(end) => Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err)),
        }
    }
}

#[tonic::async_trait]
impl Mutations for Front {
    type MutateStream = Answers;

    async fn mutate(&self, request: Request<Streaming<MutateRequest>>) -> Result<Response<Answers>, Status> {
        let (metadata, _, messages) = request.into_parts();
        let refused = |refusal| self.signature.status(refusal);
        let call = Call::begin(self, &metadata, WITHIN).map_err(refused)?;
        // Each mutation is looked at when it comes; a stream is of somebody.
        call.admit(&Need::Known).await.map_err(refused)?;
        let Call { opened, traceparent, bearer, seen, .. } = call;
        let outbox = Arc::new(Outbox::default());
        let outcomes = Outcomes { outbox: Arc::clone(&outbox), signature: self.signature.clone() };
        let intake = Intake {
            opened: Arc::clone(&opened),
            writes: self.writes.clone(),
            traceparent,
            bearer,
            seen,
            messages,
            waiting: VecDeque::new(),
            next: 0,
            room: self.limits.unanswered,
            ended: None,
            signature: self.signature.clone(),
        };
        opened.env().tasks().spawn(run(intake, outcomes));
        let mut response = Response::new(Answers(outbox));
        self.signature.sign(response.metadata_mut());
        Ok(response)
    }
}

/// What comes in.
struct Intake {
    opened: Arc<Opened>,
    writes: Writes,
    traceparent: String,
    bearer: Bearer,
    /// What the caller has seen: when the stream began, and by its answers since.
    seen: Token,
    messages: Streaming<MutateRequest>,
    /// Of the last message: what there was no room for yet.
    waiting: VecDeque<Mutation>,
    next: u64,
    room: usize,
    /// No more messages come, and why.
    ended: Option<Result<(), Status>>,
    signature: Signature,
}

async fn run(intake: Intake, outcomes: Outcomes) {
    let opened = Arc::clone(&intake.opened);
    let how = match select(pin!(work(intake, &outcomes.outbox)), pin!(opened.closing())).await {
        Either::Left((how, _)) => Ok(how),
        Either::Right((why, _)) => Err(why),
    };
    drop(opened);
    match how {
        Ok(how) => outcomes.outbox.end(how),
        Err(why) => outcomes.outbox.cut(why, &outcomes.signature),
    }
}

async fn work(mut intake: Intake, outbox: &Outbox) -> Result<(), Status> {
    let mut under_way = FuturesUnordered::new();
    poll_fn(|context| {
        loop {
            let mut done = Vec::new();
            while let Poll::Ready(Some(outcome)) = under_way.poll_next_unpin(context) {
                intake.see(&outcome);
                done.push(outcome);
            }
            outbox.for_room.register(context.waker());
            let unsent = {
                let mut ready = outbox.lock();
                if ready.left {
                    return Poll::Ready(Ok(()));
                }
                ready.outcomes.append(&mut done);
                ready.under_way = under_way.len();
                ready.outcomes.len()
            };
            if unsent > 0 {
                outbox.for_outcomes.wake();
            }
            if !intake.take(context, under_way.len() + unsent) {
                let over = intake.waiting.is_empty() && under_way.is_empty();
                return match &mut intake.ended {
                    Some(how) if over => Poll::Ready(std::mem::replace(how, Ok(()))),
                    _more_to_come => Poll::Pending,
                };
            }
            let room = intake.room.saturating_sub(under_way.len() + unsent);
            for _ in 0..room {
                let Some(mutation) = intake.waiting.pop_front() else { break };
                let index = intake.next;
                intake.next += 1;
                match intake.begin(mutation) {
                    Ok(begun) => under_way.push(begun.decide(index)),
                    Err(refusal) => outbox.lock().outcomes.push(outcome(index, Err(refusal))),
                }
            }
        }
    })
    .await
}

impl Intake {
    /// Whether there are mutations to begin and room for one. Reads a message where none wait.
    fn take(&mut self, context: &mut Context<'_>, unanswered: usize) -> bool {
        if unanswered >= self.room {
            return false;
        }
        while self.waiting.is_empty() && self.ended.is_none() {
            match self.messages.poll_next_unpin(context) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok(message))) => self.waiting = message.mutations.into(),
                Poll::Ready(Some(Err(status))) => self.ended = Some(Err(of_message(status, &self.signature))),
                Poll::Ready(None) => self.ended = Some(Ok(())),
            }
        }
        !self.waiting.is_empty()
    }

    /// What the caller is about to be told, it will have seen.
    fn see(&mut self, outcome: &Outcome) {
        if let Some(outcome::Result::Done(Done { position: Some(position), .. })) = &outcome.result
            && position.log == "global"
        {
            let (incarnation, seq) = (Incarnation(position.incarnation), Seq(position.seq));
            self.seen.see(&ids::Position { log: Log::Global, incarnation, seq });
        }
    }

    /// Reads a mutation, or refuses it as it stands.
    fn begin(&self, mutation: Mutation) -> Result<Begun, Refusal> {
        self.writes.taken()?;
        let (retried, traceparent) = (mutation.retried, self.traceparent.clone());
        let (opened, bearer, seen) = (Arc::clone(&self.opened), self.bearer.clone(), self.seen.clone());
        Ok(Begun { opened, bearer, traceparent, seen, retried, write: mutation.write()? })
    }
}

/// One mutation that is under way.
struct Begun {
    opened: Arc<Opened>,
    bearer: Bearer,
    traceparent: String,
    seen: Token,
    retried: bool,
    write: Write,
}

impl Begun {
    async fn decide(self, index: u64) -> Outcome {
        outcome(index, self.done().await)
    }

    async fn done(self) -> Result<Done, Refusal> {
        let Self { opened, bearer, traceparent, seen, retried, write } = self;
        let need = Need::of(&write.command);
        let by = Box::pin(bearer.admit(&opened, &need, &seen, WITHIN)).await?;
        let submission = submission(&opened, &by, write, traceparent, &seen, retried);
        let verdict = opened.region.submit(&submission, WITHIN).await;
        committed(&submission, verdict).map(|committed| done_message(&submission, &committed))
    }
}

fn done_message(submission: &Submission, committed: &Committed) -> Done {
    let Committed { position, validated_only, .. } = committed;
    Done {
        name: public_name(&submission.command),
        etag: if *validated_only { String::new() } else { position.seq.to_string() },
        position: Some(Position {
            log: position.log.to_string(),
            incarnation: position.incarnation.0,
            seq: position.seq.0,
        }),
    }
}

fn outcome(index: u64, result: Result<Done, Refusal>) -> Outcome {
    let result = result.map_or_else(|refusal| outcome::Result::Error(refusal.into_message()), outcome::Result::Done);
    Outcome { index, result: Some(result) }
}
