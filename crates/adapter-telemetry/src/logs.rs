//! Log lines: text for people, one JSON object per line for machines, both to standard error.
//!
//! Field names of a JSON line are fixed: `time`, `level`, `target`, `message`, `ring`, `region`, `member`, and the event's own. A line is
//! put on a bounded queue; a thread writes. A reader of standard error that stands still holds up nobody.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter, format,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use crate::{Config, Error, trace};

/// Lines that wait to be written, at most.
const LINES_MAX: usize = 8192;
/// The library below `ledger`.
const CONSENSUS: &str = "openraft";
/// What says of every try that came to nothing, some 20 times a second, what `ledger::peers` says once.
const REPEATING: [&str; 3] =
    ["openraft::core::heartbeat", "openraft::replication", "openraft::engine::handler::replication_handler"];
/// How long the last lines may take.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);
/// Between two looks whether the queue has room for the last one to ask.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
}

enum Out {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The queue in front of the thread that writes.
#[derive(Clone)]
pub struct Writer {
    out: SyncSender<Out>,
    dropped: Counter,
}

impl Writer {
    /// Starts the thread; `dropped` counts the lines for which there was no room.
    pub fn start(dropped: Counter) -> Result<Self, Error> {
        Self::start_on(io::stderr(), dropped)
    }

    /// As [`Self::start`], to something else than standard error.
    pub fn start_on(to: impl Write + Send + 'static, dropped: Counter) -> Result<Self, Error> {
        let (out, lines) = sync_channel(LINES_MAX);
        let name = "log-writer";
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || write(to, &lines));
        started.map_err(|source| Error::Thread { name, source })?;
        Ok(Self { out, dropped })
    }

    /// Waits a little until what was logged so far is written. Where nobody reads that may be never, and the queue may be full.
    #[expect(clippy::disallowed_methods, reason = "it runs at the end of the process, outside of any runtime")]
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        let mut flush = Out::Flush(done);
        let looks = FLUSH_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            match self.out.try_send(flush) {
                Ok(()) => {
                    let _ = written.recv_timeout(FLUSH_WITHIN);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(again)) => flush = again,
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn write(mut to: impl Write, lines: &Receiver<Out>) {
    // Standard error that is gone leaves nobody to tell.
    while let Ok(out) = lines.recv() {
        match out {
            Out::Line(line) => drop(to.write_all(&line)),
            Out::Flush(done) => drop(done.send(())),
        }
    }
}

/// The layer makes one write of each event.
impl io::Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.out.try_send(Out::Line(line.to_vec())).is_err() {
            self.dropped.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The layer that writes lines as configured. Spans of requests are no lines.
pub fn layer<S, W>(config: &Config, writer: W) -> Result<Box<dyn Layer<S> + Send + Sync>, Error>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = config.log.parse::<Targets>();
    let wanted = wanted.map_err(|_| Error::Filter { given: config.log.clone() })?;
    let wanted = wanted.with_target(trace::TARGET, LevelFilter::OFF);
    // Consensus tells every step at INFO: who wants that names it.
    let told = !config.log.contains(CONSENSUS) && wanted.would_enable(CONSENSUS, &Level::WARN);
    let wanted = if told {
        let repeating = REPEATING.map(|target| (target, LevelFilter::ERROR));
        wanted.with_target(CONSENSUS, LevelFilter::WARN).with_targets(repeating)
    } else {
        wanted
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(match config.format {
        Format::Text => layer.with_ansi(io::stderr().is_terminal()).with_filter(wanted).boxed(),
        Format::Json => {
            let who = [("ring", config.ring.to_string()), ("region", config.region.to_string())];
            let mut who: Map<String, Value> =
                who.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            who.insert("member".to_owned(), config.member.0.into());
            layer.event_format(Json { who }).with_filter(wanted).boxed()
        }
    })
}

struct Json {
    who: Map<String, Value>,
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: format::Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut format::Writer::new(&mut time))?;
        let mut line = Fields(Map::new());
        event.record(&mut line);
        let mut line = line.0;
        line.insert("time".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        line.extend(self.who.clone());
        writeln!(to, "{}", Value::Object(line))
    }
}

/// An event's fields as JSON.
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
