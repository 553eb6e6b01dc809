//! The published state of one log: what readers see, and how they wait for more.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
};

use ids::{Hash, Seq};
use tokio::sync::Notify;

use crate::state::LogState;

/// Recent heads kept to compare digests with other members that are a little behind.
const HEADS_KEPT: usize = 512;

/// One log's newest applied state. Taking a copy costs a few reference counts and never waits for apply.
pub struct StateCell {
    inner: Mutex<Inner>,
    changed: Notify,
}

struct Inner {
    state: LogState,
    /// Out of service: nothing newer will ever be published.
    closed: bool,
    /// (sequence, chain hash, state digest) of recent publications, oldest first.
    heads: std::collections::VecDeque<(Seq, Hash, Hash)>,
}

impl Inner {
    fn pass(&mut self, state: &LogState) {
        if self.heads.back().is_none_or(|(seq, _, _)| *seq != state.seq) {
            self.heads.push_back((state.seq, state.hash, state.digest()));
            if self.heads.len() > HEADS_KEPT {
                self.heads.pop_front();
            }
        }
    }
}

impl StateCell {
    pub fn new(state: LogState) -> Self {
        Self {
            inner: Mutex::new(Inner { state, closed: false, heads: std::collections::VecDeque::new() }),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest state.
    pub fn state(&self) -> LogState {
        self.lock().state.clone()
    }

    /// The newest sequence.
    pub fn seq(&self) -> Seq {
        self.lock().state.seq
    }

    /// Chain hash and state digest that were published at `seq`, while they are remembered.
    pub fn head_at(&self, seq: Seq) -> Option<(Hash, Hash)> {
        let inner = self.lock();
        inner.heads.iter().rev().find(|(at, _, _)| *at == seq).map(|(_, hash, digest)| (*hash, *digest))
    }

    /// Takes the state out of service: whoever follows it must go elsewhere.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
    }

    /// Whether the state is out of service.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Remembers the head of a state that is not published itself: other members may stop there.
    pub(crate) fn pass(&self, state: &LogState) {
        self.lock().pass(state);
    }

    /// Makes `state` what readers see.
    pub(crate) fn publish(&self, state: LogState) {
        let mut inner = self.lock();
        inner.pass(&state);
        inner.state = state;
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Completes when the state holds `seq`. The caller supplies the deadline.
    pub async fn reached(&self, seq: Seq) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Queue up before looking, so that a publication in between is not missed.
            changed.as_mut().enable();
            if self.seq() >= seq {
                return;
            }
            changed.await;
        }
    }
}
