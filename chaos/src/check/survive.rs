//! What was acknowledged is in the log, once, where its client was told; what was refused is not in it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use client::{Client, Read, v1};
use ids::Log;

use crate::load::book::{Outcome, Written};

const PAGE: i32 = 1000;

/// The records of one log as far as this needs them.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// The first that is still kept; what was acknowledged before cannot be looked for.
    pub first_seq: u64,
    /// By request id: every place at which it took effect.
    pub places: BTreeMap<String, Vec<u64>>,
}

impl Records {
    /// Reads a whole log at one member.
    pub async fn read(client: &Client, log: &Log) -> Result<Self> {
        let head = client.logs().head(&log.to_string(), &Read::default()).await;
        let head = head.with_context(|| format!("read the head of {log}"))?.value;
        let first_seq = head.first_seq.max(1);
        let mut records = Self { first_seq, places: BTreeMap::new() };
        let mut after_seq = first_seq - 1;
        while after_seq < head.seq {
            let request =
                v1::ListRecordsRequest { log: log.to_string(), after_seq, page_size: PAGE, ..Default::default() };
            let page = client.logs().list(request, &Read::default()).await;
            let page = page.with_context(|| format!("read {log} after {after_seq}"))?.value;
            for record in page.records {
                if record.seq != after_seq + 1 {
                    bail!("read {log} after {after_seq}: the next record is {}", record.seq);
                }
                after_seq = record.seq;
                // A rejection that was put on record is no effect.
                if record.rejected.is_none() {
                    records.places.entry(record.request_id).or_default().push(record.seq);
                }
            }
        }
        Ok(records)
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Survival {
    pub looked_for: usize,
    /// Acknowledged in records that are no longer kept.
    pub compacted: usize,
    pub broken: Vec<String>,
}

/// Looks for every write whose outcome is known.
pub fn check(written: &[Written], logs: &BTreeMap<Log, Records>) -> Survival {
    let mut survival = Survival::default();
    for write in written {
        let log = write.subject.log();
        let Some(records) = logs.get(&log) else {
            survival.broken.push(format!("{log}: no copy of it was read"));
            continue;
        };
        let id = write.request_id.to_string();
        let places = records.places.get(&id).map(Vec::as_slice).unwrap_or_default();
        let broken = match (&write.outcome, places) {
            (_, [_, _, ..]) => Some(format!("took effect {} times, at {places:?}", places.len())),
            (Outcome::Done { version }, []) if version.is_some_and(|version| version < records.first_seq) => {
                survival.compacted += 1;
                None
            }
            (Outcome::Done { version }, []) => Some(format!("acknowledged at {version:?}, and lost")),
            (Outcome::Done { version: Some(version) }, [place]) if version != place => {
                Some(format!("acknowledged at {version}, and found at {place}"))
            }
            (Outcome::Rejected { reason } | Outcome::NotDone { reason }, [place]) => {
                Some(format!("refused ({reason}), and yet it took effect at {place}"))
            }
            (
                Outcome::Done { .. } | Outcome::Rejected { .. } | Outcome::NotDone { .. } | Outcome::Unknown { .. },
                _,
            ) => None,
        };
        survival.looked_for += 1;
        survival.broken.extend(broken.map(|what| format!("{log}: request {id} on {} {what}", write.subject.name())));
    }
    survival
}

#[cfg(test)]
mod tests {
    use client::RequestId;

    use super::*;
    use crate::load::{book::Purpose, request::Wish, subject::Subject};

    fn broken(outcome: Outcome, places: &[u64]) -> Vec<String> {
        let request_id = RequestId([7; 16]);
        let written = Written {
            client: 1,
            purpose: Purpose::Register,
            subject: Subject::Folder { id: "f".to_owned() },
            wish: Wish::Delete { expected: None },
            request_id,
            invoked: 1,
            ended: 2,
            outcome,
        };
        let places = BTreeMap::from([(request_id.to_string(), places.to_vec())]);
        check(&[written], &BTreeMap::from([(Log::Global, Records { first_seq: 10, places })])).broken
    }

    #[test]
    fn what_was_acknowledged_is_there_once_where_it_was_told() {
        let done = |version| Outcome::Done { version };
        assert!(broken(done(Some(12)), &[12]).is_empty());
        assert!(broken(done(None), &[12]).is_empty());
        assert!(broken(done(Some(9)), &[]).is_empty(), "compacted");
        assert!(broken(done(Some(12)), &[]).concat().contains("lost"));
        assert!(broken(done(Some(12)), &[13]).concat().contains("found at 13"));
        assert!(broken(done(Some(12)), &[12, 14]).concat().contains("2 times"));
    }

    #[test]
    fn what_was_refused_is_not_there() {
        let refused = || Outcome::NotDone { reason: "GLOBAL_QUORUM_LOST".to_owned() };
        assert!(broken(refused(), &[]).is_empty());
        assert!(broken(refused(), &[12]).concat().contains("and yet it took effect at 12"));
    }
}
