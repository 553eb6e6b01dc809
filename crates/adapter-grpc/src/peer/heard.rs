//! What was heard on one connection: whether its other end is alive, and whether it ever spoke.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::Instant,
};

use crate::tls::Fault;

/// Shared by a connection and the calls on it.
pub(super) struct Heard {
    start: Instant,
    /// Milliseconds after `start`, plus one, since when a call waits and nothing was heard; 0 where nobody waits.
    quiet_since: AtomicU64,
    first: watch::Sender<Option<u8>>,
    /// What TLS said at the end: HTTP/2 keeps only the text of it.
    fault: OnceLock<Fault>,
}

impl Heard {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            quiet_since: AtomicU64::new(0),
            first: watch::Sender::new(None),
            fault: OnceLock::new(),
        })
    }

    /// The first byte that came in.
    pub async fn first_byte(&self) -> u8 {
        let mut first = self.first.subscribe();
        match first.wait_for(Option::is_some).await {
            Ok(byte) => byte.unwrap_or_default(),
            // The sender is in `self`.
            Err(_) => 0,
        }
    }

    /// A call begins to wait.
    pub fn ask(&self) {
        // Fails where an earlier call waits already: that one counts.
        let _ = self.quiet_since.compare_exchange(0, self.millis() + 1, Relaxed, Relaxed);
    }

    /// For how long calls have been waiting without a single byte from the other end.
    pub fn quiet(&self) -> Duration {
        match self.quiet_since.load(Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis((self.millis() + 1).saturating_sub(since)),
        }
    }

    /// Why TLS ended the connection, if it did.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.get().cloned()
    }

    fn hear(&self, byte: u8) {
        self.quiet_since.store(0, Relaxed);
        if self.first.borrow().is_none() {
            self.first.send_replace(Some(byte));
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// A stream whose reader is noted.
pub(super) struct Listening<S> {
    stream: S,
    heard: Arc<Heard>,
}

impl<S> Listening<S> {
    pub fn new(stream: S, heard: Arc<Heard>) -> Self {
        Self { stream, heard }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        if let Some(byte) = into.filled().get(before) {
            self.heard.hear(*byte);
        }
        if let Poll::Ready(Err(error)) = &polled
            && let Some(fault) = Fault::of(error)
        {
            self.heard.fault.get_or_init(|| fault);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
