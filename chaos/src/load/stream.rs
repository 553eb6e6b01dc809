//! One mutation at a time over a stream: its answer tells exactly where it took effect, also when it had done so before.

use std::time::Duration;

use client::{Client, Mutations, RequestId, Route, v1};
use tokio::time::timeout;

use super::{
    book::Outcome,
    request::Wish,
    subject::{self, Subject},
};

/// A stream, opened when it is needed, and dropped when it did not answer in time.
#[derive(Default)]
pub struct Stream {
    open: Option<Mutations>,
    retried: bool,
}

impl Stream {
    /// For requests that were sent before: what refuses them is to be put on record.
    pub fn of_retries() -> Self {
        Self { retried: true, ..Self::default() }
    }

    /// Sends a wish and waits for its outcome.
    pub async fn send(
        &mut self,
        client: &Client,
        subject: &Subject,
        wish: &Wish,
        request_id: RequestId,
        within: Duration,
    ) -> Outcome {
        let stream = self.open.get_or_insert_with(|| client.mutations(1, Route::Any));
        let answered = timeout(within, async {
            let mutation = v1::Mutation { retried: self.retried, ..subject.mutation(wish, request_id) };
            stream.sender.send(vec![mutation]).await;
            stream.receiver.next().await
        });
        match answered.await {
            Ok(Some(answered)) => match answered.result {
                Ok(done) => Outcome::Done { version: done.position.map(|position| position.seq) },
                Err(error) => subject::failed(&error),
            },
            nothing => {
                // What the stream still holds would be taken for the next answer.
                self.open = None;
                let why = if nothing.is_ok() { "the stream ended" } else { "no answer in time" };
                Outcome::Unknown { reason: format!("sent over a stream: {why}"), refused: false }
            }
        }
    }
}
