//! Logs, traces and metrics of a process, bounded and lossy.
//!
//! ```text
//!   tracing event ─▶ line ─▶ bounded queue ─▶ thread ─▶ stderr
//!   tracing span with a sampled `traceparent` ─▶ bounded queue ─▶ thread ─▶ OTLP over HTTP
//!   metrics ─▶ read when asked for: /metrics, and every 15 s as OTLP
//! ```
//!
//! Map: [`logs`] lines for people and machines · [`trace`] spans of requests · [`metrics`] what is counted and measured · [`process`] what
//! the kernel says of this process · `otlp` both as OTLP messages · `export` the thread that sends them · [`http`] a listener for
//! `/metrics` and the like, and the client below `export`.
//!
//! **Architecture invariant:** whoever logs, ends a span or counts never waits: where a queue is full the item is dropped, and counted.
//! **Architecture invariant:** labels come from closed sets: no name of a customer and no text of an error is one.

mod export;
mod otlp;

pub mod http;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod trace;

use std::{sync::Arc, time::Duration};

use ids::{MemberId, RegionId, RingId};
use tracing::Subscriber;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

pub use logs::Format;
pub use metrics::Metrics;

/// What a process tells about itself, and how.
#[derive(Clone, Debug)]
pub struct Config {
    pub ring: RingId,
    pub member: MemberId,
    pub region: RegionId,
    /// Levels by module, such as `info,ledger=debug`.
    pub log: String,
    pub format: Format,
    /// A collector, such as `http://127.0.0.1:4318`.
    pub otlp: Option<String>,
    /// Between two sendings of spans.
    pub spans_every: Duration,
    /// Between two sendings of metrics.
    pub metrics_every: Duration,
    /// For ids of spans: it must differ from process to process.
    pub seed: u64,
}

/// Why telemetry cannot begin as configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("read the log filter {given:?}: wanted levels by module, such as \"info\" or \"info,ledger=debug\"")]
    Filter { given: String },
    #[error("read the collector {given:?}: wanted http://HOST:PORT with nothing behind it")]
    Collector { given: String },
    #[error("started the thread {name}")]
    Thread {
        name: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("began to log: this process logs already")]
    Twice,
}

/// Keeps the threads that write and send. What is still queued goes out, for a bounded time, when it is dropped.
pub struct Guard {
    logs: logs::Writer,
    exporter: Option<export::Exporter>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(exporter) = &self.exporter {
            exporter.finish();
        }
        self.logs.flush();
    }
}

/// Makes everything that this process says go where `config` wants it.
pub fn init(config: &Config, metrics: &Arc<Metrics>) -> Result<Guard, Error> {
    let (subscriber, guard) = build(config, metrics)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| Error::Twice)?;
    Ok(guard)
}

/// As [`init`], for the caller to say where it holds.
pub fn build(config: &Config, metrics: &Arc<Metrics>) -> Result<(impl Subscriber + Send + Sync, Guard), Error> {
    let writer = logs::Writer::start(metrics.dropped_lines.clone())?;
    let logs = logs::layer(config, writer.clone())?;
    let exporter = match &config.otlp {
        Some(collector) => Some(export::Exporter::start(config, collector, metrics)?),
        None => None,
    };
    let spans = exporter.as_ref().map(|exporter| {
        let layer = trace::SpanLayer::new(exporter.queue(), metrics.dropped_spans.clone(), config.seed);
        layer.with_filter(tracing_subscriber::filter::filter_fn(|metadata| metadata.target() == trace::TARGET))
    });
    let subscriber = Registry::default().with(logs).with(spans);
    Ok((subscriber, Guard { logs: writer, exporter }))
}
