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
//! [`freshness`] of copies · `relay` the hop in between · `drain` what a region owes the global log · `claim` cloud accounts for organizations without · `quota` slices taken over and given up · `keep` clusters as they are wished ·
//! `policies` who may do what · `wish` what both ask for · `trial` editions of the catalogue that are of use · `join` taking the place of a lost member · [`admission`] how much is taken on · [`status`] what this member knows ·
//! [`stopped`] when it can serve no longer · [`shutdown`] its orderly end · [`region`] the whole.
//!
//! **Architecture invariant:** a command passes at most one relay, and an answer says "not done" only when that is certain.

pub mod admission;
pub mod ask;
pub mod freshness;
mod quota;
pub mod read;
pub mod region;
pub mod shutdown;
pub mod status;
pub mod stopped;
pub mod submit;

mod claim;
mod decided;
mod drain;
mod join;
mod keep;
mod policies;
pub mod proposed;
mod relay;
mod trial;
mod wish;

pub use keep::Keeping;
pub use ledger::group::StopCause;
pub use read::{Consistency, ReadRefusal, ReadView};
pub use region::Region;
pub use shutdown::{Handover, HandoverOutcome, ShutdownReport};
pub use status::{CopyKind, LogStatus, MemberStatus, Mode, RegionStatus, Status};
pub use stopped::Stopped;
