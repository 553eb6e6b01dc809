//! `account_once`: a cloud account is one organization's at most, ever: no two have it, it is never READY while it is somebody's, and it is
//! given to nobody after it was RETIRED.
//!
//! Source: the rules of `domain::account`. Accounts are what keeps customers apart in the cloud. A claim rests on the set of those that
//! are ready; a missed guard shows here as an account of two organizations.
//!
//! Looks like a violation and is not: a copy that lags and still shows as READY what a later place showed as CLAIMED; an organization that
//! has no account yet; a RETIRED account whose organization's name was taken by another one.

use std::collections::{BTreeMap, BTreeSet};

use ids::{AccountId, OrganizationName, RequestId, Seq};

use crate::{Nanos, Violations};

const NAME: &str = "account_once";

/// Where an account stands, with the uid of the organization that has it or had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSeen {
    Ready,
    Claimed(RequestId),
    Retired(RequestId),
}

/// An organization as the state has it, with the account that it says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHolder {
    pub organization: OrganizationName,
    pub uid: RequestId,
    pub account: Option<AccountId>,
    pub deleted: bool,
}

/// What one copy of the global log says about accounts, at one place.
#[derive(Clone, Debug, Default)]
pub struct AccountPool {
    pub seq: Seq,
    pub accounts: BTreeMap<AccountId, AccountSeen>,
    /// What the set of those that are ready names.
    pub ready: BTreeSet<AccountId>,
    pub organizations: Vec<AccountHolder>,
}

/// What copies have shown so far.
#[derive(Debug, Default)]
pub struct AccountOnce {
    /// To whom each account was given.
    given: BTreeMap<AccountId, RequestId>,
    /// The furthest that each account was seen in its life, and the first place where it was.
    furthest: BTreeMap<AccountId, (u8, Seq)>,
}

impl AccountSeen {
    fn owner(self) -> Option<RequestId> {
        match self {
            Self::Ready => None,
            Self::Claimed(owner) | Self::Retired(owner) => Some(owner),
        }
    }

    /// How far in its life.
    fn age(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Claimed(_) => 1,
            Self::Retired(_) => 2,
        }
    }
}

impl AccountOnce {
    /// Checks one copy, against itself and against what others have shown.
    pub fn check(&mut self, at: Nanos, pool: &AccountPool, out: &mut Violations) {
        let mut say = |detail| out.push(NAME, at, detail);
        for (account, seen) in &pool.accounts {
            self.goes_on(*account, *seen, pool.seq).into_iter().for_each(&mut say);
        }
        let ready = pool.accounts.iter().filter(|(_, seen)| **seen == AccountSeen::Ready).map(|(account, _)| *account);
        let ready: BTreeSet<AccountId> = ready.collect();
        ready.symmetric_difference(&pool.ready).for_each(|account| {
            say(format!(
                "{account} is {:?}, and the set of those that are ready says otherwise",
                pool.accounts.get(account)
            ));
        });
        let mut held = BTreeMap::new();
        for holder in &pool.organizations {
            let Some(account) = holder.account else { continue };
            if let Some(other) = held.insert(account, holder) {
                say(format!("{} and {} both have {account}", other.organization, holder.organization));
            }
            let wanted =
                if holder.deleted { AccountSeen::Retired(holder.uid) } else { AccountSeen::Claimed(holder.uid) };
            let found = pool.accounts.get(&account);
            if found != Some(&wanted) {
                say(format!("{} has {account}, which is {found:?} instead of {wanted:?}", holder.organization));
            }
        }
        let claimed = pool.accounts.iter().filter(|(_, seen)| matches!(seen, AccountSeen::Claimed(_)));
        for (account, seen) in claimed.filter(|(account, _)| !held.contains_key(account)) {
            say(format!("{account} is {seen:?}, and no organization has it"));
        }
    }

    /// What is wrong with an account's life, given what was seen of it before.
    fn goes_on(&mut self, account: AccountId, seen: AccountSeen, seq: Seq) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(owner) = seen.owner() {
            let first = *self.given.entry(account).or_insert(owner);
            if first != owner {
                wrong.push(format!("{account} was given to {first} and to {owner}"));
            }
        }
        let age = seen.age();
        let (furthest, since) = self.furthest.entry(account).or_insert((age, seq));
        if age > *furthest {
            (*furthest, *since) = (age, seq);
        } else if age == *furthest {
            *since = seq.min(*since);
        } else if seq >= *since {
            wrong.push(format!("{account} is {seen:?} at {seq}, and was further in its life at {since}"));
        }
        wrong
    }
}

#[cfg(test)]
mod tests;
