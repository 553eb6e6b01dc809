//! What the process is told by signals, while it does something else.
//!
//! Signals are heard at every moment. What cannot be broken off, such as opening a store, is done first; told to stop a second time, the
//! process ends at once. To reload is never told to stop.

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// See the module.
pub struct Signals {
    stop: [Signal; 2],
    reload: Signal,
    /// Told to stop, for good.
    stopping: bool,
    /// Told to reload while nobody could.
    to_reload: bool,
}

/// What the process was told.
pub enum Told {
    Stop,
    Reload,
}

impl Signals {
    pub fn new() -> std::io::Result<Self> {
        let stop = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        Ok(Self { stop, reload: signal(SignalKind::hangup())?, stopping: false, to_reload: false })
    }

    /// What is to be done next, also where it was told during other work.
    pub async fn next(&mut self) -> Told {
        if self.stopping {
            return Told::Stop;
        }
        if std::mem::take(&mut self.to_reload) {
            return Told::Reload;
        }
        let told = self.received().await;
        self.stopping = matches!(told, Told::Stop);
        told
    }

    /// Does work that is not to be broken off, and keeps what is told meanwhile. Told to stop a second time it gives up.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut work = pin!(work);
        loop {
            let told = match select(work.as_mut(), pin!(self.received())).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right((told, _)) => told,
            };
            match told {
                Told::Reload => self.to_reload = true,
                Told::Stop if !self.stopping => self.stopping = true,
                Told::Stop => {
                    tracing::warn!("told to stop a second time: ends at once");
                    return Err(Failure::failed(
                        "ended at once, as it was told twice: what was acknowledged is on disk",
                    ));
                }
            }
        }
    }

    async fn received(&mut self) -> Told {
        let [terminate, interrupt] = &mut self.stop;
        let (terminate, interrupt, reload) = (pin!(terminate.recv()), pin!(interrupt.recv()), pin!(self.reload.recv()));
        match select(select(terminate, interrupt), reload).await {
            Either::Left(_) => Told::Stop,
            Either::Right(_) => Told::Reload,
        }
    }
}
