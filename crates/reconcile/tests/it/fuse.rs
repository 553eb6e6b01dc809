//! Ends whoever waits at a given step: a call or a record is then either not begun, or done and not heard of.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_util::FutureExt;
use ports::{
    BoxFuture, Cloud,
    cloud::{CallSite, CloudError, CloudReply, CloudRequest},
};

pub struct Fuse {
    pub steps: AtomicUsize,
    at: AtomicUsize,
    blown: tokio::sync::watch::Sender<bool>,
}

impl Fuse {
    pub fn new(at: usize) -> Arc<Self> {
        let blown = tokio::sync::watch::channel(false).0;
        Arc::new(Self { steps: AtomicUsize::new(0), at: AtomicUsize::new(at), blown })
    }

    pub async fn step(&self) {
        let step = self.steps.fetch_add(1, SeqCst);
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
        self.steps.store(0, SeqCst);
        self.at.store(at, SeqCst);
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
        // Who asks changes nothing: to be lost while asking is to be lost after the change before, only later.
        let asks = request.name().starts_with("Describe");
        let (call, fuse) = (self.cloud.call(at, request), self.fuse.clone());
        if asks {
            return call;
        }
        async move {
            fuse.step().await;
            let answer = call.await;
            fuse.step().await;
            answer
        }
        .boxed()
    }
}
