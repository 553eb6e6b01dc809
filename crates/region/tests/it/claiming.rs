//! What a ring does about organizations that were made while the pool of cloud accounts was empty.

use std::time::Duration;

use domain::{Command, command as c};
use ids::{AccountId, Log, Seq};

use crate::ring::{Ring, done, organization, submission, until};

fn add(account: &str) -> Command {
    c::AddAccount { account: account.parse().unwrap() }.into()
}

fn state(ring: &Ring, id: u64) -> ledger::LogState {
    ring.at(id).ledger().copy(&Log::Global).unwrap().cell.state()
}

/// The account of an organization as a member knows it.
fn account_of(ring: &Ring, id: u64, label: &str) -> Option<AccountId> {
    let name = format!("organizations/{label}").parse().unwrap();
    domain::query::organization(&state(ring, id), &name).unwrap().1.account
}

#[tokio::test(start_paused = true)]
async fn an_organization_gets_its_account_once_there_is_one() {
    let ring = Ring::of(&[3, 1]).await;
    done(ring.submit(4, submission(1, organization("acme"))).await);
    done(ring.submit(1, submission(2, organization("beta"))).await);
    ring.holds(1, &Log::Global, Seq(4)).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&ring, 1).seq, Seq(4), "with an empty pool nothing is asked for");
    done(ring.submit(4, submission(3, add("000000000001"))).await);
    let first = until(|| account_of(&ring, 1, "acme")).await;
    assert_eq!(first.to_string(), "000000000001");
    assert_eq!(account_of(&ring, 1, "beta"), None);
    // The next one is found, though nothing but the pool changed since.
    let added = done(ring.submit(4, submission(4, add("000000000002"))).await);
    until(|| account_of(&ring, 4, "beta")).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&ring, 1).seq, added.next(), "one record for each, and then the ring is at rest");
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_gives_accounts_to_those_that_the_old_one_left_without() {
    let ring = Ring::of(&[3, 1]).await;
    done(ring.submit(4, submission(1, organization("acme"))).await);
    let id = ring.leader(&Log::Global).await;
    ring.end(id);
    let other = ring.ids().into_iter().find(|other| *other != id).unwrap();
    done(ring.submit(other, submission(2, add("000000000001"))).await);
    until(|| account_of(&ring, other, "acme")).await;
}

#[tokio::test(start_paused = true)]
async fn many_organizations_all_get_an_account_and_none_gets_that_of_another() {
    let ring = Ring::of(&[3, 1]).await;
    for number in 0..40 {
        done(ring.submit(1, submission(10 + number, organization(&format!("o-{number}")))).await);
    }
    for number in 0..40 {
        done(ring.submit(1, submission(100 + number, add(&format!("{number:012}")))).await);
    }
    let mut accounts = std::collections::BTreeSet::new();
    for number in 0..40 {
        accounts.insert(until(|| account_of(&ring, 4, &format!("o-{number}"))).await);
    }
    assert_eq!(accounts.len(), 40);
}
