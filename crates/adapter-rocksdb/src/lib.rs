//! The storage ports on RocksDB: journals, meta values and snapshots of one member, in one data directory.
//!
//! ```text
//!   write ──▶ state (bounds, meta values, recent entries) ──▶ readers, at once
//!        └──▶ queue ──▶ syncer: one batch, one sync ──▶ callbacks, in order
//!   put   ──▶ queue ──▶ writer: one file, one rename ──▶ callback
//!
//!   data directory:   identity    whose it is, and its format
//!                     log/        a RocksDB database: meta values and bounds, Raft entries, records
//!                     snapshots/  one file per log
//! ```
//! Map: `store` opening, closing and the ports · `open` every step of opening · `identity` whose directory it is · `recover` what an
//! opened database holds · `frames` torn tail or damage · `state` what readers see · `syncer` the thread that makes it durable · `keys`
//! names and checksums of what is stored · `options` RocksDB's · `snapshots` files · `event` what a test may watch · `error` why
//! opening failed · `locate` whose bytes are damaged, and `batches` what bytes name.
//!
//! **Architecture invariant:** only the syncer writes to the database, one batch at a time, the next only after the last was synced.
//! `frames` rests on that. **Architecture invariant:** the bounds say what a journal holds; a key outside of them is rubbish that
//! nobody reads. **Architecture invariant:** bytes are given to a reader only after their checksum was computed again.

mod batches;
mod error;
mod event;
mod frames;
mod identity;
mod keys;
mod locate;
mod open;
mod options;
mod recover;
mod snapshots;
mod state;
mod store;
mod syncer;

pub use error::OpenError;
pub use event::{Observe, StoreEvent};
pub use identity::Identity;
pub use locate::{Part, parts};
pub use store::{Options, Store};
