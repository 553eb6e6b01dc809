//! Telemetry of a process, seen from outside of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where the product may not"
)]

mod collector;
mod logs;
mod metrics;
mod spans;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapter_telemetry::{Config, Format, Metrics};
use ids::{MemberId, RingId};

/// Spans and metrics go out at once, so that no test waits long.
fn config(otlp: Option<String>) -> Config {
    Config {
        ring: RingId::new("test"),
        member: MemberId(3),
        region: "us-east-1".parse().unwrap(),
        log: "off".to_owned(),
        format: Format::Text,
        otlp,
        spans_every: Duration::from_millis(5),
        metrics_every: Duration::from_millis(5),
        seed: 7,
    }
}

fn counters() -> Arc<Metrics> {
    let config = config(None);
    Metrics::new(&config.ring, &config.region, config.member, "1.2.3")
}

/// Waits until `done`, looking again and again.
#[expect(clippy::disallowed_methods, reason = "threads of the host are waited for, and they run on its clock")]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(10), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
