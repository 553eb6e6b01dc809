//! Times and memory of this process.

#![expect(clippy::disallowed_methods, reason = "it measures this host")]

use std::{fmt, hint::black_box, time::Instant};

/// How long each of many calls took.
pub struct Times {
    name: String,
    nanoseconds: Vec<u64>,
}

impl Times {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), nanoseconds: Vec::new() }
    }

    /// Includes about 25 ns for reading the clock.
    pub fn measure<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let answer = black_box(call());
        self.nanoseconds.push(u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX));
        answer
    }

    /// As [`Self::measure`], by the time of the processor: for what takes long enough to be interrupted by others. Only good for times far
    /// above the 10 us that reading it takes.
    pub fn measure_processor<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let since = processor();
        let answer = black_box(call());
        self.nanoseconds.push(processor() - since);
        answer
    }

    /// The percentile, in nanoseconds.
    pub fn at(&self, percentile: usize) -> u64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * percentile / 100).copied().unwrap_or_default()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percentile| in_words(self.at(percentile)));
        write!(f, "{}: p50 {p50}, p99 {p99}, max {max} of {}", self.name, self.nanoseconds.len())
    }
}

fn in_words(nanoseconds: u64) -> String {
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..10_000_000 => format!("{:.1} us", nanoseconds as f64 / 1e3),
        _ => format!("{:.1} ms", nanoseconds as f64 / 1e6),
    }
}

/// Nanoseconds that this thread has been running on a processor.
fn processor() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or_default()
}

/// Bytes of memory that this process has resident.
pub fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
