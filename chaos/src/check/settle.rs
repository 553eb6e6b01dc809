//! One outcome per request id: what was unknown is asked again with the same id until it is known, and then once more; what was
//! acknowledged is asked again in a sample. Asking goes over a stream of mutations, whose answers tell the place of the first time.

use std::time::Duration;

use anyhow::{Result, bail};
use client::Client;
use tokio::time::sleep;

use crate::load::{
    book::{Clock, Outcome, Written},
    stream::Stream,
};

const TRIES: u32 = 5;
const WITHIN: Duration = Duration::from_secs(15);

/// What asking again brought.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Of unknown outcome before, known now.
    pub settled: usize,
    /// Acknowledged before, and asked again.
    pub asked_again: usize,
    /// Two outcomes of one request id.
    pub broken: Vec<String>,
}

/// Makes every outcome in `written` known. The ring must be whole.
pub async fn settle(client: &Client, clock: Clock, written: &mut [Written], sample: usize) -> Result<Settled> {
    let (mut result, mut stream) = (Settled::default(), Stream::of_retries());
    for write in written.iter_mut().filter(|write| matches!(write.outcome, Outcome::Unknown { .. })) {
        let first = again(client, &mut stream, write).await?;
        let second = again(client, &mut stream, write).await?;
        if first != second {
            result.broken.push(format!("{}: first {first:?}, then {second:?}", words(write)));
        }
        (write.outcome, write.ended) = (first, clock.now());
        result.settled += 1;
    }
    let mut places = Vec::new();
    let done: Vec<&Written> = written.iter().filter(|write| write.outcome.is_done()).collect();
    let every = (done.len() / sample.max(1)).max(1);
    for write in done.into_iter().step_by(every) {
        let told = again(client, &mut stream, write).await?;
        // The first answer need not have told the place.
        let same = match (&write.outcome, &told) {
            (Outcome::Done { version: None }, Outcome::Done { .. }) => true,
            (first, told) => first == told,
        };
        if !same {
            result.broken.push(format!("{}: first {:?}, later {told:?}", words(write), write.outcome));
        }
        places.push((write.request_id, told));
        result.asked_again += 1;
    }
    for (request_id, told) in places {
        if let Some(write) = written.iter_mut().find(|write| write.request_id == request_id) {
            write.outcome = told;
        }
    }
    Ok(result)
}

async fn again(client: &Client, stream: &mut Stream, write: &Written) -> Result<Outcome> {
    let mut last = None;
    for _ in 0..TRIES {
        match stream.send(client, &write.subject, &write.wish, write.request_id, WITHIN).await {
            known @ (Outcome::Done { .. } | Outcome::Rejected { .. }) => return Ok(known),
            unsure => last = Some(unsure),
        }
        sleep(Duration::from_millis(300)).await;
    }
    bail!("asked {TRIES} times for the outcome of {}: {last:?}", words(write))
}

fn words(write: &Written) -> String {
    format!("request {} on {} ({:?})", write.request_id, write.subject.name(), write.wish)
}
