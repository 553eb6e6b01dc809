//! What is counted and measured, in one registry: text for Prometheus, values for OTLP.
//!
//! Names begin with `atoll_`, except what every exporter names alike (`process_`). Labels are logs, methods of the public API, gRPC codes
//! and other closed sets.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use ids::{Log, MemberId, RegionId, RingId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_protobuf, text},
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};

use crate::{http::Answer, process};

/// A gauge of seconds or shares.
pub type FloatGauge = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfLog {
    pub log: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfCause {
    pub log: String,
    pub cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfCall {
    pub method: &'static str,
    pub code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfMethod {
    pub method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfVerdict {
    pub outcome: &'static str,
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfKind {
    pub kind: &'static str,
}

/// From a tenth of a millisecond to some 13 s.
#[derive(Clone, Copy, Debug)]
pub struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.0001, 2.0, 18))
    }
}

/// One log, as this member holds it.
#[derive(Clone, Debug)]
pub struct LogReading {
    pub log: Log,
    pub seq: Seq,
    pub lag: u64,
    pub age: Option<Duration>,
    pub leads: bool,
    pub term: Option<u64>,
    pub in_service: bool,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $make:expr, $name:literal, $help:literal;)*) => {
        /// See the module. Each field is cheap to clone and to count with.
        pub struct Metrics {
            registry: Registry,
            $($(#[$doc])* pub $field: $kind,)*
        }

        impl Metrics {
            fn registered(mut registry: Registry) -> Self {
                $(let $field: $kind = $make; registry.register($name, $help, $field.clone());)*
                Self { registry, $($field,)* }
            }
        }
    };
}

metrics! {
    log_position: Family<OfLog, Gauge> = Family::default(), "atoll_log_position", "Sequence of the last record of the copy here";
    log_lag: Family<OfLog, Gauge> = Family::default(), "atoll_log_lag_records", "Records that another member is known to hold and this one does not";
    log_age: Family<OfLog, FloatGauge> = Family::default(), "atoll_log_age_seconds", "Everything acknowledged so long ago is in the copy here; absent until proven";
    log_leads: Family<OfLog, Gauge> = Family::default(), "atoll_log_leader", "1 where this member takes itself for the leader";
    log_term: Family<OfLog, Gauge> = Family::default(), "atoll_log_term", "Term of the log's group, where this member votes in it";
    log_in_service: Family<OfLog, Gauge> = Family::default(), "atoll_log_in_service", "0 where the copy is quarantined, stopped, or could not be opened";
    elections: Family<OfLog, Counter> = Family::default(), "atoll_elections_won", "Elections that this member won";
    quarantines: Family<OfCause, Counter> = Family::default(), "atoll_quarantines", "Copies taken out of service, by cause";
    copies_differ: Family<OfLog, Counter> = Family::default(), "atoll_copies_differ", "Times at which another voter held another state at the same place: someone must look";
    snapshots_installed: Family<OfLog, Counter> = Family::default(), "atoll_snapshots_installed", "States replaced by a snapshot of another member";
    calls: Family<OfCall, Counter> = Family::default(), "atoll_api_calls", "Calls of the public API, by method and gRPC code";
    call_seconds: Family<OfMethod, Histogram, Seconds> = Family::new_with_constructor(Seconds), "atoll_api_call_seconds", "Time until a call of the public API was answered; of a stream, until it began";
    streams: Family<OfMethod, Gauge> = Family::default(), "atoll_api_streams", "Calls of the public API that are open; a watch is one for as long as it lasts";
    submissions: Family<OfVerdict, Counter> = Family::default(), "atoll_submissions", "Commands, by outcome and reason";
    submit_seconds: Histogram = Seconds.new_metric(), "atoll_submit_seconds", "Time from a command to its verdict, whatever it was";
    submissions_in_flight: Gauge = Gauge::default(), "atoll_submissions_in_flight", "Commands that wait for their verdict";
    repair_seconds: Histogram = Seconds.new_metric(), "atoll_repair_start_seconds", "Time from the answer of a listing that showed a deviation to the first call about it";
    keys: Gauge = Gauge::default(), "atoll_reconcile_keys", "Clusters and shared networks that this member keeps; 0 where it does not lead its region";
    keys_unsettled: Gauge = Gauge::default(), "atoll_reconcile_unsettled", "Those that are not as wished, or not known to be";
    keys_unseen: Gauge = Gauge::default(), "atoll_reconcile_unseen", "Those that were not looked at yet since this member leads";
    keys_quarantined: Gauge = Gauge::default(), "atoll_reconcile_quarantined", "Those that a defect put out of service";
    commit_seconds: Histogram = Seconds.new_metric(), "atoll_commit_seconds", "Time from a write to the store until it was durable";
    flushes: Counter = Counter::default(), "atoll_store_flushes", "Syncs of the store; one covers every write that was taken before it";
    starts: Family<OfKind, Counter> = Family::default(), "atoll_starts", "Times at which the member began in this process, by what made it begin";
    free_bytes: Gauge = Gauge::default(), "atoll_data_free_bytes", "Room on the disk of the data directory";
    writes_refused: Gauge = Gauge::default(), "atoll_writes_refused", "1 while customers' writes are refused for want of room";
    dropped_spans: Counter = Counter::default(), "atoll_dropped_spans", "Spans for which there was no room, or that the collector did not take";
    dropped_lines: Counter = Counter::default(), "atoll_dropped_log_lines", "Log lines for which there was no room";
    dropped_metrics: Counter = Counter::default(), "atoll_dropped_metric_pushes", "Pushes of metrics that the collector did not take";
    cpu_seconds: FloatGauge = FloatGauge::default(), "process_cpu_seconds", "Processor time of this process since it began";
    resident_bytes: Gauge = Gauge::default(), "process_resident_memory_bytes", "Memory of this process";
    threads: Gauge = Gauge::default(), "process_threads", "Threads of this process";
    open_files: Gauge = Gauge::default(), "process_open_fds", "Open files of this process";
}

impl Metrics {
    /// Says who counts, beside what is counted.
    pub fn new(ring: &RingId, region: &RegionId, member: MemberId, version: &str) -> Arc<Self> {
        let mut registry = Registry::default();
        let build = [
            ("version", version.to_owned()),
            ("ring", ring.to_string()),
            ("region", region.to_string()),
            ("member", member.to_string()),
        ];
        registry.register(
            "atoll_build",
            "What runs here",
            Info::new(build.map(|(name, value)| (name.to_owned(), value))),
        );
        Arc::new(Self::registered(registry))
    }

    /// Counts what an observation says, where it says something worth counting.
    pub fn observe(&self, what: &Observation) {
        match what {
            Observation::BecameLeader { log, .. } => drop(self.elections.get_or_create(&of(log)).inc()),
            Observation::Quarantined { log, cause, .. } => {
                let labels = OfCause { log: log.to_string(), cause: cause_name(*cause) };
                self.quarantines.get_or_create(&labels).inc();
            }
            Observation::CopiesDiffer { log, .. } => drop(self.copies_differ.get_or_create(&of(log)).inc()),
            Observation::Installed { log, .. } => drop(self.snapshots_installed.get_or_create(&of(log)).inc()),
            _ => {}
        }
    }

    /// Takes over where the copies here stand.
    pub fn set_logs(&self, logs: &[LogReading]) {
        let int = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for reading in logs {
            let of = of(&reading.log);
            self.log_position.get_or_create(&of).set(int(reading.seq.0));
            self.log_lag.get_or_create(&of).set(int(reading.lag));
            self.log_leads.get_or_create(&of).set(reading.leads.into());
            self.log_in_service.get_or_create(&of).set(reading.in_service.into());
            match reading.age {
                Some(age) => drop(self.log_age.get_or_create(&of).set(age.as_secs_f64())),
                None => drop(self.log_age.remove(&of)),
            }
            if let Some(term) = reading.term {
                self.log_term.get_or_create(&of).set(int(term));
            }
        }
    }

    /// Reads what the kernel says.
    pub fn set_process(&self) {
        let int = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        if let Some(reading) = process::read() {
            self.cpu_seconds.set(reading.cpu_seconds);
            self.resident_bytes.set(int(reading.resident_bytes));
            self.threads.set(int(reading.threads));
            self.open_files.set(int(reading.open_files));
        }
    }

    /// Everything, as Prometheus reads it.
    pub fn page(&self) -> Answer {
        self.set_process();
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let mut body = String::new();
        match text::encode(&mut body, &self.registry) {
            Ok(()) => Answer { status: 200, content_type, body },
            Err(fmt::Error) => {
                Answer { status: 500, content_type: "text/plain", body: "encoded metrics in vain\n".to_owned() }
            }
        }
    }

    /// Everything, as values.
    pub fn values(&self) -> Result<Vec<prometheus_protobuf::prometheus_data_model::MetricFamily>, fmt::Error> {
        self.set_process();
        prometheus_protobuf::encode(&self.registry)
    }
}

fn of(log: &Log) -> OfLog {
    OfLog { log: log.to_string() }
}

fn cause_name(cause: QuarantineCause) -> &'static str {
    match cause {
        QuarantineCause::Chain => "chain",
        QuarantineCause::Digest => "digest",
        QuarantineCause::OwnLog => "own_log",
        QuarantineCause::Stopped => "stopped",
    }
}
