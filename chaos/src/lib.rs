//! Real processes under faults: a ring on loopback, links between its regions, load, nemeses, and a judgement of what clients saw.
//!
//! The simulator searches far more faults than real processes ever can; this shows that the binary, its disk, its network and its
//! clients keep the same promises. It is not deterministic: a seed constrains what is drawn, not what happens.
//!
//! Map: [`proxy`] links with distance and faults · [`ring`] processes, their files and their lives · [`access`] the public side of a
//! ring · [`view`] what members say of themselves · [`load`] clients and what they write down · [`nemesis`] faults and when they were ·
//! [`check`] the judgement · [`drill`] all of it together · [`up`] a ring for a person · [`demo`] two minutes of it by itself.
//!
//! **Architecture invariants:** it knows the product by its binary, its files and its public API only. Bad news is of two kinds
//! and never mixed: a *broken promise* is the product's, a *harness failure* is ours.

pub mod access;
pub mod check;
pub mod demo;
pub mod drill;
pub mod load;
pub mod nemesis;
pub mod proxy;
pub mod ring;
pub mod up;
pub mod view;
