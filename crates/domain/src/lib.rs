//! What a change means and when it is refused: entities, commands, facts and [`decide`].
//!
//! The leader of a log decides once. What it replicates is not the command but the [`Decision`]: facts with the bytes
//! that rows have afterwards, under guards that say which revisions the decision rested on. Applying one compares
//! integers and stores bytes, so rules in this crate may differ between two versions that run side by side, and only
//! the meaning of a fact is for ever.
//!
//! Map: [`command`] what can be asked · [`entity`] what rows hold · [`fact`] what is replicated · [`txn`] reading a
//! log's rows so that guards come free · [`rejection`] every way to be refused · [`sets`] which sets exist · [`query`]
//! reads without a decision · [`catalog`] what clusters are made of, with [`Date`] · [`planner`] who decides what a cluster
//! becomes · [`held`] what our log holds of it · [`progress`] how it gets there · [`usage`] what its machines used · `organization`,
//! `folder`, `project`, [`cluster`], `registry`, [`gate`], [`account`], [`edition`], [`quota`] one file per kind of resource with its decisions ·
//! [`cluster_policy`] what an organization says about decisions · [`policy`], [`group`], [`role`], [`revoke`] who may do what ·
//! [`identity_provider`], [`service_account`] whose tokens are taken · `tree` what folders and projects share: parents, depth, links · `check` conditions that all kinds share · `waits` what a creation waited for the cloud.
//!
//! **Architecture invariants**
//! - Pure: no I/O, no async, no clock, no randomness, no hash map. The time and the request id come in by [`Context`].
//! - Whatever a decision rests on in its own log is guarded: by the row's revision, or by the revision of a set that
//!   changes with it. The only unguarded ground is [`Context::global`] for commands of a region's log, because guards
//!   cannot span logs.
//! - A subject is written at most once by a decision, and the first fact is about the resource that was changed.
//! - No text of this crate's errors is matched by anything; [`Rejection::reason`] is.

pub mod account;
pub mod catalog;
pub mod cluster;
pub mod cluster_policy;
pub mod command;
pub mod edition;
pub mod entity;
pub mod fact;
pub mod gate;
pub mod group;
pub mod held;
pub mod identity_provider;
pub mod planner;
pub mod policy;
pub mod progress;
pub mod query;
pub mod quota;
pub mod rejection;
pub mod revoke;
pub mod role;
pub mod service_account;
pub mod sets;
pub mod txn;
pub mod usage;

mod check;
mod cluster_type;
mod date;
mod folder;
mod network;
mod organization;
mod project;
mod registry;
mod tree;
mod waits;

pub use ids::{Cidr, CidrError};
use ids::{Hlc, Log, RequestId, Seq};

pub use cluster_type::{ClusterType, ClusterTypeError};
pub use command::Command;
pub use date::{Date, DateError};
pub use entity::{
    AccessPolicy, Account, AccountKey, AccountLife, Allotment, Basis, Binding, BreakGlass, CloudWait, Cluster,
    ClusterOptions, ClusterPolicy, ClusterStatus, CustomRole, DEEDS_MAX, Deed, Deeds, Edition, Entity, Folder, Gate,
    Group, IdentityProvider, Lift, Limit, MachineRun, Organization, Owner, PhaseTimes, Project, Quota, Revoke, Row,
    ServiceAccount, SharedVpc, Slice, State, VersionWish, Wish,
};
pub use fact::{Decision, Fact, FactKind, Guard};
pub use network::{Network, Tenancy};
pub use planner::Planner;
pub use registry::REGIONS_MAX;
pub use rejection::Rejection;
pub use txn::{Txn, View, ViewError};
pub use waits::Waited;

/// What a decision takes from outside its log's rows.
pub struct Context<'a> {
    /// The record's time, chosen by the leader: strictly later than that of every earlier record of the log.
    pub now: Hlc,
    /// The caller's id of the request; becomes the uid of what the command creates.
    pub request_id: RequestId,
    /// Who asks: stays with what says who may do what.
    pub actor: &'a str,
    /// The leader's copy of the global log's rows, at a position that the proposal records. Read without guards:
    /// commands of a region's log cannot guard on another log. For commands of the global log it is not read.
    pub global: &'a dyn View,
    /// The last record of the global log in it.
    pub global_seq: Seq,
    /// The log that this leader writes.
    pub log: &'a Log,
    /// Who decides what clusters become; none in a region without a cloud.
    pub planner: Option<&'a dyn Planner>,
    /// The command was planned on what this log said so far: it is refused where who may do what was changed behind it.
    pub planned: Option<Seq>,
}

/// Decides what `command` changes in the rows of `view`, which is the state of `ctx.log`.
///
/// # Errors
/// [`Rejection`], with nothing to replicate: the command is for another log, breaks a limit or a rule, or rests on a
/// row that could not be read.
pub fn decide(view: &dyn View, command: &Command, ctx: &Context<'_>) -> Result<Decision, Rejection> {
    let (subject, log) = (command.subject(), command.log());
    if log != *ctx.log {
        return Err(Rejection::WrongLog { subject, wanted: log, here: ctx.log.clone() });
    }
    let mut txn = Txn::new(view);
    if let Some(planned) = ctx.planned {
        policy::check_plan(&mut txn, command, planned)?;
    }
    match command {
        Command::CreateOrganization(command) => organization::create(&mut txn, command, ctx)?,
        Command::UpdateOrganization(command) => organization::update(&mut txn, command, ctx)?,
        Command::DeleteOrganization(command) => organization::delete(&mut txn, command, ctx)?,
        Command::CreateFolder(command) => folder::create(&mut txn, command, ctx)?,
        Command::UpdateFolder(command) => folder::update(&mut txn, command, ctx)?,
        Command::MoveFolder(command) => folder::relocate(&mut txn, command, ctx)?,
        Command::DeleteFolder(command) => folder::delete(&mut txn, command, ctx)?,
        Command::CreateProject(command) => project::create(&mut txn, command, ctx)?,
        Command::UpdateProject(command) => project::update(&mut txn, command, ctx)?,
        Command::MoveProject(command) => project::relocate(&mut txn, command, ctx)?,
        Command::DeleteProject(command) => project::delete(&mut txn, command, ctx)?,
        Command::AcknowledgeDrain(command) => project::acknowledge_drain(&mut txn, command, ctx)?,
        Command::CloseGate(command) => gate::close(&mut txn, command, ctx)?,
        Command::CreateCluster(command) => cluster::create(&mut txn, command, ctx)?,
        Command::UpdateCluster(command) => cluster::update(&mut txn, command, ctx)?,
        Command::DeleteCluster(command) => cluster::delete(&mut txn, command, ctx)?,
        Command::UndeleteCluster(command) => cluster::undelete(&mut txn, command, ctx)?,
        Command::HibernateCluster(command) => cluster::hibernate(&mut txn, command, ctx)?,
        Command::WakeCluster(command) => cluster::wake(&mut txn, command, ctx)?,
        Command::Progress(command) => progress::progress(&mut txn, command, ctx)?,
        Command::RegisterRegion(command) => registry::register(&mut txn, command)?,
        Command::AddAccount(command) => account::add(&mut txn, command, ctx)?,
        Command::PublishCatalog(command) => edition::publish(&mut txn, command, ctx)?,
        Command::ClaimAccount(command) => account::claim_later(&mut txn, command, ctx)?,
        Command::HaltEdition(command) => edition::halt(&mut txn, command, ctx)?,
        Command::SetQuota(command) => quota::set(&mut txn, command, ctx)?,
        Command::MirrorQuota(command) => quota::mirror(&mut txn, command, ctx)?,
        Command::AcknowledgeQuota(command) => quota::acknowledge(&mut txn, command, ctx)?,
        Command::SetClusterPolicy(command) => cluster_policy::set(&mut txn, command, ctx)?,
        Command::ChangePolicy(command) => policy::change(&mut txn, command, ctx)?,
        Command::CreateGroup(command) => group::create(&mut txn, command, ctx)?,
        Command::UpdateGroup(command) => group::update(&mut txn, command, ctx)?,
        Command::DeleteGroup(command) => group::delete(&mut txn, command, ctx)?,
        Command::CreateRole(command) => role::create(&mut txn, command, ctx)?,
        Command::UpdateRole(command) => role::update(&mut txn, command, ctx)?,
        Command::DeleteRole(command) => role::delete(&mut txn, command, ctx)?,
        Command::CreateRevoke(command) => revoke::create(&mut txn, command, ctx)?,
        Command::LiftRevoke(command) => revoke::end(&mut txn, command, ctx)?,
        Command::SetBreakGlass(command) => revoke::set_break_glass(&mut txn, command, ctx)?,
        Command::CreateIdentityProvider(command) => identity_provider::create(&mut txn, command, ctx)?,
        Command::UpdateIdentityProvider(command) => identity_provider::update(&mut txn, command, ctx)?,
        Command::DeleteIdentityProvider(command) => identity_provider::delete(&mut txn, command, ctx)?,
        Command::CreateServiceAccount(command) => service_account::create(&mut txn, command, ctx)?,
        Command::UpdateServiceAccount(command) => service_account::update(&mut txn, command, ctx)?,
        Command::DeleteServiceAccount(command) => service_account::delete(&mut txn, command, ctx)?,
        Command::AddServiceAccountKey(command) => service_account::add_key(&mut txn, command, ctx)?,
        Command::RemoveServiceAccountKey(command) => service_account::remove_key(&mut txn, command, ctx)?,
    }
    txn.finish(subject)
}
