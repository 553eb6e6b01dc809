//! Our usage beside the cloud's own bill, machine by machine.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use client::{Client, Read, v1, v1::fact::After};
use prost_types::Timestamp;
use serde::Deserialize;

use super::promise::Verdict;

/// Of one machine.
const OFF_MAX: u64 = 1;
const PAGE: i32 = 1000;

/// One line of the cloud's bill, as far as it is compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Charge {
    pub instance: String,
    pub seconds: u64,
}

/// A time that a machine ran, by our log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub machine: String,
    pub vcpus: u64,
    pub from: u64,
    pub to: Option<u64>,
}

/// Every run that a region's log tells of. What it says of one last holds.
pub async fn runs(client: &Client, region: &str) -> Result<Vec<Run>> {
    let log = format!("region/{region}");
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    let mut after_seq = 0;
    loop {
        let request = v1::ListRecordsRequest {
            log: log.clone(),
            after_seq,
            page_size: PAGE,
            ..v1::ListRecordsRequest::default()
        };
        let page = client.logs().list(request, &Read::default()).await.with_context(|| format!("read {log}"))?.value;
        let head = page.head.map_or(0, |head| head.seq);
        for record in page.records {
            if record.seq != after_seq + 1 {
                bail!("read {log} after {after_seq}: the next record is {}", record.seq);
            }
            after_seq = record.seq;
            for fact in record.facts {
                if let Some(After::MachineRun(of)) = fact.after {
                    runs.insert(fact.subject, run(&of)?);
                }
            }
        }
        if after_seq >= head {
            return Ok(runs.into_values().collect());
        }
    }
}

fn run(of: &v1::MachineRun) -> Result<Run> {
    let at = |time: &Timestamp| u64::try_from(time.seconds).context("read a time that a machine ran");
    let from = at(of.start_time.as_ref().context("read a time that a machine ran: no start")?)?;
    let to = of.stop_time.as_ref().map(at).transpose()?;
    Ok(Run { machine: of.machine.clone(), vcpus: u64::try_from(of.vcpus).unwrap_or(0), from, to })
}

/// Both sides until `to`, and what the usage report says in sum, in vCPU-seconds.
pub fn judge(runs: &[Run], charges: &[Charge], reported: Option<i64>, to: u64) -> Verdict {
    let seconds = |run: &Run| run.to.unwrap_or(to).min(to).saturating_sub(run.from);
    let mut ours: BTreeMap<&str, u64> = BTreeMap::new();
    for run in runs {
        *ours.entry(&run.machine).or_default() += seconds(run);
    }
    let mut theirs: BTreeMap<&str, u64> = BTreeMap::new();
    for charge in charges {
        *theirs.entry(&charge.instance).or_default() += charge.seconds;
    }
    let machines: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    if machines.is_empty() {
        return Verdict::NotExamined("no machine ran".to_owned());
    }
    let of = |side: &BTreeMap<&str, u64>, machine: &str| side.get(machine).copied().unwrap_or(0);
    let off = |machine: &&str| of(&ours, machine).abs_diff(of(&theirs, machine));
    let mut found: Vec<String> = Vec::new();
    for machine in machines.iter().filter(|machine| off(machine) > OFF_MAX) {
        found.push(format!("{machine}: {} s by us, {} s by the cloud", of(&ours, machine), of(&theirs, machine)));
    }
    let sum: u64 = runs.iter().map(|run| seconds(run) * run.vcpus).sum();
    match reported.map(u64::try_from) {
        Some(Ok(reported)) if reported == sum => {}
        Some(reported) => found.push(format!("the report says {reported:?} vCPU-seconds, the machines ran for {sum}")),
        None => {
            return Verdict::NotExamined("the usage report named regions that it does not know enough of".to_owned());
        }
    }
    let worst = machines.iter().map(off).max().unwrap_or(0);
    let total: u64 = theirs.values().sum();
    Verdict::of(
        &found,
        format!("{} machines, {total} s by the cloud, at most {worst} s off; {sum} vCPU-seconds", machines.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(machine: &str, from: u64, to: Option<u64>) -> Run {
        Run { machine: machine.to_owned(), vcpus: 2, from, to }
    }

    fn charge(instance: &str, seconds: u64) -> Charge {
        Charge { instance: instance.to_owned(), seconds }
    }

    fn broken(verdict: &Verdict) -> &str {
        if let Verdict::Broken(what) = verdict { what } else { panic!("not broken: {verdict:?}") }
    }

    #[test]
    fn a_machine_that_is_off_by_two_seconds_or_on_one_side_alone_is_found() {
        let runs = [run("i-1", 100, Some(130)), run("i-2", 100, None), run("i-1", 140, Some(150))];
        let sum = Some((40 + 60) * 2);
        let held = judge(&runs, &[charge("i-1", 41), charge("i-2", 60)], sum, 160);
        assert!(matches!(held, Verdict::Held(_)), "{held:?}");
        let off = judge(&runs, &[charge("i-1", 42), charge("i-2", 60)], sum, 160);
        assert_eq!(broken(&off), "i-1: 40 s by us, 42 s by the cloud");
        let less = judge(&runs, &[charge("i-1", 38), charge("i-2", 60)], sum, 160);
        assert_eq!(broken(&less), "i-1: 40 s by us, 38 s by the cloud");
        let forgotten = judge(&runs, &[charge("i-1", 40), charge("i-2", 60), charge("i-3", 9)], sum, 160);
        assert_eq!(broken(&forgotten), "i-3: 0 s by us, 9 s by the cloud");
        assert!(broken(&judge(&runs, &[charge("i-1", 40)], sum, 160)).contains("i-2: 60 s by us, 0 s"));
    }

    #[test]
    fn a_report_that_says_otherwise_than_the_machines_is_found_and_one_that_is_missing_is_no_proof() {
        let (runs, charges) = ([run("i-1", 100, Some(130))], [charge("i-1", 30)]);
        assert!(broken(&judge(&runs, &charges, Some(61), 160)).contains("the machines ran for 60"));
        assert!(broken(&judge(&runs, &charges, Some(-60), 160)).contains("vCPU-seconds"));
        assert!(matches!(judge(&runs, &charges, None, 160), Verdict::NotExamined(_)));
        assert!(matches!(judge(&[], &[], Some(0), 160), Verdict::NotExamined(_)));
    }

    #[test]
    fn what_runs_after_the_time_asked_about_does_not_count() {
        let held = judge(&[run("i-1", 100, Some(200)), run("i-2", 190, None)], &[charge("i-1", 60)], Some(120), 160);
        assert!(matches!(held, Verdict::Held(_)), "{held:?}");
    }
}
