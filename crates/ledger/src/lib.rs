//! The replicated logs of one member: groups, apply, snapshots, shipping, replicas, watching.
//!
//! ```text
//!   submissions ─▶ decider ─▶ Raft ─▶ apply ─▶ state cell ─▶ readers, feeds
//!                                       │
//!                                       └─▶ record log ─▶ pulls of other regions ─▶ replica ─▶ state cell ─▶ readers, feeds
//! ```
//!
//! Map: [`state`] rows, chain, digest and what a record does to them · [`cell`] what readers see · [`records`] kept records ·
//! [`snapshot`] sealed states · `raft` all that touches openraft · [`decider`] submissions to proposals · [`group`] one group ·
//! [`replica`], `puller`, [`shipping`] copies of other regions' logs · [`heads`] who stands where · [`feed`] watching ·
//! [`ledger`] all logs of one member · [`verify`] what the stores hold, checked offline · `peers` calls to others · `chunks` snapshots in pieces · `runtime`, `watch` what makes openraft a function of a seed.
//!
//! **Architecture invariants**
//! - The only crate that names openraft.
//! - Apply decides nothing: it compares revisions and stores bytes, without a clock and without decoding a row.
//! - Nobody is told of a change before a majority has flushed it; nobody is refused on a state that a majority did not confirm.
//! - Nothing that another member sent is taken in before all of it is proven to continue this copy.

mod canary;
mod chunks;
mod observed;
mod peers;
mod puller;
mod raft;
mod requests;
mod runtime;
mod watch;

pub mod cell;
pub mod config;
pub mod decider;
pub mod feed;
pub mod group;
pub mod heads;
pub mod ledger;
pub mod records;
pub mod replica;
pub mod shipping;
pub mod snapshot;
pub mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod verdict;
pub mod verify;

pub use canary::Canary;
pub use config::{Config, GroupTiming, Retention, Timing};
pub use decider::Rule;
pub use feed::{Feed, FeedError, FeedItem};
pub use ledger::{Ledger, Ports, StartError};
pub use peers::Peers;
pub use state::LogState;
pub use verdict::Verdict;
