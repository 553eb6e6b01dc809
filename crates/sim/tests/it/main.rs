//! Named scenarios: each a scripted world instead of a seed, named for the bug that it stands for.
//!
//! A seed gives another run after every change; a script stays. Each line of etcd's record of correctness bugs that can happen here
//! has a scenario with the number in its name (etcd-io/etcd, `tests/robustness/README.md`, "Robustness track record"). Left
//! out:
//! - #14571, enabling auth can lead to inconsistency: nothing here decides by who asks.
//! - #14685, inconsistent revision after a crash during defragmentation: nothing rewrites a store in place; snapshots replace whole.
//!
//! Map: [`support`] plans and how a script is played · [`ring`] steps on a ring, the judgement · [`follower`] one watcher ·
//! `crashes`, `watching`, `compaction`, `regions`, `draining`, `claiming`, `foreign` scenarios · `determinism` the simulator as a function of its seed.

#![cfg(test)]

mod claiming;
mod compaction;
mod crashes;
mod determinism;
mod draining;
mod follower;
mod foreign;
mod regions;
mod relaying;
mod ring;
mod support;
mod watching;
