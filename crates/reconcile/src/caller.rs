//! Calls to the cloud: each within the budget of its account, counted, and made once but for questions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use ports::{
    Cloud, Env, Instant,
    cloud::{AccountId, Action, CallSite, CloudError, CloudRegion, CloudReply, CloudRequest, Trouble},
};

use crate::budget::{Budgets, Rate};

/// A change waits at most so long for its budget: what was committed long ago is not called any more.
const WAITS_AT_MOST: Duration = Duration::from_secs(20);
/// A turn for a change is booked at most so long ahead: who comes later comes again.
const AHEAD: Duration = Duration::from_secs(60);
/// How often a question is asked before it counts as not answered.
const TRIES: u32 = 4;
/// Between two tries of a question.
const AGAIN: Duration = Duration::from_millis(700);

/// Smaller than what AWS documents (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>), so that something is left
/// for the account's owner.
fn rate(action: &str) -> Rate {
    match action {
        "RunInstances" | "StartInstances" => Rate { burst: 5.0, per_second: 1.6 },
        _ if action.starts_with("Describe") => Rate { burst: 70.0, per_second: 15.0 },
        _ => Rate { burst: 35.0, per_second: 4.0 },
    }
}

pub(crate) struct Caller {
    pub env: Arc<dyn Env>,
    cloud: Arc<dyn Cloud>,
    region: CloudRegion,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    budgets: Budgets<(AccountId, &'static str)>,
    made: BTreeMap<&'static str, u64>,
}

/// A call was not made.
pub(crate) struct NotMade;

impl Caller {
    pub fn new(env: Arc<dyn Env>, cloud: Arc<dyn Cloud>, region: CloudRegion) -> Self {
        Self { env, cloud, region, books: Mutex::default() }
    }

    /// Calls made so far, by action.
    pub fn made(&self) -> BTreeMap<&'static str, u64> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).made.clone()
    }

    /// When a change may be made, by whoever's clock says `now`; it counts as made then. `Err`: ask again then, nothing was booked.
    pub fn book(&self, account: AccountId, action: &'static str, now: Instant) -> Result<Instant, Instant> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        match books.budgets.book(&(account, action), rate(action), AHEAD, now) {
            Some(wait) => Ok(now.plus(wait)),
            None => Err(now.plus(AHEAD / 2)),
        }
    }

    /// A change, made once at most. `booked`: its turn has come. `called` is set when it goes out, unless an earlier one did.
    pub async fn change(
        &self,
        account: AccountId,
        cause: &str,
        request: CloudRequest,
        booked: bool,
        called: &OnceLock<Instant>,
    ) -> Result<Result<CloudReply, CloudError>, NotMade> {
        let began = self.env.now();
        while !booked && let Err(wait) = self.take(account, request.name()) {
            if self.env.now().plus(wait).since(began) > WAITS_AT_MOST {
                return Err(NotMade);
            }
            self.env.sleep(wait).await;
        }
        let mut site = CallSite::new(account, self.region.clone());
        site.cause = Some(cause.into());
        called.get_or_init(|| self.env.now());
        Ok(self.call(&site, request).await)
    }

    /// A question, asked again for a while where it is not answered.
    pub async fn ask<A: Action + Clone>(&self, account: AccountId, question: A) -> Result<A::Reply, CloudError> {
        let site = CallSite::new(account, self.region.clone());
        let mut tries = 0;
        loop {
            while let Err(wait) = self.take(account, A::NAME) {
                self.env.sleep(wait).await;
            }
            let error = match self.call(&site, question.clone().into()).await {
                Ok(reply) => match A::reply(reply) {
                    Ok(reply) => return Ok(reply),
                    Err(other) => CloudError::Unknown { why: format!("asked {}: answered {}", A::NAME, other.name()) },
                },
                Err(error) => error,
            };
            tries += 1;
            if tries >= TRIES || matches!(error, CloudError::Refused { .. }) {
                return Err(error);
            }
            self.env.sleep(AGAIN * tries).await;
        }
    }

    fn take(&self, account: AccountId, action: &'static str) -> Result<(), Duration> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        // Rounded up: a nanosecond too early is too early.
        let wait = |wait: Duration| wait + Duration::from_millis(1);
        books.budgets.take(&(account, action), rate(action), self.env.now()).map_err(wait)
    }

    async fn call(&self, site: &CallSite, request: CloudRequest) -> Result<CloudReply, CloudError> {
        let name = request.name();
        *self.books.lock().unwrap_or_else(PoisonError::into_inner).made.entry(name).or_default() += 1;
        let answer = self.cloud.call(site, request).await;
        if matches!(&answer, Err(CloudError::NotNow { trouble: Trouble::RequestLimitExceeded, .. })) {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            books.budgets.refused(&(site.account, name), rate(name), self.env.now());
        }
        answer
    }
}
