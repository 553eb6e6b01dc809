//! What is remembered during one term: which keys there are, what is known of each, and which account is listed next.
//!
//! Whatever is asked of it at each event costs no more where there are many keys or accounts.

pub(super) mod crowd;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    time::Duration,
};

use ids::{AccountId, RequestId};
use planner::plan::{CloudId, Plan, Time};
use ports::Instant;

use super::Repair;
use crate::{
    Options,
    book::{Key, Named, Shared},
    observe::{Kind, Listing, Memo, Zones},
    queue::{Class, Queue},
};

/// Keys of accounts that are listed at the same time, and keys that wait for a run with what was found of them: while there are so many
/// no further account is listed, because all of it is in memory.
const AT_ONCE: usize = 1000;
/// Repairs that are remembered for whoever looks.
const REPAIRS: usize = 256;

/// One key.
pub(crate) struct Known {
    uid: RequestId,
    pub account: AccountId,
    /// Of what surveys told of it last: of what each lists, and of what only some list.
    pub digests: [Option<u64>; 2],
    /// Whether it was looked at in this term.
    ran: bool,
    /// While it is under way in a crowd: from then on the next survey hands it what was found, whether or not that is new.
    pub look: Instant,
}

pub(crate) struct State {
    pub term: Option<u64>,
    began: Instant,
    pub queue: Queue<Key>,
    pub keys: BTreeMap<Key, Known>,
    /// Those that were made before networks had uids of their own share them with a cluster.
    pub owners: BTreeMap<RequestId, BTreeSet<Key>>,
    pub accounts: BTreeMap<AccountId, Account>,
    /// When each account is listed next, but for those that are being listed.
    turns: BTreeSet<(Instant, AccountId)>,
    /// Keys of those.
    listing: usize,
    /// Of keys that are not settled.
    pub memos: BTreeMap<Key, Memo>,
    pub plans: BTreeMap<Key, Plan>,
    unsettled: BTreeMap<Key, AccountId>,
    /// What surveys found of a key and no run has looked at yet.
    handed: BTreeMap<Key, Handed>,
    /// Keys that were not looked at in this term yet, and how long it took until there was none.
    unseen: usize,
    pass: Option<Duration>,
    pub repairs: VecDeque<Repair>,
}

/// What a survey found of a key.
#[derive(Default)]
pub(crate) struct Handed {
    pub lists: BTreeMap<Kind, Listing>,
    /// Where it was not as the survey before had told: when this one began, and when it was answered.
    pub seen: Option<(Instant, Instant)>,
}

/// One cloud account.
#[derive(Default)]
pub(crate) struct Account {
    pub owners: BTreeSet<RequestId>,
    pub zones: Option<Zones>,
    /// None while it is being listed, with so many keys.
    due: Option<Instant>,
    listing: usize,
    /// When its next survey is one of everything, and when that is handed to every key.
    pub whole: Instant,
    pub sweep: Instant,
    unsettled: usize,
    /// When something of it was new last.
    pub news: Instant,
    pub surveyed: Option<Time>,
    /// Of shared networks that were listed whole, the VPC, its way out and when: each key in one would ask for it otherwise.
    pub networks: BTreeMap<CloudId, (CloudId, Time)>,
    /// Owners by tag that no key has.
    pub strangers: usize,
}

impl State {
    pub fn new(queue: Queue<Key>) -> Self {
        Self {
            term: None,
            began: Instant::default(),
            queue,
            keys: BTreeMap::new(),
            owners: BTreeMap::new(),
            accounts: BTreeMap::new(),
            turns: BTreeSet::new(),
            listing: 0,
            memos: BTreeMap::new(),
            plans: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            handed: BTreeMap::new(),
            unseen: 0,
            pass: None,
            repairs: VecDeque::new(),
        }
    }

    /// A term begins: each account is listed, and what is found is handed to each of its keys.
    pub fn begin(&mut self, term: u64, keys: Vec<Named>, now: Instant, options: &Options) {
        (self.term, self.began) = (Some(term), now);
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX).max(1);
        for (place, named) in (0_u32..).zip(keys) {
            // Surveys come before this, however long they take: who looks by itself asks for each kind. It is for keys of accounts that cannot
            // be listed.
            let due = now.plus(options.sweep_every).plus(options.sweep_every / count * place);
            self.queue.push(&named.key, Class::Sweep, due);
            self.know(named, now);
        }
        let count = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX).max(1);
        let apart = (options.survey_every / count).min(Duration::from_secs(1));
        let ids: Vec<AccountId> = self.accounts.keys().copied().collect();
        for (place, id) in (0_u32..).zip(ids) {
            self.set_turn(id, now.plus(apart * place));
            if let Some(account) = self.accounts.get_mut(&id) {
                account.sweep = now.plus(options.sweep_every / count * (place + 1));
            }
        }
    }

    pub fn changed(&mut self, keys: Vec<Named>, now: Instant) {
        for named in keys {
            self.queue.push(&named.key, Class::Asked, now);
            self.know(named, now);
        }
    }

    fn know(&mut self, named: Named, now: Instant) {
        let Named { key, uid, account } = named;
        if self.keys.get(&key).is_some_and(|known| known.uid == uid) {
            return;
        }
        self.disown(&key);
        if let Entry::Vacant(vacant) = self.accounts.entry(account) {
            vacant.insert(Account { sweep: now, whole: now, news: now, ..Account::default() });
            self.set_turn(account, now);
        }
        self.accounts.entry(account).or_default().owners.insert(uid);
        self.owners.entry(uid).or_default().insert(key.clone());
        self.keys.insert(key, Known { uid, account, digests: [None; 2], ran: false, look: now });
        self.unseen += 1;
    }

    /// What carries the uid of this key is nobody's any more.
    fn disown(&mut self, key: &Key) {
        let Some(Known { uid, account, ran, .. }) = self.keys.remove(key) else { return };
        self.unseen -= usize::from(!ran);
        if let Some(keys) = self.owners.get_mut(&uid) {
            keys.remove(key);
            if !keys.is_empty() {
                return;
            }
            self.owners.remove(&uid);
        }
        let Some(of) = self.accounts.get_mut(&account) else { return };
        of.owners.remove(&uid);
        if let (true, Some(due)) = (of.owners.is_empty(), of.due) {
            self.turns.remove(&(due, account));
            self.accounts.remove(&account);
        }
    }

    pub fn forget(&mut self, key: &Key) {
        self.settled(key);
        self.handed.remove(key);
        self.disown(key);
    }

    /// A key was looked at, or is gone.
    pub fn ran(&mut self, key: &Key, now: Instant) {
        if let Some(known) = self.keys.get_mut(key).filter(|known| !known.ran) {
            known.ran = true;
            self.unseen -= 1;
        }
        if self.unseen == 0 {
            self.pass.get_or_insert_with(|| now.since(self.began));
        }
    }

    /// How many keys were not looked at yet in this term, and how long the first pass over all took.
    pub fn first_pass(&self) -> (usize, Option<Duration>) {
        (self.unseen, self.pass)
    }

    /// When a shared network was listed last, if it was whole.
    pub fn listed(&self, account: AccountId, shared: &Shared) -> Option<Time> {
        let (gateway, at) = self.accounts.get(&account)?.networks.get(shared.vpc.as_ref()?)?;
        (shared.gateway.as_ref() == Some(gateway)).then_some(*at)
    }

    pub fn unsettle(&mut self, key: &Key, account: AccountId) {
        if self.unsettled.insert(key.clone(), account).is_none()
            && let Some(of) = self.accounts.get_mut(&account)
        {
            of.unsettled += 1;
        }
    }

    pub fn settled(&mut self, key: &Key) {
        self.memos.remove(key);
        self.plans.remove(key);
        if let Some(account) = self.unsettled.remove(key)
            && let Some(of) = self.accounts.get_mut(&account)
        {
            of.unsettled = of.unsettled.saturating_sub(1);
        }
    }

    pub fn is_unsettled(&self, key: &Key) -> bool {
        self.unsettled.contains_key(key)
    }

    pub fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Notes when the call was made that begins to mend what a survey saw.
    pub fn note_repair(&mut self, repair: Repair) {
        self.repairs.push_back(repair);
        if self.repairs.len() > REPAIRS {
            self.repairs.pop_front();
        }
    }

    /// Gives a key what a survey found of it, and its turn.
    pub fn hand(&mut self, key: &Key, mut handed: Handed, class: Class, now: Instant) {
        // For whom no run comes nothing is kept: full hands stop surveys.
        if self.queue.is_quarantined(key) {
            return;
        }
        handed.seen = self.handed.get(key).and_then(|earlier| earlier.seen).or(handed.seen);
        self.handed.insert(key.clone(), handed);
        self.queue.push(key, class, now);
    }

    pub fn take_handed(&mut self, key: &Key) -> Handed {
        self.handed.remove(key).unwrap_or_default()
    }

    /// The account that is to be listed now, if there is room for what is found.
    pub fn next_survey(&mut self, now: Instant) -> Option<AccountId> {
        let (due, account) = *self.turns.first().filter(|(due, _)| *due <= now && self.has_room())?;
        self.turns.remove(&(due, account));
        let of = self.accounts.get_mut(&account)?;
        (of.due, of.listing) = (None, of.owners.len());
        self.listing += of.listing;
        Some(account)
    }

    pub fn next_survey_due(&self) -> Option<Instant> {
        self.turns.first().filter(|_| self.has_room()).map(|(due, _)| *due)
    }

    fn has_room(&self) -> bool {
        self.listing < AT_ONCE && self.handed.len() < AT_ONCE
    }

    /// A survey has ended, and the next is to come then; none where nothing of the account is kept any more.
    pub fn surveyed(&mut self, account: AccountId, next: Instant) -> Option<&mut Account> {
        let of = self.accounts.get_mut(&account)?;
        self.listing -= std::mem::take(&mut of.listing);
        if of.owners.is_empty() {
            self.accounts.remove(&account);
            return None;
        }
        self.set_turn(account, next);
        self.accounts.get_mut(&account)
    }

    /// Lists an account soon, if it is not being listed.
    pub fn hurry(&mut self, account: AccountId, by: Instant) {
        if let Some(due) = self.accounts.get(&account).and_then(|of| of.due).filter(|due| *due > by) {
            self.turns.remove(&(due, account));
            self.set_turn(account, by);
        }
    }

    fn set_turn(&mut self, account: AccountId, due: Instant) {
        let Some(of) = self.accounts.get_mut(&account) else { return };
        if let Some(old) = of.due.replace(due) {
            self.turns.remove(&(old, account));
        }
        self.turns.insert((due, account));
    }
}

#[cfg(test)]
mod tests;
