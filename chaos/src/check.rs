//! The judgement, after all faults are taken back and the load has ended: what was promised, and what was found instead.
//!
//! Map: [`settle`] one outcome per request id · [`survive`] what was acknowledged is in the logs · [`histories`] the oracle ·
//! [`pauses`] how long calls were out of service. Equality of copies is [`crate::view`]'s to see, and a rule of `invariants`.

pub mod histories;
pub mod pauses;
pub mod settle;
pub mod survive;
