//! From reads to the order of each list, and everything that is wrong with a list before any graph is needed.
//!
//! Source: Kingsbury & Alvaro 2020, sections 4.2 (traceability, recoverability) and 6 (internal and aborted reads, duplicates,
//! incompatible orders).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{Error, History, Micro, Txn};

/// One key: who appended what, and the longest list anybody saw. All lists of the key begin it.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Value to index of the appending transaction.
    pub(super) writers: BTreeMap<u64, usize>,
    pub(super) longest: Vec<u64>,
    /// Appends that are known to have happened and that nobody saw, with their writers: they come after the longest list, in an
    /// unknown order.
    pub(super) unseen: Vec<(u64, usize)>,
}

/// By key.
pub(super) type Orders<'a> = BTreeMap<&'a str, Order>;

/// A list and where it was seen.
struct Sighting<'a> {
    key: &'a str,
    list: &'a [u64],
    /// `None` is the read at the end.
    reader: Option<&'a Txn>,
}

impl Sighting<'_> {
    fn reader(&self) -> String {
        self.reader.map_or_else(|| format!("the read at the end, {}", print(self.list)), ToString::to_string)
    }
}

/// Infers the order of every key, or tells what is wrong with its lists.
pub(super) fn infer(history: &History) -> Result<Orders<'_>, Error> {
    let mut orders = Orders::new();
    for (index, txn) in history.txns.iter().enumerate() {
        for (key, value) in appends(txn) {
            if orders.entry(key).or_default().writers.insert(value, index).is_some() {
                return Err(Error::AppendedTwice { key: key.to_owned(), value });
            }
        }
    }
    let failed: BTreeSet<(&str, u64)> =
        history.failed.iter().map(|append| (append.key.as_str(), append.value)).collect();
    let sightings: Vec<Sighting<'_>> = sightings(history).collect();
    for sighting in &sightings {
        explain_list(sighting, orders.entry(sighting.key).or_default(), &failed)?;
    }
    history.txns.iter().filter(|txn| txn.is_acknowledged()).try_for_each(explain_own_steps)?;
    for sighting in &sightings {
        let order = orders.entry(sighting.key).or_default();
        let (long, short) = match sighting.list.len() > order.longest.len() {
            true => (sighting.list, order.longest.as_slice()),
            false => (order.longest.as_slice(), sighting.list),
        };
        if !long.starts_with(short) {
            let key = sighting.key.to_owned();
            return Err(Error::IncompatibleOrder { key, one: print(&order.longest), other: sighting.reader() });
        }
        order.longest = long.to_vec();
    }
    lost(history, &orders)?;
    for order in orders.values_mut() {
        let seen: BTreeSet<u64> = order.longest.iter().copied().collect();
        let is_acknowledged = |writer: usize| history.txns.get(writer).is_some_and(Txn::is_acknowledged);
        let writers = order.writers.iter().map(|(value, writer)| (*value, *writer));
        order.unseen = writers.filter(|(value, writer)| !seen.contains(value) && is_acknowledged(*writer)).collect();
    }
    Ok(orders)
}

fn sightings(history: &History) -> impl Iterator<Item = Sighting<'_>> {
    let read = history.txns.iter().filter(|txn| txn.is_acknowledged()).flat_map(|txn| {
        txn.ops.iter().filter_map(move |op| match op {
            Micro::Read { key, list } => Some(Sighting { key, list, reader: Some(txn) }),
            Micro::Append { .. } => None,
        })
    });
    read.chain(history.finals.iter().map(|(key, list)| Sighting { key, list, reader: None }))
}

fn appends(txn: &Txn) -> impl Iterator<Item = (&str, u64)> {
    txn.ops.iter().filter_map(|op| match op {
        Micro::Append { key, value } => Some((key.as_str(), *value)),
        Micro::Read { .. } => None,
    })
}

/// Every element was appended, by something that did not fail, and is there once.
fn explain_list(sighting: &Sighting<'_>, order: &Order, failed: &BTreeSet<(&str, u64)>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for &value in sighting.list {
        let (key, reader) = (sighting.key.to_owned(), || sighting.reader());
        if failed.contains(&(sighting.key, value)) {
            return Err(Error::AbortedRead { key, value, reader: reader() });
        }
        if !order.writers.contains_key(&value) {
            return Err(Error::Phantom { key, value, reader: reader() });
        }
        if !seen.insert(value) {
            return Err(Error::Duplicate { key, value, reader: reader() });
        }
    }
    Ok(())
}

/// A transaction sees its own appends, in order and at the end, and otherwise the same list as before.
fn explain_own_steps(txn: &Txn) -> Result<(), Error> {
    let mut own: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut before: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for op in &txn.ops {
        match op {
            Micro::Append { key, value } => {
                own.entry(key).or_default().push(*value);
                before.entry(key).and_modify(|list| list.push(*value));
            }
            Micro::Read { key, list } => {
                let own = own.get(key.as_str()).map_or(&[][..], Vec::as_slice);
                let expected = before.get(key.as_str());
                let base = list.strip_suffix(own);
                // The others' part may not have a value that this transaction appends only later.
                let is_future =
                    base.is_some_and(|base| appends(txn).any(|(k, value)| k == key && base.contains(&value)));
                if base.is_none() || is_future || expected.is_some_and(|expected| expected != list) {
                    let expected = expected.map_or_else(|| print(own), |expected| print(expected));
                    return Err(Error::Internal { key: key.clone(), expected, reader: txn.to_string() });
                }
                before.insert(key, list.clone());
            }
        }
    }
    Ok(())
}

/// An acknowledged append is in the list that was read at the end.
fn lost(history: &History, orders: &Orders<'_>) -> Result<(), Error> {
    for (key, list) in &history.finals {
        let Some(order) = orders.get(key.as_str()) else { continue };
        let last: BTreeSet<&u64> = list.iter().collect();
        for (value, index) in &order.writers {
            let writer = history.txns.get(*index).filter(|writer| writer.is_acknowledged() && !last.contains(value));
            if let Some(writer) = writer {
                return Err(Error::LostWrite { key: key.clone(), value: *value, writer: writer.to_string() });
            }
        }
    }
    Ok(())
}

/// A list in words, its middle cut out where it is long.
pub(super) fn print(list: &[u64]) -> String {
    const PRINTED_MAX: usize = 16;
    let skipped = list.len().saturating_sub(PRINTED_MAX);
    let mut text = String::from("[");
    for (at, value) in list.iter().enumerate() {
        if at > 0 && at <= skipped {
            continue;
        }
        let gap = if at == 0 { "" } else { " " };
        let cut = if skipped > 0 && at == skipped + 1 { "... " } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{gap}{cut}{value}");
    }
    text.push(']');
    text
}
