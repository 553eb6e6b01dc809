//! Decisions about what a region's reconciling writes down: what it began, what came of it, and what it saw.
//!
//! One record takes a cluster from one [`ClusterStatus`] to the next. It names the revision that it rests on, so of two leaders in a row
//! one is refused. Times that machines ran become rows of their own here, which stay for bills when the cluster goes; and when nothing
//! is left of a cluster that is wished away, its rows go, and its addresses are free.

use std::{collections::BTreeMap, fmt};

use ids::{ClusterName, ProjectName, RegionId, Revision, Subject};

use crate::{
    Cidr, Cluster, ClusterStatus, Context, DEEDS_MAX, Deeds, FactKind, MachineRun, Network, PhaseTimes, Rejection,
    SharedVpc, Tenancy, Txn, View, ViewError, Wish,
    cluster::{self, network_entry, organization_of},
    command::Progress,
    held::{CreationPhase, Edge, Held, MachineEdge, PhaseState, State, Status},
    quota, sets, waits,
};

/// What a region's reconciling keeps as it is wished.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    Cluster(ClusterName),
    /// A VPC that clusters of a project share.
    SharedVpc {
        project: ProjectName,
        location: RegionId,
        vpc: Cidr,
    },
}

impl Kept {
    /// The row of the wish.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Cluster(name) => Subject::resource(&name.clone().into()),
            Self::SharedVpc { project, vpc, .. } => cluster::shared_vpc(project, *vpc),
        }
    }

    /// The row of what became of it.
    pub fn status(&self) -> Subject {
        match self {
            Self::Cluster(name) => cluster::status(name),
            Self::SharedVpc { project, vpc, .. } => sets::shared_vpc_statuses(project).entry(&vpc.to_string()),
        }
    }

    pub fn location(&self) -> &RegionId {
        match self {
            Self::Cluster(name) => &name.location,
            Self::SharedVpc { location, .. } => location,
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(name) => name.fmt(f),
            Self::SharedVpc { project, location, vpc } => write!(f, "the VPC {vpc} of {project} in {location}"),
        }
    }
}

pub fn progress(txn: &mut Txn<'_>, command: &Progress, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = command.of.subject();
    let before = txn.get::<ClusterStatus>(&command.of.status())?;
    let current = before.as_ref().map_or(Revision::ABSENT, |(revision, _)| *revision);
    if current != command.seen {
        return Err(Rejection::EtagMismatch { subject, given: command.seen, current });
    }
    let before = before.map(|(_, row)| row).filter(|row| row.uid == command.uid);
    let (from, to) = (before.as_ref().map_or(State::Pending, |row| row.status.state), command.status.state);
    if !follows(from, to) {
        return Err(Rejection::NoSuchTransition { subject, from, to });
    }
    match &command.of {
        Kept::Cluster(name) => {
            let row = txn.get::<Cluster>(&subject)?.filter(|(_, row)| row.uid == command.uid);
            let Some((_, row)) = row else { return Err(Rejection::NotFound { subject }) };
            if to == State::Deleted {
                check_gone(&subject, &command.held, row.wish == Wish::Delete)?;
                let need = quota::Need { of: name, before: quota::needed(&row), after: 0 };
                write_off(txn, name, command, before.as_ref(), ctx)?;
                return quota::charge(txn, &subject, need, ctx);
            }
            let status = after(command, before.as_ref(), ctx);
            txn.write(FactKind::ClusterProgressed, command.of.status(), Some(status.into()))?;
            note(txn, name, command)?;
            meter(txn, name, command, before.as_ref(), ctx)
        }
        Kept::SharedVpc { .. } => keep_vpc(txn, command, before.as_ref(), ctx),
    }
}

/// Whether a cluster goes from one state to another in one step. Reconciling may be away for long and see only where things ended.
fn follows(from: State, to: State) -> bool {
    use State::*;
    match (from, to) {
        _ if from == to => true,
        (Deleted, _) => false,
        // What was never made is neither repaired nor put to sleep; what was made is never made again.
        (Pending | Provisioning, Pending | Provisioning | Running | Deleting | Deleted | Hibernating) => true,
        (Pending | Provisioning, _) | (_, Pending | Provisioning) => false,
        (Deleting, to) => to == Deleted || to == Waking || to == Running || to == Hibernating,
        _ => true,
    }
}

fn check_gone(subject: &Subject, held: &Held, wished: bool) -> Result<(), Rejection> {
    let machine = held.machines.keys().next().map(ToString::to_string);
    let part = held.parts.keys().chain(held.intents.keys()).next().map(ToString::to_string);
    let wish = (!wished).then(|| "the wish for it".to_owned());
    match wish.or(machine).or(part) {
        Some(left) => Err(Rejection::NotGone { subject: subject.clone(), left }),
        None => Ok(()),
    }
}

fn after(command: &Progress, before: Option<&ClusterStatus>, ctx: &Context<'_>) -> ClusterStatus {
    let report = before.map(|row| row.report.clone()).unwrap_or_default();
    ClusterStatus {
        uid: command.uid,
        held: command.held.clone(),
        status: command.status.clone(),
        report: report_of(&command.status, report, ctx),
        waits: waits::after(command, before, ctx.now),
    }
}

/// When each phase began and was done, with what this step adds.
fn report_of(
    status: &Status,
    mut report: BTreeMap<CreationPhase, PhaseTimes>,
    ctx: &Context<'_>,
) -> BTreeMap<CreationPhase, PhaseTimes> {
    let made = !matches!(status.state, State::Pending | State::Provisioning | State::Deleting);
    let never = BTreeMap::new();
    let phases = status.phases.as_ref().unwrap_or(&never);
    for phase in CreationPhase::ALL {
        let state = phases.get(phase).copied();
        let done = state == Some(PhaseState::Done) || (made && report.contains_key(phase));
        if state.is_some_and(|state| state != PhaseState::Waiting) || done {
            let times = report.entry(*phase).or_default();
            times.began = times.began.or(Some(ctx.now));
            times.done = times.done.or_else(|| done.then_some(ctx.now));
        }
    }
    report
}

fn note(txn: &mut Txn<'_>, name: &ClusterName, command: &Progress) -> Result<(), Rejection> {
    if command.deeds.is_empty() {
        return Ok(());
    }
    let subject = cluster::deeds(name);
    let mut deeds = txn.get::<Deeds>(&subject)?.map(|(_, deeds)| deeds.0).unwrap_or_default();
    deeds.extend(command.deeds.iter().cloned());
    deeds.drain(..deeds.len().saturating_sub(DEEDS_MAX));
    txn.write(FactKind::DeedsNoted, subject, Some(Deeds(deeds).into()))
}

/// Starts and stops of machines become rows that bills are made of.
fn meter(
    txn: &mut Txn<'_>,
    name: &ClusterName,
    command: &Progress,
    before: Option<&ClusterStatus>,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    let mut runs = Runs { name, uid: command.uid, ctx, changed: BTreeMap::new() };
    for edge in &command.edges {
        match edge.edge {
            Edge::Started(_) => runs.begin(txn, edge, before)?,
            Edge::Stopped(_) | Edge::Ended(_) => runs.end(txn, edge, before)?,
            Edge::Joined(_) => {}
        }
    }
    for (subject, run) in runs.changed {
        let kind = if run.stopped.is_none() { FactKind::MachineStarted } else { FactKind::MachineStopped };
        txn.write(kind, subject, Some(run.into()))?;
    }
    Ok(())
}

/// Runs that one record changes: a machine may be seen to have started and stopped at once.
struct Runs<'a> {
    name: &'a ClusterName,
    uid: ids::RequestId,
    ctx: &'a Context<'a>,
    changed: BTreeMap<Subject, MachineRun>,
}

impl Runs<'_> {
    fn subject(&self, edge: &MachineEdge, started: u64) -> Subject {
        let entry = format!("{}/{}/{started}", network_entry(self.name), edge.machine);
        sets::machine_runs(&organization_of(self.name)).entry(&entry)
    }

    /// A machine that somebody made one of a type of which no edition tells is counted as what it was launched as.
    fn begin(
        &mut self,
        txn: &mut Txn<'_>,
        edge: &MachineEdge,
        before: Option<&ClusterStatus>,
    ) -> Result<(), Rejection> {
        let started = edge.edge.at();
        let subject = self.subject(edge, started.0);
        if txn.get::<MachineRun>(&subject)?.is_some() {
            return Ok(());
        }
        let launched = before.and_then(|row| Some(&row.held.machines.get(&edge.machine)?.instance_type));
        let capacity = |of: &String| self.ctx.planner?.capacity(self.ctx.global, of);
        let capacity = capacity(&edge.instance_type).or_else(|| capacity(launched?));
        let unknown = || ViewError {
            subject: subject.clone(),
            detail: format!("no edition with the instance type {}", edge.instance_type),
        };
        let (vcpus, memory_mib) = capacity.ok_or_else(unknown)?;
        let run = MachineRun {
            cluster: self.name.clone(),
            uid: self.uid,
            machine: edge.machine.clone(),
            slot: edge.slot,
            instance_type: edge.instance_type.clone(),
            vcpus,
            memory_mib,
            started,
            started_recorded: self.ctx.now,
            stopped: None,
        };
        self.changed.insert(subject, run);
        Ok(())
    }

    /// Ends the run of the machine that is open: one of this record, or the one that the log holds.
    fn end(&mut self, txn: &mut Txn<'_>, edge: &MachineEdge, before: Option<&ClusterStatus>) -> Result<(), Rejection> {
        let now = self.ctx.now;
        let begun = self.changed.values_mut().rfind(|run| run.machine == edge.machine && run.stopped.is_none());
        if let Some(run) = begun {
            run.stopped = Some((edge.edge.at().max(run.started), now));
            return Ok(());
        }
        let started = before.and_then(|row| row.held.machines.get(&edge.machine)?.started);
        let Some(started) = started else { return Ok(()) };
        let subject = self.subject(edge, started.0);
        if let Some((_, mut run)) = txn.get::<MachineRun>(&subject)?.filter(|(_, run)| run.stopped.is_none()) {
            run.stopped = Some((edge.edge.at().max(run.started), now));
            self.changed.insert(subject, run);
        }
        Ok(())
    }
}

/// Nothing is left of a cluster that was wished away: its rows go. The times that its machines ran stay.
fn write_off(
    txn: &mut Txn<'_>,
    name: &ClusterName,
    command: &Progress,
    before: Option<&ClusterStatus>,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    txn.write(FactKind::ClusterDeleted, command.of.subject(), None)?;
    txn.remove_entry(&sets::clusters(&name.project), name.cluster.as_str())?;
    let networks = sets::networks(&organization_of(name));
    txn.write(FactKind::AddressesReleased, networks.entry(&network_entry(name)), None)?;
    txn.bump(&networks)?;
    if before.is_some() {
        txn.write(FactKind::ClusterProgressed, command.of.status(), None)?;
    }
    let network = txn.unguarded().row::<Network>(&networks.entry(&network_entry(name)))?.map(|(_, row)| row);
    if let Some(network) = network.filter(|network| network.tenancy == Tenancy::Shared) {
        let vpc = cluster::shared_vpc(&name.project, network.vpc);
        cluster::share_vpc(txn, &vpc, None::<fn() -> SharedVpc>)?;
    }
    let deeds = cluster::deeds(name);
    if txn.get::<Deeds>(&deeds)?.is_some() {
        txn.write(FactKind::DeedsNoted, deeds, None)?;
    }
    meter(txn, name, command, before, ctx)
}

fn keep_vpc(
    txn: &mut Txn<'_>,
    command: &Progress,
    before: Option<&ClusterStatus>,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    let (subject, status) = (command.of.subject(), command.of.status());
    let row = txn.get::<SharedVpc>(&subject)?.filter(|(_, row)| row.uid == command.uid);
    let Some((_, row)) = row else { return Err(Rejection::NotFound { subject }) };
    if command.status.state != State::Deleted {
        let after = after(command, before, ctx);
        return txn.write(FactKind::SharedVpcProgressed, status, Some(after.into()));
    }
    let organization = ids::OrganizationName { organization: row.project.organization.clone() };
    // Guards the set: a cluster that comes into the VPC meanwhile conflicts.
    txn.revision(&sets::networks(&organization));
    check_gone(&subject, &command.held, users(txn.unguarded(), &row)? == 0)?;
    txn.write(FactKind::SharedVpcGone, subject, None)?;
    before.map_or(Ok(()), |_| txn.write(FactKind::SharedVpcProgressed, status, None))
}

/// How many clusters are in a shared VPC, without a guard.
///
/// # Errors
/// [`ViewError`] when a row cannot be read.
pub fn users(view: &dyn View, of: &SharedVpc) -> Result<u64, ViewError> {
    let organization = ids::OrganizationName { organization: of.project.organization.clone() };
    let set = sets::networks(&organization);
    let mine = format!("{}/", of.project.project);
    let entries = view.entries(&set, Some(&mine), usize::MAX);
    let mut users = 0;
    for entry in entries.iter().take_while(|entry| entry.starts_with(&mine)) {
        let network = view.row::<Network>(&set.entry(entry))?;
        users += u64::from(network.is_some_and(|(_, row)| row.tenancy == Tenancy::Shared && row.vpc == of.vpc));
    }
    Ok(users)
}
