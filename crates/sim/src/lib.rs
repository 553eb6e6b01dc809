//! The simulated world: whole regions on one thread, in virtual time, under drawn faults. One seed, one process.
//!
//! ```text
//!   seed ─▶ plan ─▶ warm-up ─▶ safety (clients, watchers, nemesis) ─▶ heal ─▶ liveness ─▶ durability scan
//!                                   │ every observation, every message
//!                                   ▼
//!                               trace: digest, invariants
//! ```
//!
//! Map: [`plan`] what a seed draws · [`canaries`] known bugs · [`world`] machines and members · [`net`] and `damage` the network · [`env`] clocks and chance of
//! one member · [`faults`] the nemesis · [`call`], [`client`], [`owner`], [`quotas`], [`watcher`] the load · [`history`] what they wrote down · [`kept`] days in the life of clusters, over a simulated cloud ·
//! [`checks`] the judgement at the end · [`trace`] the stream · [`run`] the phases · [`seeds`] streams of chance.
//!
//! **Architecture invariants**
//! - Links no adapter: what runs here is the same composition as in a real process, over other ports.
//! - Whatever happens is a function of the seed: no clock, no chance and no thread but the ones given here.

pub mod call;
pub mod canaries;
pub mod checks;
pub mod client;
pub mod env;
pub mod faults;
pub mod history;
pub mod kept;
pub mod net;
pub mod owner;
pub mod plan;
pub mod quotas;
pub mod run;
pub mod seeds;
pub mod trace;
pub mod watcher;
pub mod world;

mod damage;

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

/// Panics of this process. A task that panics ends quietly, and what it kept going stands still: a run in which one did is not good.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts every panic from now on, and shows it as before.
pub fn count_panics() {
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, SeqCst);
        show(panic);
    }));
}

/// Panics that were counted.
pub fn panics() -> u64 {
    PANICS.load(SeqCst)
}

/// Runs `work` on this thread with a clock that stands still until everything waits.
pub fn on_virtual_time<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(work))
}
