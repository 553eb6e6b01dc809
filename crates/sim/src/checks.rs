//! The checks at the end: everything that needs the whole history, or a ring that has come to rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use domain::{AccountLife, Entity, State, View, query, sets};
use ids::{ContainerName, Label, Log, MemberId, ResourceName, Seq, Subject};
use invariants::{
    AccountHolder, AccountPool, AccountSeen, Folded, Housed, Remembered, Used, replicas_equal::ReplicaHead,
    tree::TreeNode,
};
use ledger::LogState;
use oracle::{list_append, register, sessions, watch};
use wire::entity::decode_entity;

use crate::{client::list_project, history::Written, world::World};

/// Judges what clients and watchers wrote down.
pub fn check_histories(world: &World, written: &mut Written) {
    let trace = &world.trace;
    if let Err(error) = register::check_subjects(&written.registers) {
        trace.violate(
            "linearizable",
            format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string)),
        );
    }
    if let Err(error) = list_append::check(&written.lists) {
        trace.violate("strict_serializable", error.to_string());
    }
    if let Err(violation) = sessions::check(&written.sessions) {
        trace.violate("session", violation.to_string());
    }
    trace.check(|_, out| invariants::check_isolation(&written.isolated, out));
    for (log, watched) in &written.watches {
        let truth = truth(world, log);
        let due = truth.keys().next_back().copied().unwrap_or_default();
        if let Err(violation) = watch::check(watched, &truth, due) {
            trace.violate("watch", format!("{log}: {violation}"));
        }
    }
}

fn truth(world: &World, log: &Log) -> BTreeMap<Seq, ids::Hash> {
    world.trace.seen(|seen| {
        let of_log = seen.hashes.iter().filter(|((other, _), _)| other == log);
        of_log.map(|((_, seq), hash)| (*seq, *hash)).collect()
    })
}

/// The state is the fold of the facts: folds the records that watchers were sent and compares digests at every place a member told one.
pub fn check_fold(world: &World, written: &Written) -> u64 {
    let mut places = Vec::new();
    for log in world.logs() {
        let mut state = LogState::new(log.clone());
        let records = written.records.iter().filter(|((other, _), _)| *other == log);
        for ((_, seq), record) in records {
            if *seq != state.seq.next() {
                // This watcher was reset over a gap: what lies behind it was checked by others or not at all.
                break;
            }
            if let Err(error) = state.apply_record(record) {
                world.trace.violate("fold", format!("{log}: {error}"));
                break;
            }
            let told = world.trace.seen(|seen| seen.digests.get(&(log.clone(), *seq)).copied());
            places.extend(told.map(|told| Folded { log: log.clone(), seq: *seq, told, folded: state.digest() }));
        }
    }
    let compared = places.len() as u64;
    world.trace.check(|at, out| invariants::check_fold(at, places, out));
    compared
}

/// Heads of every copy in the ring.
pub fn heads(world: &World) -> Vec<ReplicaHead> {
    let mut heads = Vec::new();
    for member in world.members() {
        let Some((region, _)) = world.region(member) else { continue };
        for log in world.logs() {
            if let Some(copy) = region.ledger().copy(&log) {
                let state = copy.cell.state();
                heads.push(ReplicaHead {
                    member,
                    log,
                    incarnation: state.incarnation,
                    seq: state.seq,
                    chain: state.hash,
                    digest: state.digest(),
                });
            }
        }
    }
    heads
}

/// Leaders per log, as members see themselves.
pub fn leaders(world: &World) -> Vec<(Log, Vec<MemberId>)> {
    let leads = |log: &Log, member: MemberId| {
        let region = world.region(member);
        region.is_some_and(|(region, _)| region.ledger().group(log).is_some_and(|group| group.is_leader()))
    };
    let logs = world.logs().into_iter();
    logs.map(|log| {
        let leaders = world.members().into_iter().filter(|member| leads(&log, *member)).collect();
        (log, leaders)
    })
    .collect()
}

/// Every acknowledged command is remembered, at its place, by every copy.
pub fn scan_durability(world: &World) {
    let acknowledged = world.trace.seen(|seen| seen.acknowledged.clone());
    for member in world.members() {
        let Some((region, _)) = world.region(member) else { continue };
        let mut states = BTreeMap::new();
        for log in world.logs() {
            if let Some(copy) = region.ledger().copy(&log) {
                states.insert(log, copy.cell.state());
            }
        }
        let remembered = acknowledged.iter().map(|(request_id, log, told)| {
            let kept = states.get(log).and_then(|state| state.outcome(request_id)).map(|outcome| outcome.seq);
            Remembered { member, log: log.clone(), request_id: *request_id, told: *told, kept }
        });
        world.trace.check(|at, out| invariants::check_survival(at, remembered, out));
    }
}

/// Checks the tree in one copy of the global log.
pub fn check_tree(world: &World, state: &LogState) {
    let mut nodes = Vec::new();
    let mut children: BTreeMap<ContainerName, BTreeSet<ResourceName>> = BTreeMap::new();
    for (subject, row) in state.rows() {
        let Ok(name) = subject.as_str().parse::<ResourceName>() else { continue };
        let Ok(entity) = decode_entity(&row.value) else {
            world.trace.violate("tree", format!("{subject} holds bytes that are no entity"));
            continue;
        };
        let (parent, life) = match entity {
            Entity::Organization(organization) => (None, organization.state),
            Entity::Folder(folder) => (Some(folder.parent), folder.state),
            Entity::Project(project) => (Some(project.parent), project.state),
            _outside_the_tree => continue,
        };
        nodes.push(TreeNode { name, parent, deleted: life == State::Deleted });
    }
    for node in &nodes {
        let container = match node.name.clone() {
            ResourceName::Organization(name) => ContainerName::Organization(name),
            ResourceName::Folder(name) => ContainerName::Folder(name),
            ResourceName::Project(_) | ResourceName::Cluster(_) => continue,
        };
        let named = state.entries(&sets::children(&container), None, usize::MAX).into_iter();
        let full = named
            .filter_map(|entry| format!("{}/{entry}", container.organization()).parse().ok())
            .collect::<BTreeSet<_>>();
        children.insert(container, full);
    }
    world.trace.check(|at, out| invariants::check_tree(at, &nodes, &children, out));
}

/// Checks the cloud accounts in one copy of the global log.
pub fn check_accounts(world: &World, state: &LogState) {
    let ready = state.entries(&sets::ready_accounts(), None, usize::MAX);
    let ready = ready.iter().filter_map(|entry| entry.parse().ok()).collect();
    let mut pool = AccountPool { seq: state.seq, ready, ..AccountPool::default() };
    for (_, row) in state.rows() {
        match decode_entity(&row.value) {
            Ok(Entity::Account(account)) => {
                let seen = match account.life {
                    AccountLife::Ready => AccountSeen::Ready,
                    AccountLife::Claimed(owner) => AccountSeen::Claimed(owner.uid),
                    AccountLife::Retired(owner) => AccountSeen::Retired(owner.uid),
                };
                pool.accounts.insert(account.id, seen);
            }
            Ok(Entity::Organization(row)) => {
                let deleted = row.state == State::Deleted;
                let holder = AccountHolder { organization: row.name, uid: row.uid, account: row.account, deleted };
                pool.organizations.push(holder);
            }
            _other => {}
        }
    }
    let mut accounts = world.accounts.lock().unwrap_or_else(PoisonError::into_inner);
    world.trace.check(|at, out| accounts.check(at, &pool, out));
}

/// Organizations without a cloud account, where the pool has one for them. At rest there is none.
pub fn unclaimed(state: &LogState) -> Vec<String> {
    if state.entries(&sets::ready_accounts(), None, 1).is_empty() {
        return Vec::new();
    }
    let without = state.rows().filter_map(|(_, row)| match decode_entity(&row.value) {
        Ok(Entity::Organization(row)) if row.state == State::Active && row.account.is_none() => {
            Some(format!("{} still has no cloud account, and the pool has some", row.name))
        }
        _ => None,
    });
    without.collect()
}

/// Projects whose deletion has not come to its end. Owners take clusters away that are in the way, so at rest there is none.
pub fn draining(state: &LogState) -> Vec<String> {
    let waiting = state.rows().filter_map(|(_, row)| match decode_entity(&row.value) {
        Ok(Entity::Project(project)) if project.state == State::Deleting => {
            Some(format!("the deletion of {} still waits for {:?}", project.name, project.awaiting))
        }
        _ => None,
    });
    waiting.collect()
}

/// Every cluster of every region, beside what the global log says of its project.
pub fn check_clusters(world: &World, global: &LogState, regions: &[LogState]) {
    let mut housed = Vec::new();
    for (subject, row) in regions.iter().flat_map(LogState::rows) {
        match decode_entity(&row.value) {
            Ok(Entity::Cluster(cluster)) => {
                let view: &dyn View = global;
                let project = Subject::resource(&cluster.name.project.clone().into());
                let project = view.row::<domain::Project>(&project).ok().flatten();
                let project = project.map(|(_, project)| (project.uid, project.state == State::Deleted));
                housed.push(Housed { cluster: cluster.name, made_in: cluster.project_uid, project });
            }
            Ok(_) => {}
            Err(error) => world.trace.violate("cluster_in_project", format!("{subject}: {error}")),
        }
    }
    world.trace.check(|at, out| invariants::check_housed(at, housed, out));
}

/// What clusters need in all regions together, beside the quotas in the global log. They are counted: the rows that regions enforce by are
/// what is judged.
pub fn check_quotas(world: &World, global: &LogState, regions: &[LogState]) {
    let mut used: BTreeMap<Label, u64> = BTreeMap::new();
    for (_, row) in regions.iter().flat_map(LogState::rows) {
        if let Ok(Entity::Cluster(cluster)) = decode_entity(&row.value) {
            *used.entry(cluster.name.project.organization.clone()).or_default() += domain::quota::needed(&cluster);
        }
    }
    let quotas = global.rows().filter_map(|(_, row)| match decode_entity(&row.value) {
        Ok(Entity::Quota(quota)) => Some(Used {
            quota: quota.slices.values().map(|slice| slice.target).sum(),
            in_force: quota.slices.values().all(|slice| slice.held.is_some()),
            used: used.get(&quota.organization.organization).copied().unwrap_or_default(),
            organization: quota.organization,
        }),
        _ => None,
    });
    world.trace.check(|at, out| invariants::check_quotas(at, quotas, out));
}

/// The lists as they are in the end.
pub fn final_lists(state: &LogState) -> BTreeMap<String, Vec<u64>> {
    let names = (0..8).filter_map(list_project);
    let read = names.filter_map(|name| {
        let (_, project) = query::project(state, &name).ok()?;
        let list = project.description.split(',').filter_map(|value| value.parse().ok()).collect();
        Some((name.to_string(), list))
    });
    read.collect()
}

/// Whether a subject is there: a small help for scenarios.
pub fn present(state: &LogState, subject: &Subject) -> bool {
    state.revision(subject) != ids::Revision::ABSENT
}
