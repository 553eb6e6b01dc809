//! The thread that sends spans and metrics to a collector.
//!
//! It has a runtime of its own, so a collector that is slow or gone takes time from nobody. What could not be sent is dropped and
//! counted, not tried again: the next batch waits already.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::{Config, Error, Metrics, http, otlp, trace};

/// Spans that wait to be sent, at most.
const SPANS_MAX: usize = 4096;
/// Spans in one request, at most.
const BATCH_MAX: usize = 512;
/// How long one request may take.
const POST_WITHIN: Duration = Duration::from_secs(3);
/// How long the process waits at its end for the last of them.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// See the module.
pub struct Exporter {
    queue: mpsc::Sender<trace::Ended>,
    finish: Arc<Notify>,
    finished: std::sync::Mutex<Receiver<()>>,
}

impl Exporter {
    pub fn start(config: &Config, collector: &str, metrics: &Arc<Metrics>) -> Result<Self, Error> {
        let collector =
            http::Target::parse(collector).ok_or_else(|| Error::Collector { given: collector.to_owned() })?;
        let (queue, spans) = mpsc::channel(SPANS_MAX);
        let (done, finished) = sync_channel(1);
        let finish = Arc::new(Notify::new());
        let sender = Sender {
            collector,
            resource: otlp::resource(config),
            spans,
            spans_every: config.spans_every,
            metrics: Arc::clone(metrics),
            metrics_every: config.metrics_every,
            finish: Arc::clone(&finish),
            began_ns: trace::now_ns(),
            failing: false,
        };
        let name = "otlp";
        let failed = |source| Error::Thread { name, source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let run = move || runtime.block_on(sender.run(&done));
        std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { queue, finish, finished: std::sync::Mutex::new(finished) })
    }

    pub fn queue(&self) -> mpsc::Sender<trace::Ended> {
        self.queue.clone()
    }

    /// Sends what is queued, waiting only a little.
    pub fn finish(&self) {
        self.finish.notify_one();
        let finished = self.finished.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = finished.recv_timeout(FINISH_WITHIN);
    }
}

struct Sender {
    collector: http::Target,
    resource: Resource,
    spans: mpsc::Receiver<trace::Ended>,
    spans_every: Duration,
    metrics: Arc<Metrics>,
    metrics_every: Duration,
    finish: Arc<Notify>,
    began_ns: u64,
    failing: bool,
}

impl Sender {
    async fn run(mut self, done: &SyncSender<()>) {
        let finish = Arc::clone(&self.finish);
        let mut metrics_due = Instant::now() + self.metrics_every;
        loop {
            let finishing = tokio::time::timeout(self.spans_every, finish.notified()).await.is_ok();
            self.send_spans().await;
            if finishing || Instant::now() >= metrics_due {
                self.send_metrics().await;
                metrics_due = Instant::now() + self.metrics_every;
            }
            if finishing {
                let _ = done.send(());
                return;
            }
        }
    }

    async fn send_spans(&mut self) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH_MAX
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            if count == 0 {
                return;
            }
            let body = otlp::spans(&self.resource, batch).encode_to_vec();
            if !self.post("/v1/traces", body).await {
                self.metrics.dropped_spans.inc_by(count);
            }
        }
    }

    async fn send_metrics(&mut self) {
        let Ok(set) = self.metrics.values() else { return };
        let body = otlp::metrics(&self.resource, set, self.began_ns, trace::now_ns()).encode_to_vec();
        if !self.post("/v1/metrics", body).await {
            self.metrics.dropped_metrics.inc();
        }
    }

    /// Says once that the collector does not take things, and once that it does again.
    async fn post(&mut self, path: &str, body: Vec<u8>) -> bool {
        let posted = tokio::time::timeout(POST_WITHIN, self.collector.post(path, body)).await;
        let posted = posted.unwrap_or_else(|_| Err(format!("no reply within {} ms", POST_WITHIN.as_millis())));
        match (&posted, self.failing) {
            (Err(why), false) => {
                tracing::warn!(collector = %self.collector, why, "sent telemetry in vain: dropping and counting it");
            }
            (Ok(()), true) => tracing::info!(collector = %self.collector, "the collector takes telemetry again"),
            _ => {}
        }
        self.failing = posted.is_err();
        posted.is_ok()
    }
}
