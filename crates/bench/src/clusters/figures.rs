//! What was measured, as a table with a column for each number of clusters, and as JSON.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// Of one number of clusters.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    pub clusters: usize,
    pub machines: u64,
    /// Of the region's log, when all clusters were made.
    pub records: u64,
    pub fill_s: f64,
    pub fill_node_cpu_s: f64,
    pub fill_cloud_cpu_s: f64,
    /// Resident memory of the node: before anything, with all clusters made, and the most until then.
    pub empty_mib: u64,
    pub filled_mib: u64,
    pub filled_peak_mib: u64,
    pub snapshot_mib: u64,
    pub restart_read_ms: u64,
    pub restart_write_ms: u64,
    pub restart_cpu_s: f64,
    pub restarted_mib: u64,
    /// From taking the lead until every cluster was looked at.
    pub first_pass_s: f64,
    pub first_pass_cpu_s: f64,
    pub steady_cpu_percent: f64,
    /// When nothing happens, and the most since the restart.
    pub steady_mib: u64,
    pub peak_mib: u64,
    pub kills: usize,
    pub repairs_begun: usize,
    pub kill_to_seen_ms: Quantiles,
    /// From the begin of the listing that showed it.
    pub listing_to_call_ms: Quantiles,
    /// From its answer.
    pub seen_to_call_ms: Quantiles,
}

/// One repair. Unix milliseconds.
pub struct Started {
    pub killed: u64,
    pub listed: u64,
    pub seen: u64,
    pub called: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    pub p50: u64,
    pub p99: u64,
    pub max: u64,
}

impl Quantiles {
    /// By nearest rank; zeros of nothing.
    pub fn of(mut all: Vec<u64>) -> Self {
        all.sort_unstable();
        let at = |percent: usize| {
            let rank = (all.len() * percent).div_ceil(100).saturating_sub(1);
            all.get(rank).copied().unwrap_or(0)
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// A row for each figure.
pub fn table(all: &[Figures]) -> Table {
    let mut table = Table::new();
    let header = ["".to_owned()].into_iter().chain(all.iter().map(|of| format!("{} clusters", of.clusters)));
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    let mut row = |what: &str, of: &dyn Fn(&Figures) -> String| {
        table.add_row([what.to_owned()].into_iter().chain(all.iter().map(of)));
    };
    row("machines", &|of| of.machines.to_string());
    row("records of the region's log", &|of| of.records.to_string());
    row("made in, s (node, cloud: processor time)", &|of| {
        made(of, format!("{:.0} ({:.0}, {:.0})", of.fill_s, of.fill_node_cpu_s, of.fill_cloud_cpu_s))
    });
    row("memory: empty, made, peak until then, MiB", &|of| {
        made(of, format!("{}, {}, {}", of.empty_mib, of.filled_mib, of.filled_peak_mib))
    });
    row("snapshot on disk, MiB", &|of| of.snapshot_mib.to_string());
    row("restart to the first read, ms", &|of| of.restart_read_ms.to_string());
    row("restart to the first write, ms", &|of| of.restart_write_ms.to_string());
    row("memory after it, MiB", &|of| of.restarted_mib.to_string());
    row("first full pass, s (processor time)", &|of| format!("{:.0} ({:.0})", of.first_pass_s, of.first_pass_cpu_s));
    row("steady: one core, %", &|of| format!("{:.2}", of.steady_cpu_percent));
    row("memory: steady, peak since the restart, MiB", &|of| format!("{}, {}", of.steady_mib, of.peak_mib));
    row("repairs begun of machines killed", &|of| format!("{} of {}", of.repairs_begun, of.kills));
    row("kill to observation, ms: p50, p99", &|of| quantiles(of.kill_to_seen_ms));
    row("begin of that listing to call, ms: p50, p99", &|of| quantiles(of.listing_to_call_ms));
    row("observation to call, ms: p50, p99", &|of| quantiles(of.seen_to_call_ms));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// None where they were made by a run before.
fn made(of: &Figures, told: String) -> String {
    if of.fill_s > 0.0 { told } else { "-".to_owned() }
}

fn quantiles(of: Quantiles) -> String {
    format!("{}, {}", of.p50, of.p99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks_of_what_was_seen() {
        assert_eq!(Quantiles::of((1..=200).rev().collect()), Quantiles { p50: 100, p99: 198, max: 200 });
        assert_eq!(Quantiles::of(vec![7]), Quantiles { p50: 7, p99: 7, max: 7 });
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
