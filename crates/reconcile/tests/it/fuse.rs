//! Ends whoever waits at a given step: a call or a record is then either not begun, or done and not heard of.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_util::FutureExt;
use ports::{
    BoxFuture, Cloud,
    cloud::{CallSite, CloudError, CloudReply, CloudRequest},
};

pub struct Fuse {
    /// Of each step, whether to be lost there is something else than to be lost at the step before: something is under way, or was called
    /// or written in between. Where neither is so, cloud and log are what they were, and nothing else outlives a leader.
    steps: Mutex<Vec<bool>>,
    /// Calls and records that were begun, and those that are over.
    begun: AtomicUsize,
    over: AtomicUsize,
    /// As many were begun at the last step.
    last: AtomicUsize,
    at: AtomicUsize,
    blown: tokio::sync::watch::Sender<bool>,
    /// An action that the cloud has no answer for.
    pub refused: Mutex<Option<&'static str>>,
}

impl Fuse {
    pub fn new(at: usize) -> Arc<Self> {
        let blown = tokio::sync::watch::channel(false).0;
        let [begun, over, last] = [0, 0, usize::MAX].map(AtomicUsize::new);
        Arc::new(Self {
            steps: Mutex::default(),
            begun,
            over,
            last,
            at: AtomicUsize::new(at),
            blown,
            refused: Mutex::default(),
        })
    }

    /// Two steps, one before and one after what changes something.
    pub async fn around<T>(&self, change: impl Future<Output = T>) -> T {
        self.step().await;
        self.begun.fetch_add(1, SeqCst);
        let answer = change.await;
        self.over.fetch_add(1, SeqCst);
        self.step().await;
        answer
    }

    pub async fn step(&self) {
        let begun = self.begun.load(SeqCst);
        let matters = begun != self.over.load(SeqCst) || self.last.swap(begun, SeqCst) != begun;
        let step = {
            let mut steps = self.steps.lock().unwrap();
            steps.push(matters);
            steps.len() - 1
        };
        if step >= self.at.load(SeqCst) {
            self.blown.send_replace(true);
            pending::<()>().await;
        }
    }

    /// Completes once it has blown.
    pub async fn burnt(&self) {
        let _ = self.blown.subscribe().wait_for(|blown| *blown).await;
    }

    /// Counts anew, and ends at this step.
    pub fn arm(&self, at: usize) {
        self.steps.lock().unwrap().clear();
        self.last.store(usize::MAX, SeqCst);
        self.at.store(at, SeqCst);
    }

    /// The steps at which to be lost is something else than at the one before; and how many there were.
    pub fn that_matter(&self) -> (Vec<usize>, usize) {
        let steps = self.steps.lock().unwrap();
        let matter = steps.iter().enumerate().filter(|(_, matters)| **matters).map(|(step, _)| step);
        (matter.collect(), steps.len())
    }

    /// From now on nothing ends.
    pub fn mend(&self) {
        self.at.store(usize::MAX, SeqCst);
        self.blown.send_replace(false);
    }
}

/// A cloud of which every call that changes something is two steps.
pub struct Fused<C> {
    pub cloud: C,
    pub fuse: Arc<Fuse>,
}

impl<C: Cloud> Cloud for Fused<C> {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        if *self.fuse.refused.lock().unwrap() == Some(request.name()) {
            let why = "no answer".to_owned();
            return async move { Err(CloudError::Unknown { why }) }.boxed();
        }
        // Who asks changes nothing: to be lost while asking is to be lost after the change before, only later.
        let asks = request.name().starts_with("Describe");
        let (call, fuse) = (self.cloud.call(at, request), self.fuse.clone());
        if asks {
            return call;
        }
        async move { fuse.around(call).await }.boxed()
    }
}
