//! Who calls, and whether they may.
//!
//! ```text
//!   bearer token ─▶ Authenticator ─▶ Who ──┐
//!   command, question ─▶ Need ─────────────┼─▶ Who::may ─▶ Ok, or a Denied that tells no more than its reader may know
//!   access of the organization (Arena) ────┘
//! ```
//!
//! Map: [`who`] callers · [`authenticate`] from a token to a caller · [`need`] what a call needs, that of every command among it ·
//! [`authorize`] the decision.
//!
//! **Architecture invariant:** no clock, no I/O: whoever asks says what time it is and what is on record. **Architecture invariant:** every
//! command has a need; there is no default.

pub mod authenticate;
pub mod authorize;
pub mod need;
pub mod who;

mod commands;

pub use authenticate::Authenticator;
pub use authorize::Denied;
pub use need::Need;
pub use who::Who;
