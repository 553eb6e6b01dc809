//! Which transaction must come before which, and why.
//!
//! Edges (Adya 1999): *ww* a list element after the one before it, *wr* a reader after the writer of the last element it saw,
//! *rw* a reader before the writer of the first element it did not see; and *real time*. The last would be quadratic; instead a
//! transaction is ordered after the answered ones that no other answered one has followed yet, and the rest is transitive, as in
//! Elle's real-time graph. The number of edges is then the number of transactions times their concurrency.

use std::{collections::BTreeMap, fmt};

use super::{
    History, Micro,
    order::{Order, Orders},
};

/// Why one transaction comes before another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Its `earlier` is before the other's `later` in the list of `key`.
    Ww { key: String, earlier: u64, later: u64 },
    /// The other read its `value`.
    Wr { key: String, value: u64 },
    /// It read `key` without the other's `value`.
    Rw { key: String, value: u64 },
    /// It was answered before the other was called.
    RealTime,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ww { key, earlier, later } => {
                write!(f, "ww: in {key} its {earlier} comes before the other's {later}")
            }
            Self::Wr { key, value } => write!(f, "wr: the other read its {value} in {key}"),
            Self::Rw { key, value } => write!(f, "rw: it read {key} without the other's {value}"),
            Self::RealTime => f.write_str("real time: it was answered before the other was called"),
        }
    }
}

/// Transactions by index, and what they must come before. Between two the reason that sorts first is kept: data before time,
/// because a cycle of fewer kinds says more.
#[derive(Debug)]
pub(super) struct Graph {
    edges: Vec<BTreeMap<usize, Because>>,
}

impl Graph {
    /// What the data says, without time.
    pub(super) fn infer(history: &History, orders: &Orders<'_>) -> Self {
        let mut graph = Self { edges: vec![BTreeMap::new(); history.txns.len()] };
        for (key, order) in orders {
            graph.follow_list(key, order);
        }
        graph.follow_readers(history, orders);
        graph
    }

    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    /// What must come after `txn`.
    pub(super) fn after(&self, txn: usize) -> impl Iterator<Item = (usize, &Because)> {
        self.edges.get(txn).into_iter().flatten().map(|(after, because)| (*after, because))
    }

    fn add(&mut self, before: usize, after: usize, because: Because) {
        if before == after {
            return;
        }
        let Some(edges) = self.edges.get_mut(before) else { return };
        let known = edges.entry(after).or_insert_with(|| because.clone());
        if because < *known {
            *known = because;
        }
    }

    fn follow_list(&mut self, key: &str, order: &Order) {
        let writer = |value: &u64| order.writers.get(value).copied();
        let pairs = order.longest.iter().zip(order.longest.iter().skip(1)).map(|(earlier, later)| (*earlier, *later));
        let unseen =
            order.longest.last().into_iter().flat_map(|last| order.unseen.iter().map(|(value, _)| (*last, *value)));
        for (earlier, later) in pairs.chain(unseen) {
            if let (Some(before), Some(after)) = (writer(&earlier), writer(&later)) {
                self.add(before, after, Because::Ww { key: key.to_owned(), earlier, later });
            }
        }
    }

    fn follow_readers(&mut self, history: &History, orders: &Orders<'_>) {
        for (index, txn) in history.txns.iter().enumerate().filter(|(_, txn)| txn.is_acknowledged()) {
            for op in &txn.ops {
                let Micro::Read { key, list } = op else { continue };
                let Some(order) = orders.get(key.as_str()) else { continue };
                if let Some((value, writer)) = list.last().and_then(|value| Some((*value, *order.writers.get(value)?)))
                {
                    self.add(writer, index, Because::Wr { key: key.clone(), value });
                }
                let next = order.longest.get(list.len()).and_then(|value| Some((*value, *order.writers.get(value)?)));
                let unseen = if next.is_none() { order.unseen.as_slice() } else { &[] };
                for (value, writer) in next.into_iter().chain(unseen.iter().copied()) {
                    self.add(index, writer, Because::Rw { key: key.clone(), value });
                }
            }
        }
    }

    /// Adds what time says.
    pub(super) fn follow_time(&mut self, history: &History) {
        // At equal times calls come before answers: equal times are concurrent.
        let calls = history.txns.iter().enumerate().map(|(txn, t)| (t.interval.invoked, false, txn));
        let answers = history.txns.iter().enumerate().filter_map(|(txn, t)| Some((t.interval.completed?, true, txn)));
        let mut moments: Vec<(u64, bool, usize)> = calls.chain(answers).collect();
        moments.sort_unstable();
        // Answered, and followed by no transaction that was answered as well. Index and time of the answer.
        let mut latest: BTreeMap<usize, u64> = BTreeMap::new();
        for (at, is_answer, txn) in moments {
            if is_answer {
                let invoked = history.txns.get(txn).map_or(at, |txn| txn.interval.invoked);
                latest.retain(|_, answered| *answered >= invoked);
                latest.insert(txn, at);
            } else {
                latest.keys().for_each(|before| self.add(*before, txn, Because::RealTime));
            }
        }
    }
}
