//! Names to numbers and back: a table whose rows are found by name and by index, and whose copies share what is equal.

use std::{
    cmp::Ordering,
    fmt,
    hash::{BuildHasherDefault, DefaultHasher, Hash},
    marker::PhantomData,
    sync::Arc,
};

use imbl::{GenericHashMap, Vector, shared_ptr::DefaultSharedPtr};

/// The place of a row of kind `T`. It is given to another row after this one was released.
pub struct Ix<T>(u32, PhantomData<fn() -> T>);

impl<T> Ix<T> {
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl<T> Clone for Ix<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Ix<T> {}

impl<T> PartialEq for Ix<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Ix<T> {}

impl<T> PartialOrd for Ix<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Ix<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> fmt::Debug for Ix<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What has a name and may be needless.
pub trait Row: Clone {
    type Name: Clone + Eq + Hash;

    /// A row that says nothing yet, at its place.
    fn new(name: Self::Name, ix: Ix<Self>) -> Self;

    fn name(&self) -> &Self::Name;

    /// Nothing is said by it or about it, so that nobody holds its index.
    fn is_needless(&self) -> bool;
}

/// The hasher has no seed: the same names give the same table in every process.
type Map<K, V> = GenericHashMap<K, V, BuildHasherDefault<DefaultHasher>, DefaultSharedPtr>;

/// A clone takes constant time.
#[derive(Clone)]
pub struct Slots<T: Row> {
    by_name: Map<T::Name, u32>,
    rows: Vector<Arc<T>>,
    free: Vector<u32>,
}

impl<T: Row> Default for Slots<T> {
    fn default() -> Self {
        Self { by_name: Map::default(), rows: Vector::new(), free: Vector::new() }
    }
}

impl<T: Row> Slots<T> {
    pub fn find(&self, name: &T::Name) -> Option<Ix<T>> {
        self.by_name.get(name).map(|ix| Ix(*ix, PhantomData))
    }

    pub fn get(&self, ix: Ix<T>) -> Option<&T> {
        self.rows.get(ix.at()).map(|row| &**row)
    }

    pub fn row(&self, name: &T::Name) -> Option<&T> {
        self.get(self.find(name)?)
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Every row, in no order that means anything.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|row| &**row).filter(|row| !row.is_needless())
    }

    /// The row of that name, made if there is none.
    pub fn intern(&mut self, name: &T::Name) -> Ix<T> {
        if let Some(ix) = self.find(name) {
            return ix;
        }
        // Four thousand million rows do not fit into memory.
        let new = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let ix = self.free.pop_back().unwrap_or(new);
        let row = Arc::new(T::new(name.clone(), Ix(ix, PhantomData)));
        if ix == new {
            self.rows.push_back(row);
        } else {
            self.rows.set(ix as usize, row);
        }
        self.by_name.insert(name.clone(), ix);
        Ix(ix, PhantomData)
    }

    /// Changes a row, and releases it when it has become needless.
    pub fn edit(&mut self, ix: Ix<T>, change: impl FnOnce(&mut T)) {
        let Some(row) = self.rows.get_mut(ix.at()) else { return };
        let row = Arc::make_mut(row);
        change(row);
        if row.is_needless() && self.by_name.remove(row.name()).is_some() {
            self.free.push_back(ix.0);
        }
    }
}
