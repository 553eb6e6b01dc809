//! Who stands where: the exchange of heads between members, once a second.
//!
//! It tells a puller whom to pull from, tells everybody who is reachable, and compares state digests: two copies of one log at one
//! sequence must have the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use ids::{Hash, Incarnation, Log, MemberId, Seq};
use wire::{
    Error, proto,
    record::{hash_in, log_in},
};

/// Where one copy of a log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub log: Log,
    pub incarnation: Incarnation,
    pub seq: Seq,
    pub hash: Hash,
    pub state_digest: Hash,
    /// One of the log's own group, not a replica.
    pub voter: bool,
}

impl Head {
    pub fn to_proto(&self) -> proto::Head {
        proto::Head {
            log: self.log.to_string(),
            incarnation: self.incarnation.0,
            seq: self.seq.0,
            hash: self.hash.0.to_vec().into(),
            state_digest: self.state_digest.0.to_vec().into(),
            voter: self.voter,
        }
    }

    pub fn from_proto(head: &proto::Head) -> Result<Self, Error> {
        const WHAT: &str = "a head";
        Ok(Self {
            log: log_in(WHAT, &head.log)?,
            incarnation: Incarnation(head.incarnation),
            seq: Seq(head.seq),
            hash: hash_in(WHAT, "hash", &head.hash)?,
            state_digest: hash_in(WHAT, "state_digest", &head.state_digest)?,
            voter: head.voter,
        })
    }
}

/// The newest head that each member told of each log.
#[derive(Default)]
pub struct HeadTable {
    heads: Mutex<BTreeMap<(Log, MemberId), Head>>,
}

impl HeadTable {
    /// Takes in what `member` said about itself, of the logs of this ring. The rest is left out: nobody asks for it, and a table that
    /// takes what it is sent has no bound.
    pub fn take(&self, member: MemberId, heads: &[proto::Head], logs: &BTreeSet<Log>) -> Vec<Head> {
        let read = heads.iter().filter_map(|head| Head::from_proto(head).ok());
        let read: Vec<Head> = read.filter(|head| logs.contains(&head.log)).collect();
        let mut table = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        for head in &read {
            table.insert((head.log.clone(), member), head.clone());
        }
        read
    }

    /// The last known head of one member's copy.
    pub fn of(&self, log: &Log, member: MemberId) -> Option<Head> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).get(&(log.clone(), member)).cloned()
    }
}
