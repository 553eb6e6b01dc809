//! The resources of one kind in one place, as they are and as a replica that lags behind shows them.
//!
//! Every row remembers for a while what it was before the last writes. A call is answered by a replica that either knows everything or
//! still shows, of each row that was written lately, what was before: that is all there is to eventual consistency here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ports::cloud::{CloudError, ErrorCode, Filter, Tags, VpcId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

/// A kind of resource.
pub(crate) trait Resource: Clone + Serialize + DeserializeOwned {
    type Id: Clone + Ord;
    const NOT_FOUND: ErrorCode;

    fn id(&self) -> &Self::Id;
    fn text(id: &Self::Id) -> &str;
    fn parse(text: &str) -> Self::Id;
    fn vpc(&self) -> Option<&VpcId>;
    /// Its name, where names are unique in a place.
    fn name(&self) -> Option<&Arc<str>>;
    fn tags(&self) -> &Tags;
    fn tags_mut(&mut self) -> &mut Tags;

    /// Whether it passes a filter that is not about tags; none where its kind has no such filter.
    fn passes(&self, filter: &Filter) -> Option<bool>;
}

/// What the replica that answers a call knows.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub now: u64,
    pub stale: bool,
}

/// Since when all replicas know of a write; none means at once.
pub(crate) type Lag = Option<u64>;

#[derive(Clone, Serialize, Deserialize)]
struct Row<T> {
    /// None when it was deleted.
    is: Option<T>,
    was: Option<Box<Was<T>>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Was<T> {
    until: u64,
    /// None when it did not exist.
    item: Option<T>,
}

pub(crate) struct Table<T: Resource> {
    rows: BTreeMap<T::Id, Row<T>>,
    by_tag: BTreeSet<(Arc<str>, Arc<str>, T::Id)>,
    by_vpc: BTreeSet<(VpcId, T::Id)>,
    by_name: BTreeSet<(Arc<str>, T::Id)>,
    /// Rows with a past, by the moment at which it is forgotten.
    lagging: BTreeSet<(u64, T::Id)>,
}

impl<T: Resource> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            by_tag: BTreeSet::new(),
            by_vpc: BTreeSet::new(),
            by_name: BTreeSet::new(),
            lagging: BTreeSet::new(),
        }
    }
}

impl<T: Resource> Table<T> {
    /// It as it is.
    pub fn get(&self, id: &T::Id) -> Option<&T> {
        self.rows.get(id)?.is.as_ref()
    }

    /// It as it is, where the replica that answers knows of it.
    pub fn known(&self, id: &T::Id, view: View) -> Result<&T, CloudError> {
        let row = self.rows.get(id).filter(|row| row.seen(view).is_some());
        row.and_then(|row| row.is.as_ref()).ok_or_else(|| Self::not_found(id))
    }

    pub fn not_found(id: &T::Id) -> CloudError {
        CloudError::refused(T::NOT_FOUND, format!("asked for {}: it does not exist", T::text(id)))
    }

    /// It as the replica that answers shows it.
    pub fn seen(&self, id: &T::Id, view: View) -> Option<&T> {
        self.rows.get(id)?.seen(view)
    }

    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.rows.values().filter_map(|row| row.is.as_ref())
    }

    pub fn in_vpc<'a>(&'a self, vpc: &'a VpcId) -> impl Iterator<Item = &'a T> {
        let from = (vpc.clone(), T::parse(""));
        let within = self.by_vpc.range(from..).take_while(move |(of, _)| of == vpc);
        within.filter_map(move |(_, id)| self.get(id))
    }

    /// By a name that is unique in a place.
    pub fn named<'a>(&'a self, name: &'a Arc<str>) -> impl Iterator<Item = &'a T> {
        let from = (name.clone(), T::parse(""));
        let within = self.by_name.range(from..).take_while(move |(of, _)| of == name);
        within.filter_map(move |(_, id)| self.get(id))
    }

    /// Those with a tag of this key.
    pub fn with_key<'a>(&'a self, key: &'a Arc<str>) -> impl Iterator<Item = &'a T> {
        let from = (key.clone(), Arc::from(""), T::parse(""));
        let within = self.by_tag.range(from..).take_while(move |(of, _, _)| of == key);
        within.filter_map(move |(_, _, id)| self.get(id))
    }

    pub fn put(&mut self, item: T, now: u64, lag: Lag) {
        let id = item.id().clone();
        self.index(&item);
        let was = lag.map(|until| Box::new(Was { until, item: None }));
        self.rows.insert(id.clone(), Row { is: Some(item), was });
        self.lagging.extend(lag.map(|until| (until, id)));
        self.forget(now);
    }

    /// Changes it, but not its tags.
    pub fn change<R>(&mut self, id: &T::Id, now: u64, lag: Lag, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.remember(id, now, lag);
        let item = self.rows.get_mut(id)?.is.as_mut()?;
        let before = item.vpc().cloned();
        let result = change(item);
        let after = item.vpc().cloned();
        if before != after {
            before.map(|vpc| self.by_vpc.remove(&(vpc, id.clone())));
            self.by_vpc.extend(after.map(|vpc| (vpc, id.clone())));
        }
        Some(result)
    }

    pub fn retag(&mut self, id: &T::Id, now: u64, lag: Lag, change: impl FnOnce(&mut Tags)) {
        self.remember(id, now, lag);
        let Some(mut item) = self.rows.get_mut(id).and_then(|row| row.is.take()) else { return };
        self.unindex(&item);
        change(item.tags_mut());
        self.index(&item);
        if let Some(row) = self.rows.get_mut(id) {
            row.is = Some(item);
        }
    }

    pub fn remove(&mut self, id: &T::Id, now: u64, lag: Lag) -> Option<T> {
        self.remember(id, now, lag);
        let item = self.rows.get_mut(id)?.is.take()?;
        self.unindex(&item);
        let until = self.rows.get(id)?.was.as_ref().map(|was| (was.until, was.item.is_some()));
        match until {
            Some((_, true)) => {}
            // No replica shows it any more.
            Some((until, false)) => {
                self.lagging.remove(&(until, id.clone()));
                self.rows.remove(id);
            }
            None => drop(self.rows.remove(id)),
        }
        Some(item)
    }

    /// Keeps what it is now for the replicas that lag. Those that show an older row already go on to, and no longer than before.
    fn remember(&mut self, id: &T::Id, now: u64, lag: Lag) {
        self.forget(now);
        let (Some(until), Some(row)) = (lag, self.rows.get_mut(id)) else { return };
        if row.was.is_none() {
            row.was = Some(Box::new(Was { until, item: row.is.clone() }));
            self.lagging.insert((until, id.clone()));
        }
    }

    /// Drops what no replica shows any more.
    fn forget(&mut self, now: u64) {
        while self.lagging.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, id)) = self.lagging.pop_first() else { return };
            let Some(row) = self.rows.get_mut(&id) else { continue };
            row.was = None;
            if row.is.is_none() {
                self.rows.remove(&id);
            }
        }
    }

    fn index(&mut self, item: &T) {
        let id = item.id();
        self.by_tag.extend(item.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone(), id.clone())));
        self.by_vpc.extend(item.vpc().map(|vpc| (vpc.clone(), id.clone())));
        self.by_name.extend(item.name().map(|name| (name.clone(), id.clone())));
    }

    fn unindex(&mut self, item: &T) {
        let id = item.id();
        for tag in item.tags().iter() {
            self.by_tag.remove(&(tag.key.clone(), tag.value.clone(), id.clone()));
        }
        item.vpc().map(|vpc| self.by_vpc.remove(&(vpc.clone(), id.clone())));
        item.name().map(|name| self.by_name.remove(&(name.clone(), id.clone())));
    }

    /// The ids that may carry this very tag, in order; some may not.
    pub fn tagged(&self, key: &Arc<str>, value: &Arc<str>) -> BTreeSet<T::Id> {
        let from = (key.clone(), value.clone(), T::parse(""));
        let within = self.by_tag.range(from..).take_while(|(k, v, _)| k == key && v == value);
        within.map(|(_, _, id)| id).chain(self.lagging.iter().map(|(_, id)| id)).cloned().collect()
    }

    /// All that the replica shows, in the order of their ids, behind `after`.
    pub fn shown(&self, after: Option<&T::Id>, view: View) -> impl Iterator<Item = &T> {
        use std::ops::Bound::{Excluded, Unbounded};
        let range = (after.map_or(Unbounded, Excluded), Unbounded);
        self.rows.range::<T::Id, _>(range).filter_map(move |(_, row)| row.seen(view))
    }
}

impl<T> Row<T> {
    fn seen(&self, view: View) -> Option<&T> {
        match &self.was {
            Some(was) if view.stale && view.now < was.until => was.item.as_ref(),
            Some(_) | None => self.is.as_ref(),
        }
    }
}

impl<T: Resource> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.rows.values())
    }
}

impl<'de, T: Resource> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut table = Self::default();
        for row in Vec::<Row<T>>::deserialize(from)? {
            let was = row.was.as_ref().and_then(|was| was.item.as_ref());
            let Some(id) = row.is.as_ref().or(was).map(|item| item.id().clone()) else { continue };
            table.lagging.extend(row.was.as_ref().map(|was| (was.until, id.clone())));
            if let Some(item) = &row.is {
                table.index(item);
            }
            table.rows.insert(id, row);
        }
        Ok(table)
    }
}
