//! Damage of what a disk holds at rest: planted by a test, to see that somebody finds it.

use ids::Log;
use ports::Journal;

/// One stored value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Entry(Journal, u64),
    Meta(Journal, &'static str),
    Snapshot(Log),
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// One bit is another, and the store does not notice. Numbers beyond the end begin again at the front.
    Flip { byte: usize, bit: u8 },
    /// It is gone; what followed in its journal moves up.
    Drop,
    /// It and the next entry of its journal change places. Only for entries.
    SwapWithNext,
    /// The store notices that it is damaged, and says so to whoever reads it.
    Unreadable,
}
