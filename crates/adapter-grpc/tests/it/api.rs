//! The public services, driven by the generated clients.
//!
//! Map: [`ring`] three members with listeners · `resources` what clients do all day · `cloud_accounts` the pool · `editions` the catalogue ·
//! `operations` deletions of projects, which take their time · `lives` clusters in regions with a cloud, over [`reconciler`] ·
//! `mutations` the stream of writes · `records` logs and watches · `looking` reads with tokens and ages, regions, topology ·
//! `refusals` bad input, over
//! [`bare`] connections too · `observing` what is counted of calls · `usage` what machines used · `quotas` what regions may hold · `access` who may do what, and [`authorization`] that they do no more ·
//! `identities` whose tokens are taken · `fronting` regions that come and go, health, reflection · `table` the golden file of all refusals.

mod access;
mod authorization;
mod bare;
mod cloud_accounts;
mod editions;
mod fronting;
mod identities;
mod lives;
mod looking;
mod mutations;
mod observing;
mod operations;
mod quotas;
mod reconciler;
mod records;
mod refusals;
mod resources;
mod ring;
mod table;
mod usage;
