//! Two minutes of the product, by itself: three regions as processes, clusters in each, one region cut off and healed, and a verdict for
//! each promise.
//!
//! Everything is asked of the endpoint, as a customer would: the processes are started and stopped from here, links are cut, and a machine is
//! killed in the cloud; what comes of that the API tells.
//!
//! Map: [`promise`] promises and their table · [`judge`] from what was seen to a verdict · [`bill`] usage beside the cloud's bill ·
//! [`story`] telling it · `stage` the ring and who asks it · `acts` what is done, in order.

mod acts;
pub mod bill;
pub mod judge;
pub mod promise;
mod stage;
pub mod story;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use futures_util::future::{Either, select};

use crate::{ring::Programs, up::Stop};
use promise::{Verdict, Verdicts};
use stage::Stage;
use story::Story;

/// What a person may ask for.
#[derive(Clone, Debug)]
pub struct Wishes {
    pub programs: Programs,
    pub nodes_per_region: u64,
    /// Keep everything here; else it is gone in the end, unless something did not hold.
    pub dir: Option<PathBuf>,
}

/// Plays it. `true`: every promise was examined and held.
pub async fn run(wishes: &Wishes) -> Result<bool> {
    let mut stop = Stop::listen()?;
    let temporary = tempfile::Builder::new().prefix("atoll-demo-").tempdir().context("make a temporary directory")?;
    let dir = wishes.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let (mut story, mut verdicts) = (Story::begin(), Verdicts::default());
    let played = play(wishes, dir, &mut story, &mut verdicts);
    let result = match select(Box::pin(stop.wanted()), Box::pin(played)).await {
        Either::Left(_) => bail!("it was told to stop"),
        Either::Right((result, _)) => result,
    };
    story.clear();
    let held = matches!(result, Ok(true)) && verdicts.all_held();
    if !held && wishes.dir.is_none() {
        println!("logs and data are kept in {}", temporary.keep().display());
    }
    result.map(|_| held)
}

/// `true`: nothing came in between.
async fn play(wishes: &Wishes, dir: PathBuf, story: &mut Story, verdicts: &mut Verdicts) -> Result<bool> {
    let mut stage = Stage::set(wishes, dir, story, verdicts).await?;
    let played = acts::all(&mut stage).await;
    if let Err(error) = &played {
        stage.story.say(&format!("It could not go on: {error:#}"));
    }
    stage.story.act(&format!("Verdicts, after {:.0} s", stage.story.elapsed().as_secs_f64()));
    stage.story.table(&stage.verdicts.to_string());
    stage.strike().await?;
    Ok(played.is_ok())
}
