//! The ring, the cloud beside it, and those who ask.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use client::{Client, Read, Route, Write};
use futures_util::future::{Either, select};
use ids::RegionId;
use tokio::time::{Instant, sleep};

use super::{Story, Verdict, Verdicts, Wishes, judge::Ended, promise::Promise};
use crate::{
    ring::{CloudAt, Options, Ring},
    up::{self, cloud::Cloud, context, demo},
};

const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// A minute where nothing is said: nobody wants to watch for that long.
const SURVEY_EVERY: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(250);

/// See the module.
pub struct Stage<'a> {
    pub story: &'a mut Story,
    pub verdicts: &'a mut Verdicts,
    pub ring: Ring,
    pub cloud: Cloud,
    pub cli: context::Cli,
    pub regions: Vec<RegionId>,
    /// The one that is cut off.
    pub cut: RegionId,
    /// How a global write inside of it ended, and after how long.
    pub refusal: Option<(Ended, Duration)>,
}

impl<'a> Stage<'a> {
    pub async fn set(wishes: &Wishes, dir: PathBuf, story: &'a mut Story, verdicts: &'a mut Verdicts) -> Result<Self> {
        story.act("Three regions on this machine, and a cloud that is simulated");
        let cloud = Cloud::start(&wishes.programs.cloud, &dir).await?;
        let regions = up::regions()?;
        let options = Options {
            binary: wishes.programs.node.clone(),
            dir: dir.clone(),
            name: "demo".to_owned(),
            regions: regions.clone(),
            members_per_region: wishes.nodes_per_region,
            distances: up::distances()?,
            tls: true,
            fixed_ports: None,
            multiplier: 1.0,
            log: "info".to_owned(),
            seed: 0,
            cloud: Some(CloudAt { address: cloud.address(), survey_every: SURVEY_EVERY }),
        };
        let starting = Box::pin(Ring::start(options, STARTS_WITHIN));
        let ring = ticking(story, "the ring: processes, certificates, leaders", starting).await?;
        let first = regions.first().cloned().context("play with a ring without regions")?;
        demo::make(&ring.access()?.client(&first)?, &cloud.accounts().await?).await?;
        let cli = context::Cli { program: wishes.programs.cli.clone(), config: Some(dir.join("atoll.toml")) };
        context::write(&cli, &ring).await?;
        let cut = regions.last().cloned().context("play with a ring without regions")?;
        let names: Vec<String> = regions.iter().map(ToString::to_string).collect();
        story.say(&format!(
            "{} region-node processes run as {}, {} ms to {} ms apart by link proxies.",
            ring.nodes.len(),
            names.join(", "),
            2 * up::DISTANCES_MS.iter().map(|(_, _, ms)| ms).min().unwrap_or(&0),
            2 * up::DISTANCES_MS.iter().map(|(_, _, ms)| ms).max().unwrap_or(&0),
        ));
        story.say(
            "Machines are there after 11 to 19 s and join 8 to 13 s later: the cloud-sim process is quicker than EC2. Regions list \
             everything in their accounts every 10 s here, every minute where nothing is said.",
        );
        Ok(Self { story, verdicts, ring, cloud, cli, regions, cut, refusal: None })
    }

    /// A client that prefers a region.
    pub fn client(&self, region: &RegionId) -> Result<Client> {
        self.ring.access()?.client(region)
    }

    /// Regions that are not cut off.
    pub fn elsewhere(&self) -> Vec<RegionId> {
        self.regions.iter().filter(|region| **region != self.cut).cloned().collect()
    }

    pub fn note(&mut self, promise: Promise, verdict: Verdict) {
        match &verdict {
            Verdict::Held(_) => {}
            Verdict::Broken(what) => self.story.say(&format!("BROKEN: {what}.")),
            Verdict::NotExamined(why) => self.story.say(&format!("Not examined: {why}.")),
        }
        self.verdicts.note(promise, verdict);
    }

    /// Stops everything in order.
    pub async fn strike(mut self) -> Result<()> {
        self.ring.mesh.heal();
        let stopping = Box::pin(self.ring.stop());
        ticking(self.story, "all to stop in order", stopping).await?;
        self.cloud.stop().await
    }
}

/// Only what this region itself answers.
pub fn inside(region: &RegionId) -> Read {
    Read::local().only(region.as_str())
}

/// A write that no other region is asked for.
pub fn write_inside(region: &RegionId) -> Write {
    Write { route: Route::Only(region.to_string()), ..Write::default() }
}

/// Shows what is waited for while it is done.
pub async fn ticking<T>(story: &mut Story, what: &str, mut work: impl Future<Output = T> + Unpin) -> T {
    loop {
        story.waits(what);
        match select(&mut work, Box::pin(sleep(POLL))).await {
            Either::Left((done, _)) => return done,
            Either::Right(_) => {}
        }
    }
}

/// Looks again and again until there is something, and says meanwhile what is seen.
pub async fn until<T>(
    story: &mut Story,
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        let lack = match look().await? {
            Ok(found) => return Ok(found),
            Err(lack) => lack,
        };
        if Instant::now() >= deadline {
            bail!("waited {} s for {what}: {lack}", within.as_secs());
        }
        story.waits(&format!("{what}: {lack}"));
        sleep(POLL).await;
    }
}
