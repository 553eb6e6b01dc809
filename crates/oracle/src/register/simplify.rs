//! What one operation tells of another, written down before the search has to find out by trying.
//!
//! Without this a hidden write (one of unknown outcome that was overwritten before anybody read it) could be any of the unknown
//! writes of the history, and each hidden write would multiply the search by their number. The verdict stays the same: a value that
//! only one operation writes has the version it was read at, and values that nobody reads cannot be told apart.

use std::collections::BTreeMap;

use crate::Operation;

use super::Op;

/// What the history says of one value.
#[derive(Default)]
struct Told {
    writers: usize,
    /// The versions it was read at.
    first: Option<u64>,
    is_ambiguous: bool,
}

/// See [`crate::linearizable::Model::simplify`].
pub(super) fn simplify(ops: &[Operation<Op>]) -> Vec<Operation<Op>> {
    let mut values: BTreeMap<&str, Told> = BTreeMap::new();
    for operation in ops {
        match &operation.op {
            Op::Create { value, .. } | Op::Update { value, .. } => values.entry(value).or_default().writers += 1,
            // A read of unknown outcome may never have been, so what it saw tells nothing.
            Op::Read { seen: Some((version, value)) } if operation.interval.completed.is_some() => {
                let told = values.entry(value).or_default();
                told.is_ambiguous |= *told.first.get_or_insert(*version) != *version;
            }
            _ => {}
        }
    }
    // Any text will do that no read has seen.
    let mut unread = "never read".to_owned();
    while values.get(unread.as_str()).is_some_and(|told| told.first.is_some()) {
        unread.push('\'');
    }
    let mut simple = ops.to_vec();
    for operation in &mut simple {
        let (Op::Create { value, version_out } | Op::Update { value, version_out, .. }) = &mut operation.op else {
            continue;
        };
        match values.get(value.as_str()) {
            Some(Told { writers: 1, first: Some(version), is_ambiguous: false }) => {
                version_out.get_or_insert(*version);
            }
            // A write that told its version stays itself: it is one of a kind anyway, and reports read better.
            Some(Told { first: None, .. }) if version_out.is_none() => value.clone_from(&unread),
            _ => {}
        }
    }
    simple
}
