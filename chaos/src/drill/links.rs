//! Cuts between regions while every process lives.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result};
use client::{Read, RequestId, Route, Write};
use ids::{Log, MemberId, RegionId};
use tokio::time::{Instant, sleep};

use super::{kill::line, stage::Stage};
use crate::{
    load::{
        book::{Outcome, Pages},
        request::Wish,
        subject::{self, Subject},
    },
    nemesis::Fault,
    proxy::Mode,
};

const POLL: Duration = Duration::from_millis(200);
/// So long after it was cut off, a region knows it.
const KNOWN_AFTER: Duration = Duration::from_secs(3);
const REFUSED_WITHIN: Duration = Duration::from_millis(1_500);
const OWN_WITHIN: Duration = Duration::from_secs(2);
const LEADER_CHANGES_MAX: usize = 1;

/// What is done to the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Two regions lose each other; both reach the third.
    Cut,
    /// One of them hears the other no more, but is heard.
    OneWay,
    /// Open connections between them end on one side only.
    HalfOpen,
    /// The link goes up and down.
    Flap,
}

/// Disturbs one link after the other. Every call must succeed, with at most one change of G's leader each time.
pub async fn run(stage: &mut Stage, how: How, say: &mut dyn FnMut(String)) -> Result<()> {
    let regions = stage.ring.options.regions.clone();
    let pairs: Vec<(&RegionId, &RegionId)> =
        regions.iter().zip(regions.iter().cycle().skip(1)).take(regions.len()).collect();
    for number in 0..stage.options.rounds {
        let Some(&(one, other)) = pairs.get(number % pairs.len().max(1)) else { return Ok(()) };
        let what = format!("{how:?} {one} - {other}");
        if stage.whole("the round before").await.is_none() {
            return Ok(());
        }
        let began = stage.clock.now();
        let leaders = disturb(stage, how, one, other).await;
        stage.ring.mesh.heal();
        let ended = stage.clock.now();
        if stage.whole(&what).await.is_none() {
            return Ok(());
        }
        let fault = Fault { what, began, ended, whole: stage.clock.now(), regions_down: Vec::new() };
        say(format!(
            "{:>3}/{}  {}  {} leaders of G",
            number + 1,
            stage.options.rounds,
            line(stage, &fault),
            leaders.len()
        ));
        judge(stage, &fault, &leaders);
        stage.faults.push(fault);
    }
    Ok(())
}

/// Disturbs a link for as long as the drill wants, and watches who leads G meanwhile.
async fn disturb(stage: &Stage, how: How, one: &RegionId, other: &RegionId) -> BTreeSet<(u64, MemberId)> {
    let mesh = &stage.ring.mesh;
    let mut leaders: BTreeSet<(u64, MemberId)> = stage.observer.look().await.leader(&Log::Global).into_iter().collect();
    match how {
        How::Cut => mesh.set_between(one, other, Mode::BlackHole),
        How::OneWay => mesh.change(one, other, |way| way.mode = Mode::BlackHole),
        How::HalfOpen => mesh.set_between(one, other, Mode::HalfOpen),
        How::Flap => {}
    }
    let deadline = Instant::now() + stage.options.hold;
    while Instant::now() < deadline {
        if how == How::Flap {
            mesh.flap(one, other, Duration::from_millis(700), 1).await;
        } else {
            sleep(POLL).await;
        }
        leaders.extend(stage.observer.look().await.leader(&Log::Global));
    }
    leaders
}

fn judge(stage: &mut Stage, fault: &Fault, leaders: &BTreeSet<(u64, MemberId)>) {
    let changes = leaders.len().saturating_sub(1);
    if changes > LEADER_CHANGES_MAX {
        stage.broken.push(format!("{}: {changes} changes of the leader of G: {leaders:?}", fault.what));
    }
    let failed = failed_calls(fault, &stage.load.shared.book.lock());
    stage.broken.extend(failed);
}

/// Every call that was made during the fault and did not succeed.
fn failed_calls(fault: &Fault, pages: &Pages) -> Vec<String> {
    let window = fault.began..=fault.ended;
    let probes = pages.probes.iter().filter(|(_, probe)| window.contains(&probe.invoked));
    let failed_probes = probes.filter_map(|(prober, probe)| {
        let why = probe.result.as_ref().err()?;
        Some(format!("{}: a probe {:?} from {} failed: {why}", fault.what, prober.class, prober.from))
    });
    let writes = pages.written.iter().filter(|write| window.contains(&write.invoked));
    let failed_writes = writes.filter_map(|write| match &write.outcome {
        Outcome::NotDone { reason } | Outcome::Unknown { reason, refused: false } => {
            Some(format!("{}: a write to {} failed: {reason}", fault.what, write.subject.name()))
        }
        // Refused by the rules is an answer, also after a try without one.
        Outcome::Done { .. } | Outcome::Rejected { .. } | Outcome::Unknown { refused: true, .. } => None,
    });
    let reads = pages.reads_refused.iter().filter(|read| window.contains(&read.invoked));
    let failed_reads = reads.map(|read| format!("{}: a read, {}, failed: {}", fault.what, read.what, read.why));
    failed_probes.chain(failed_writes).chain(failed_reads).collect()
}

/// Cuts one region after the other off from all others: its own log goes on, the global one is refused there, and goes on elsewhere.
pub async fn isolate(stage: &mut Stage, say: &mut dyn FnMut(String)) -> Result<()> {
    let regions = stage.ring.options.regions.clone();
    for (number, region) in regions.iter().cycle().take(stage.options.rounds).enumerate() {
        if stage.whole("the round before").await.is_none() {
            return Ok(());
        }
        let what = format!("Isolate {region}");
        let began = stage.clock.now();
        stage.ring.mesh.set_around(region, Mode::BlackHole);
        sleep(KNOWN_AFTER).await;
        let deadline = Instant::now() + stage.options.hold;
        while Instant::now() < deadline {
            let broken = probe_isolated(stage, region).await?;
            stage.broken.extend(broken.into_iter().map(|broken| format!("{what}: {broken}")));
            sleep(POLL).await;
        }
        stage.ring.mesh.heal();
        let ended = stage.clock.now();
        if stage.whole(&what).await.is_none() {
            return Ok(());
        }
        let fault = Fault { what, began, ended, whole: stage.clock.now(), regions_down: Vec::new() };
        say(format!("{:>3}/{}  {}", number + 1, stage.options.rounds, line(stage, &fault)));
        stage.faults.push(fault);
    }
    Ok(())
}

/// Asks inside a region that is cut off, and nowhere else.
async fn probe_isolated(stage: &Stage, region: &RegionId) -> Result<Vec<String>> {
    let client = stage.ring.access()?.client(region).context("make a client inside a region that is cut off")?;
    let only = Route::Only(region.to_string());
    let id = format!("probe-{region}");
    let own = Subject::Cluster { region: region.clone(), id: id.clone() };
    let global = Subject::Folder { id };
    let mut broken = Vec::new();
    let wish = || Wish::Update { value: stage.load.shared.serial().to_string(), expected: None };
    let options =
        || Write { route: only.clone(), ..Write::with_request_id(RequestId::new()).within(Duration::from_secs(8)) };

    let start = Instant::now();
    let result = own.send(&client, &wish(), &options()).await;
    match result {
        Ok(_) if start.elapsed() <= OWN_WITHIN => {}
        Ok(_) => broken.push(format!("a write to its own log took {:?}", start.elapsed())),
        Err(error) => broken.push(format!("a write to its own log failed: {}", subject::words(&error))),
    }
    let start = Instant::now();
    match global.send(&client, &wish(), &options()).await {
        Ok(_) => broken.push("a write of the global log was acknowledged".to_owned()),
        Err(error) if !error.is("GLOBAL_QUORUM_LOST") => {
            broken.push(format!("a write of the global log was refused otherwise: {}", subject::words(&error)));
        }
        Err(_) if start.elapsed() > REFUSED_WITHIN => {
            broken.push(format!("a write of the global log was refused only after {:?}", start.elapsed()));
        }
        Err(_) => {}
    }
    let local = Read { route: only, ..Read::local() };
    if let Err(error) = global.read(&client, &local).await {
        broken.push(format!("a local read of the global log failed: {}", subject::words(&error)));
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::book::Refused;

    #[test]
    fn a_read_that_is_refused_while_a_link_is_cut_breaks_the_promise_and_one_before_does_not() {
        let fault =
            Fault { what: "Cut a - b".to_owned(), began: 100, ended: 200, whole: 250, regions_down: Vec::new() };
        let refused = |invoked, what: &str| Refused {
            client: 1,
            what: what.to_owned(),
            invoked,
            ended: invoked + 5,
            why: "it was refused".to_owned(),
        };
        let reads = [(99, "too early"), (100, "local of x"), (150, "linearizable of y"), (201, "too late")];
        let pages = Pages {
            reads_refused: reads.into_iter().map(|(invoked, what)| refused(invoked, what)).collect(),
            ..Pages::default()
        };
        let failed = failed_calls(&fault, &pages);
        assert_eq!(
            failed,
            [
                "Cut a - b: a read, local of x, failed: it was refused",
                "Cut a - b: a read, linearizable of y, failed: it was refused",
            ]
        );
    }
}
