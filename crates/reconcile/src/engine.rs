//! Who runs when: as long as this member leads, every key is observed, planned and acted on again and again.
//!
//! ```text
//!   leading ─▶ keys ─▶ queue ─ take ─▶ run (observe, plan, act) ─ done ─▶ soon again, later, or quarantined
//!                ▲       ▲ ▲
//!      changed ──┘       │ └─ surveys: what differs in an account        a new term: all of it is forgotten and begins anew
//!                        └─── sweep: every key, spread over a period
//! ```
//!
//! All of it is one future: whoever drops it ends every run where it stands, as a crash would. It spawns nothing.

mod run;
mod state;
mod survey;

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, select},
    stream::FuturesUnordered,
};
use ids::AccountId;
use planner::plan::{Plan, Time};
use ports::{Cloud, Env, Instant};
use rand::{SeedableRng, rngs::SmallRng};

use self::state::State;
use crate::{
    Options,
    book::{Book, Key, Keys},
    caller::Caller,
    queue::{Class, Ended, Queue},
};

/// Reconciles the keys of one region while this member leads.
pub struct Engine {
    caller: Caller,
    book: Arc<dyn Book>,
    options: Options,
    state: Mutex<State>,
    /// Something was pushed from outside.
    pushed: tokio::sync::Notify,
    fenced: AtomicBool,
}

/// How it stands, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub leading: Option<u64>,
    pub keys: usize,
    /// Keys that were not looked at yet in this term, and how long it took from its begin until there was none.
    pub unseen: usize,
    pub first_pass: Option<Duration>,
    /// Keys that wait for a run or a time, and keys that run.
    pub waiting: usize,
    pub running: usize,
    /// Keys that are not as wished, or not known to be.
    pub unsettled: usize,
    /// Keys that a defect put out of service.
    pub quarantined: Vec<Key>,
    /// When each account was last listed in full, and the owners that nobody knows of.
    pub surveyed: BTreeMap<AccountId, (Option<Time>, usize)>,
    /// Calls made so far, by action.
    pub calls: BTreeMap<&'static str, u64>,
    /// The last ones, the oldest first.
    pub repairs: Vec<Repair>,
}

/// When the mending of something that a survey saw began. Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub key: Key,
    /// The listing began, and was answered.
    pub listed: u64,
    pub seen: u64,
    /// The first call of the repair went out.
    pub called: u64,
}

/// How a run ended, and when the key's turn is again where nothing is left to do.
struct Next(Ended, Option<Instant>);

enum Event {
    Ran(Key, Next),
    Surveyed,
    Changed(Keys),
    Time,
}

type Work<'a> = FuturesUnordered<BoxFuture<'a, Event>>;

impl Engine {
    pub fn new(env: Arc<dyn Env>, cloud: Arc<dyn Cloud>, book: Arc<dyn Book>, options: Options) -> Arc<Self> {
        let rng = SmallRng::seed_from_u64(env.seed("reconcile"));
        let queue = Queue::new(options.places, rng);
        Arc::new(Self {
            caller: Caller::new(env, cloud, options.region.clone()),
            book,
            options,
            state: Mutex::new(State::new(queue)),
            pushed: tokio::sync::Notify::new(),
            fenced: AtomicBool::new(false),
        })
    }

    /// Runs for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            match self.book.leading() {
                Some(term) => self.lead(term).await,
                None => self.caller.env.sleep(self.options.lead_every).await,
            }
        }
    }

    pub fn status(&self) -> Report {
        let state = self.state();
        let ((waiting, running), (unseen, first_pass)) = (state.queue.len(), state.first_pass());
        Report {
            leading: state.term,
            keys: state.keys.len(),
            unseen,
            first_pass,
            waiting,
            running,
            unsettled: state.unsettled(),
            quarantined: state.queue.quarantined().cloned().collect(),
            surveyed: state.accounts.iter().map(|(id, of)| (*id, (of.surveyed, of.strangers))).collect(),
            calls: self.caller.made(),
            repairs: state.repairs.iter().cloned().collect(),
        }
    }

    /// What was last planned for a key that is not settled.
    pub fn plan(&self, key: &Key) -> Option<Plan> {
        self.state().plans.get(key).cloned()
    }

    /// Takes a key out of quarantine. `false`: it was not in it.
    pub fn release(&self, key: &Key) -> bool {
        let released = self.state().queue.release(key, self.caller.env.now());
        self.pushed.notify_one();
        released
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until another term begins.
    async fn lead(&self, term: u64) {
        let now = self.caller.env.now();
        let keys = self.book.keys();
        let mut since = keys.until;
        self.state().begin(term, keys.keys, now, &self.options);
        tracing::info!(term, "reconciling begins");
        let mut changed = self.book.changed(since);
        let mut work = Work::new();
        while self.book.leading() == Some(term) {
            let until = self.start(&mut work, term);
            match self.next(&mut work, &mut changed, until).await {
                Event::Ran(key, Next(ended, turn)) => {
                    let (mut state, now) = (self.state(), self.caller.env.now());
                    // What it waits for now is not a turn of its own that comes at once.
                    if matches!(ended, Ended::Failed | Ended::Panicked) {
                        state.take_handed(&key);
                    }
                    state.ran(&key, now);
                    state.queue.done(&key, ended, now);
                    // A survey without news does not shorten a pause.
                    if let (Ended::Failed, Some(due)) = (ended, state.queue.due(&key)) {
                        state.look_later(&key, due);
                    }
                    turn.into_iter().for_each(|due| state.queue.push(&key, Class::Sweep, due));
                }
                Event::Changed(keys) => {
                    since = since.max(keys.until);
                    self.state().changed(keys.keys, self.caller.env.now());
                    changed = self.book.changed(since);
                }
                Event::Surveyed | Event::Time => {}
            }
        }
        // What runs is dropped where it stands: nothing that it learned serves another term.
        drop(work);
        let rng = SmallRng::seed_from_u64(self.caller.env.seed("reconcile"));
        *self.state() = State::new(Queue::new(self.options.places, rng));
        tracing::info!(term, "reconciling ends");
    }

    /// Starts what is due; when the next is.
    fn start<'a>(&'a self, work: &mut Work<'a>, term: u64) -> Instant {
        let now = self.caller.env.now();
        let mut state = self.state();
        while let Some(key) = state.queue.take(now) {
            work.push(self.guarded(key, term).boxed());
        }
        while let Some(account) = state.next_survey(now) {
            work.push(self.guarded_survey(account).boxed());
        }
        let due = state.queue.next_due().into_iter().chain(state.next_survey_due()).min();
        let lead = now.plus(self.options.lead_every);
        due.map_or(lead, |due| due.max(now).min(lead))
    }

    /// One run; a defect in it is its key's alone.
    async fn guarded(&self, key: Key, term: u64) -> Event {
        let next = match AssertUnwindSafe(self.run_key(&key, term)).catch_unwind().await {
            Ok(next) => next,
            Err(_) => {
                tracing::error!(%key, "reconciling it ended in a defect: it is left alone until it is released");
                Next(Ended::Panicked, None)
            }
        };
        Event::Ran(key, next)
    }

    /// One survey; a defect in it is its account's alone.
    async fn guarded_survey(&self, account: AccountId) -> Event {
        if AssertUnwindSafe(self.survey(account)).catch_unwind().await.is_err() {
            tracing::error!(%account, "listing it ended in a defect: it is listed again later");
            let next = self.caller.env.now().plus(self.options.survey_every);
            self.state().surveyed(account, next);
        }
        Event::Surveyed
    }

    async fn next<'a>(&'a self, work: &mut Work<'a>, changed: &mut BoxFuture<'static, Keys>, until: Instant) -> Event {
        let env = &self.caller.env;
        let done = async {
            match work.next().await {
                Some(event) => event,
                None => pending().await,
            }
        };
        let wait = until.since(env.now()).max(Duration::from_millis(1));
        let time = async {
            env.sleep(wait).await;
            Event::Time
        };
        let pushed = async {
            self.pushed.notified().await;
            Event::Time
        };
        first(first(done, changed.map(Event::Changed)), first(time, pushed)).await
    }
}

/// Whichever is done first; the earlier one where both are.
async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    select(pin!(one), pin!(other)).await.factor_first().0
}
