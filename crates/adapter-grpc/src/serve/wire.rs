//! One accepted connection: encrypted or not, with who called, with a switch that cuts it, and with a bound on the time until it speaks
//! HTTP/2: what finds dead connections later begins only then.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::Caller;

/// Bytes with which an HTTP/2 client begins (RFC 9113, 3.4), and how long they may take.
const PREFACE_BYTES: usize = 24;
const PREFACE: Duration = Duration::from_secs(5);

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Wire {
    stream: Stream,
    caller: Caller,
    switch: Switch,
    reader: Arc<AtomicWaker>,
    /// What of the preface did not come yet, and when it is too late for it.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
    /// One of the connections that the listener may have.
    _place: OwnedSemaphorePermit,
}

impl Wire {
    pub fn new(stream: Stream, caller: Caller, switch: Switch, place: OwnedSemaphorePermit) -> Self {
        let reader = switch.join();
        let preface = Some((PREFACE_BYTES, Box::pin(sleep(PREFACE))));
        Self { stream, caller, switch, reader, preface, _place: place }
    }
}

/// Cuts all connections of one listener. Those whose calls never end would keep it open otherwise.
#[derive(Clone, Default)]
pub(super) struct Switch {
    is_cut: Arc<AtomicBool>,
    readers: Arc<Mutex<Vec<Weak<AtomicWaker>>>>,
}

impl Switch {
    pub fn cut(&self) {
        self.is_cut.store(true, SeqCst);
        let readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        readers.iter().filter_map(Weak::upgrade).for_each(|reader| reader.wake());
    }

    fn join(&self) -> Arc<AtomicWaker> {
        let reader = Arc::new(AtomicWaker::new());
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // Doubling only: constant work per connection on average.
        if readers.len() == readers.capacity() {
            readers.retain(|reader| reader.strong_count() > 0);
        }
        readers.push(Arc::downgrade(&reader));
        reader
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Switch(cut: {})", self.is_cut.load(SeqCst))
    }
}

impl Connected for Wire {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Registered before looked at: a cut in between is seen.
        self.reader.register(cx.waker());
        if self.switch.is_cut.load(SeqCst) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut at the end of a shutdown")));
        }
        let before = into.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        };
        if let Some((left, late)) = &mut self.preface {
            *left = left.saturating_sub(into.filled().len() - before);
            if *left == 0 {
                self.preface = None;
            } else if late.as_mut().poll(cx).is_ready() {
                let why = "closed a connection: it did not begin to speak HTTP/2 in time";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            }
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, from),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
