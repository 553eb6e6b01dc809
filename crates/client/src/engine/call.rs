//! One call as it goes: what was tried, what came of it, and what to do next. Neither sends nor waits.

use std::{sync::Arc, time::Duration};

use api::metadata;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use crate::{
    Attempt, Client, Error, Read, RequestId, Route, TraceContext, Write,
    endpoint::{Connections, chain, never_sent},
    error::reason,
    retry::{Next, next, pause},
    steer::Met,
};

/// Tries under way at once, silent ones included.
const UNDER_WAY_MAX: usize = 4;

/// Rounds over all endpoints when nobody can be connected to: a restart is waited for, an outage is reported.
const ROUNDS_UNREACHABLE: u32 = 3;
const ROUNDS_MAX: u32 = 64;

/// A refusal in hand is kept so long for tries that are still under way and may say otherwise.
const HOLD: Duration = Duration::from_secs(1);

/// How one call is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    request_id: Option<RequestId>,
    /// It changes something, so a try without an answer is unsettled.
    changes: bool,
    /// A try of an earlier call may still take effect.
    retried: bool,
    timeout: Option<Duration>,
    /// Added to the patience: how long an answer may rightly take.
    wait: Duration,
    route: Route,
}

impl Plan {
    pub(crate) fn read(options: &Read) -> Self {
        let (timeout, route) = (options.timeout, options.route.clone());
        Self { request_id: None, changes: false, retried: false, timeout, wait: Duration::ZERO, route }
    }

    pub(crate) fn write(options: &Write) -> Self {
        let Write { request_id, retried, validate_only, timeout, route } = options.clone();
        Self { request_id, changes: !validate_only, retried, timeout, wait: Duration::ZERO, route }
    }

    /// The answer may rightly take `wait`.
    #[must_use]
    pub(crate) fn waiting(self, wait: Duration, timeout: Duration) -> Self {
        Self { wait, timeout: Some(timeout), ..self }
    }
}

/// What to do next.
pub(crate) enum Step {
    Wait,
    LaunchAfter(Duration),
    HoldFor(Duration),
    Return(Error),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    UnderWay,
    Silent,
    Ended,
}

struct Try {
    member: Arc<Connections>,
    state: State,
}

pub(crate) struct Call<'a> {
    client: &'a Client,
    plan: Plan,
    /// The same for all tries.
    trace: TraceContext,
    deadline: Instant,
    tries: Vec<Try>,
    met: Met,
    attempts: Vec<Attempt>,
    /// A try ended without telling whether it took effect.
    unsettled: bool,
    /// A member said something; what the transport said does not count.
    answered: bool,
    launching: bool,
    /// The refusal to report unless a try under way says otherwise.
    verdict: Option<Error>,
    refusal: Option<Error>,
    last: Option<Error>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(client: &'a Client, plan: Plan) -> Self {
        let deadline = Instant::now() + plan.timeout.unwrap_or(client.shared.config.timeout);
        Self {
            client,
            plan,
            trace: client.trace(),
            deadline,
            tries: Vec::new(),
            met: Met::default(),
            attempts: Vec::new(),
            unsettled: false,
            answered: false,
            launching: true,
            verdict: None,
            refusal: None,
            last: None,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn route(&self) -> &Route {
        &self.plan.route
    }

    pub(crate) fn wants_a_region(&self) -> bool {
        self.plan.route == Route::Any && self.client.shared.steer.preferred().is_none()
    }

    /// Twice as long at each try.
    pub(crate) fn patience(&self) -> Duration {
        let doublings = u32::try_from(self.tries.len().saturating_sub(1)).unwrap_or(u32::MAX).min(4);
        self.client.shared.config.patience.saturating_mul(1 << doublings).saturating_add(self.plan.wait)
    }

    /// The request of the try that was launched last, with the time that is left.
    pub(crate) fn request<Req>(&self, message: Req) -> Request<Req> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline.saturating_duration_since(Instant::now()));
        self.client.shared.config.credential.sign(request.metadata_mut());
        if let Some(trace) = self.trace.metadata() {
            request.metadata_mut().insert(metadata::TRACEPARENT, trace);
        }
        // Reads say in a field what they must hold; a write says here what it builds on.
        if self.plan.request_id.is_some()
            && let Ok(token) = self.client.token().to_string().parse()
        {
            request.metadata_mut().insert(metadata::TOKEN, token);
        }
        // What refuses this try is then to settle those before it.
        if self.plan.changes && (self.plan.retried || self.unsettled || self.under_way() + self.silent_ones() > 1) {
            let before = u64::try_from(self.tries.len().saturating_sub(1)).unwrap_or(u64::MAX).max(1);
            request.metadata_mut().insert(metadata::PREVIOUS_ATTEMPTS, before.into());
        }
        request
    }

    pub(crate) fn won(&self, attempt: usize) -> (Option<&Arc<Connections>>, u32) {
        let member = self.tries.get(attempt).map(|one| &one.member);
        (member, u32::try_from(self.tries.len()).unwrap_or(u32::MAX))
    }

    /// Whom to try now.
    pub(crate) fn launch(&mut self) -> Option<(usize, Arc<Connections>)> {
        self.launching = false;
        if self.verdict.is_some() || self.under_way() + self.silent_ones() >= UNDER_WAY_MAX {
            return None;
        }
        let member = self.client.shared.steer.pick(&self.plan.route, &self.met, self.rounds())?;
        let again = self.tries.iter().any(|one| one.member.endpoint.region == member.endpoint.region);
        if again && !self.client.shared.budget.take() {
            return None;
        }
        *self.met.tries.entry(member.endpoint.address.clone()).or_default() += 1;
        self.tries.push(Try { member: Arc::clone(&member), state: State::UnderWay });
        Some((self.tries.len() - 1, member))
    }

    /// Nobody is left to try. What is under way may still answer.
    pub(crate) fn stuck(&self) -> Step {
        if self.under_way() > 0 || (self.silent_ones() > 0 && self.refusal.is_none()) {
            Step::Wait
        } else {
            Step::Return(self.given_up())
        }
    }

    pub(crate) fn silent(&mut self, attempt: usize) -> Step {
        let Some(one) = self.tries.get_mut(attempt).filter(|one| one.state == State::UnderWay) else {
            return Step::Wait;
        };
        one.state = State::Silent;
        self.met.silent.insert(one.member.endpoint.region.clone());
        self.attempts.push(note(&one.member, "no sign of life".to_owned()));
        if self.verdict.is_some() { self.conclude() } else { self.launch_after(Duration::ZERO) }
    }

    pub(crate) fn slow(&mut self, attempt: usize) -> Step {
        let under_way = self.tries.get(attempt).is_some_and(|one| one.state == State::UnderWay);
        // A slow member is a reason to ask another region once, not to go round again.
        let unasked = self.client.shared.steer.pick(&self.plan.route, &self.met, 1).is_some();
        if under_way && unasked && self.verdict.is_none() { self.launch_after(Duration::ZERO) } else { Step::Wait }
    }

    pub(crate) fn ended(&mut self, attempt: usize, status: &Status) -> Step {
        let Some(one) = self.tries.get_mut(attempt) else { return Step::Wait };
        one.state = State::Ended;
        let member = Arc::clone(&one.member);
        let unsent = never_sent(status);
        let mut error = Error::of(status);
        error.change().region = (!unsent && !error.reason.is_empty()).then(|| member.endpoint.region.clone());
        if let Some(source) = std::error::Error::source(status).filter(|_| error.reason.is_empty()) {
            error.change().message = format!("{}: {}", member.endpoint.address, chain(source));
        }
        self.attempts.push(note(&member, error.message.clone()));
        self.answered |= !error.reason.is_empty();
        match next(&error, unsent) {
            Next::Final => {
                member.health.signed();
                self.verdict = Some(error);
                self.conclude()
            }
            Next::OtherRegion => {
                self.met.refused.insert(member.endpoint.region.clone());
                self.refusal.get_or_insert(error);
                self.launch_after(Duration::ZERO)
            }
            Next::Elsewhere { down, unsettled } => {
                if down {
                    member.health.failed();
                }
                self.unsettled |= unsettled && self.plan.changes;
                let asked = error.retry_after;
                self.last = Some(error);
                let pause = self.pause(asked);
                self.launch_after(pause)
            }
            Next::Later => {
                let pause = pause(self.round(), error.retry_after);
                self.last = Some(error);
                self.launch_after(pause)
            }
        }
    }

    pub(crate) fn hold_over(&self) -> Step {
        Step::Return(self.given_up())
    }

    /// A refusal is in hand: report it, or wait a little for tries that may say otherwise.
    fn conclude(&self) -> Step {
        if self.plan.changes && self.under_way() > 0 && !self.settled() {
            Step::HoldFor(HOLD)
        } else {
            Step::Return(self.given_up())
        }
    }

    /// The refusal in hand is on record: it is the last word on every try.
    fn settled(&self) -> bool {
        self.verdict.as_ref().is_some_and(Error::is_on_record)
    }

    fn launch_after(&mut self, pause: Duration) -> Step {
        if self.verdict.is_some() {
            return self.conclude();
        }
        if std::mem::replace(&mut self.launching, true) {
            return Step::Wait;
        }
        Step::LaunchAfter(pause)
    }

    /// None for an endpoint that was not tried yet; a growing one before going round again.
    fn pause(&self, asked: Option<Duration>) -> Duration {
        let steer = &self.client.shared.steer;
        if steer.pick(&self.plan.route, &self.met, 1).is_some() { Duration::ZERO } else { pause(self.round(), asked) }
    }

    fn round(&self) -> u32 {
        self.met.tries.values().copied().max().unwrap_or(1).saturating_sub(1)
    }

    /// Once a region said that it cannot, each is asked once and no more.
    fn rounds(&self) -> u32 {
        match (&self.refusal, self.answered || self.unsettled) {
            (Some(_), _) => 1,
            (None, true) => ROUNDS_MAX,
            (None, false) => ROUNDS_UNREACHABLE,
        }
    }

    fn under_way(&self) -> usize {
        self.tries.iter().filter(|one| one.state == State::UnderWay).count()
    }

    fn silent_ones(&self) -> usize {
        self.tries.iter().filter(|one| one.state == State::Silent).count()
    }

    /// The best account of why there is no answer.
    pub(crate) fn given_up(&self) -> Error {
        let told = self.verdict.as_ref().or(self.refusal.as_ref()).cloned();
        let untold = told.or_else(|| self.last.clone().filter(|_| self.answered));
        let nobody = || Error::made(Code::Unavailable, reason::NOT_REACHABLE, self.nobody());
        self.account(untold.unwrap_or_else(nobody))
    }

    pub(crate) fn out_of_time(&self) -> Error {
        let told = self.verdict.as_ref().or(self.refusal.as_ref()).cloned();
        let waiting = self.under_way() + self.silent_ones() > 0;
        let late = || {
            let message = format!("waited {:?}: no answer in that time", self.time());
            Error::made(Code::DeadlineExceeded, reason::DEADLINE_EXCEEDED, message)
        };
        match told.or_else(|| self.last.clone().filter(|_| self.answered && !waiting)) {
            Some(error) => self.account(error),
            None if waiting || self.answered => self.account(late()),
            None => self.given_up(),
        }
    }

    /// Adds what the whole call knows: tries, request id, and whether one of them may still take effect.
    fn account(&self, mut error: Error) -> Error {
        let open = self.plan.changes && self.under_way() + self.silent_ones() > 0;
        // Also those before this call, which it was to settle.
        let earlier = self.plan.changes && self.plan.retried;
        let unsettled = (self.unsettled || open || earlier) && !self.settled();
        let told = self.verdict.is_some() || error.reason == reason::OUTCOME_UNKNOWN || self.refusal.is_some();
        if unsettled && !told {
            let message = format!("sent the request, and no answer says whether it took effect; {}", error.message);
            let (attempts, region) = (error.attempts.clone(), error.region.clone());
            error = Error::made(error.code, reason::OUTCOME_UNKNOWN, message);
            (error.change().attempts, error.change().region) = (attempts, region);
        }
        let failure = error.change();
        failure.unsettled = unsettled;
        failure.request_id = self.plan.request_id;
        failure.attempts.clone_from(&self.attempts);
        error
    }

    fn nobody(&self) -> String {
        let Some(last) = self.last.as_ref() else {
            return match &self.plan.route {
                Route::Only(region) => format!("called {region}: no endpoint of that region is known"),
                Route::Any | Route::Prefer(_) => "called the ring: no endpoint is known".to_owned(),
            };
        };
        let mut addresses: Vec<&str> = self.met.tries.keys().map(String::as_str).collect();
        addresses.sort_unstable();
        format!("connected to none of {}; last: {}", addresses.join(", "), last.message)
    }

    fn time(&self) -> Duration {
        self.plan.timeout.unwrap_or(self.client.shared.config.timeout)
    }
}

fn note(member: &Connections, outcome: String) -> Attempt {
    let crate::Endpoint { region, address } = member.endpoint.clone();
    Attempt { region, address, outcome }
}
