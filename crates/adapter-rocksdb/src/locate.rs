//! Whose bytes are damaged: for a directory that does not open, the logs and the places in them that the damage is about, as well as the
//! bytes around it tell. For people, not for repair.
//!
//! ```text
//!   write-ahead log   ── whole ──┬── damaged ──┬── whole ──
//!                     last good ─┘  what fits  └─ first good
//! ```
//! Numbers that are missing between the last good one before and the first good one behind are what was damaged. Where none is missing, it
//! is what the damaged part names itself; where that names nothing, the damage is between its neighbours. Of damage elsewhere (the
//! manifest, a table file, the names of both) it is told which entries the file holds, or else what the directory holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    ops::RangeInclusive,
    path::Path,
};

use ids::Log;
use ports::Journal;

use crate::{
    batches::{self, Named, Put, Table},
    error::OpenError,
    frames::{self, Piece, Shape},
    open,
};

/// A log, and a place in it that is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    journal: Journal,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Numbers(RangeInclusive<u64>),
    /// The last good one before, the first good one behind.
    Between(Option<u64>, Option<u64>),
    /// A marker or the bounds, and the numbers beside which it was written.
    Beside(String, Option<RangeInclusive<u64>>),
}

impl Part {
    pub fn log(&self) -> &Log {
        let (Journal::Raft(log) | Journal::Records(log)) = &self.journal;
        log
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.journal {
            Journal::Raft(_) => ("Raft entry", "Raft entries"),
            Journal::Records(_) => ("record", "records"),
        };
        let numbers = |range: &RangeInclusive<u64>| match (range.start(), range.end()) {
            (from, to) if from == to => format!("{one} {from}"),
            (from, to) => format!("{many} {from} to {to}"),
        };
        match &self.place {
            Place::Numbers(range) => f.write_str(&numbers(range)),
            Place::Between(Some(before), Some(behind)) => write!(f, "between {one} {before} and {one} {behind}"),
            Place::Between(Some(before), None) => write!(f, "after {one} {before}"),
            Place::Between(None, Some(behind)) => write!(f, "before {one} {behind}"),
            Place::Between(None, None) => write!(f, "the {many}"),
            Place::Beside(what, Some(range)) => write!(f, "{what} beside {}", numbers(range)),
            Place::Beside(what, None) => write!(f, "{what} of the {many}"),
        }
    }
}

/// The places that the damage is about because of which `dir` did not open. Changes nothing, and reads every log file. Empty: nothing
/// in the directory names a log.
pub fn parts(dir: &Path, error: &OpenError) -> Vec<Part> {
    let (detail, journal) = match error {
        OpenError::Damaged { detail, journal, what, .. } => (detail, journal.as_ref().map(|journal| (journal, what))),
        OpenError::Io { detail, .. } => (detail, None),
        _ => return Vec::new(),
    };
    let logs = Logs::read(dir);
    let tables = tables(dir);
    if let Some((journal, what)) = journal {
        let numbers = census(&logs, &tables).remove(journal);
        return vec![Part { journal: journal.clone(), place: Place::Beside(what.clone(), numbers) }];
    }
    let mut parts = logs.damaged();
    if parts.is_empty() {
        let of_file = |table: &&Table| detail.contains(&format!("{:06}.sst", table.number));
        parts = held(&census(&Logs::default(), tables.iter().filter(of_file)));
    }
    if parts.is_empty() {
        parts = held(&census(&logs, &tables));
    }
    parts
}

fn held(numbers: &BTreeMap<Journal, RangeInclusive<u64>>) -> Vec<Part> {
    let part = |(journal, range): (&Journal, &RangeInclusive<u64>)| Part {
        journal: journal.clone(),
        place: Place::Numbers(range.clone()),
    };
    numbers.iter().map(part).collect()
}

/// Every number that is named anywhere, by journal.
fn census<'a>(logs: &Logs, tables: impl IntoIterator<Item = &'a Table>) -> BTreeMap<Journal, RangeInclusive<u64>> {
    let mut numbers = BTreeMap::<Journal, RangeInclusive<u64>>::new();
    let in_tables = tables.into_iter().flat_map(|table| [&table.first, &table.last]).cloned();
    let in_logs =
        logs.parts.iter().flat_map(|part| part.numbers.iter()).map(|(journal, number)| (journal.clone(), *number));
    for (journal, number) in in_tables.chain(in_logs) {
        let range = numbers.entry(journal).or_insert(number..=number);
        *range = number.min(*range.start())..=number.max(*range.end());
    }
    numbers
}

/// The table files of the manifest, and of older ones that are still there.
fn tables(dir: &Path) -> Vec<Table> {
    let entries = fs::read_dir(dir.join(open::DATABASE)).into_iter().flatten().filter_map(Result::ok);
    let manifests = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("MANIFEST"));
    let contents = manifests.filter_map(|entry| fs::read(entry.path()).ok());
    let tables = |piece: Piece| match batches::tables(&piece.content) {
        found if piece.whole || !found.is_empty() => found,
        _ => batches::loose_keys(&piece.content),
    };
    contents.flat_map(|file| frames::pieces(&file)).flat_map(tables).collect()
}

/// One record of the write-ahead log, or what is left of one.
struct Batch {
    damaged: bool,
    /// What can be trusted, in order.
    numbers: Vec<(Journal, u64)>,
    /// What the journals' ends are behind it.
    nexts: BTreeMap<Journal, u64>,
    /// What is named and cannot be trusted.
    suspects: Vec<Named>,
    /// Markers and bounds that can be trusted.
    markers: Vec<Named>,
}

impl Batch {
    fn new(piece: &Piece, damaged: bool) -> Self {
        let mut batch =
            Self { damaged, numbers: Vec::new(), nexts: BTreeMap::new(), suspects: Vec::new(), markers: Vec::new() };
        for Put { named, sound } in batches::puts(&piece.content) {
            match named {
                named if !sound => batch.suspects.push(named),
                Named::Entry(journal, number) => batch.numbers.push((journal, number)),
                named => {
                    if let Named::Bounds(journal, Some(bounds)) = &named {
                        batch.nexts.insert(journal.clone(), bounds.next);
                    }
                    batch.markers.push(named);
                }
            }
        }
        batch
    }

    fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.numbers.iter().map(|(journal, _)| journal)
    }

    fn of(&self, journal: &Journal) -> impl DoubleEndedIterator<Item = u64> {
        self.numbers.iter().filter(move |(of, _)| of == journal).map(|(_, number)| *number)
    }
}

/// The whole write-ahead log, over all of its files.
#[derive(Default)]
struct Logs {
    parts: Vec<Batch>,
}

impl Logs {
    fn read(dir: &Path) -> Self {
        let files = open::log_files(dir).unwrap_or_default();
        let last = files.len().saturating_sub(1);
        let mut parts: Vec<Batch> = Vec::new();
        for (at, path) in files.iter().enumerate() {
            let Ok(file) = fs::read(path) else { continue };
            let damaged = match frames::shape(file.as_slice()) {
                Ok(Shape::Whole) => false,
                Ok(Shape::Torn { .. }) => at < last,
                Ok(Shape::Damaged { .. }) | Err(_) => true,
            };
            parts.extend(frames::pieces(&file).iter().map(|piece| Batch::new(piece, damaged && !piece.whole)));
        }
        let sound = |part: &Batch| {
            let in_markers = part.markers.iter().map(Named::journal);
            part.journals().chain(in_markers).cloned().collect::<Vec<_>>()
        };
        let known: BTreeSet<Journal> = parts.iter().flat_map(sound).collect();
        // A journal that nothing sound is of is a damaged name.
        parts.iter_mut().for_each(|part| part.suspects.retain(|named| known.contains(named.journal())));
        Self { parts }
    }

    fn damaged(&self) -> Vec<Part> {
        let damaged = self.parts.iter().enumerate().filter(|(_, part)| part.damaged);
        damaged.flat_map(|(at, part)| self.around(at, part)).collect()
    }

    fn around(&self, at: usize, damaged: &Batch) -> Vec<Part> {
        let (before, behind) = self.parts.split_at(at);
        let behind = behind.get(1..).unwrap_or_default();
        let around = Around { before, damaged, behind };
        let mut parts = around.entries();
        parts.extend(damaged.suspects.iter().filter_map(|named| around.marker(named)));
        if parts.is_empty() {
            let within: BTreeSet<&Journal> = damaged.journals().collect();
            let ranges = within.into_iter().filter_map(|journal| {
                Some(Part { journal: journal.clone(), place: Place::Numbers(around.beside(journal)?) })
            });
            parts.extend(ranges);
        }
        if parts.is_empty() {
            parts.extend(damaged.markers.iter().filter_map(|named| around.marker(named)));
        }
        if parts.is_empty() { around.between() } else { parts }
    }
}

/// A damaged part of the log, and what is there before and behind it.
struct Around<'a> {
    before: &'a [Batch],
    damaged: &'a Batch,
    behind: &'a [Batch],
}

impl Around<'_> {
    fn last(&self, journal: &Journal) -> Option<u64> {
        self.before.iter().rev().find_map(|part| part.of(journal).next_back())
    }

    fn first(&self, journal: &Journal) -> Option<u64> {
        self.behind.iter().find_map(|part| part.of(journal).next())
    }

    /// Entries that are missing, or that are named and not sound.
    fn entries(&self) -> Vec<Part> {
        let whole = self.before.iter().chain(self.behind).chain([self.damaged]);
        let journals: BTreeSet<&Journal> =
            whole.flat_map(Batch::journals).chain(self.damaged.suspects.iter().map(Named::journal)).collect();
        let mut parts = Vec::new();
        for journal in journals {
            let within: BTreeSet<u64> = self.damaged.of(journal).collect();
            let (last, end) =
                (self.last(journal), self.damaged.nexts.get(journal).copied().or_else(|| self.first(journal)));
            // A number that others say is there is not what was damaged, nor is one that cannot be at this place.
            let fits = |number: &u64| {
                !within.contains(number)
                    && last.is_none_or(|last| *number > last)
                    && end.is_none_or(|end| *number < end)
            };
            let mut ranges = missing(last, &within, end);
            if ranges.is_empty() {
                let suspects = self.damaged.suspects.iter().filter_map(|suspect| match suspect {
                    Named::Entry(of, number) if of == journal => Some(*number).filter(fits),
                    Named::Entry(..) | Named::Bounds(..) | Named::Marker(..) => None,
                });
                ranges.extend(suspects.map(|number| number..=number));
            }
            let part = |range| Part { journal: journal.clone(), place: Place::Numbers(range) };
            parts.extend(ranges.into_iter().map(part));
        }
        parts
    }

    /// The entries that came with a marker, or else the last one before it.
    fn beside(&self, journal: &Journal) -> Option<RangeInclusive<u64>> {
        let first = self.damaged.of(journal).min();
        let last = self.damaged.of(journal).max().or_else(|| self.last(journal)).or_else(|| self.first(journal))?;
        Some(first.unwrap_or(last)..=last)
    }

    fn marker(&self, named: &Named) -> Option<Part> {
        let what = match named {
            Named::Entry(..) => return None,
            Named::Bounds(..) => "the bounds".to_owned(),
            Named::Marker(_, key) => format!("the marker {key}"),
        };
        let journal = named.journal();
        Some(Part { journal: journal.clone(), place: Place::Beside(what, self.beside(journal)) })
    }

    /// The damaged part says nothing: its neighbours, of the logs that they are of.
    fn between(&self) -> Vec<Part> {
        let neighbours = self.before.last().into_iter().chain(self.behind.first());
        let journals: BTreeSet<&Journal> = neighbours.flat_map(Batch::journals).collect();
        let between = |journal: &Journal| Part {
            journal: journal.clone(),
            place: Place::Between(self.last(journal), self.first(journal)),
        };
        journals.into_iter().map(between).collect()
    }
}

/// The numbers that are missing between those that are there.
fn missing(last: Option<u64>, within: &BTreeSet<u64>, end: Option<u64>) -> Vec<RangeInclusive<u64>> {
    let there: Vec<u64> = last.into_iter().chain(within.iter().copied()).chain(end).collect();
    let pairs = there.iter().zip(there.iter().skip(1));
    pairs.filter(|(one, next)| **next > **one + 1).map(|(one, next)| one + 1..=next - 1).collect()
}
