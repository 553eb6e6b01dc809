//! The conditions of one direction between two regions.

use std::time::Duration;

/// What happens to bytes that travel this way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They arrive after the delay.
    #[default]
    Pass,
    /// They wait: nobody is told, nothing is lost, and what was under way arrives when the way is open again, as TCP would send
    /// it again. A new connection opens and stays silent.
    BlackHole,
    /// Connections are reset, and new ones at once.
    Reset,
    /// The far end is closed while the near end is told nothing, as when a machine loses power. It is reset when the mode changes.
    HalfOpen,
}

/// One direction. The other one has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub mode: Mode,
    /// One way, for every byte.
    pub delay: Duration,
    /// Up to so much more, drawn for each piece; order is kept.
    pub jitter: Duration,
    /// Per connection. `None`: as fast as this machine is.
    pub bytes_per_second: Option<u64>,
}

impl Way {
    /// An undisturbed way of this length.
    pub fn of(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }
}
