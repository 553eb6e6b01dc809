//! The judgement: the cloud's books against the regions' logs.

use std::{collections::BTreeMap, sync::Arc};

use cloud_checks::{Log as Books, Written};
use cloud_sim::SimCloud;
use domain::{ClusterStatus, Entity, FactKind, MachineRun, progress::Kept as Key};
use ids::{AccountId, Log, RequestId, Seq};
use ledger::FeedItem;
use reconcile::Entry;
use wire::{Proposal, entity::decode_entity};

use super::Kept;
use crate::{run::final_state, world::World};

/// Everything that held at the end: nothing without an owner, nothing twice, nothing missing, and the bill.
pub async fn judge(world: &Arc<World>, cloud: &SimCloud, kept: &mut Kept) {
    let mut written = Vec::new();
    for region in &world.plan.regions {
        written.extend(records(world, &Log::Region(region.clone()), kept).await);
    }
    kept.records = written.len() as u64;
    let now = cloud.now() / 1000;
    let runs = runs(world);
    cloud.with(|sim, _| {
        let books = Books { written: &written, fences: &[] };
        let audit = sim.audit();
        let mut broken = cloud_checks::calls::once(audit);
        broken.extend(cloud_checks::calls::intended(audit, books));
        broken.extend(cloud_checks::calls::one_token_one_call(audit));
        broken.extend(cloud_checks::calls::marked(audit, books));
        broken.extend(cloud_checks::truth::one_of_each(sim));
        broken.extend(cloud_checks::truth::held_is_there(sim, books));
        kept.calls = audit.entries().count() as u64;
        let accounts: Vec<AccountId> = sim.options().accounts.iter().copied().collect();
        for account in accounts {
            for (machine, line) in sim.bill(account) {
                kept.machines += 1;
                let ours = runs.get(machine.as_str()).map_or(0, |runs| seconds(runs, now));
                // Each time that it ran is rounded to whole seconds by itself.
                let times = runs.get(machine.as_str()).map_or(1, Vec::len) as u64;
                if ours.abs_diff(line.seconds) > times {
                    broken
                        .push(format!("{machine} ran for {} s by the bill and for {ours} s by our log", line.seconds));
                }
            }
        }
        kept.violations.extend(broken);
    });
}

fn seconds(runs: &[MachineRun], now: u64) -> u64 {
    runs.iter().map(|run| run.stopped.map_or(now, |(at, _)| at.0).saturating_sub(run.started.0)).sum()
}

/// Times that machines ran, by machine.
fn runs(world: &World) -> BTreeMap<String, Vec<MachineRun>> {
    let mut all: BTreeMap<String, Vec<MachineRun>> = BTreeMap::new();
    for region in &world.plan.regions {
        let Some(state) = final_state(world, &Log::Region(region.clone())) else { continue };
        for (_, row) in state.rows() {
            if let Ok(Entity::MachineRun(run)) = decode_entity(&row.value) {
                all.entry(run.machine.to_string()).or_default().push(run);
            }
        }
    }
    all
}

/// What a region's reconciling wrote down, record by record.
async fn records(world: &Arc<World>, log: &Log, kept: &mut Kept) -> Vec<Written> {
    let Some(until) = final_state(world, log).map(|state| state.seq) else { return Vec::new() };
    let mut accounts: BTreeMap<RequestId, AccountId> = BTreeMap::new();
    let mut written = Vec::new();
    let members = world.members();
    let holder = members.iter().find_map(|member| {
        let (region, scope) = world.region(*member)?;
        (region.ledger().copy(log)?.cell.seq() >= until).then_some((region, scope))
    });
    let Some((region, scope)) = holder else { return Vec::new() };
    let Some(mut feed) = region.watch(log, Seq::ZERO) else { return Vec::new() };
    let read = scope.spawn(async move {
        let mut all = Vec::new();
        while let Ok(item) = feed.next().await {
            if let FeedItem::Record { record, proposal, .. } = item {
                let last = record.seq >= until;
                all.push(proposal);
                if last {
                    break;
                }
            }
        }
        all
    });
    let proposals = read.await.unwrap_or_default();
    if proposals.len() as u64 != until.0 {
        kept.violations.push(format!("{} of {until} records of {log} are left to judge by", proposals.len()));
    }
    for proposal in proposals {
        written.extend(progress_of(&proposal, &mut accounts));
    }
    written
}

fn progress_of(proposal: &Proposal, accounts: &mut BTreeMap<RequestId, AccountId>) -> Option<Written> {
    let mut status: Option<(String, Option<ClusterStatus>)> = None;
    for fact in &proposal.facts {
        let entity = fact.after.as_ref().and_then(|after| decode_entity(after).ok());
        match (FactKind::from_number(fact.kind), entity) {
            (_, Some(Entity::Cluster(row))) => drop(row.basis.map(|basis| accounts.insert(row.uid, basis.account))),
            (_, Some(Entity::SharedVpc(row))) => drop(accounts.insert(row.uid, row.account)),
            (Some(FactKind::ClusterProgressed | FactKind::SharedVpcProgressed), entity) => {
                let row = entity.and_then(|entity| match entity {
                    Entity::ClusterStatus(row) => Some(*row),
                    _ => None,
                });
                status = Some((fact.subject.to_string(), row));
            }
            _ => {}
        }
    }
    let (subject, row) = status?;
    let key = key_of(&subject)?;
    let at = proposal.hlc.unix_ms();
    match row {
        Some(row) => {
            let entry = Entry {
                held: row.held,
                status: row.status,
                edges: Vec::new(),
                deeds: Vec::new(),
                waited: Default::default(),
            };
            Some(Written { at, key, uid: row.uid, account: *accounts.get(&row.uid)?, entry })
        }
        // Nothing is left of it.
        None => {
            let held = domain::held::Held::nothing();
            let status = domain::held::Status {
                state: domain::held::State::Deleted,
                health: domain::held::Health::Healthy,
                conditions: BTreeMap::new(),
                constraints: BTreeMap::new(),
                phases: None,
            };
            let entry = Entry { held, status, edges: Vec::new(), deeds: Vec::new(), waited: Default::default() };
            let account = accounts.values().next().copied()?;
            Some(Written { at, key, uid: RequestId([0; 16]), account, entry })
        }
    }
}

/// Of the row of a status, whose it is.
fn key_of(subject: &str) -> Option<Key> {
    if let Some(cluster) = subject.strip_suffix("#status") {
        return Some(Key::Cluster(cluster.parse().ok()?));
    }
    let (project, vpc) = subject.split_once("#vpc-statuses/")?;
    // Keys of one region's log are told apart without it.
    Some(Key::SharedVpc { project: project.parse().ok()?, location: "here-1".parse().ok()?, vpc: vpc.parse().ok()? })
}
