//! Many clusters in one region: memory, processor time when nothing happens, restart, and how soon a deviation is mended.
//!
//! A region node with its real store and the process of a simulated cloud, on loopback. Clusters are asked for through the API, as
//! anybody's are, in organizations of a hundred: a quarter for production (six machines), the others for development (two). While they are
//! made the cloud is quick; what is measured is measured with delays as EC2's.
//!
//! Map: [`world`] the two processes · [`fill`] asking for clusters · [`phases`] what is measured, one after the other · [`figures`] what
//! is told.

mod ask;
mod figures;
mod fill;
mod phases;
mod world;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::measure::Programs;

#[derive(clap::Args)]
pub struct Clusters {
    /// How many; one run after the other, each from nothing. Rounded up to hundreds.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    count: Vec<usize>,
    /// Callers that ask for clusters at the same time.
    #[arg(long, default_value_t = 16)]
    callers: usize,
    /// How many are made at the same time, about; more are asked for as these come to rest.
    #[arg(long, default_value_t = 10_000)]
    under_way: u64,
    /// How long processor time is measured when nothing happens. In ten minutes everything in the cloud is listed once.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Machines that are killed behind the region's back, over a minute.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=200))]
    kills: u64,
    /// Leaves what was made where it is, in a directory of `--dir`, and says where.
    #[arg(long)]
    keep: bool,
    /// Makes nothing: measures the rest over a directory that `--keep` left.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["count", "keep"])]
    over: Option<PathBuf>,
    /// The `cloud-sim` to run; that beside `region-node` by default.
    #[arg(long)]
    cloud_sim: Option<PathBuf>,
    /// Where the figures go, too: one JSON document.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Clusters {
    pub async fn run(&self, programs: &Programs) -> Result<()> {
        let beside = programs.region_node.with_file_name("cloud-sim");
        let cloud_sim = self.cloud_sim.as_ref().unwrap_or(&beside);
        let mut all = Vec::new();
        if let Some(dir) = &self.over {
            let world = world::World::over(&programs.region_node, cloud_sim, dir).await;
            all.push(phases::again(world?, self).await.with_context(|| format!("measured {}", dir.display()))?);
            return self.tell(&all);
        }
        for count in &self.count {
            let mut dir = match &programs.dir {
                Some(dir) => tempfile::tempdir_in(dir),
                None => tempfile::tempdir(),
            }?;
            if self.keep {
                dir.disable_cleanup(true);
                eprintln!("kept for --over {}", dir.path().display());
            }
            let world = world::World::start(&programs.region_node, cloud_sim, dir.path(), *count).await;
            all.push(phases::all(world?, self).await.with_context(|| format!("measured {count} clusters"))?);
            // Each time: what was measured stays, whatever becomes of the next.
            self.tell(&all)?;
        }
        Ok(())
    }

    fn tell(&self, all: &[figures::Figures]) -> Result<()> {
        println!("{}", figures::table(all));
        let Some(path) = &self.json else { return Ok(()) };
        fs::write(path, serde_json::to_vec_pretty(all)?).with_context(|| format!("wrote {}", path.display()))
    }
}
