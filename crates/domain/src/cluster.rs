//! Decisions about clusters, in the log of the region that their name says.
//!
//! A region decides about its clusters without asking anyone, also when it is cut off. What it needs from the global
//! log, that the project is ACTIVE, which account the organization has, the catalogue, it reads from its own copy, which may be behind:
//! no guard spans two logs. What keeps a cluster out of a project whose deletion this copy has not seen is the project's
//! [`crate::gate`] in this log.
//!
//! A region with a cloud has a [`Planner`]. It settles what the cluster becomes as part of the decision, so a request that
//! cannot be met is refused before anything is touched, and the addresses that it gets are guarded by the set of those in use.
//! What follows is done by the region's reconciling, which writes it down by [`crate::progress`].

use ids::{AccountId, ClusterName, Hlc, OrganizationName, ProjectName, RequestId, ResourceName, Revision, Subject};

use crate::{
    Basis, Cluster, ClusterOptions, ClusterStatus, Context, Entity, FactKind, Network, Organization, Planner, Project,
    Rejection, SharedVpc, State, Tenancy, Txn, View, ViewError, Wish, check,
    command::{CreateCluster, DeleteCluster, HibernateCluster, UndeleteCluster, UpdateCluster, WakeCluster},
    gate,
    held::State as LifeState,
    planner::Ask,
    quota, sets,
};

/// Longest time for which a cluster that is wished away can be kept asleep: 7 days, in milliseconds.
pub const RETAIN_MAX_MS: u64 = 7 * 24 * 3600 * 1000;
/// Clusters of one organization in one region whose addresses are compared when another gets its own.
const NETWORKS_MAX: usize = 100_000;

pub fn create(txn: &mut Txn<'_>, command: &CreateCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    check::texts(&command.display_name, &command.description)?;
    let project = ctx.global.row::<Project>(&Subject::resource(&ResourceName::Project(name.project.clone())))?;
    let project = match project {
        Some((_, project)) if project.state == State::Active => project,
        other => {
            let state = other.map(|(_, project)| project.state);
            return Err(Rejection::ProjectNotActive { subject, project: name.project.clone(), state });
        }
    };
    gate::check_open(txn, &project, &subject)?;
    check::name_is_free::<Cluster>(txn, &subject)?;
    let mut row = Cluster {
        name: name.clone(),
        uid: ctx.request_id,
        project_uid: project.uid,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        cluster_type: command.cluster_type.clone(),
        options: command.options.clone(),
        wish: Wish::Run,
        purge_time: None,
        basis: None,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    if let Some(planner) = ctx.planner {
        row.basis = Some(settle(txn, planner, &row, ctx)?);
    }
    let need = quota::Need { of: name, before: 0, after: quota::needed(&row) };
    let network = row.basis.as_ref().map(|basis| (basis.network.clone(), basis.account));
    txn.write(FactKind::ClusterCreated, subject.clone(), Some(row.into()))?;
    quota::charge(txn, &subject, need, ctx)?;
    txn.add_entry(&sets::clusters(&name.project), name.cluster.as_str())?;
    network.map_or(Ok(()), |(network, account)| take_addresses(txn, network, account, ctx))
}

/// What the cluster becomes, with addresses that nobody else of its organization has in this region.
fn settle(txn: &mut Txn<'_>, planner: &dyn Planner, row: &Cluster, ctx: &Context<'_>) -> Result<Basis, Rejection> {
    let organization = OrganizationName { organization: row.name.project.organization.clone() };
    let account = match &row.basis {
        Some(basis) => basis.account,
        None => account_of(&organization, ctx.global)?,
    };
    let networks = networks(txn, &organization)?;
    planner.settle(&Ask { cluster: row, account, networks: &networks, now: ctx.now, global: ctx.global })
}

fn account_of(organization: &OrganizationName, global: &dyn View) -> Result<AccountId, Rejection> {
    let row = global.row::<Organization>(&Subject::resource(&organization.clone().into()))?;
    let account = row.and_then(|(_, row)| row.account);
    account.ok_or_else(|| Rejection::AccountPoolEmpty { organization: organization.clone() })
}

/// Addresses in use by clusters of an organization in this region. Guards the set of them.
fn networks(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<Vec<Network>, Rejection> {
    let set = sets::networks(organization);
    let entries = txn.entries(&set, None, NETWORKS_MAX);
    let read = |entry: &String| {
        let subject = set.entry(entry);
        let row = txn.unguarded().row::<Network>(&subject)?;
        let gone = || ViewError { subject, detail: "no row behind an entry".to_owned() };
        Ok(row.ok_or_else(gone)?.1)
    };
    entries.iter().map(read).collect()
}

fn take_addresses(txn: &mut Txn<'_>, network: Network, account: AccountId, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, set) = (network.cluster.clone(), sets::networks(&organization_of(&network.cluster)));
    let (tenancy, vpc) = (network.tenancy, network.vpc);
    txn.write(FactKind::AddressesTaken, set.entry(&network_entry(&name)), Some(Entity::Network(network)))?;
    txn.bump(&set)?;
    if tenancy == Tenancy::Dedicated {
        return Ok(());
    }
    let subject = shared_vpc(&name.project, vpc);
    if let Some((_, there)) = txn.get::<SharedVpc>(&subject)?.filter(|(_, there)| there.account != account) {
        return Err(Rejection::Undecidable {
            subject: Subject::resource(&name.into()),
            reason: "CIDR_OVERLAP",
            detail: format!(
                "gave it addresses of the VPC {vpc}: the account {} still has that of an earlier project of the name",
                there.account
            ),
            accepted: vec!["the same again when that VPC is gone, or another range".to_owned()],
        });
    }
    // The cluster has the request's id: what is made for the one is not the other's.
    let uid = RequestId(ctx.request_id.0.map(|byte| !byte));
    let made = || SharedVpc { project: name.project.clone(), vpc, uid, account };
    share_vpc(txn, &subject, Some(made))
}

/// One cluster more is in a shared VPC, or one less: whoever keeps it looks at it anew.
pub(crate) fn share_vpc(
    txn: &mut Txn<'_>,
    subject: &Subject,
    made: Option<impl FnOnce() -> SharedVpc>,
) -> Result<(), Rejection> {
    let there = txn.get::<SharedVpc>(subject)?.map(|(_, row)| row);
    match there.or_else(|| made.map(|made| made())) {
        Some(row) => txn.write(FactKind::SharedVpcUsed, subject.clone(), Some(row.into())),
        None => Ok(()),
    }
}

pub fn update(txn: &mut Txn<'_>, command: &UpdateCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let UpdateCluster { display_name, description, allow_list, delete_protection, maintenance_window, .. } = command;
    let decided = allow_list.is_some() || delete_protection.is_some() || maintenance_window.is_some();
    if decided {
        check::texts(display_name.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default())?;
    } else {
        check::changes(&subject, display_name.as_deref(), description.as_deref())?;
    }
    let mut row: Cluster = check::active(txn, &subject, command.etag)?;
    row.display_name = display_name.clone().unwrap_or(row.display_name);
    row.description = description.clone().unwrap_or(row.description);
    row.update_time = ctx.now;
    let before = quota::needed(&row);
    if decided {
        let ClusterOptions { allow_list: had, delete_protection: was, maintenance_window: window, .. } = row.options;
        row.options.allow_list = allow_list.clone().or(had);
        row.options.delete_protection = delete_protection.or(was);
        row.options.maintenance_window = maintenance_window.or(window);
        if let (Some(planner), true) = (ctx.planner, row.basis.is_some()) {
            row.basis = Some(settle(txn, planner, &row, ctx)?);
        }
    }
    let need = quota::Need { of: &command.name, before, after: quota::needed(&row) };
    txn.write(FactKind::ClusterUpdated, subject.clone(), Some(row.into()))?;
    quota::charge(txn, &subject, need, ctx)
}

/// Wishes a cluster away. In a region without a cloud its row goes at once: revisions rise for as long as the log lives, so a cluster
/// that is made again under the name is told apart. Elsewhere the row goes when nothing is left of the cluster.
pub fn delete(txn: &mut Txn<'_>, command: &DeleteCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    if command.retain_ms > RETAIN_MAX_MS {
        let wanted = format!("at most {RETAIN_MAX_MS} milliseconds, which are 7 days");
        return Err(check::invalid("retain", &command.retain_ms.to_string(), wanted));
    }
    let mut row: Cluster = check::active(txn, &subject, command.etag)?;
    let Some(basis) = &row.basis else {
        let need = quota::Need { of: name, before: quota::needed(&row), after: 0 };
        txn.write(FactKind::ClusterDeleted, subject.clone(), None)?;
        quota::charge(txn, &subject, need, ctx)?;
        return txn.remove_entry(&sets::clusters(&name.project), name.cluster.as_str());
    };
    if basis.delete_protection {
        return Err(Rejection::DeleteProtected { subject });
    }
    let purge = Hlc::at_unix_ms(ctx.now.unix_ms().saturating_add(command.retain_ms));
    // What goes on already only comes sooner, never later.
    row.purge_time = Some(row.purge_time.map_or(purge, |had| had.min(purge)));
    row.wish = Wish::Delete;
    row.update_time = ctx.now;
    txn.write(FactKind::ClusterDeletionWished, subject, Some(row.into()))
}

/// Takes a deletion back, while the cluster only sleeps.
pub fn undelete(txn: &mut Txn<'_>, command: &UndeleteCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let mut row: Cluster = check::active(txn, &subject, command.etag)?;
    match row.purge_time {
        None => return Err(Rejection::NothingToUndelete { subject }),
        Some(purge) if purge <= ctx.now => return Err(Rejection::UndeleteTooLate { subject, purged: purge }),
        Some(_) => {}
    }
    (row.wish, row.purge_time, row.update_time) = (Wish::Run, None, ctx.now);
    txn.write(FactKind::ClusterUndeleted, subject, Some(row.into()))
}

pub fn hibernate(txn: &mut Txn<'_>, command: &HibernateCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let row = wished(txn, &command.name, command.etag, Wish::Run)?;
    let state = life(txn, &command.name)?;
    if state != LifeState::Running {
        return Err(Rejection::StateForbids { subject, state, wanted: LifeState::Running });
    }
    let row = Cluster { wish: Wish::Hibernate, update_time: ctx.now, ..row };
    txn.write(FactKind::ClusterHibernationWished, subject, Some(row.into()))
}

pub fn wake(txn: &mut Txn<'_>, command: &WakeCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    let row = wished(txn, &command.name, command.etag, Wish::Hibernate)?;
    let row = Cluster { wish: Wish::Run, update_time: ctx.now, ..row };
    txn.write(FactKind::ClusterWakingWished, subject, Some(row.into()))
}

/// The cluster, if this is wished of it now, and it has a cloud to become something in.
fn wished(txn: &mut Txn<'_>, name: &ClusterName, etag: Option<Revision>, wish: Wish) -> Result<Cluster, Rejection> {
    let subject = Subject::resource(&name.clone().into());
    let row: Cluster = check::active(txn, &subject, etag)?;
    if row.basis.is_none() || row.wish != wish {
        let state = life(txn, name)?;
        let wanted = if wish == Wish::Run { LifeState::Running } else { LifeState::Hibernated };
        return Err(Rejection::StateForbids { subject, state, wanted });
    }
    Ok(row)
}

/// Where a cluster is in its life. Guarded: reconciling may take it further meanwhile.
fn life(txn: &mut Txn<'_>, name: &ClusterName) -> Result<LifeState, Rejection> {
    let status = txn.get::<ClusterStatus>(&status(name))?;
    Ok(status.map_or(LifeState::Pending, |(_, row)| row.status.state))
}

impl Cluster {
    /// What is to be made of the cluster at a time.
    pub fn wish_at(&self, now: Hlc) -> Wish {
        match (self.wish, self.purge_time) {
            (Wish::Delete, Some(purge)) if now < purge => Wish::Hibernate,
            (wish, _) => wish,
        }
    }
}

/// The row that says what became of a cluster.
pub fn status(name: &ClusterName) -> Subject {
    Subject::set_of(&name.clone().into(), "status")
}

/// What was done about a cluster.
pub fn deeds(name: &ClusterName) -> Subject {
    Subject::set_of(&name.clone().into(), "deeds")
}

/// The row of a VPC that clusters of a project share.
pub fn shared_vpc(project: &ProjectName, vpc: crate::Cidr) -> Subject {
    sets::shared_vpcs(project).entry(&vpc.to_string())
}

pub(crate) fn organization_of(name: &ClusterName) -> OrganizationName {
    OrganizationName { organization: name.project.organization.clone() }
}

/// The entry of a cluster among the networks of its organization.
pub(crate) fn network_entry(name: &ClusterName) -> String {
    format!("{}/{}", name.project.project, name.cluster)
}
