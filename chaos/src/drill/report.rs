//! The end of a drill: everything is settled, looked up and judged, and told in a table.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use client::Read;
use ids::Log;
use tokio::process::Command;

use super::stage::Stage;
use crate::{
    check::{
        histories::{self, Judged},
        pauses::{Kind, Pause, Pauses},
        settle::{self, Settled},
        survive::{self, Records, Survival},
    },
    load::{
        book::{Outcome, Pages, Probe, Refused, Written},
        subject,
        worker::{Shared, read_register},
    },
    nemesis::Fault,
};

/// Copies are equal within this after the load has ended.
const EQUAL_WITHIN: Duration = Duration::from_secs(60);
/// The client that reads everything in the end.
const LAST: u32 = 999;
const PRINTED_MAX: usize = 20;

/// What a drill found.
#[derive(Debug, Default)]
pub struct Report {
    pub faults: usize,
    pub counts: Counts,
    pub pauses: Pauses,
    pub settled: Settled,
    pub survival: Survival,
    pub judged: Judged,
    pub verified: usize,
    /// Promises that were broken. Empty is the good end.
    pub broken: Vec<String>,
    /// What nobody could judge: a failure of the harness.
    pub unjudged: Vec<String>,
}

/// Writes by outcome, and the rest by number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acknowledged: usize,
    pub rejected: usize,
    pub not_done: usize,
    pub unknown: usize,
    pub reads: usize,
    pub reads_refused: usize,
    pub probes: usize,
}

impl Counts {
    fn of(pages: &Pages) -> Self {
        let mut counts = Self {
            reads: pages.seen.len() + pages.lists_seen.len(),
            reads_refused: pages.reads_refused.len(),
            probes: pages.probes.len(),
            ..Self::default()
        };
        for write in &pages.written {
            *match write.outcome {
                Outcome::Done { .. } => &mut counts.acknowledged,
                Outcome::Rejected { .. } => &mut counts.rejected,
                Outcome::NotDone { .. } => &mut counts.not_done,
                Outcome::Unknown { .. } => &mut counts.unknown,
            } += 1;
        }
        counts
    }
}

/// Ends the load, takes everything back, and judges. `with_bars`: the drill promises how long calls may pause.
pub async fn conclude(stage: Stage, with_bars: bool, say: &mut dyn FnMut(String)) -> Result<Report> {
    let Stage { options, mut ring, load, observer, clock, faults, broken, .. } = stage;
    say("the load ends".to_owned());
    let shared = load.stop().await?;
    ring.mesh.heal();
    let mut report = Report { faults: faults.len(), broken, ..Report::default() };
    if let Err(error) = observer.wait(EQUAL_WITHIN, crate::view::View::unsettled).await {
        report.broken.push(format!("{error:#}"));
        return Ok(report);
    }
    say("copies are equal; asking again for what was unknown".to_owned());
    let access = ring.access()?;
    let client = access.client(access.regions().first().context("judge a ring without regions")?)?;
    let mut pages = std::mem::take(&mut *shared.book.lock());
    report.counts = Counts::of(&pages);
    keep(&options.ring.dir, &pages, &faults)?;
    report.settled = settle::settle(&client, clock, &mut pages.written, options.sample).await?;
    say("reading everything once more".to_owned());
    let finals = read_all(&client, &shared, &mut pages).await?;
    let mut logs = BTreeMap::new();
    let regions = access.regions().into_iter().map(Log::Region);
    for log in [Log::Global].into_iter().chain(regions) {
        let records = Records::read(&client, &log).await?;
        logs.insert(log, records);
    }
    if let Err(error) = observer.wait(EQUAL_WITHIN, crate::view::View::unsettled).await {
        report.broken.push(format!("{error:#}"));
    }
    say(format!("judging {} writes and {} reads", pages.written.len(), report.counts.reads));
    report.survival = survive::check(&pages.written, &logs);
    report.judged = histories::check(&pages, finals);
    report.pauses = Pauses::measure(&faults, &pages.probes);
    report.unjudged = pages.nonsense;
    report.gather(with_bars);
    say("stopping the ring in order, and verifying what is on the disks".to_owned());
    if let Err(error) = ring.stop().await {
        report.broken.push(format!("{error:#}"));
    }
    for node in &ring.nodes {
        let verified = verify(&ring.options.binary, &node.config).await?;
        report.verified += usize::from(verified.is_ok());
        report.broken.extend(verified.err().map(|what| format!("{}: {what}", node.member)));
    }
    Ok(report)
}

/// Keeps every probe, every write, every read that was refused and every fault in a file, for whoever looks into a pause. Times are milliseconds of the run.
fn keep(dir: &Path, pages: &Pages, faults: &[Fault]) -> Result<()> {
    let mut text = String::new();
    let ms = |nanoseconds: u64| nanoseconds / 1_000_000;
    // Writing to a string cannot fail.
    for Fault { what, began, ended, whole, .. } in faults {
        let _ = writeln!(text, "fault\t{}\t{}\t{}\t{what}", ms(*began), ms(*ended), ms(*whole));
    }
    for (prober, Probe { invoked, ended, result }) in &pages.probes {
        let (from, class) = (&prober.from, &prober.class);
        let _ = writeln!(text, "probe\t{}\t{}\t{from}\t{class:?}\t{result:?}", ms(*invoked), ms(*ended));
    }
    for write in &pages.written {
        let Written { client, purpose, subject, invoked, ended, outcome, request_id, .. } = write;
        let (name, from, to) = (subject.name(), ms(*invoked), ms(*ended));
        let _ = writeln!(text, "write\t{from}\t{to}\t{client}\t{purpose:?}\t{name}\t{request_id}\t{outcome:?}");
    }
    for Refused { client, what, invoked, ended, why } in &pages.reads_refused {
        let _ = writeln!(text, "refused\t{}\t{}\t{client}\t{what}\t{why}", ms(*invoked), ms(*ended));
    }
    let file = dir.join("calls.tsv");
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}

/// Reads every register and every list linearizably, for the history and for its end.
async fn read_all(client: &client::Client, shared: &Shared, pages: &mut Pages) -> Result<BTreeMap<String, Vec<u64>>> {
    for subject in shared.registers() {
        let name = subject.name();
        if !read_register(client, &shared.book, LAST, subject).await {
            anyhow::bail!("read {name} in the end: not served by a ring that is whole");
        }
    }
    pages.seen.append(&mut shared.book.lock().seen);
    let mut finals = BTreeMap::new();
    for subject in shared.all_lists() {
        match subject.read(client, &Read::linearizable()).await {
            Ok(answered) => {
                let (_, text) = answered.value.context("read a list in the end: its etag is no version")?;
                finals.insert(subject.name(), subject::read_list(&text));
            }
            Err(error) if error.is("NOT_FOUND") => {
                finals.insert(subject.name(), Vec::new());
            }
            Err(error) => anyhow::bail!("read {} in the end: {}", subject.name(), subject::words(&error)),
        }
    }
    Ok(finals)
}

/// Lets `region-node verify` look at a data directory. The inner error is what it found.
pub async fn verify(binary: &Path, config: &Path) -> Result<Result<String, String>> {
    let mut command = Command::new(binary);
    command.arg("verify").arg("--config").arg(config).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.with_context(|| format!("run {} verify", binary.display()))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(if output.status.success() { Ok(text) } else { Err(format!("verify: {}: {}", output.status, text.trim())) })
}

impl Report {
    /// Brings the findings of all checks together.
    fn gather(&mut self, with_bars: bool) {
        self.broken.extend(self.settled.broken.iter().map(|what| format!("one outcome per request id: {what}")));
        self.broken.extend(self.survival.broken.iter().cloned());
        self.broken.extend(self.judged.broken.iter().cloned());
        self.unjudged.extend(self.judged.unjudged.iter().cloned());
        if with_bars {
            let broken = self.pauses.broken().map(|(kind, pause)| {
                let (bar, took) = (milliseconds(kind.bar_ns()), milliseconds(pause.longest_ns));
                let Pause { prober, fault, .. } = pause;
                format!(
                    "{}: {took}, at most {bar} is promised: {:?} from {} at {fault}",
                    kind.name(),
                    prober.class,
                    prober.from
                )
            });
            let broken: Vec<String> = broken.collect();
            self.broken.extend(broken);
        }
    }

    /// The table and the verdict.
    pub fn print(&self) -> String {
        let mut text = String::new();
        let counts = self.counts;
        // Writing to a string cannot fail.
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<40} {value}");
        };
        row("faults", self.faults.to_string());
        row("writes acknowledged / rejected", format!("{} / {}", counts.acknowledged, counts.rejected));
        row("writes not done / unknown", format!("{} / {}", counts.not_done, counts.unknown));
        row("reads judged, probes", format!("{}, {}", counts.reads, counts.probes));
        row("reads refused", counts.reads_refused.to_string());
        row("unknown, asked again until known", self.settled.settled.to_string());
        row("acknowledged, asked again", self.settled.asked_again.to_string());
        row(
            "request ids looked for in the logs",
            format!("{} ({} compacted)", self.survival.looked_for, self.survival.compacted),
        );
        row("judged as registers, operations", self.judged.register_operations.to_string());
        row("judged as lists, transactions", self.judged.list_transactions.to_string());
        row("judged as sessions, steps", self.judged.session_steps.to_string());
        row("data directories verified", self.verified.to_string());
        row("", String::new());
        row("pause after a fault", format!("{:>10} {:>10} {:>10} {:>7}", "median", "longest", "bar", "faults"));
        for kind in Kind::ALL {
            let (Some(median), Some(worst)) = (self.pauses.median_ns(kind), self.pauses.worst(kind)) else { continue };
            let count = self.pauses.by_kind.get(&kind).map_or(0, Vec::len);
            let (median, worst, bar) =
                (milliseconds(median), milliseconds(worst.longest_ns), milliseconds(kind.bar_ns()));
            row(kind.name(), format!("{median:>10} {worst:>10} {bar:>10} {count:>7}"));
        }
        row("", String::new());
        for (what, list) in [("BROKEN", &self.broken), ("not judged", &self.unjudged)] {
            list.iter().take(PRINTED_MAX).for_each(|line| row(what, line.clone()));
            if list.len() > PRINTED_MAX {
                row(what, format!("... and {} more", list.len() - PRINTED_MAX));
            }
        }
        row("verdict", self.verdict());
        text
    }

    fn verdict(&self) -> String {
        match (self.broken.len(), self.unjudged.len()) {
            (0, 0) => "every promise was kept".to_owned(),
            (0, unjudged) => format!("no verdict: {unjudged} things could not be judged"),
            (broken, _) => format!("{broken} broken promises"),
        }
    }
}

/// A time for people.
pub fn milliseconds(nanoseconds: u64) -> String {
    if nanoseconds == u64::MAX { "never".to_owned() } else { format!("{} ms", nanoseconds / 1_000_000) }
}
