//! What the store does, step by step, for a test or a trace that wants to see the order.

use std::sync::Arc;

/// Writes are numbered from 1, in the order in which this opening of the store took them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreEvent {
    /// The write was taken: its effect is readable, and not yet durable. `awaited`: it is not one that may be flushed later.
    Taken { write: u64, awaited: bool },
    /// A sync completed: every write up to this one that was not refused is durable.
    Flushed { through: u64 },
    /// The write's callback is called next, with `Ok` or not.
    Acknowledged { write: u64, ok: bool },
}

/// Where events go. Called in order, in part with the store's lock held: it must not call the store.
pub type Observe = Arc<dyn Fn(StoreEvent) + Send + Sync>;
