//! Callers that share streams of mutations: whoever has an answer puts in the next mutation, and what is ready together is sent together.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use api::v1::{MutateRequest, MutateResponse, Mutation, mutations_client::MutationsClient, outcome};
use futures_util::future::join_all;
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use crate::load::Seen;

/// One stream: what was sent and not yet answered.
struct Open {
    requests: mpsc::Sender<MutateRequest>,
    answers: Streaming<MutateResponse>,
    next: u64,
}

impl Open {
    async fn open(channel: Channel) -> Result<Self> {
        let (requests, receiver) = mpsc::channel(64);
        let mut client = MutationsClient::new(channel);
        let answers = client.mutate(ReceiverStream::new(receiver)).await.context("opened a stream of mutations")?;
        Ok(Self { requests, answers: answers.into_inner(), next: 0 })
    }

    async fn send(&mut self, mutations: Vec<Mutation>) -> Result<()> {
        self.next += u64::try_from(mutations.len())?;
        self.requests.send(MutateRequest { mutations }).await.context("sent on a stream that ended")
    }

    async fn answer(&mut self) -> Result<MutateResponse> {
        self.answers.message().await.context("read a stream of outcomes")?.context("the stream of outcomes ended")
    }
}

/// Sends all of them, a few hundred at a time, and waits until each is done.
pub async fn all(channel: Channel, mut mutations: Vec<Mutation>) -> Result<()> {
    const AT_ONCE: usize = 200;
    let mut open = Open::open(channel).await?;
    while !mutations.is_empty() {
        let rest = mutations.split_off(mutations.len().min(AT_ONCE));
        let mut left = mutations.len();
        open.send(mutations).await?;
        while left > 0 {
            for outcome in open.answer().await?.outcomes {
                left = left.saturating_sub(1);
                if let Some(outcome::Result::Error(error)) = outcome.result {
                    bail!("{}: {}", error.reason, error.message);
                }
            }
        }
        mutations = rest;
    }
    Ok(())
}

/// As [`crate::load::closed_loops`], with the callers spread over one stream per connection.
pub async fn closed_loops(
    channels: Vec<Channel>,
    callers: usize,
    span: Duration,
    mutation: impl Fn(usize, u64) -> Mutation,
) -> Result<Seen> {
    let end = Instant::now() + span;
    let streams = channels.len();
    let mutation = &mutation;
    let one = |(number, channel): (usize, Channel)| async move {
        let callers: Vec<usize> = (number..callers).step_by(streams).collect();
        one_stream(channel, callers, end, mutation).await
    };
    let mut all = Seen::default();
    for seen in join_all(channels.into_iter().enumerate().map(one)).await {
        all.merge(seen?);
    }
    Ok(all)
}

async fn one_stream(
    channel: Channel,
    callers: Vec<usize>,
    end: Instant,
    mutation: impl Fn(usize, u64) -> Mutation,
) -> Result<Seen> {
    let mut open = Open::open(channel).await?;
    let mut seen = Seen::default();
    // By index in the stream: the caller, its how-manieth call, and when it was sent.
    let mut waiting: BTreeMap<u64, (usize, u64, Instant)> = BTreeMap::new();
    let mut ready: Vec<(usize, u64)> = callers.into_iter().map(|caller| (caller, 0)).collect();
    loop {
        let now = Instant::now();
        if now < end && !ready.is_empty() {
            for (offset, (caller, n)) in (open.next..).zip(&ready) {
                waiting.insert(offset, (*caller, *n, now));
            }
            let mutations = ready.drain(..).map(|(caller, n)| mutation(caller, n)).collect();
            open.send(mutations).await?;
        }
        if waiting.is_empty() {
            return Ok(seen);
        }
        for outcome in open.answer().await?.outcomes {
            let Some((caller, n, since)) = waiting.remove(&outcome.index) else {
                bail!("read an outcome of mutation {}: none with that index is waiting", outcome.index);
            };
            seen.call(
                since,
                match outcome.result {
                    Some(outcome::Result::Done(_)) => Ok(()),
                    Some(outcome::Result::Error(error)) => Err(format!("{}: {}", error.reason, error.message)),
                    None => Err("an outcome without a result".to_owned()),
                },
            );
            ready.push((caller, n + 1));
        }
    }
}
