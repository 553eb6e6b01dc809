//! gRPC: the public API and the calls between members, over TLS.
//!
//! Map: [`api`] the services of `atoll.v1` over a [`region::Region`] · [`peer`] calls between members · [`tls`] certificates and who may
//! connect · [`serve`] listeners.
//!
//! **Architecture invariant:** no rule of the domain and no state of its own: a service reads a request, asks the region, and says what
//! it answered.

pub mod api;
pub mod peer;
pub mod serve;
pub mod tls;
