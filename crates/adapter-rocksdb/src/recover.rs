//! What an opened database holds: bounds and meta values of every journal, read whole. Entries stay where they are.
//!
//! Of each journal the first and the last entry are read as well, before it is written to. A table file or a log file that went missing
//! as a whole, or ended early, shows there. Who opens it to read sees each entry anyway.

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use ports::Journal;
use rocksdb::{DB, IteratorMode};

use crate::{
    error::OpenError,
    keys::{self, EntryKey, META, MetaKey},
    state::Held,
};

pub fn journals(dir: &Path, db: &DB, read_only: bool) -> Result<BTreeMap<Journal, Held>, OpenError> {
    let mut journals = BTreeMap::<Journal, Held>::new();
    for item in db.iterator(IteratorMode::Start) {
        let (key, value) = item.map_err(|error| OpenError::database(dir, &error))?;
        let parsed = keys::parse_meta_key(&key);
        let journal = match &parsed {
            Some(MetaKey::Bounds(journal) | MetaKey::Value(journal, _)) => Some(journal.clone()),
            Some(MetaKey::Identity) | None => None,
        };
        let damaged = |detail: String| {
            let name = format!("the value {:?} of the database", String::from_utf8_lossy(&key).replace('\0', " "));
            match journal.clone() {
                Some(journal) => OpenError::of_journal(dir, journal, name, &detail),
                None => OpenError::damaged(dir, name, detail),
            }
        };
        let content = keys::unseal(META, &key, &value).map_err(damaged)?;
        match parsed.ok_or_else(|| damaged("it has a name of no known kind".to_owned()))? {
            MetaKey::Identity => {}
            MetaKey::Bounds(journal) => {
                let bounds = keys::decode_bounds(content).ok_or_else(|| damaged("these are no bounds".to_owned()))?;
                journals.entry(journal).or_default().bounds = bounds;
            }
            MetaKey::Value(journal, key) => {
                let value = Bytes::copy_from_slice(content);
                journals.entry(journal).or_default().meta.insert(key, value);
            }
        }
    }
    if !read_only {
        journals.iter().try_for_each(|(journal, held)| ends(dir, db, journal, held))?;
    }
    Ok(journals)
}

fn ends(dir: &Path, db: &DB, journal: &Journal, held: &Held) -> Result<(), OpenError> {
    let bounds = held.bounds;
    if bounds.first == bounds.next {
        return Ok(());
    }
    [bounds.first, bounds.next - 1].into_iter().try_for_each(|number| {
        let damaged = |detail: String| {
            OpenError::of_journal(dir, journal.clone(), format!("entry {number} of the journal {journal}"), &detail)
        };
        let (name, mut key) = (keys::family(journal), EntryKey::new(journal));
        let family = db.cf_handle(name).ok_or_else(|| damaged("its column family is not open".to_owned()))?;
        let value = db.get_pinned_cf(family, key.at(number)).map_err(|error| damaged(error.to_string()))?;
        let value = value.ok_or_else(|| damaged("there is none".to_owned()))?;
        keys::unseal(name, key.at(number), &value).map(drop).map_err(damaged)
    })
}
