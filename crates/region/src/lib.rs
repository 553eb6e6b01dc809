//! One member of one region, assembled: takes any call for any log, brings it where it belongs, and reads with a known age.
//!
//! ```text
//!   submit ─▶ this member leads the log? decide here
//!             else ─▶ its leader, directly ─▶ or over one relay, when the direct way is down
//!   read   ─▶ the copy here ─▶ at once (LOCAL) · when it holds the token (AT_LEAST) · when its leader's head is here (LINEARIZABLE)
//! ```
//!
//! The same composition runs in a real process and in the simulator, over different ports.
//!
//! Map: [`ask`] one question to the leader of a log, wherever it is · [`submit`] commands · [`read`] the three levels of reading and
//! [`freshness`] of copies · `relay` the hop in between · [`region`] the whole.
//!
//! **Architecture invariant:** a command passes at most one relay, and an answer says "not done" only when that is certain.

pub mod ask;
pub mod freshness;
pub mod read;
pub mod region;
pub mod submit;

mod relay;

pub use read::{Consistency, ReadRefusal, ReadView};
pub use region::Region;
