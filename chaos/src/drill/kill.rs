//! Kills and pauses of processes, one after the other, with load running.

use std::{fmt::Write as _, time::Duration};

use anyhow::Result;
use ids::MemberId;
use rand::RngExt;
use tokio::time::sleep;

use super::{report::milliseconds, stage::Stage};
use crate::{
    check::pauses::{Kind, Pauses},
    nemesis::{self, Fault},
};

/// A fault lasts at least so long, and then until calls go through again.
const DOWN_AT_LEAST: Duration = Duration::from_millis(1_500);
const RESUMED_WITHIN: Duration = Duration::from_secs(20);

/// What is done to the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// SIGKILL, and a start.
    Kill,
    /// SIGSTOP, and SIGCONT.
    Pause,
}

/// Hits every target equally often.
pub async fn run(stage: &mut Stage, how: How, say: &mut dyn FnMut(String)) -> Result<()> {
    let targets = nemesis::targets(stage.options.rounds, &mut stage.rng);
    for (number, target) in targets.into_iter().enumerate() {
        let Some(view) = stage.whole("the round before").await else { return Ok(()) };
        let members = nemesis::members(target, &stage.ring, &view, &mut stage.rng)?;
        let what = format!("{how:?} {target}: {}", stage.words(&members));
        let Some(fault) = round(stage, how, what, &members).await? else { return Ok(()) };
        say(format!("{:>3}/{}  {}", number + 1, stage.options.rounds, line(stage, &fault)));
        stage.faults.push(fault);
    }
    Ok(())
}

/// One fault. `None`: the ring did not come back from it.
async fn round(stage: &mut Stage, how: How, what: String, members: &[MemberId]) -> Result<Option<Fault>> {
    let regions_down = stage.regions_without(members);
    let began = stage.clock.now();
    match how {
        How::Kill => stage.ring.kill_all(members).await?,
        How::Pause => members.iter().try_for_each(|member| stage.ring.pause(*member))?,
    }
    let longer_ms = stage.rng.random_range(0..1_000);
    sleep(DOWN_AT_LEAST + Duration::from_millis(longer_ms)).await;
    // What does not resume shows in the pauses.
    let _ = stage.resumed(began, &regions_down, RESUMED_WITHIN).await;
    match how {
        How::Kill => members.iter().try_for_each(|member| stage.ring.launch(*member))?,
        How::Pause => members.iter().try_for_each(|member| stage.ring.resume(*member))?,
    }
    let ended = stage.clock.now();
    if stage.whole(&what).await.is_none() {
        return Ok(None);
    }
    let _ = stage.resumed(ended, &[], RESUMED_WITHIN).await;
    Ok(Some(Fault { what, began, ended, whole: stage.clock.now(), regions_down }))
}

/// One round in one line.
pub fn line(stage: &Stage, fault: &Fault) -> String {
    let pages = stage.load.shared.book.lock();
    let pauses = Pauses::measure(std::slice::from_ref(fault), &pages.probes);
    let acknowledged = pages.written.iter().filter(|write| write.outcome.is_done()).count();
    let mut line = format!("{:<58}", fault.what);
    for (short, kind) in [("G", Kind::GlobalWrites), ("R", Kind::RegionWrites), ("dead", Kind::DeadRegionReads)] {
        let worst = pauses.worst(kind).map_or_else(|| "-".to_owned(), |pause| milliseconds(pause.longest_ns));
        // Writing to a string cannot fail.
        let _ = write!(line, "  {short} {worst:>8}");
    }
    let whole = milliseconds(fault.whole.saturating_sub(fault.ended));
    format!("{line}  whole after {whole:>8}  {acknowledged} acknowledged")
}
