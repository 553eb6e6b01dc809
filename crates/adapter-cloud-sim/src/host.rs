//! A simulated cloud with its journal: what was committed is there after any end of the process.
//!
//! ```text
//!   changes ─▶ apply to the Sim, each at its time ─▶ one batch, synced ─▶ what came of them
//!   open    ─▶ snapshot ─▶ the same batches, applied at the same times ─▶ the same Sim
//! ```
//!
//! Every call is a change, also one that only asks: it draws chance, is throttled, and stands in the audit.

use std::{path::Path, time::Duration};

use cloud_sim::{Options, Place, RestoreError, Sim, Tamper};
use ports::cloud::{CallSite, CloudError, CloudReply, CloudRequest};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    journal::{self, Journal},
    protocol::Knobs,
    settings::{Settings, SettingsError},
};

/// Bytes of journal after which a snapshot is taken, unless the last one was larger: so a restart reads no more than about twice the
/// state, and snapshots cost no more than the journal.
const CUT_AFTER_BYTES: u64 = 32 << 20;

/// What changes a cloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    Call { at: CallSite, request: CloudRequest },
    Tamper { place: Place, tamper: Tamper },
    Turn(Box<Knobs>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// What the caller is told, when so long has passed.
    Call {
        told: Result<CloudReply, CloudError>,
        after: Duration,
    },
    /// Whether there was anything to tamper with.
    Tamper(bool),
    Turn,
}

/// A change with its time, in Unix milliseconds.
#[derive(Serialize, Deserialize)]
struct Entry {
    at: u64,
    change: Change,
}

/// Why a cloud was not opened.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error(transparent)]
    Open(#[from] journal::OpenError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error("read batch {number} of the journal since the last snapshot: it is none of this version")]
    Batch { number: usize, source: serde_json::Error },
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("wrote into the data directory {dir}")]
    Write { dir: String, source: std::io::Error },
}

/// See the module.
pub struct Host {
    sim: Sim,
    journal: Journal,
    snapshot_bytes: u64,
    began: Instant,
    began_at: u64,
}

impl Host {
    /// Opens the cloud of a directory, or makes it as the settings say. `wall_ms` is the time by the wall clock; a cloud whose time is
    /// further on goes on from there.
    ///
    /// # Errors
    /// [`HostError`]; an existing cloud is as it was.
    pub fn open(dir: &Path, settings: &Settings, wall_ms: u64) -> Result<Self, HostError> {
        let write = |source| HostError::Write { dir: dir.display().to_string(), source };
        let (journal, saved) = Journal::open(dir)?;
        let fresh = saved.is_none();
        let (sim, snapshot_bytes) = match saved {
            Some(saved) => (replay(&saved)?, saved.snapshot.len() as u64),
            None => (Sim::new(settings.options(wall_ms)), 0),
        };
        let knobs = settings.admit(sim.options())?;
        let began_at = wall_ms.max(sim.now());
        let mut host = Self { sim, journal, snapshot_bytes, began: Instant::now(), began_at };
        if fresh {
            host.save().map_err(write)?;
        } else if let Some(knobs) = knobs {
            host.commit(vec![Change::Turn(Box::new(knobs))]).map_err(write)?;
        }
        Ok(host)
    }

    /// The cloud's time, in Unix milliseconds. Steps of the wall clock do not reach it.
    pub fn now(&self) -> u64 {
        let passed = self.began.elapsed().as_millis();
        self.began_at.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// The cloud as it is now.
    pub fn sim(&mut self) -> &Sim {
        self.sim.advance(self.now());
        &self.sim
    }

    /// Bytes of journal since the last snapshot.
    pub fn journal_bytes(&self) -> u64 {
        self.journal.bytes()
    }

    /// Makes changes, in their order, and returns when all of them are on disk.
    ///
    /// # Errors
    /// Then nobody knows what the disk holds but the disk: this host is not to be used any more, and nobody is to be answered.
    pub fn commit(&mut self, changes: Vec<Change>) -> std::io::Result<Vec<Done>> {
        let at = self.now();
        let entries: Vec<Entry> = changes.into_iter().map(|change| Entry { at, change }).collect();
        let batch = serde_json::to_vec(&entries)?;
        let done = entries.into_iter().map(|entry| apply(&mut self.sim, entry)).collect();
        self.journal.append(&batch)?;
        if self.journal.bytes() > CUT_AFTER_BYTES.max(self.snapshot_bytes) {
            self.save()?;
        }
        Ok(done)
    }

    /// Takes a snapshot, so that the next start reads little.
    ///
    /// # Errors
    /// As of [`Self::commit`].
    pub fn save(&mut self) -> std::io::Result<()> {
        let snapshot = self.sim.snapshot()?;
        self.snapshot_bytes = snapshot.len() as u64;
        self.journal.cut(&snapshot)
    }
}

fn replay(saved: &journal::Saved) -> Result<Sim, HostError> {
    let mut sim = Sim::restore(&saved.snapshot)?;
    for (number, batch) in (1..).zip(&saved.batches) {
        let entries: Vec<Entry> =
            serde_json::from_slice(batch).map_err(|source| HostError::Batch { number, source })?;
        entries.into_iter().for_each(|entry| drop(apply(&mut sim, entry)));
    }
    Ok(sim)
}

/// The one place where anything changes, the first time and when it is read again.
fn apply(sim: &mut Sim, entry: Entry) -> Done {
    // Whoever looked in between has done this before: what is due by then is done by the knobs, and with the chance, of then.
    sim.advance(entry.at);
    match entry.change {
        Change::Call { at, request } => {
            // Both ways count on the way back: the journal's order is the order of arrival.
            let way = sim.way();
            let outcome = sim.call(entry.at, &at, request);
            Done::Call { told: outcome.told, after: Duration::from_millis(way + outcome.after) }
        }
        Change::Tamper { place, tamper } => Done::Tamper(sim.tamper(entry.at, &place, tamper)),
        Change::Turn(knobs) => {
            sim.set_vices(knobs.vices);
            sim.set_delays(knobs.delays);
            Done::Turn
        }
    }
}

impl Knobs {
    /// As they are.
    pub fn of(options: &Options) -> Self {
        Self { vices: options.vices.clone(), delays: options.delays.clone() }
    }
}
