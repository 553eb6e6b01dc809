//! Listening and answering. One thread: while a batch is being synced, what comes next waits for it, and so becomes the next batch.
//!
//! ```text
//!   connections ─▶ queue ─▶ writer: up to BATCH_MAX at once ─▶ Host::commit ─▶ answers ─▶ connections: wait until due, send
//! ```

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use cloud_sim::Tamper;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use ports::TaskScope;
use serde::Serialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot},
};

use crate::{
    host::{Change, Done, Host},
    knobs,
    protocol::{ASK_BYTES_MAX, Ask, SIMULATED_HEADER},
    reports,
};

/// Connections at once; more wait until one ends.
const CONNECTIONS_MAX: usize = 1024;
/// Questions that wait at once.
const QUEUE_MAX: usize = 4096;
/// Of them in one batch.
const BATCH_MAX: usize = 512;

/// What is sent back, and after how long.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    after: Duration,
}

/// A question and who waits for its answer.
type Waiting = (Ask, oneshot::Sender<Answer>);

/// Serves until `stop` completes, and then takes a snapshot.
///
/// # Errors
/// When the journal cannot be written. Then nobody waiting is answered: what they asked may be on disk or not.
pub async fn serve(listener: TcpListener, mut host: Host, stop: impl Future<Output = ()>) -> io::Result<()> {
    let tasks = TaskScope::default();
    let (asks, queue) = mpsc::channel(QUEUE_MAX);
    tasks.spawn(listen(listener, asks, tasks.clone()));
    let written = match select(Box::pin(write(&mut host, queue)), Box::pin(stop)).await {
        Either::Left((written, _)) => written,
        Either::Right(((), _)) => Ok(()),
    };
    tasks.abort();
    written.and_then(|()| host.save())
}

async fn listen(listener: TcpListener, asks: mpsc::Sender<Waiting>, tasks: TaskScope) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // No file handle left, most likely; the next try would fail at once as well.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let asks = asks.clone();
        tasks.spawn(async move {
            serve_one(stream, asks).await;
            drop(permit);
        });
    }
}

async fn serve_one(stream: TcpStream, asks: mpsc::Sender<Waiting>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let asks = asks.clone();
        async move { answer(request, asks).await }
    });
    // No bound on how long a caller says nothing: connections are kept for the next call.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Fails where the question was taken and its answer is lost: then the connection breaks, because nothing else would be true.
async fn answer(request: Request<Incoming>, asks: mpsc::Sender<Waiting>) -> Result<Response<Full<Bytes>>, Broken> {
    if request.method() != Method::POST || request.uri().path() != "/" {
        return Ok(response(no(StatusCode::NOT_FOUND, "wanted a POST to /")));
    }
    let body = match Limited::new(request.into_body(), ASK_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(response(no(StatusCode::BAD_REQUEST, &format!("read a question: {error}")))),
    };
    let ask: Ask = match serde_json::from_slice(&body) {
        Ok(ask) => ask,
        Err(error) => return Ok(response(no(StatusCode::BAD_REQUEST, &format!("read a question: {error}")))),
    };
    let (reply, replied) = oneshot::channel();
    asks.send((ask, reply)).await.map_err(|_| Broken)?;
    let answer = replied.await.map_err(|_| Broken)?;
    tokio::time::sleep(answer.after).await;
    Ok(response(answer))
}

#[derive(Debug, thiserror::Error)]
#[error("the cloud ended before it answered")]
struct Broken;

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    let (name, value) = SIMULATED_HEADER;
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn no(status: StatusCode, why: &str) -> Answer {
    Answer { status, body: format!("{why}\n").into_bytes(), after: Duration::ZERO }
}

fn yes(what: &impl Serialize, after: Duration) -> Answer {
    match serde_json::to_vec(what) {
        Ok(body) => Answer { status: StatusCode::OK, body, after },
        Err(error) => no(StatusCode::INTERNAL_SERVER_ERROR, &format!("wrote an answer: {error}")),
    }
}

/// Takes what waits, commits it, and answers, until the journal fails or nobody asks any more.
async fn write(host: &mut Host, mut queue: mpsc::Receiver<Waiting>) -> io::Result<()> {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut waiting, BATCH_MAX).await > 0 {
        let (mut calls, mut callers, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for (ask, reply) in waiting.drain(..) {
            match ask {
                Ask::Call { at, request } => {
                    calls.push(Change::Call { at, request });
                    callers.push(reply);
                }
                other => people.push((other, reply)),
            }
        }
        if !calls.is_empty() {
            for (done, reply) in host.commit(calls)?.into_iter().zip(callers) {
                // Who went away needs no answer.
                let _ = reply.send(told(done, &()));
            }
        }
        for (ask, reply) in people {
            let _ = reply.send(ask_of_people(host, ask)?);
        }
    }
    Ok(())
}

/// What a change answers; `then` where it has no answer of its own.
fn told(done: Done, then: &impl Serialize) -> Answer {
    match done {
        Done::Call { told, after } => yes(&told, after),
        Done::Tamper(false) => no(StatusCode::UNPROCESSABLE_ENTITY, "tampered: it is in no state for that"),
        Done::Tamper(true) | Done::Turn => yes(then, Duration::ZERO),
    }
}

fn ask_of_people(host: &mut Host, ask: Ask) -> io::Result<Answer> {
    let refused = |why: &str| no(StatusCode::UNPROCESSABLE_ENTITY, why);
    let change = |host: &mut Host, change| host.commit(vec![change]).map(|done| done.into_iter().next());
    Ok(match ask {
        Ask::Status => now(&reports::status(host)),
        Ask::Accounts => now(&host.sim().options().accounts),
        Ask::Machines => now(&reports::machines(host.sim())),
        Ask::Bill(span) => now(&reports::bill(host.sim(), &span)),
        Ask::Audit { owner } => now(&reports::audit(host.sim(), owner.as_deref())),
        Ask::Call { .. } => refused("made a call as one of people"),
        Ask::Tamper(tamper) => {
            let id = target(&tamper).to_owned();
            let Some(place) = host.sim().place_of(&id).cloned() else {
                return Ok(refused(&format!("tampered with {id}: there is no such resource")));
            };
            let done = change(host, Change::Tamper { place: place.clone(), tamper })?;
            done.map_or_else(|| refused("nothing was done"), |done| told(done, &place))
        }
        Ask::Turn(turns) => {
            let at = host.now();
            match knobs::turned(host.sim().options(), at, &turns) {
                Err(error) => refused(&error.to_string()),
                Ok(knobs) => {
                    change(host, Change::Turn(Box::new(knobs.clone())))?;
                    now(&knobs)
                }
            }
        }
    })
}

fn now(what: &impl Serialize) -> Answer {
    yes(what, Duration::ZERO)
}

fn target(tamper: &Tamper) -> &str {
    match tamper {
        Tamper::Kill(id) | Tamper::Stop(id) | Tamper::Impair(id) | Tamper::MakePublic(id) => id.as_str(),
        Tamper::Retype(id, _) | Tamper::SwapRoot(id) => id.as_str(),
        Tamper::OpenGroup(id) | Tamper::CloseGroup(id) => id.as_str(),
        Tamper::SetTag(id, _) | Tamper::RemoveTag(id, _) => id.as_str(),
        Tamper::DestroyVolume(id) => id.as_str(),
        Tamper::DetachGateway(id) => id.as_str(),
    }
}
