//! Rules about cloud accounts: each organization has one of its own, and none is ever given again.

use domain::{AccountLife, FactKind, Owner, sets};

use crate::world::*;

fn life(world: &World, id: &str) -> AccountLife {
    world.account(id).unwrap().life
}

fn owner(world: &World, name: &str) -> Owner {
    Owner { organization: organization(name), uid: world.organization(name).unwrap().uid }
}

#[test]
fn an_organization_takes_the_first_account_that_is_ready() {
    let mut world = World::with([add_account("3"), add_account("2")]);
    assert_eq!(world.reason(add_account("2")), "ACCOUNT_KNOWN");
    assert_eq!(life(&world, "2"), AccountLife::Ready);
    let decision = world.run(&create_organization("a")).unwrap();
    assert_eq!(world.organization("a").unwrap().account, Some(account("2")));
    assert_eq!(life(&world, "2"), AccountLife::Claimed(owner(&world, "a")));
    assert_eq!(life(&world, "3"), AccountLife::Ready);
    assert_eq!(world.global().all_entries(&sets::ready_accounts()), ["000000000003"]);
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    assert_eq!(guarded, ["#ready-accounts", "cloudAccounts/000000000002", "organizations/a"]);
    let kinds: Vec<FactKind> = decision.facts.iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds[0], FactKind::OrganizationCreated);
    assert!(kinds.contains(&FactKind::AccountClaimed), "{kinds:?}");
    assert_eq!(world.reason(add_account("2")), "ACCOUNT_KNOWN");
}

#[test]
fn an_organization_that_was_made_while_the_pool_was_empty_gets_its_account_later() {
    let mut world = World::with([create_organization("a")]);
    assert_eq!(world.organization("a").unwrap().account, None);
    assert_eq!(world.reason(claim_account("a")), "ACCOUNT_POOL_EMPTY");
    assert_eq!(world.reason(claim_account("none")), "NOT_FOUND");
    world.run(&add_account("7")).unwrap();
    let decision = world.run(&claim_account("a")).unwrap();
    assert_eq!(
        (decision.facts[0].kind, &decision.facts[0].subject),
        (FactKind::OrganizationUpdated, &decision.subject)
    );
    assert_eq!(world.organization("a").unwrap().account, Some(account("7")));
    assert_eq!(life(&world, "7"), AccountLife::Claimed(owner(&world, "a")));
    world.run(&add_account("8")).unwrap();
    assert_eq!(world.reason(claim_account("a")), "ORGANIZATION_HAS_ACCOUNT");
}

#[test]
fn the_account_of_a_deleted_organization_is_retired_and_given_to_nobody() {
    let mut world = World::with([add_account("1"), create_organization("a")]);
    let before = owner(&world, "a");
    let decision = world.run(&delete_organization("a")).unwrap();
    assert!(decision.facts.iter().any(|fact| fact.kind == FactKind::AccountRetired));
    assert_eq!(life(&world, "1"), AccountLife::Retired(before.clone()));
    assert_eq!(world.reason(add_account("1")), "ACCOUNT_KNOWN");
    world.run(&create_organization("a")).unwrap();
    assert_eq!(world.organization("a").unwrap().account, None, "not even to another one of its name");
    assert_eq!(life(&world, "1"), AccountLife::Retired(before));
    // One that never had an account is deleted all the same.
    world.run(&delete_organization("a")).unwrap();
}
