//! Our own log in memory: guards each record by its revision, and keeps every one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use cloud_checks::{Fence, Written};
use futures_util::FutureExt;
use ids::{Revision, Seq};
use planner::plan::{CloudId, Desired, Held, Part, State, Status, Wish};
use ports::{BoxFuture, Env, cloud::CloudRegion};
use reconcile::{Book, Case, Entry, Key, Keys, Named, NotRecorded, Shared};

use crate::{fuse::Fuse, world::REGION};

pub struct Row {
    pub named: Named,
    pub desired: Desired,
    pub held: Held,
    pub status: Option<Status>,
    pub revision: Revision,
    /// Of a cluster in a shared network: that network's key.
    pub network: Option<Key>,
}

#[derive(Default)]
pub struct Rows {
    pub term: Option<u64>,
    pub seq: u64,
    pub rows: BTreeMap<Key, Row>,
    /// When each wish was last changed.
    wished: BTreeMap<Key, (u64, Named)>,
    pub written: Vec<Written>,
    pub fences: Vec<Fence>,
    pub fence_fails: bool,
    /// A key whose case is a defect.
    pub poisoned: Option<Key>,
}

pub struct MemoryLog {
    env: Arc<dyn Env>,
    fuse: Arc<Fuse>,
    rows: Mutex<Rows>,
    news: tokio::sync::watch::Sender<u64>,
}

impl MemoryLog {
    pub fn new(env: Arc<dyn Env>, fuse: Arc<Fuse>) -> Arc<Self> {
        let rows = Mutex::new(Rows { term: Some(1), ..Rows::default() });
        Arc::new(Self { env, fuse, rows, news: tokio::sync::watch::channel(0).0 })
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    pub fn wish(&self, named: Named, desired: Desired, network: Option<Key>) {
        let mut rows = self.rows();
        rows.seq += 1;
        let (seq, key) = (rows.seq, named.key.clone());
        rows.wished.insert(key.clone(), (seq, named.clone()));
        match rows.rows.get_mut(&key) {
            Some(row) => (row.desired, row.revision) = (desired, Revision(seq)),
            None => {
                let held = Held::nothing();
                let row = Row { named, desired, held, status: None, revision: Revision(seq), network };
                rows.rows.insert(key, row);
            }
        }
        drop(rows);
        self.news.send_replace(seq);
    }

    pub fn state(&self, key: &Key) -> Option<State> {
        self.rows().rows.get(key).map(|row| row.status.as_ref().map_or(State::Pending, |status| status.state))
    }

    fn commit(&self, key: &Key, seen: Revision, entry: Entry) -> Result<Revision, NotRecorded> {
        let mut rows = self.rows();
        if rows.term.is_none() {
            return Err(NotRecorded::NotLeading);
        }
        let seq = rows.seq + 1;
        let row = rows.rows.get_mut(key).filter(|row| row.revision == seen).ok_or(NotRecorded::Conflict)?;
        (row.held, row.status, row.revision) = (entry.held.clone(), Some(entry.status.clone()), Revision(seq));
        let (uid, account) = (row.named.uid, row.named.account);
        let deleted = entry.status.state == State::Deleted;
        rows.seq = seq;
        rows.written.push(Written { at: self.env.wall_ms(), key: key.clone(), uid, account, entry });
        let network = if deleted { rows.rows.remove(key).and_then(|row| row.network) } else { None };
        // One user less changes what is wished of the network.
        if let Some(named) = network.and_then(|network| rows.rows.get(&network)).map(|row| row.named.clone()) {
            rows.wished.insert(named.key.clone(), (seq, named));
        }
        drop(rows);
        self.news.send_replace(seq);
        Ok(Revision(seq))
    }
}

impl Rows {
    fn keys(&self, since: u64) -> Keys {
        let changed = self.wished.values().filter(|(seq, _)| *seq > since);
        Keys { until: Seq(self.seq), keys: changed.map(|(_, named)| named.clone()).collect() }
    }

    /// A shared network goes when no cluster is in it any more.
    fn desired(&self, row: &Row) -> Desired {
        let users = self.rows.values().filter(|of| of.network.as_ref() == Some(&row.named.key)).count() as u64;
        let mut desired = row.desired.clone();
        if let Key::SharedVpc { .. } = row.named.key {
            desired.used_by = users;
            desired.wish = if users == 0 { Wish::Delete } else { Wish::Run };
        }
        desired
    }
}

/// A handle, which the engine holds.
pub struct Handle(pub Arc<MemoryLog>);

impl Book for Handle {
    fn leading(&self) -> Option<u64> {
        self.0.rows().term
    }

    fn keys(&self) -> Keys {
        let rows = self.0.rows();
        Keys { until: Seq(rows.seq), keys: rows.rows.values().map(|row| row.named.clone()).collect() }
    }

    fn changed(&self, since: Seq) -> BoxFuture<'static, Keys> {
        let (log, mut news) = (self.0.clone(), self.0.news.subscribe());
        async move {
            loop {
                let keys = log.rows().keys(since.0);
                if !keys.keys.is_empty() {
                    return keys;
                }
                news.changed().await.unwrap();
            }
        }
        .boxed()
    }

    fn case(&self, key: &Key) -> Result<Option<Case>, String> {
        let poisoned = self.0.rows().poisoned.as_ref() == Some(key);
        assert!(!poisoned, "a planted defect");
        let rows = self.0.rows();
        let Some(row) = rows.rows.get(key) else { return Ok(None) };
        let shared = row.network.as_ref().map(|network| {
            let held = rows.rows.get(network).map(|row| &row.held);
            let id = |part: &Part| -> Option<CloudId> { held?.parts.get(part).map(|of| of.id.clone()) };
            Shared { vpc: id(&Part::Vpc), gateway: id(&Part::InternetGateway) }
        });
        Ok(Some(Case {
            named: row.named.clone(),
            desired: Arc::new(rows.desired(row)),
            held: row.held.clone(),
            status: row.status.clone(),
            revision: row.revision,
            shared,
        }))
    }

    fn record(&self, of: &Named, seen: Revision, entry: Entry) -> BoxFuture<'static, Result<Revision, NotRecorded>> {
        let (log, key) = (self.0.clone(), of.key.clone());
        async move {
            let record = async {
                log.env.sleep(Duration::from_millis(5)).await;
                log.commit(&key, seen, entry)
            };
            log.fuse.around(record).await
        }
        .boxed()
    }

    fn fence(&self) -> BoxFuture<'static, Result<(), String>> {
        let log = self.0.clone();
        async move {
            log.fuse.step().await;
            log.env.sleep(Duration::from_millis(5)).await;
            let now = log.env.wall_ms();
            let mut rows = log.rows();
            if rows.fence_fails {
                return Err("nobody answers".to_owned());
            }
            rows.fences.push(Fence { region: CloudRegion::new(REGION), at: now });
            Ok(())
        }
        .boxed()
    }
}
