//! What the kernel says of this process, from `/proc`. Nothing where there is no `/proc`.

use std::fs;

/// Ticks of a processor's time in a second, as Linux tells it to every program, on every machine.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bytes of a page of memory, as Linux has it on the machines that we run on.
const PAGE_BYTES: u64 = 4096;

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub cpu_seconds: f64,
    pub resident_bytes: u64,
    pub threads: u64,
    pub open_files: u64,
}

/// Reads now.
pub fn read() -> Option<Reading> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let open_files = fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default();
    Some(Reading { open_files: u64::try_from(open_files).unwrap_or(u64::MAX), ..parse(&stat)? })
}

/// Reads a line of `/proc/PID/stat`. The name in it may hold anything, so what counts begins behind the last bracket.
fn parse(stat: &str) -> Option<Reading> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // proc(5): state is field 3 and the first here, utime 14, stime 15, num_threads 20, rss 24.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Reading {
        cpu_seconds: (number(14)? + number(15)?) as f64 / TICKS_PER_SECOND,
        resident_bytes: number(24)? * PAGE_BYTES,
        threads: number(20)?,
        open_files: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name_holds() {
        let line =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 100 1000000 25 18446744073709551615";
        let reading = Reading { cpu_seconds: 3.0, resident_bytes: 25 * 4096, threads: 7, open_files: 0 };
        assert_eq!(parse(line), Some(reading));
        assert_eq!(parse("42 (a"), None);
    }

    #[test]
    fn this_process_has_memory_and_files() {
        let reading = read().unwrap();
        assert!(reading.resident_bytes > 0 && reading.threads > 0 && reading.open_files > 0);
    }
}
