//! **A simulated cloud.** Nothing in it exists: no machine runs, no address answers, nothing is paid for.
//!
//! It is shaped by EC2 and Elastic Load Balancing as they really behave: client tokens and their exact errors, phases, eventual
//! consistency, pages, throttling, missing capacity, quotas, instances that die or never join, calls that time out with and without effect.
//! The product starts with it, and tests use it. So that nobody takes it for a cloud, every resource in it carries the tag
//! [`SIMULATED`], images and load balancers have the word in their names, and accounts are called by [`Sim::alias`].
//!
//! ```text
//!   Cloud port ── SimCloud ──▶ Sim::call(now) ─▶ throttle ─▶ action ─▶ tables of the place ─▶ told
//!                  (latency,        │                           │
//!                   lost answers)   └─ advance(now): what is due ┴─▶ audit, bill
//! ```
//!
//! [`Sim`] is a state machine: no clock, no task, no chance but from its seed. The same options, calls and times give the same state and
//! audit, to the last byte. [`SimCloud`] puts it behind the `Cloud` port with an `Env`, so that the simulator and a process run the same
//! code. A [`Sim::snapshot`] holds everything, so that a process may restart.
//!
//! Map: [`options`] what it offers · [`vices`] what it does to callers · [`audit`] what was asked and done · [`bill`] what it costs ·
//! [`tamper`] what others do behind our back · `inventory` what is there, for checks · `sim` calls and time · `call` what one of them may
//! do · `port` the port · `snapshot` its bytes · `table` rows, and what lagging replicas show of them · `select` filters and pages ·
//! `tokens`, `throttle`, `chance` as they say · `instances`, `network`, `routes`, `gateways`, `groups`, `volumes`, `templates`, `balancers`
//! the actions, by kind.
//!
//! What it leaves out: spot, fleets, peering, IPv6, quotas other than three, prices of anything but instances, permissions,
//! rules for what leaves a security group.
//!
//! **Architecture invariant:** the bill and the audit are written where state changes and read by nobody inside: they can be compared with
//! what the service under test believes. **Architecture invariant:** time comes in by `now`, which never goes back; chance from the seed.

pub mod audit;
mod balancers;
pub mod bill;
mod call;
mod chance;
mod dispatch;
mod gateways;
mod groups;
mod instances;
mod inventory;
mod network;
pub mod options;
mod pairs;
mod place;
mod port;
mod resource;
mod routes;
mod select;
mod sim;
mod snapshot;
mod table;
pub mod tamper;
mod templates;
mod throttle;
mod tokens;
pub mod vices;
mod volumes;

pub use audit::{Audit, Doubled, Effect, Entry, Told, What, Wish};
pub use bill::{BillLine, Billed};
pub use options::{Delays, Options, Quotas, RegionOptions, TypeOptions};
pub use place::Place;
pub use port::SimCloud;
pub use sim::{Outcome, Sim};
pub use snapshot::RestoreError;
pub use tamper::Tamper;
pub use vices::{Capacity, Fault, Outage, Vices};

/// Key of a tag that every resource carries, with the value `true`.
pub const SIMULATED: &str = "simulated";
