//! The connections of one endpoint, made when first used, and its health.
//!
//! A connection that breaks is made again by the next call that uses it. A call that could not connect is told apart from one that was
//! sent ([`never_sent`]): the first certainly had no effect.

use std::{
    error::Error as _,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::v1;
use tokio::time::{Instant, timeout};
use tonic::{
    ConnectError, Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig},
};

use crate::{Config, Credential, Endpoint, Tls, request_id::chance};

/// Larger answers are refused. The largest are pages of 1000 resources with descriptions.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// A connection on which nothing came for so long is asked whether it lives, idle or not.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEP_ALIVE_WITHIN: Duration = Duration::from_secs(2);

/// How long an endpoint that failed is left alone: doubles from the first to the second.
const DOWN_FIRST: Duration = Duration::from_millis(200);
const DOWN_MAX: Duration = Duration::from_secs(5);

/// An answer so recent proves that the connection lives.
const SIGN_FRESH: Duration = Duration::from_millis(300);

pub(crate) struct Connections {
    pub endpoint: Endpoint,
    pub health: Health,
    transport: tonic::transport::Endpoint,
    unary: Pool,
    streams: Pool,
    credential: Credential,
    /// One question for a sign of life at a time; the others wait for its answer.
    asking: tokio::sync::Mutex<()>,
}

impl Connections {
    pub(crate) fn new(endpoint: &Endpoint, config: &Config) -> Result<Self, String> {
        let Endpoint { region, address } = endpoint;
        let refused = |what: String| format!("read the address {address:?} of {region}: {what}");
        let mut transport = tonic::transport::Endpoint::from_shared(address.clone())
            .map_err(|_| refused("wanted https://host:port or http://host:port".to_owned()))?
            .user_agent(config.user_agent.clone())
            .map_err(|_| format!("read the user agent {:?}: wanted printable ASCII", config.user_agent))?
            .connect_timeout(config.connect_timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_EVERY)
            .keep_alive_timeout(KEEP_ALIVE_WITHIN)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20);
        match transport.uri().scheme_str() {
            Some("https") => {
                let tls = ClientTlsConfig::new().timeout(config.connect_timeout);
                let tls = match &config.tls {
                    Tls::System => tls.with_native_roots(),
                    Tls::Authorities { pem } => tls.ca_certificate(Certificate::from_pem(pem)),
                };
                transport = transport.tls_config(tls).map_err(|error| refused(chain(&error)))?;
            }
            Some("http") => {}
            _ => return Err(refused("wanted https://host:port or http://host:port".to_owned())),
        }
        Ok(Self {
            endpoint: endpoint.clone(),
            health: Health::default(),
            transport,
            unary: Pool::new(config.unary_connections),
            streams: Pool::new(config.stream_connections),
            credential: config.credential.clone(),
            asking: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn unary(&self) -> Channel {
        self.unary.take(&self.transport)
    }

    pub(crate) fn stream(&self) -> Channel {
        self.streams.take(&self.transport)
    }

    fn question(&self) -> Request<v1::GetTopologyRequest> {
        let mut request = Request::new(v1::GetTopologyRequest {});
        self.credential.sign(request.metadata_mut());
        request
    }

    /// What this member says of the ring's addresses, if it says it within `within`.
    pub(crate) async fn topology(&self, within: Duration) -> Option<v1::Topology> {
        let mut client = v1::regions_client::RegionsClient::new(self.unary());
        let answer = timeout(within, client.get_topology(self.question())).await.ok()?;
        answer.ok().map(tonic::Response::into_inner)
    }

    /// Whether the unary connection gives any answer within `within`; a recent one counts. The answer is of use too.
    pub(crate) async fn sign_of_life(&self, within: Duration) -> Option<Option<v1::Topology>> {
        let asked = async {
            let _one = self.asking.lock().await;
            if self.health.signed_within(SIGN_FRESH) {
                return Some(None);
            }
            let mut client = v1::regions_client::RegionsClient::new(self.unary());
            match client.get_topology(self.question()).await {
                Ok(answer) => {
                    self.health.answered();
                    Some(Some(answer.into_inner()))
                }
                // A refusal is an answer too, unless the transport made it.
                Err(status) if status.source().is_none() => {
                    self.health.signed();
                    Some(None)
                }
                Err(_) => None,
            }
        };
        timeout(within, asked).await.ok().flatten()
    }
}

/// The call that ended so was never sent: there was no connection to send it on.
pub(crate) fn never_sent(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// An error and what caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

/// A few connections, used in turn.
struct Pool {
    slots: Vec<OnceLock<Channel>>,
    turn: AtomicUsize,
}

impl Pool {
    fn new(size: usize) -> Self {
        Self { slots: (0..size).map(|_| OnceLock::new()).collect(), turn: AtomicUsize::new(0) }
    }

    fn take(&self, transport: &tonic::transport::Endpoint) -> Channel {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let slot = self.slots.get(turn.checked_rem(self.slots.len()).unwrap_or(0));
        slot.map_or_else(|| transport.connect_lazy(), |slot| slot.get_or_init(|| transport.connect_lazy()).clone())
    }
}

/// What is known of an endpoint. Down until something answers again.
#[derive(Default)]
pub(crate) struct Health {
    state: Mutex<HealthState>,
}

#[derive(Default)]
struct HealthState {
    failures: u32,
    leave_until: Option<Instant>,
    last_sign: Option<Instant>,
}

impl Health {
    fn with<T>(&self, act: impl FnOnce(&mut HealthState) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// It took a call and answered.
    pub(crate) fn answered(&self) {
        self.with(|state| *state = HealthState { last_sign: Some(Instant::now()), ..HealthState::default() });
    }

    /// It lives; whether it takes calls is another question.
    pub(crate) fn signed(&self) {
        self.with(|state| state.last_sign = Some(Instant::now()));
    }

    /// It could not be reached, said nothing, or said that it takes no calls.
    pub(crate) fn failed(&self) {
        self.with(|state| {
            let now = Instant::now();
            // Many calls that fail together are one failure.
            if state.leave_until.is_some_and(|until| now < until) {
                return;
            }
            let pause = DOWN_FIRST.saturating_mul(1 << state.failures.min(8)).min(DOWN_MAX);
            state.failures = state.failures.saturating_add(1);
            state.leave_until = Some(now + pause.mul_f64(0.5 + chance() / 2.0));
        });
    }

    pub(crate) fn is_down(&self) -> bool {
        self.with(|state| state.failures > 0)
    }

    /// It is down and may be asked again. Who is told so is the one who asks: the next pause begins.
    pub(crate) fn due(&self, now: Instant) -> bool {
        self.with(|state| {
            let due = state.failures > 0 && state.leave_until.is_none_or(|until| until <= now);
            if due {
                state.leave_until = Some(now + DOWN_FIRST);
            }
            due
        })
    }

    fn signed_within(&self, recent: Duration) -> bool {
        self.with(|state| state.last_sign.is_some_and(|sign| sign.elapsed() < recent))
    }
}
