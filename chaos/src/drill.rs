//! Drills: a ring, load, faults, and the judgement, from one command.
//!
//! Map: [`stage`] ring, load and faults so far · [`kill`] processes killed and paused · [`links`] links cut · [`report`] the end.

pub mod kill;
pub mod links;
pub mod report;
pub mod stage;

use std::time::Duration;

use anyhow::Result;

pub use report::Report;
pub use stage::{Options, Stage};

/// Nine databases on two cores take a while.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// What to practise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drill {
    Kill(kill::How),
    Links(links::How),
    Isolate,
}

/// Does it all. `say` is told how it goes, line by line.
pub async fn run(drill: Drill, options: Options, say: &mut dyn FnMut(String)) -> Result<Report> {
    let members = options.ring.members_per_region * options.ring.regions.len() as u64;
    say(format!("starting {members} nodes; {} is kept until the end", options.ring.dir.display()));
    let mut stage = Stage::set(options, STARTS_WITHIN).await?;
    say(format!("the ring is whole; {} rounds follow", stage.options.rounds));
    match drill {
        Drill::Kill(how) => kill::run(&mut stage, how, say).await?,
        Drill::Links(how) => links::run(&mut stage, how, say).await?,
        Drill::Isolate => links::isolate(&mut stage, say).await?,
    }
    report::conclude(stage, drill == Drill::Kill(kill::How::Kill), say).await
}
