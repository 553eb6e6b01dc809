//! The chain of a log, recomputed record by record. Pure: records come from the caller.

use std::collections::BTreeMap;

use client::v1;
use ids::{Hash, Hlc, Incarnation, Log, Seq};

/// What was found that may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub seq: u64,
    pub what: String,
}

/// A log's chain as far as it was read and found right.
#[derive(Debug)]
pub struct Chain {
    log: Log,
    /// Sequence of the first record that is kept.
    pub first: u64,
    hashes: Vec<[u8; 32]>,
    last_hlc: u64,
    incarnation: Option<u64>,
    /// State digests that copies named, by sequence.
    digests: BTreeMap<u64, Vec<u8>>,
}

impl Chain {
    pub fn new(log: Log, first: u64) -> Self {
        Self { log, first: first.max(1), hashes: Vec::new(), last_hlc: 0, incarnation: None, digests: BTreeMap::new() }
    }

    /// The last sequence that was found right.
    pub fn last(&self) -> u64 {
        self.first.saturating_sub(1).saturating_add(u64::try_from(self.hashes.len()).unwrap_or(u64::MAX))
    }

    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Checks that a record continues the chain, and takes it in.
    pub fn take(&mut self, record: &v1::Record) -> Result<(), Mismatch> {
        let due = self.last().saturating_add(1);
        let found = |what: String| Err(Mismatch { seq: due, what });
        if record.log != self.log.to_string() {
            return found(format!("a record of the log {:?}", record.log));
        }
        if record.seq != due {
            return found(format!("the record {} where {due} was due", record.seq));
        }
        if *self.incarnation.get_or_insert(record.incarnation) != record.incarnation {
            return found(format!("the incarnation {} after {}", record.incarnation, self.incarnation.unwrap_or(0)));
        }
        if !self.hashes.is_empty() && record.hlc <= self.last_hlc {
            return found(format!("the time {} after {}", record.hlc, self.last_hlc));
        }
        let Ok(prev_hash) = <[u8; 32]>::try_from(record.prev_hash.as_ref()) else {
            return found(format!("a previous hash of {} bytes", record.prev_hash.len()));
        };
        let before = match (self.hashes.last(), due) {
            (Some(before), _) => Some(*before),
            (None, 1) => Some(Hash::ZERO.0),
            // What was before the first record that is kept cannot be known from here.
            (None, _) => None,
        };
        if before.is_some_and(|before| before != prev_hash) {
            return found("a previous hash that is not the hash of the record before".to_owned());
        }
        let computed = self.computed(record, prev_hash);
        if record.hash.as_ref() != computed {
            return found("a hash that is not the hash of its content".to_owned());
        }
        self.hashes.push(computed);
        self.last_hlc = record.hlc;
        Ok(())
    }

    fn computed(&self, record: &v1::Record, prev_hash: [u8; 32]) -> [u8; 32] {
        let record = wire::Record {
            log: self.log.clone(),
            incarnation: Incarnation(record.incarnation),
            seq: Seq(record.seq),
            hlc: Hlc(record.hlc),
            prev_hash: Hash(prev_hash),
            proposal: record.proposal.clone(),
        };
        record.hash().0
    }

    /// Compares the head of a copy at a position that the chain holds: its hash, and its state with that of other copies there. `None`:
    /// the copy is further on, or before what is kept.
    pub fn compare(&mut self, head: &v1::LogHead) -> Option<Result<(), Mismatch>> {
        let place = head.seq.checked_sub(self.first).and_then(|place| usize::try_from(place).ok())?;
        let known = self.hashes.get(place)?;
        let differs = |what: &str| Some(Err(Mismatch { seq: head.seq, what: what.to_owned() }));
        if head.hash.as_ref() != known {
            return differs("another hash at the same position");
        }
        let digest = self.digests.entry(head.seq).or_insert_with(|| head.state_digest.to_vec());
        if head.state_digest.as_ref() != digest.as_slice() {
            return differs("the same records and another state digest");
        }
        Some(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: u64) -> Vec<v1::Record> {
        let mut prev_hash = Hash::ZERO;
        let mut made = Vec::new();
        for seq in 1..=count {
            let record = wire::Record {
                log: Log::Global,
                incarnation: Incarnation(1),
                seq: Seq(seq),
                hlc: Hlc(1000 + seq),
                prev_hash,
                proposal: format!("proposal {seq}").into_bytes().into(),
            };
            let hash = record.hash();
            made.push(v1::Record {
                log: "global".to_owned(),
                incarnation: 1,
                seq,
                hlc: record.hlc.0,
                prev_hash: prev_hash.0.to_vec().into(),
                hash: hash.0.to_vec().into(),
                proposal: record.proposal,
                ..v1::Record::default()
            });
            prev_hash = hash;
        }
        made
    }

    fn check(records: &[v1::Record]) -> Result<Chain, Mismatch> {
        let mut chain = Chain::new(Log::Global, records[0].seq);
        records.iter().try_for_each(|record| chain.take(record)).map(|()| chain)
    }

    #[test]
    fn a_whole_chain_passes_from_its_start_and_from_a_later_record() {
        assert_eq!(check(&records(5)).unwrap().last(), 5);
        let chain = check(&records(5)[2..]).unwrap();
        assert_eq!((chain.first, chain.last(), chain.len()), (3, 5, 3));
    }

    #[test]
    fn every_damage_is_found_at_its_sequence() {
        type Damage = fn(&mut Vec<v1::Record>);
        let cases: [(&str, u64, Damage); 7] = [
            ("a flipped byte", 3, |all| all[2].proposal = b"proposal 8".to_vec().into()),
            ("a dropped record", 3, |all| drop(all.remove(2))),
            ("swapped records", 3, |all| all.swap(2, 3)),
            ("another time", 3, |all| all[2].hlc += 500),
            ("time standing still", 3, |all| all[2].hlc = all[1].hlc),
            ("another log", 3, |all| all[2].log = "region/us-east-1".to_owned()),
            ("another start", 1, |all| all[0].prev_hash = vec![1; 32].into()),
        ];
        for (name, seq, damage) in cases {
            let mut all = records(5);
            damage(&mut all);
            assert_eq!(check(&all).unwrap_err().seq, seq, "{name}");
        }
    }

    #[test]
    fn a_rewritten_record_with_a_right_hash_breaks_the_next_link() {
        let mut all = records(5);
        let mut forged = wire::Record {
            log: Log::Global,
            incarnation: Incarnation(1),
            seq: Seq(3),
            hlc: Hlc(1003),
            prev_hash: Hash(all[1].hash.as_ref().try_into().unwrap()),
            proposal: b"forged".to_vec().into(),
        };
        all[2].proposal = forged.proposal.clone();
        all[2].hash = forged.hash().0.to_vec().into();
        assert_eq!(check(&all).unwrap_err().seq, 4);
        forged.seq = Seq(4);
        assert_ne!(forged.hash().0.to_vec(), all[2].hash);
    }

    #[test]
    fn heads_are_compared_where_the_chain_knows_them() {
        let mut chain = check(&records(5)).unwrap();
        let head = |seq: u64, hash: &[u8]| v1::LogHead { seq, hash: hash.to_vec().into(), ..v1::LogHead::default() };
        assert_eq!(chain.compare(&head(3, &records(5)[2].hash)), Some(Ok(())));
        assert_eq!(chain.compare(&head(3, &[9; 32])).unwrap().unwrap_err().seq, 3);
        assert_eq!(chain.compare(&head(6, &[9; 32])), None);
        assert_eq!(chain.compare(&head(0, &[0; 32])), None);
        let other = v1::LogHead { state_digest: vec![1; 32].into(), ..head(3, &records(5)[2].hash) };
        assert_eq!(chain.compare(&other).unwrap().unwrap_err().what, "the same records and another state digest");
    }
}
