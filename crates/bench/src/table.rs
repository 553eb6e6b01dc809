//! The figures as a table: medians over the rounds, and the median of the ratios of runs of the same round.

use comfy_table::{CellAlignment, presets};

use crate::measure::{Run, Way};

/// One line of progress, and one row of the table.
pub struct Row;

impl Row {
    pub fn progress(tls: &str, callers: usize, round: usize, run: &Run) -> String {
        let failure = run.seen.failure.as_deref().map(|why| format!(", {} failed: {why}", run.seen.failed));
        format!(
            "TLS {tls}, {callers} callers, round {}: {:<13} {:>7.0}/s, p50 {:.2} ms, p99 {:.2} ms{}",
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
        Self { title, table }
    }

    /// Adds one row per way. `runs` are of one setting, each with its round.
    pub fn add(&mut self, setting: &str, callers: usize, runs: &[(usize, Run)]) {
        for way in [Way::Etcd, Way::Unary, Way::Stream] {
            let own: Vec<&(usize, Run)> = runs.iter().filter(|(_, run)| run.way == way).collect();
            if own.is_empty() {
                continue;
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
