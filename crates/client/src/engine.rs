//! Unary calls: tries, patience, fail-over, one deadline over all of them.
//!
//! ```text
//! try 1 ──400 ms──▶ no answer: does the connection show a sign of life within 500 ms?
//!                     no  ─▶ the member is left alone; try 2 at once, in another region, same request id
//!                     yes ─▶ slow, not dead: patience (2.5 s, doubling), then try 2 elsewhere
//! ```
//! A try is never cancelled for being slow: whichever answers first, answers the call. A try that fails is followed as `retry` says. A
//! refusal of a write is final only when no other try of it can still take effect: a try that follows one without an answer says so, and
//! the refusal of such a try is recorded.

mod call;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use api::v1;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{sleep, timeout_at};
use tonic::{Request, Response, Status, transport::Channel};

pub(crate) use call::Plan;
use call::{Call, Step};

use crate::{Answered, Client, Error, answer::Origin, endpoint::Connections, task::detach};

pub(crate) type Sending<Resp> = Pin<Box<dyn Future<Output = Result<Response<Resp>, Status>> + Send>>;

/// How to send one request over one connection.
pub(crate) type Send_<Req, Resp> = fn(Channel, Request<Req>) -> Sending<Resp>;

/// A method of a generated client as a [`Send_`].
macro_rules! rpc {
    ($module:ident :: $client:ident, $method:ident) => {
        |channel, request| {
            Box::pin(async move {
                let client = api::v1::$module::$client::new(channel);
                client.max_decoding_message_size($crate::endpoint::MESSAGE_BYTES_MAX).$method(request).await
            })
        }
    };
}
pub(crate) use rpc;

/// What happens to a call.
enum Event<Resp> {
    Ended {
        attempt: usize,
        result: Result<Response<Resp>, Status>,
    },
    /// No answer, and no sign of life.
    Silent {
        attempt: usize,
    },
    /// No answer for long, from a member that lives.
    Slow {
        attempt: usize,
    },
    Launch,
    /// Enough waited for tries that are still under way.
    HoldOver,
}

type Running<Resp> = FuturesUnordered<Pin<Box<dyn Future<Output = Event<Resp>> + Send>>>;

impl Client {
    /// Makes one call, over as many tries as it takes and the deadline allows.
    pub(crate) async fn unary<Req, Resp>(
        &self,
        plan: Plan,
        request: Req,
        send: Send_<Req, Resp>,
    ) -> Result<Answered<Resp>, Error>
    where
        Req: Clone + Send + 'static,
        Resp: Send + 'static,
    {
        let mut call = Call::new(self, plan);
        if call.wants_a_region() {
            self.first_that_answers().await;
        }
        self.look_after(call.route());
        let mut running: Running<Resp> = FuturesUnordered::new();
        running.push(after(Duration::ZERO, Event::Launch));
        loop {
            let Ok(event) = timeout_at(call.deadline(), running.next()).await else {
                return Err(call.out_of_time());
            };
            let step = match event {
                None => return Err(call.given_up()),
                Some(Event::Ended { attempt, result: Ok(response) }) => {
                    return Ok(self.answered(&call, attempt, response));
                }
                Some(Event::Ended { attempt, result: Err(status) }) => call.ended(attempt, &status),
                Some(Event::Silent { attempt }) => call.silent(attempt),
                Some(Event::Slow { attempt }) => call.slow(attempt),
                Some(Event::Launch) => match call.launch() {
                    Some((attempt, member)) => {
                        let sending = send(member.unary(), call.request(request.clone()));
                        running.push(Box::pin(async move { Event::Ended { attempt, result: sending.await } }));
                        running.push(self.watch_over(attempt, member, call.patience()));
                        Step::Wait
                    }
                    None => call.stuck(),
                },
                Some(Event::HoldOver) => call.hold_over(),
            };
            match step {
                Step::Wait => {}
                Step::LaunchAfter(pause) => running.push(after(pause, Event::Launch)),
                Step::HoldFor(pause) => running.push(after(pause, Event::HoldOver)),
                Step::Return(error) => return Err(error),
            }
        }
    }

    fn answered<Resp>(&self, call: &Call<'_>, attempt: usize, response: Response<Resp>) -> Answered<Resp> {
        let (member, tries) = call.won(attempt);
        let origin = Origin::of(response.metadata());
        self.import_token(&origin.token);
        let region = origin.region.unwrap_or_else(|| member.map_or_else(String::new, |m| m.endpoint.region.clone()));
        if let Some(member) = member {
            self.heard(member);
            self.shared.steer.settle_on(&member.endpoint.region);
        }
        let Origin { member, age, token, partial, .. } = origin;
        Answered { value: response.into_inner(), region, member, age, token, partial, tries }
    }

    /// A member answered. Now and then it is asked, beside the calls, for the addresses of the ring: whoever knows one address must not be
    /// lost with it.
    pub(crate) fn heard(&self, member: &Arc<Connections>) {
        member.health.answered();
        if self.shared.config.refresh_topology && self.shared.steer.asks() {
            let (client, member) = (self.clone(), Arc::clone(member));
            detach(async move { client.learn(member.topology(client.shared.config.connect_timeout).await) });
        }
    }

    fn learn(&self, topology: Option<v1::Topology>) {
        let config = &self.shared.config;
        if let Some(topology) = topology.filter(|_| config.refresh_topology) {
            self.shared.steer.learn(&topology, config);
        }
    }

    /// Tells when a try has gone on for too long, and what is known of the member then.
    fn watch_over<Resp: 'static>(
        &self,
        attempt: usize,
        member: Arc<Connections>,
        patience: Duration,
    ) -> Pin<Box<dyn Future<Output = Event<Resp>> + Send>> {
        let client = self.clone();
        Box::pin(async move {
            let config = &client.shared.config;
            sleep(config.doubt_after).await;
            match member.sign_of_life(config.sign_within).await {
                None => {
                    member.health.failed();
                    Event::Silent { attempt }
                }
                Some(_) => {
                    sleep(patience).await;
                    Event::Slow { attempt }
                }
            }
        })
    }

    /// Nobody was preferred: whoever answers first is, from now on.
    async fn first_that_answers(&self) {
        let within = self.shared.config.connect_timeout;
        let mut asked: FuturesUnordered<_> = self
            .shared
            .steer
            .members()
            .into_iter()
            .map(|member| async move {
                let topology = member.sign_of_life(within).await?;
                Some((member.endpoint.region.clone(), topology))
            })
            .collect();
        while let Some(answer) = asked.next().await {
            if let Some((region, topology)) = answer {
                self.learn(topology);
                return self.shared.steer.settle_on(&region);
            }
        }
    }

    /// Asks members of the preferred region that were left for dead whether they are back, beside the call.
    fn look_after(&self, route: &crate::Route) {
        for member in self.shared.steer.due(route) {
            let client = self.clone();
            detach(async move { client.probe(&member).await });
        }
    }

    async fn probe(&self, member: &Connections) {
        let config = &self.shared.config;
        match member.sign_of_life(config.connect_timeout).await {
            Some(topology) => {
                member.health.answered();
                self.learn(topology);
            }
            None => member.health.failed(),
        }
    }
}

fn after<Resp: Send + 'static>(
    pause: Duration,
    event: Event<Resp>,
) -> Pin<Box<dyn Future<Output = Event<Resp>> + Send>> {
    Box::pin(async move {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        event
    })
}
