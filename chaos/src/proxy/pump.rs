//! Moves bytes one way, late but not slowly: what is under way waits in a queue, so the delay does not bound the throughput.

use std::{io, sync::Arc, time::Duration};

use futures_util::future::try_join;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{ReadHalf, WriteHalf},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, sleep_until},
};

use super::way::{Mode, Way};

/// Bytes under way in one direction of one connection: 65 ms of more than a gigabit.
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;

/// Bytes that were read, and when they may be written. Empty: the end.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// When the next piece is due.
struct Schedule {
    jitter: SmallRng,
    /// The last piece has left the sender.
    sent: Instant,
    /// The last piece is due; nothing overtakes it.
    due: Instant,
}

impl Schedule {
    fn new(now: Instant, seed: u64) -> Self {
        Self { jitter: SmallRng::seed_from_u64(seed), sent: now, due: now }
    }

    fn due(&mut self, now: Instant, way: &Way, bytes: usize) -> Instant {
        let sending = way.bytes_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / rate.max(1))
        });
        self.sent = self.sent.max(now) + sending;
        let jitter_ns = u64::try_from(way.jitter.as_nanos()).unwrap_or(u64::MAX);
        let jitter = Duration::from_nanos(self.jitter.random_range(0..=jitter_ns));
        self.due = self.due.max(self.sent + way.delay + jitter);
        self.due
    }
}

/// Waits until the way lets bytes through. An error means that the mesh is gone.
pub async fn open(way: &mut watch::Receiver<Way>) -> io::Result<()> {
    let opened = way.wait_for(|way| way.mode == Mode::Pass).await;
    opened.map(drop).map_err(|_gone| io::Error::from(io::ErrorKind::ConnectionAborted))
}

/// Copies `from` to `to` until the end, and passes the end on.
pub async fn pump(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    way: watch::Receiver<Way>,
    seed: u64,
) -> io::Result<()> {
    let (queue, pieces) = mpsc::unbounded_channel();
    try_join(take_in(from, queue, way.clone(), seed), give_out(to, pieces, way)).await.map(|_both| ())
}

async fn take_in(
    from: &mut ReadHalf<'_>,
    queue: mpsc::UnboundedSender<Piece>,
    way: watch::Receiver<Way>,
    seed: u64,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(QUEUE_BYTES_MAX));
    let mut schedule = Schedule::new(Instant::now(), seed);
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        let conditions = *way.borrow();
        let due = schedule.due(Instant::now(), &conditions, count);
        let permits = u32::try_from(count).unwrap_or(u32::MAX);
        let room = Arc::clone(&room).acquire_many_owned(permits).await.ok();
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        let is_end = bytes.is_empty();
        // A closed queue: the other half has failed, and says so itself.
        if queue.send(Piece { due, bytes, _room: room }).is_err() || is_end {
            return Ok(());
        }
    }
}

async fn give_out(
    to: &mut WriteHalf<'_>,
    mut pieces: mpsc::UnboundedReceiver<Piece>,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        sleep_until(piece.due).await;
        open(&mut way).await?;
        if piece.bytes.is_empty() {
            break;
        }
        to.write_all(&piece.bytes).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_never_lets_a_piece_overtake_and_stays_within_its_bound() {
        let start = Instant::now();
        let way = Way { jitter: Duration::from_millis(20), ..Way::of(Duration::from_millis(30)) };
        let mut schedule = Schedule::new(start, 7);
        let mut last = start;
        for step in 0..200 {
            let now = start + Duration::from_millis(step);
            let due = schedule.due(now, &way, 100);
            assert!(due >= last, "piece {step} overtook the one before");
            assert!(
                due >= now + way.delay && due <= now + way.delay + way.jitter,
                "piece {step} is outside the bounds"
            );
            last = due;
        }
    }

    #[test]
    fn a_bandwidth_spaces_pieces_by_their_size() {
        let start = Instant::now();
        let way = Way { bytes_per_second: Some(1_000), ..Way::of(Duration::from_millis(10)) };
        let mut schedule = Schedule::new(start, 7);
        assert_eq!(schedule.due(start, &way, 500), start + Duration::from_millis(510));
        assert_eq!(schedule.due(start, &way, 500), start + Duration::from_millis(1010));
    }
}
