//! The smallest states that break the rule, and those that look as if they did.

use super::*;
use crate::testing::{request, said};

fn account(id: u64) -> AccountId {
    format!("{id:012}").parse().unwrap()
}

fn holder(name: &str, uid: u8, account_of: Option<u64>) -> AccountHolder {
    let organization = format!("organizations/{name}").parse().unwrap();
    AccountHolder { organization, uid: request(uid), account: account_of.map(account), deleted: false }
}

/// Accounts by number, with the set of those that are ready as it should be.
fn pool(seq: u64, accounts: &[(u64, AccountSeen)], organizations: Vec<AccountHolder>) -> AccountPool {
    let accounts: BTreeMap<AccountId, AccountSeen> = accounts.iter().map(|(id, seen)| (account(*id), *seen)).collect();
    let ready = accounts.iter().filter(|(_, seen)| **seen == AccountSeen::Ready).map(|(id, _)| *id).collect();
    AccountPool { seq: Seq(seq), accounts, ready, organizations }
}

fn found(pools: &[AccountPool]) -> Vec<String> {
    let (mut rule, mut out) = (AccountOnce::default(), Violations::default());
    pools.iter().for_each(|pool| rule.check(7, pool, &mut out));
    said(&out)
}

fn claimed(uid: u8) -> AccountSeen {
    AccountSeen::Claimed(request(uid))
}

fn retired(uid: u8) -> AccountSeen {
    AccountSeen::Retired(request(uid))
}

#[test]
fn accounts_that_come_are_claimed_and_go_with_their_organizations_are_fine() {
    let gone = AccountHolder { deleted: true, ..holder("a", 1, Some(1)) };
    let lives = [
        pool(1, &[(1, AccountSeen::Ready)], vec![holder("b", 2, None)]),
        pool(2, &[(1, claimed(1)), (2, AccountSeen::Ready)], vec![holder("a", 1, Some(1)), holder("b", 2, None)]),
        // A copy that lags.
        pool(1, &[(1, AccountSeen::Ready)], vec![]),
        pool(3, &[(1, retired(1)), (2, claimed(2))], vec![gone, holder("b", 2, Some(2))]),
        // The name was taken again.
        pool(4, &[(1, retired(1)), (2, claimed(2))], vec![holder("a", 3, None), holder("b", 2, Some(2))]),
    ];
    assert_eq!(found(&lives), Vec::<String>::new());
}

#[test]
fn one_account_of_two_organizations_is_reported() {
    let both = pool(1, &[(1, claimed(2))], vec![holder("a", 1, Some(1)), holder("b", 2, Some(1))]);
    let said = found(&[both]);
    assert!(said.contains(&"organizations/a and organizations/b both have 000000000001".to_owned()), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("organizations/a has 000000000001, which is")), "{said:?}");
}

#[test]
fn an_account_that_changes_hands_or_comes_back_is_reported() {
    let of = |seq, seen, holders| pool(seq, &[(1, seen)], holders);
    let first = of(2, claimed(1), vec![holder("a", 1, Some(1))]);
    let other = of(3, claimed(2), vec![holder("b", 2, Some(1))]);
    let (one, two) = ("01".repeat(16), "02".repeat(16));
    assert_eq!(found(&[first.clone(), other]), [format!("000000000001 was given to {one} and to {two}")]);
    let again = of(3, AccountSeen::Ready, vec![]);
    assert_eq!(found(&[first, again]), ["000000000001 is Ready at 3, and was further in its life at 2"]);
    let back = [of(2, retired(1), vec![]), of(3, claimed(1), vec![holder("a", 1, Some(1))])];
    let wanted = format!("000000000001 is Claimed({one}) at 3, and was further in its life at 2");
    assert_eq!(found(&back), [wanted]);
}

#[test]
fn an_account_that_is_ready_and_somebodys_is_reported() {
    let mut both = pool(1, &[(1, claimed(1))], vec![holder("a", 1, Some(1))]);
    both.ready.insert(account(1));
    let said = found(&[both]);
    assert!(said[0].ends_with("and the set of those that are ready says otherwise"), "{said:?}");
    let nobodys = pool(1, &[(1, claimed(1))], vec![]);
    assert!(found(&[nobodys])[0].ends_with("and no organization has it"));
    let kept = pool(1, &[(1, retired(1))], vec![holder("a", 1, Some(1))]);
    assert!(found(&[kept])[0].starts_with("organizations/a has 000000000001, which is Some(Retired("));
}
