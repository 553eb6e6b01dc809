//! Random sequences of commands: the crate and the naive model agree on each, and the tree stands after each.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccountLife, query, sets};
use ids::{ContainerName, Log, RegionId};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    model::{Account, Model},
    script::{Step, resolve, script},
    tree,
    world::World,
};

/// Runs a script on both; returns both, and the reason of every refusal.
pub fn play(steps: &[Step]) -> Result<(World, Model, BTreeSet<&'static str>), TestCaseError> {
    let (mut world, mut model) = (World::default(), Model::default());
    let mut reasons = BTreeSet::new();
    for step in steps {
        let command = resolve(step, &model, |command| world.etag(command));
        let before = world.log(&command.log()).seq();
        match world.run(&command) {
            Ok(decision) => {
                prop_assert!(model.run(&command), "the model refuses {command:?}: {decision:?}");
                prop_assert_eq!(world.log(&command.log()).seq(), before.next());
                agree(&world, &model)?;
            }
            Err(rejection) => {
                prop_assert!(!model.run(&command), "the model accepts {command:?}: {rejection}");
                reasons.insert(rejection.reason());
            }
        }
    }
    Ok((world, model, reasons))
}

fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let global = world.global();
    tree::check(&global).map_err(TestCaseError::fail)?;
    for name in model.organizations.iter().chain(model.folders.keys()) {
        let container: ContainerName = name.parse().unwrap();
        let organization = container.organization();
        let entries = global.all_entries(&sets::children(&container)).into_iter();
        let children: BTreeSet<String> = entries.map(|entry| format!("{organization}/{entry}")).collect();
        prop_assert_eq!(children, model.children(name), "children of {}", name);
    }
    for (name, wanted) in &model.projects {
        let (_, row) = query::project(&global, &name.parse().unwrap()).unwrap();
        let awaiting: BTreeSet<String> = row.awaiting.iter().map(RegionId::to_string).collect();
        prop_assert_eq!(&awaiting, &wanted.awaiting);
        prop_assert_eq!(row.parent.to_string(), wanted.parent.clone());
    }
    let accounts = query::accounts(&global, query::PageRequest::default()).unwrap().items;
    let accounts: BTreeMap<String, Account> = accounts
        .into_iter()
        .map(|(_, row)| {
            let organization = row.life.owner().map(|owner| owner.organization.to_string());
            (row.id.to_string(), Account { organization, retired: matches!(row.life, AccountLife::Retired(_)) })
        })
        .collect();
    prop_assert_eq!(&accounts, &model.accounts);
    let ready: Vec<&String> = accounts.iter().filter(|(_, row)| row.organization.is_none()).map(|(id, _)| id).collect();
    prop_assert!(global.all_entries(&sets::ready_accounts()).iter().eq(ready), "the set of those that are ready");
    for name in &model.organizations {
        let (_, row) = query::organization(&global, &name.parse().unwrap()).unwrap();
        let account = row.account.map(|id| id.to_string());
        prop_assert_eq!(account.as_ref(), model.account_of(name), "of {}", name);
    }
    let regions = world.logs.iter().filter(|(log, _)| **log != Log::Global);
    let clusters = regions.flat_map(|(_, rows)| rows.rows().filter(|(_, entity)| entity.kind() == "cluster"));
    let clusters: BTreeSet<String> = clusters.map(|(subject, _)| subject.to_string()).collect();
    prop_assert_eq!(&clusters, &model.clusters);
    Ok(())
}

proptest! {
    #[test]
    fn random_commands_agree_with_the_model(steps in script(80)) {
        play(&steps)?;
    }
}

/// A generator that never reaches a rule proves nothing about it.
#[test]
fn the_scripts_reach_every_rule() {
    let mut runner = TestRunner::deterministic();
    let mut reasons = BTreeSet::new();
    for _ in 0..200 {
        let steps = script(80).new_tree(&mut runner).unwrap().current();
        reasons.extend(play(&steps).unwrap().2);
    }
    let wanted = [
        "ACCOUNT_KNOWN",
        "ACCOUNT_POOL_EMPTY",
        "ALREADY_DRAINED",
        "ALREADY_EXISTS",
        "ALREADY_THERE",
        "ETAG_MISMATCH",
        "FOLDER_CYCLE",
        "FOLDER_TOO_DEEP",
        "GATE_ALREADY_CLOSED",
        "NOT_ACTIVE",
        "NOT_DELETING",
        "NOT_EMPTY",
        "NOT_FOUND",
        "ORGANIZATION_HAS_ACCOUNT",
        "OTHER_ORGANIZATION",
        "PARENT_NOT_ACTIVE",
        "PROJECT_NOT_ACTIVE",
        "REGION_NOT_AWAITED",
        "UPDATE_EMPTY",
    ];
    assert!(wanted.iter().all(|reason| reasons.contains(reason)), "reached only {reasons:?}");
}
