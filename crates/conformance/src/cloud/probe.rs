//! Asking a cloud as a patient caller does.

use std::{sync::Arc, time::Duration};

use ports::{
    Instant,
    cloud::{Action, CallSite, ClientToken, CloudError, Describe, ErrorCode, Filter, Page, PageRequest, Tags},
};

use super::{Fixture, RUN};
use crate::Broken;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// The cloud under test, with the account that is played in.
pub struct Probe<'a> {
    pub fixture: &'a Fixture,
    pub site: CallSite,
}

impl<'a> Probe<'a> {
    pub fn new(fixture: &'a Fixture) -> Self {
        let site = CallSite {
            cause: Some(format!("conformance {}", fixture.run).into()),
            ..CallSite::new(fixture.account, fixture.region.clone())
        };
        Self { fixture, site }
    }

    /// As `name` in this run.
    pub fn name(&self, name: &str) -> Arc<str> {
        format!("{}-{name}", self.fixture.run).into()
    }

    pub fn token(&self, name: &str) -> ClientToken {
        ClientToken::new(self.name(name))
    }

    /// The tag of this run, and one with the name.
    pub fn tags(&self, name: &str) -> Tags {
        [(RUN, self.fixture.run.clone()), ("Name", name.to_owned())].into_iter().collect()
    }

    /// Selects what has the name in this run.
    pub fn named<Id>(&self, name: &str) -> Describe<Id> {
        Describe { filters: vec![self.ours(), Filter::tag("Name", name)], ..Describe::default() }
    }

    pub fn ours(&self) -> Filter {
        Filter::tag(RUN, self.fixture.run.clone())
    }

    /// The answer to a call that should succeed: soon, if throttled, if what it speaks of is not known everywhere yet, or if it is
    /// still on its way from a state whose end an older description seemed to show.
    pub async fn done<A: Action + Clone>(&self, promise: &'static str, action: A) -> Result<A::Reply, Broken> {
        let until = self.deadline(self.fixture.patience.settle);
        loop {
            let error = match self.fixture.cloud.ask(&self.site, action.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let passes = matches!(error, CloudError::NotNow { .. }) || not_found(&error) || on_its_way(&error);
            if !passes || self.passed(until) {
                return Err(Broken::new(promise, format!("{}: {error}", A::NAME)));
            }
            self.pause().await;
        }
    }

    /// That what was there before is refused with a code in time.
    pub async fn refused_in_time<A: Action + Clone>(
        &self,
        promise: &'static str,
        action: A,
        code: ErrorCode,
    ) -> Result<(), Broken> {
        let until = self.deadline(self.fixture.patience.settle);
        loop {
            let answer = self.fixture.cloud.ask(&self.site, action.clone()).await.map(drop);
            if answer.as_ref().is_err_and(|error| error.code() == Some(&code)) {
                return Ok(());
            }
            if self.passed(until) {
                return Err(Broken::new(promise, format!("{}: {answer:?} instead of {code}", A::NAME)));
            }
            self.pause().await;
        }
    }

    /// A call that should be refused with this code.
    pub async fn refused<A: Action + Clone>(
        &self,
        promise: &'static str,
        action: A,
        code: ErrorCode,
    ) -> Result<(), Broken> {
        let until = self.deadline(self.fixture.patience.settle);
        loop {
            let error = match self.fixture.cloud.ask(&self.site, action.clone()).await {
                Ok(_) => return Err(Broken::new(promise, format!("{}: succeeded instead of {code}", A::NAME))),
                Err(error) if error.code() == Some(&code) => return Ok(()),
                Err(error) => error,
            };
            let passes = matches!(error, CloudError::NotNow { .. }) || not_found(&error);
            if !passes || self.passed(until) {
                return Err(Broken::new(promise, format!("{}: {error} instead of {code}", A::NAME)));
            }
            self.pause().await;
        }
    }

    /// Asks again until the answer shows what it should.
    pub async fn until<A: Action + Clone, T>(
        &self,
        promise: &'static str,
        action: A,
        found: impl Fn(&A::Reply) -> Option<T>,
    ) -> Result<T, Broken> {
        let until = self.deadline(self.fixture.patience.change);
        loop {
            let reply = self.done(promise, action.clone()).await?;
            if let Some(found) = found(&reply) {
                return Ok(found);
            }
            if self.passed(until) {
                return Err(Broken::new(
                    promise,
                    format!("{}: not shown in {:?}", A::NAME, self.fixture.patience.change),
                ));
            }
            self.pause().await;
        }
    }

    /// Every page of a list.
    pub async fn pages<A, T>(
        &self,
        promise: &'static str,
        size: u16,
        ask: impl Fn(PageRequest) -> A,
    ) -> Result<Vec<Vec<T>>, Broken>
    where
        A: Action<Reply = Page<T>> + Clone,
    {
        const MOST: usize = 1000;
        let mut pages = Vec::new();
        let mut token = None;
        while pages.len() < MOST {
            let page = self.done(promise, ask(PageRequest { size: Some(size), token })).await?;
            pages.push(page.items);
            token = page.next;
            if token.is_none() {
                return Ok(pages);
            }
        }
        Err(Broken::new(promise, format!("{}: no end after {MOST} pages", A::NAME)))
    }

    pub fn deadline(&self, span: Duration) -> Instant {
        self.fixture.env.now().plus(span)
    }

    pub fn passed(&self, deadline: Instant) -> bool {
        self.fixture.env.now() >= deadline
    }

    pub async fn pause(&self) {
        self.fixture.env.sleep(PAUSE).await;
    }
}

/// Whether it says that something does not exist, which it may do of what was just made.
pub fn not_found(error: &CloudError) -> bool {
    let code = error.code().map_or("", ErrorCode::as_str);
    code.contains("NotFound") || code == ErrorCode::InvalidId.as_str() || code == ErrorCode::InvalidTarget.as_str()
}

fn on_its_way(error: &CloudError) -> bool {
    use ErrorCode::{IncorrectInstanceState, IncorrectState, ResourceInUse, VolumeInUse};
    matches!(error.code(), Some(IncorrectState | IncorrectInstanceState | VolumeInUse | ResourceInUse))
}

/// The only item of a page.
pub fn only<T: Clone>(page: &Page<T>) -> Option<T> {
    page.items.first().filter(|_| page.items.len() == 1).cloned()
}
