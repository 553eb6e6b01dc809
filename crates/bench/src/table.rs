//! The figures as a table: medians over the rounds, and the median of the ratios of runs of the same round.

use anyhow::{Result, bail};
use comfy_table::{CellAlignment, presets};

use crate::measure::{Run, Tls, Way};

/// One line of progress, and one row of the table.
pub struct Row;

impl Row {
    pub fn progress(tls: Tls, callers: usize, round: usize, run: &Run) -> String {
        let failure = run.seen.failure.as_deref().map(|why| format!(", {} failed: {why}", run.seen.failed));
        format!(
            "TLS {}, {callers} callers, round {}: {:<13} {:>7.0}/s, p50 {:.2} ms, p99 {:.2} ms{}",
            tls.name(),
            round + 1,
            run.way.name(),
            rate(run),
            run.seen.quantile(0.5),
            run.seen.quantile(0.99),
            failure.unwrap_or_default(),
        )
    }
}

/// See the module.
pub struct Table {
    title: String,
    table: comfy_table::Table,
    /// Calls that failed, and why the first did.
    failed: u64,
    failure: Option<String>,
}

impl Table {
    pub fn new(title: String) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_header([
            "",
            "callers",
            "system",
            "per s",
            "ratio (min-max)",
            "p50 ms",
            "p99 ms",
            "p99 ratio",
            "max ms",
            "server cores",
            "server us/op",
            "client us/op",
            "failed",
        ]);
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self { title, table, failed: 0, failure: None }
    }

    /// Adds one row per way. `runs` are of one setting, each with its round.
    pub fn add(&mut self, setting: &str, callers: usize, runs: &[(usize, Run)]) {
        for way in [Way::Etcd, Way::Unary, Way::Stream] {
            let own: Vec<&(usize, Run)> = runs.iter().filter(|(_, run)| run.way == way).collect();
            if own.is_empty() {
                continue;
            }
            for (_, run) in &own {
                self.failed += run.seen.failed;
                self.failure =
                    self.failure.take().or_else(|| Some(format!("{}: {}", way.name(), run.seen.failure.as_ref()?)));
            }
            let over = |of: &dyn Fn(&Run) -> f64| median(own.iter().map(|(_, run)| of(run)).collect());
            let beside = |of: &dyn Fn(&Run) -> f64| -> Vec<f64> {
                let etcd = |round: usize| runs.iter().find(|(other, run)| *other == round && run.way == Way::Etcd);
                own.iter().filter_map(|(round, run)| Some(of(run) / of(&etcd(*round)?.1))).collect()
            };
            let rates = beside(&rate);
            let (least, most) = (fold(&rates, f64::min), fold(&rates, f64::max));
            self.table.add_row([
                setting.to_owned(),
                callers.to_string(),
                way.name().to_owned(),
                format!("{:.0}", over(&rate)),
                format!("{:.2} ({least:.2}-{most:.2})", median(rates.clone())),
                format!("{:.2}", over(&|run| run.seen.quantile(0.5))),
                format!("{:.2}", over(&|run| run.seen.quantile(0.99))),
                format!("{:.2}", median(beside(&|run| run.seen.quantile(0.99)))),
                format!("{:.0}", over(&|run| run.seen.quantile(1.0))),
                format!("{:.2}", over(&|run| run.server_cpu.as_secs_f64() / run.elapsed.as_secs_f64())),
                format!("{:.0}", over(&|run| per_op(run, run.server_cpu))),
                format!("{:.0}", over(&|run| per_op(run, run.client_cpu))),
                own.iter().map(|(_, run)| run.seen.failed).sum::<u64>().to_string(),
            ]);
        }
    }

    pub fn print(&self) {
        println!("{}\n\n{}", self.title, self.table);
    }

    /// Figures of runs in which calls failed compare nothing.
    pub fn all_done(&self) -> Result<()> {
        if self.failed == 0 {
            return Ok(());
        }
        bail!(
            "measured {}: {} calls failed, the first of {}",
            self.title,
            self.failed,
            self.failure.as_deref().unwrap_or("them")
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn rate(run: &Run) -> f64 {
    run.seen.done as f64 / run.elapsed.as_secs_f64()
}

/// Microseconds of `time` per call that was done.
#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn per_op(run: &Run, time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e6 / run.seen.done as f64
}

fn fold(values: &[f64], pick: fn(f64, f64) -> f64) -> f64 {
    values.iter().copied().reduce(pick).unwrap_or(f64::NAN)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Seen;

    fn run(way: Way, failed: u64) -> Run {
        let failure = (failed > 0).then(|| "no answer".to_owned());
        let seen = Seen { done: 10, failed, failure, micros: vec![100; 10] };
        let second = Duration::from_secs(1);
        Run { way, seen, elapsed: second, server_cpu: second, client_cpu: second }
    }

    #[test]
    fn a_table_with_a_failed_call_is_an_error_whichever_system_it_was_of() {
        let mut table = Table::new("writes".to_owned());
        table.add("TLS on", 1, &[(0, run(Way::Etcd, 0)), (0, run(Way::Unary, 0))]);
        assert!(table.all_done().is_ok());
        table.add("TLS on", 16, &[(0, run(Way::Etcd, 0)), (0, run(Way::Stream, 2))]);
        assert_eq!(
            table.all_done().unwrap_err().to_string(),
            "measured writes: 2 calls failed, the first of atoll, stream: no answer"
        );
        let mut etcd = Table::new("writes".to_owned());
        etcd.add("TLS on", 1, &[(0, run(Way::Etcd, 1))]);
        assert!(etcd.all_done().is_err());
    }
}
