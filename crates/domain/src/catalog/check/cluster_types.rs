//! The cluster types of an edition: every decision there, of its shape, with a reason, and none against another.

use super::{Catalog, Defect};
use crate::catalog::{ClusterTypeRecord, Key, Value};

impl Catalog {
    pub(super) fn check_cluster_types(&self, defects: &mut Vec<Defect>) {
        for (name, record) in &self.cluster_types {
            if !is_id(name) {
                defects.push(Defect::ClusterTypeId { given: name.clone() });
            }
            for key in Key::ALL.iter().copied() {
                let cluster_type = || name.clone();
                match record.decisions.get(&key) {
                    None if key.is_computed() => {}
                    None => defects.push(Defect::DecisionMissing { cluster_type: cluster_type(), key }),
                    Some(chosen) if !key.shape().accepts(&chosen.value) => {
                        let value = chosen.value.to_string();
                        defects.push(Defect::DecisionNotAccepted { cluster_type: cluster_type(), key, value });
                    }
                    Some(chosen) if chosen.why.trim().is_empty() => {
                        defects.push(Defect::ReasonMissing { cluster_type: cluster_type(), key });
                    }
                    Some(_) => {}
                }
            }
            contradictions(name, record, defects);
        }
    }
}

fn is_id(name: &str) -> bool {
    let letters = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= 63 && name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(letters)
}

/// Decisions that bound each other.
fn contradictions(name: &str, record: &ClusterTypeRecord, defects: &mut Vec<Defect>) {
    let value = |key: Key| record.decisions.get(&key).map(|chosen| &chosen.value);
    let number = |key: Key| value(key).and_then(Value::number);
    let text = |key: Key| value(key).map_or(String::new(), Value::to_string);
    let mut found = |key: Key, wanted: String| {
        defects.push(Defect::DecisionsContradict { cluster_type: name.to_owned(), key, value: text(key), wanted });
    };
    let ordered = [
        (Key::MastersZones, Key::MastersCount),
        (Key::WorkersMin, Key::WorkersInitial),
        (Key::WorkersInitial, Key::WorkersMax),
        (Key::DrainGrace, Key::DrainForce),
        (Key::EtcdSnapshotEvery, Key::EtcdSnapshotKept),
        (Key::BackupEvery, Key::BackupKept),
    ];
    for (less, more) in ordered {
        if number(less) > number(more) && number(more).is_some() {
            found(less, format!("at most {more}, {}", text(more)));
        }
    }
    if number(Key::MastersCount).is_some_and(|masters| masters.is_multiple_of(2)) {
        found(Key::MastersCount, "an odd number, for one more tolerates no more losses".to_owned());
    }
    for key in [Key::MastersFamilies, Key::WorkersFamilies, Key::ApiAuthorizers] {
        if matches!(value(key), Some(Value::Words(words)) if words.is_empty()) {
            found(key, "at least one".to_owned());
        }
    }
}
