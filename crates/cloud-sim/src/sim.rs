//! Calls and the passing of time.

use std::{collections::BTreeMap, ops::Range};

use ports::cloud::{AccountId, CallSite, CloudError, CloudReply, CloudRequest, ErrorCode, InstanceId, Trouble};
use serde::{Deserialize, Serialize};

use crate::{
    Audit, BillLine, Delays, Effect, Options, Place, SIMULATED, Told, Vices, What, balancers,
    call::{Call, Due, World},
    chance::Purpose,
    dispatch, gateways, instances,
    place::Site,
    vices::Fault,
    volumes,
};

/// As [`ports::cloud::LATE_AT_MOST`].
const LATE_AT_MOST_MS: u64 = ports::cloud::LATE_AT_MOST.as_secs() * 1000;

/// The simulated cloud as a state machine. Times are Unix milliseconds.
#[derive(Serialize, Deserialize)]
pub struct Sim {
    pub(crate) world: World,
    #[serde(with = "crate::pairs")]
    pub(crate) sites: BTreeMap<Place, Site>,
}

/// What becomes of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub told: Result<CloudReply, CloudError>,
    /// How long the answer takes, in milliseconds.
    pub after: u64,
}

impl Sim {
    /// An empty cloud.
    pub fn new(options: Options) -> Self {
        Self { world: World::new(options), sites: BTreeMap::new() }
    }

    /// Does what is due until `now`, and then what is asked. A `now` before an earlier one counts as that.
    pub fn call(&mut self, now: u64, at: &CallSite, request: CloudRequest) -> Outcome {
        self.advance(now);
        let fault = self.world.options.vices.fault(&mut self.world.chance);
        let delays = &self.world.options.delays;
        let (usual, timeout) = (delays.call / 2, delays.call_timeout);
        let unknown = |why: &str| CloudError::Unknown { why: format!("called {}: {why}", request.name()) };
        let (no_answer, broken) = (unknown("no answer in time"), unknown("the connection broke before the answer"));
        let internal =
            CloudError::not_now(Trouble::InternalError, format!("called {}: an internal error", request.name()));
        let (told, after) = match fault {
            None => (self.deliver(at, request, fault, Told::Answered), usual),
            Some(Fault::Slow) => (self.deliver(at, request, fault, Told::Answered), usual * 50),
            Some(Fault::Duplicate) => (self.deliver_twice(at, request), usual),
            Some(Fault::TimeoutWithoutEffect) => (self.lose(at, request, fault, no_answer), timeout),
            Some(Fault::InternalErrorWithoutEffect) => (self.lose(at, request, fault, internal), usual),
            Some(Fault::TimeoutWithEffect) => (self.hide(at, request, fault, no_answer), timeout),
            Some(Fault::LostResponse) => (self.hide(at, request, fault, broken), usual),
            Some(Fault::InternalErrorWithEffect) => (self.hide(at, request, fault, internal), usual),
            Some(Fault::LateEffect) => {
                let most = self.world.options.vices.late_by.clamp(1, LATE_AT_MOST_MS);
                let late = self.world.chance.below(Purpose::Late, most);
                let due = Due::Call(Box::new((at.clone(), request.clone())));
                self.world.later(place(at), self.world.now + late, due);
                (self.lose(at, request, fault, no_answer), timeout)
            }
        };
        let after = if after == timeout { after } else { self.world.chance.about(Purpose::Latency, after) };
        Outcome { told, after }
    }

    /// How long a call takes to arrive, in milliseconds.
    pub fn way(&mut self) -> u64 {
        let usual = self.world.options.delays.call / 2;
        self.world.chance.about(Purpose::Latency, usual)
    }

    /// Does what happens by itself until `now`, each thing at its own time.
    pub fn advance(&mut self, now: u64) {
        while self.world.due.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
            let Some(((at, _), (place, due))) = self.world.due.pop_first() else { break };
            self.world.now = self.world.now.max(at);
            if let Due::Call(late) = due {
                let (site, request) = *late;
                let _ = self.deliver(&site, request, Some(Fault::LateEffect), Told::Nothing);
                continue;
            }
            let mut call = self.at(&place, false);
            match due {
                Due::Instance(due) => instances::due(&mut call, due),
                Due::NatGateway(due) => gateways::due(&mut call, due),
                Due::Balancer(due) => balancers::due(&mut call, due),
                Due::Volume(due) => volumes::due(&mut call, due),
                Due::Token(key) => call.site.tokens.forget(&key, call.now),
                Due::Call(_) => {}
            }
        }
        self.world.now = self.world.now.max(now);
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<u64> {
        self.world.due.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn now(&self) -> u64 {
        self.world.now
    }

    pub fn options(&self) -> &Options {
        &self.world.options
    }

    /// Another character from now on.
    pub fn set_vices(&mut self, vices: Vices) {
        self.world.options.vices = vices;
    }

    /// Other delays for what begins from now on.
    pub fn set_delays(&mut self, delays: Delays) {
        self.world.options.delays = delays;
    }

    pub fn audit(&self) -> &Audit {
        &self.world.audit
    }

    /// What the instances of an account cost until now.
    pub fn bill(&self, account: AccountId) -> BTreeMap<InstanceId, BillLine> {
        self.bill_within(account, 0..u64::MAX)
    }

    /// The part of [`Self::bill`] that falls into a span of Unix seconds. Parts of spans that follow each other add up to the whole, but for
    /// what is rounded.
    pub fn bill_within(&self, account: AccountId, span: Range<u64>) -> BTreeMap<InstanceId, BillLine> {
        self.world.bills.within(account, span, self.world.now / 1000)
    }

    /// What an account is called, so that nobody takes it for a real one.
    pub fn alias(&self, account: AccountId) -> String {
        format!("{SIMULATED}-{account}")
    }

    pub(crate) fn at<'a>(&'a mut self, place: &'a Place, stale: bool) -> Call<'a> {
        let site = self.sites.entry(place.clone()).or_default();
        Call { now: self.world.now, stale, place, site, world: &mut self.world, effects: Vec::new() }
    }

    /// One delivery of a call: what it does and answers.
    fn deliver(
        &mut self,
        at: &CallSite,
        request: CloudRequest,
        fault: Option<Fault>,
        told: Told,
    ) -> Result<CloudReply, CloudError> {
        let (answer, effects) = self.perform(at, request.clone());
        let told = match (&answer, told) {
            (Err(error), Told::Answered) => Told::Failed(error.clone()),
            (_, told) => told,
        };
        self.record(at, What::call(at, request, fault, effects, told));
        answer
    }

    /// Two deliveries of a call. An answer is told rather than a refusal: who is refused must be able to rely on it.
    fn deliver_twice(&mut self, at: &CallSite, request: CloudRequest) -> Result<CloudReply, CloudError> {
        let (first, did) = self.perform(at, request.clone());
        let (second, did_then) = self.perform(at, request.clone());
        let (told, told_then) = match (&first, &second) {
            (Ok(_), _) => (Told::Answered, Told::Nothing),
            (Err(_), Ok(_)) => (Told::Nothing, Told::Answered),
            (Err(_), Err(error)) => (Told::Nothing, Told::Failed(error.clone())),
        };
        self.record(at, What::call(at, request.clone(), Some(Fault::Duplicate), did, told));
        self.record(at, What::call(at, request, Some(Fault::Duplicate), did_then, told_then));
        first.or(second)
    }

    /// A call with its effect, of which the caller learns `error`.
    fn hide(
        &mut self,
        at: &CallSite,
        request: CloudRequest,
        fault: Option<Fault>,
        error: CloudError,
    ) -> Result<CloudReply, CloudError> {
        let _ = self.deliver(at, request, fault, Told::Failed(error.clone()));
        Err(error)
    }

    /// A call that never arrives.
    fn lose(
        &mut self,
        at: &CallSite,
        request: CloudRequest,
        fault: Option<Fault>,
        error: CloudError,
    ) -> Result<CloudReply, CloudError> {
        self.record(at, What::call(at, request, fault, Vec::new(), Told::Failed(error.clone())));
        Err(error)
    }

    fn record(&mut self, at: &CallSite, what: What) {
        self.world.audit.record(self.world.now, &place(at), what);
    }

    fn perform(&mut self, at: &CallSite, request: CloudRequest) -> (Result<CloudReply, CloudError>, Vec<Effect>) {
        let options = &self.world.options;
        if !options.accounts.contains(&at.account) || !options.regions.contains_key(&at.region) {
            let message =
                format!("called {} in {}, {}: no such account and region here", request.name(), at.account, at.region);
            return (Err(CloudError::refused(ErrorCode::AuthFailure, message)), Vec::new());
        }
        let (percent, stale) = (options.vices.throttle_percent, options.vices.stale);
        let stale = self.world.chance.permille(Purpose::Replica, stale);
        let place = place(at);
        let mut call = self.at(&place, stale);
        if let Some(percent) = percent
            && let Err(throttled) = call.site.buckets.take(call.now, percent, &request)
        {
            return (Err(throttled), Vec::new());
        }
        (dispatch::dispatch(&mut call, request), call.effects)
    }
}

fn place(at: &CallSite) -> Place {
    Place { account: at.account, region: at.region.clone() }
}
