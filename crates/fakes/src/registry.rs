//! A registry that holds still: it changes when told to, so a test decides when a ring grows.

use std::sync::{Mutex, PoisonError};

use ports::{Registry, Topology};

/// The topology that was last set.
#[derive(Debug, Default)]
pub struct StillRegistry {
    topology: Mutex<Topology>,
}

impl StillRegistry {
    pub fn new(topology: Topology) -> Self {
        Self { topology: Mutex::new(topology) }
    }

    /// From now on this is the topology.
    pub fn set(&self, topology: Topology) {
        *self.topology.lock().unwrap_or_else(PoisonError::into_inner) = topology;
    }
}

impl Registry for StillRegistry {
    fn topology(&self) -> Topology {
        self.topology.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
