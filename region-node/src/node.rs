//! `serve`: a process that is a member of the ring until it is told to stop.
//!
//! ```text
//!   thread main   region, calls of other members       a life: open store ─▶ region ─▶ stopped? close, wait for room, open again
//!   thread api    calls of clients, telemetry pages    stays, whatever becomes of lives
//!   own threads   store, logs, OTLP
//! ```
//!
//! Map: `start` everything before the first call is served · `supervise` lives, one after the other, and the end ·
//! `signals` what it is told.

mod signals;
mod start;
mod supervise;

use std::sync::{Arc, PoisonError, RwLock};

use adapter_grpc::{api::Front, peer::Door, tls::Material};
use adapter_telemetry::Metrics;
use ports::Topology;

use crate::{config::Config, pages::Current, world::Listed};

pub use start::{runtime, serve};

/// What outlives single lives of the member.
pub struct Node {
    config: RwLock<Arc<Config>>,
    pub metrics: Arc<Metrics>,
    pub listed: Arc<Listed>,
    pub front: Arc<Front>,
    pub door: Door,
    pub tls: Material,
    pub current: Arc<Current>,
}

impl Node {
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over the members of a configuration; the rest of it holds from the next start on.
    fn set_members(&self, config: &Config) -> Result<(), crate::config::Error> {
        let regions = config.by_region(|member| ids::MemberId(member.id))?;
        self.listed.set(Topology { regions });
        let mut current = self.config.write().unwrap_or_else(PoisonError::into_inner);
        let members = config.members.clone();
        *current = Arc::new(Config { members, ..current.as_ref().clone() });
        Ok(())
    }
}
