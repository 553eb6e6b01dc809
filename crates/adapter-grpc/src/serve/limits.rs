//! What one listener puts up with.

use std::time::Duration;

/// Bounds of a listener, and the sizes of its HTTP/2 windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; more are closed at once.
    pub connections_max: usize,
    /// Calls at the same time on one connection.
    pub streams_max: u32,
    /// What may be on the way to this side within one call, and on one connection.
    pub stream_window_bytes: u32,
    pub connection_window_bytes: u32,
    /// One frame of data.
    pub frame_bytes_max: u32,
    /// All headers of one call.
    pub header_bytes_max: u32,
    /// How long calls that are open may go on after a shutdown.
    pub grace: Duration,
}

impl Limits {
    /// For other members: few connections that carry much, over long distances.
    pub fn members() -> Self {
        Self {
            connections_max: 4096,
            streams_max: 1024,
            // A message has at most 8 MiB: one is never held up by its own window on a long way.
            stream_window_bytes: 8 << 20,
            connection_window_bytes: 16 << 20,
            frame_bytes_max: 256 << 10,
            header_bytes_max: 16 << 10,
            grace: Duration::from_secs(2),
        }
    }

    /// For clients: many connections, none of which may take much memory.
    pub fn clients() -> Self {
        Self {
            connections_max: 10_000,
            streams_max: 1024,
            stream_window_bytes: 1 << 20,
            connection_window_bytes: 2 << 20,
            frame_bytes_max: 64 << 10,
            header_bytes_max: 16 << 10,
            grace: Duration::from_secs(5),
        }
    }
}
