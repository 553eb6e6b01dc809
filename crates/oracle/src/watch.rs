//! What one watcher was sent of one log, over all its reconnects, against the log itself.
//!
//! The promise: resumable by position, no gap, no duplicate, in order, nothing that is not in the log, also across a reconnect to
//! another region; a progress mark says "you have everything up to here". Its shape is etcd's watch guarantees (ordered, unique,
//! reliable, resumable, bookmarkable), and its cases are etcd's bugs: #15220 progress ahead of events, #15271 back in time after
//! a partition, #17247 duplicates, #17529 events lost by a slow watcher.
//!
//! This judges a watch of a whole log, whose records are dense. A filtered watch has to be judged against its own numbering.

use std::collections::BTreeMap;

use ids::{Hash, Seq};

/// One message to the watcher, or one turn of its connection, in the order in which the watcher saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// One record.
    Event { seq: Seq, hash: Hash },
    /// Everything up to here has been sent.
    Progress { seq: Seq },
    /// A new connection, which asked for what follows `after`. A watcher that lost its own place may go back, and is then sent
    /// records again; it may not skip.
    Resumed { after: Seq },
    /// The watcher's place was compacted away, and it got a snapshot that is complete up to `to` instead.
    Reset { to: Seq },
}

/// A watcher from its first connection on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Where it asked to begin: everything behind this is owed to it.
    pub after: Seq,
    pub delivered: Vec<Delivered>,
}

/// What went wrong, at which index of [`Watch::delivered`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("gap: message {index} is record {seq} while record {missing} never came on this connection")]
    Gap { index: usize, seq: Seq, missing: Seq },
    #[error("reordering: message {index} is record {seq} while record {late} came only later, as message {late_index}")]
    Reordered { index: usize, seq: Seq, late: Seq, late_index: usize },
    #[error("duplicate: message {index} is record {seq} again, after everything up to {place}")]
    Duplicate { index: usize, seq: Seq, place: Seq },
    #[error("phantom: message {index} is record {seq}, which the log does not have")]
    Phantom { index: usize, seq: Seq },
    #[error("wrong record: message {index} is {delivered} at {seq}, where the log has {record}")]
    WrongRecord { index: usize, seq: Seq, delivered: Hash, record: Hash },
    #[error("progress ahead of events: message {index} marks {seq}, delivered up to {place}")]
    ProgressAhead { index: usize, seq: Seq, place: Seq },
    #[error("progress back in time: message {index} marks {seq} after a mark at {mark}")]
    ProgressBackwards { index: usize, seq: Seq, mark: Seq },
    #[error("gap at a reconnect: message {index} resumed after {after}, delivered up to {place}")]
    ResumedAhead { index: usize, after: Seq, place: Seq },
    #[error("reset back in time: message {index} is a snapshot at {to}, delivered up to {place}")]
    ResetBackwards { index: usize, to: Seq, place: Seq },
    #[error("reset beyond the log: message {index} is a snapshot at {to}, the log ends at {end}")]
    ResetBeyond { index: usize, to: Seq, end: Seq },
    #[error("not delivered: everything up to {required} is due, delivered up to {place}")]
    Undelivered { required: Seq, place: Seq },
}

/// Judges one watcher against `truth`, the log's records from the watcher's beginning on. In the end everything up to `required`
/// must have been delivered: the caller heals the faults first, and then says what is due.
pub fn check(watch: &Watch, truth: &BTreeMap<Seq, Hash>, required: Seq) -> Result<(), Violation> {
    let end = truth.last_key_value().map_or(watch.after, |(seq, _)| *seq);
    let mut place = watch.after;
    let mut mark = Seq::ZERO;
    for (index, delivered) in watch.delivered.iter().enumerate() {
        match *delivered {
            Delivered::Event { seq, hash } => {
                let &record = truth.get(&seq).ok_or(Violation::Phantom { index, seq })?;
                if seq <= place {
                    return Err(Violation::Duplicate { index, seq, place });
                }
                if seq > place.next() {
                    return Err(out_of_order(&watch.delivered, index, seq, place.next()));
                }
                if hash != record {
                    return Err(Violation::WrongRecord { index, seq, delivered: hash, record });
                }
                place = seq;
            }
            Delivered::Progress { seq } if seq > place => return Err(Violation::ProgressAhead { index, seq, place }),
            Delivered::Progress { seq } if seq < mark => return Err(Violation::ProgressBackwards { index, seq, mark }),
            Delivered::Progress { seq } => mark = seq,
            Delivered::Resumed { after } if after > place => {
                return Err(Violation::ResumedAhead { index, after, place });
            }
            // The new connection answers for what follows `after`, marks included.
            Delivered::Resumed { after } => (place, mark) = (after, mark.min(after)),
            Delivered::Reset { to } if to < place => return Err(Violation::ResetBackwards { index, to, place }),
            Delivered::Reset { to } if to > end => return Err(Violation::ResetBeyond { index, to, end }),
            Delivered::Reset { to } => place = to,
        }
    }
    if place < required {
        return Err(Violation::Undelivered { required, place });
    }
    Ok(())
}

/// A record came too early. It tells lost from late: whether the missing one still comes on the same connection.
fn out_of_order(delivered: &[Delivered], index: usize, seq: Seq, missing: Seq) -> Violation {
    let same_connection = delivered
        .iter()
        .enumerate()
        .skip(index)
        .take_while(|(_, delivered)| !matches!(delivered, Delivered::Resumed { .. } | Delivered::Reset { .. }));
    for (late_index, later) in same_connection {
        if matches!(later, Delivered::Event { seq, .. } if *seq == missing) {
            return Violation::Reordered { index, seq, late: missing, late_index };
        }
    }
    Violation::Gap { index, seq, missing }
}

#[cfg(test)]
mod tests;
