//! **The simulated cloud as a process of its own**, so that the truth about machines lives outside of the service under test: it survives
//! restarts of regions, and its own.
//!
//! ```text
//!   reconciling ── RemoteCloud ──┐  HTTP/1.1 on loopback, JSON    ┌── one writer ─▶ Sim ─▶ journal, synced ─▶ answers, when they are due
//!   cloud-sim kill … ── Caller ──┴──────────── Ask ───────────────┘                  └──▶ snapshot, now and then
//! ```
//!
//! What travels are the port's own values ([`Ask`]). `Sim` is a state machine, so a journal of calls with their times is all that has to be
//! kept: read again, it gives the same cloud. What was answered is on disk; what was not may be. Time goes on while no process runs, and
//! never goes back.
//!
//! Map: [`protocol`] what is asked and answered · [`client`] the port, from afar · [`server`] listening and answering · [`host`] the cloud
//! with its journal · [`journal`] bytes that survive · [`settings`] what it is told at its start · [`knobs`] changing it while it runs ·
//! [`reports`] what people are shown.
//!
//! What it is not: EC2's own protocol, and a service for others than this machine. Nobody is authenticated, so it listens on loopback only.
//!
//! **Architecture invariant:** nothing is answered before what was asked is on disk. **Architecture invariant:** a call is sent at most
//! once, and "not sent" is said only when that is certain.

pub mod client;
pub mod host;
pub mod journal;
pub mod knobs;
pub mod protocol;
pub mod reports;
pub mod server;
pub mod settings;

pub use client::{AskError, Caller, RemoteCloud};
pub use host::Host;
pub use protocol::{Ask, DEFAULT_ADDRESS};
pub use settings::Settings;
