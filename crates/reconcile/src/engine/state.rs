//! What is remembered during one term: which keys there are, what is known of each, and which account is listed next.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ids::{AccountId, RequestId};
use planner::plan::{Plan, Time};
use ports::Instant;

use crate::{
    Options,
    book::{Key, Named},
    observe::{Kind, Listing, Memo, Zones},
    queue::{Class, Queue},
};

/// Of a key that is under way up to twelve kinds are listed, each by a call of its own; of an account, a call lists a thousand things.
const CROWD: usize = 12;

pub(crate) struct State {
    pub term: Option<u64>,
    pub queue: Queue<Key>,
    pub owners: BTreeMap<RequestId, Key>,
    pub accounts: BTreeMap<AccountId, Account>,
    /// Of keys that are not settled.
    pub memos: BTreeMap<Key, Memo>,
    pub plans: BTreeMap<Key, Plan>,
    pub unsettled: BTreeMap<Key, AccountId>,
    /// What surveys found of a key and no run has looked at yet.
    pub handed: BTreeMap<Key, BTreeMap<Kind, Listing>>,
    /// Of what the last survey handed over.
    pub digests: BTreeMap<Key, u64>,
}

/// One cloud account.
#[derive(Default)]
pub(crate) struct Account {
    pub owners: BTreeSet<RequestId>,
    pub zones: Option<Zones>,
    pub due: Instant,
    pub busy: bool,
    pub surveyed: Option<Time>,
    /// Owners by tag that no key has.
    pub strangers: usize,
}

impl State {
    pub fn new(queue: Queue<Key>) -> Self {
        Self {
            term: None,
            queue,
            owners: BTreeMap::new(),
            accounts: BTreeMap::new(),
            memos: BTreeMap::new(),
            plans: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            handed: BTreeMap::new(),
            digests: BTreeMap::new(),
        }
    }

    /// A term begins: each account is listed, and each key's turn in the sweep comes within a period.
    pub fn begin(&mut self, term: u64, keys: Vec<Named>, now: Instant, options: &Options) {
        self.term = Some(term);
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX).max(1);
        for (place, named) in (0_u32..).zip(keys) {
            let due = now.plus(options.sweep_every / count * place);
            self.queue.push(&named.key, Class::Sweep, due);
            self.know(named, now);
        }
        let accounts = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX).max(1);
        let apart = (options.survey_every / accounts).min(Duration::from_secs(1));
        for (place, account) in (0_u32..).zip(self.accounts.values_mut()) {
            account.due = now.plus(apart * place);
        }
    }

    pub fn changed(&mut self, keys: Vec<Named>, now: Instant) {
        for named in keys {
            self.queue.push(&named.key, Class::Asked, now);
            self.know(named, now);
        }
    }

    fn know(&mut self, named: Named, now: Instant) {
        let account = self.accounts.entry(named.account).or_insert_with(|| Account { due: now, ..Account::default() });
        account.owners.insert(named.uid);
        self.owners.insert(named.uid, named.key);
    }

    pub fn forget(&mut self, key: &Key) {
        self.settled(key);
        self.digests.remove(key);
        self.handed.remove(key);
        let uids: Vec<RequestId> = self.owners.iter().filter(|(_, of)| *of == key).map(|(uid, _)| *uid).collect();
        for uid in uids {
            self.owners.remove(&uid);
            for account in self.accounts.values_mut() {
                account.owners.remove(&uid);
            }
        }
        self.accounts.retain(|_, account| !account.owners.is_empty() || account.busy);
    }

    /// Whether so many keys of an account are under way that listing all of it costs less than listing each.
    pub fn crowded(&self, account: AccountId) -> bool {
        self.unsettled.values().filter(|of| **of == account).count() > CROWD
    }

    pub fn settled(&mut self, key: &Key) {
        self.memos.remove(key);
        self.plans.remove(key);
        self.unsettled.remove(key);
    }

    /// The account that is to be listed now, if fewer than `most` are.
    pub fn next_survey(&mut self, now: Instant, most: usize) -> Option<AccountId> {
        if self.accounts.values().filter(|account| account.busy).count() >= most {
            return None;
        }
        let (id, account) =
            self.accounts.iter_mut().filter(|(_, of)| !of.busy && of.due <= now).min_by_key(|(_, of)| of.due)?;
        account.busy = true;
        Some(*id)
    }

    pub fn next_survey_due(&self) -> Option<Instant> {
        self.accounts.values().filter(|account| !account.busy).map(|account| account.due).min()
    }
}
