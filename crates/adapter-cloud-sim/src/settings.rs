//! What the process is told at its start: how the cloud is made, once, and how its knobs stand.
//!
//! ```toml
//! seed = 7                  # what chance is drawn from; else the time of the first start
//! accounts = 12
//! catalog = "edition.yaml"  # regions, zones, types, images; else the first edition
//! audit_max = 100000        # entries that the audit keeps
//!
//! [delays]                  # milliseconds; those of `Delays::brisk` where nothing is said
//! launch = 40000
//!
//! [vices]                   # off where nothing is said
//! lag = 2000
//! ```
//!
//! Seed, accounts and edition are settled when the cloud is made; another seed or number of accounts later is refused. Delays and vices of
//! a file hold from each start on; without them those that were in force stay.

use std::path::{Path, PathBuf};

use cloud_sim::{Delays, Options, Vices};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use toml::Table;

use crate::protocol::Knobs;

const ACCOUNTS: u64 = 12;
/// Some hundreds of bytes each.
const AUDIT_MAX: usize = 100_000;

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: Option<u64>,
    accounts: Option<u64>,
    catalog: Option<PathBuf>,
    audit_max: Option<usize>,
    delays: Option<Table>,
    vices: Option<Table>,
}

/// Why settings are not used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("read {}: {detail}", path.display())]
    Read { path: PathBuf, detail: String },
    #[error("started with {key} {given}: the cloud was made with {made}, and that stays")]
    Settled { key: &'static str, given: u64, made: u64 },
}

/// Settings that were read and make sense.
#[derive(Clone)]
pub struct Settings {
    seed: Option<u64>,
    accounts: Option<u64>,
    /// Everything but the seed.
    options: Options,
    delays: Option<Delays>,
    vices: Option<Vices>,
}

impl Settings {
    /// What a file says, if there is one; `seed` goes over it.
    ///
    /// # Errors
    /// [`SettingsError::Read`], with the file, the key and what was wanted.
    pub fn load(path: Option<&Path>, seed: Option<u64>) -> Result<Self, SettingsError> {
        let file = path.map(read).transpose()?.unwrap_or_default();
        let here = path.unwrap_or_else(|| Path::new(""));
        let said = |detail: String| SettingsError::Read { path: here.to_owned(), detail };
        // Beside the file that names it.
        let named = file.catalog.map(|named| here.parent().unwrap_or(here).join(named));
        let edition = named.as_deref().map(text).transpose()?;
        let catalog = catalog::read(edition.as_deref().unwrap_or(catalog::FIRST)).map_err(|error| {
            SettingsError::Read { path: named.unwrap_or_else(|| "the first edition".into()), detail: error.to_string() }
        })?;
        let accounts = file.accounts.unwrap_or(ACCOUNTS);
        if !(1..=10_000).contains(&accounts) {
            return Err(said(format!("accounts is {accounts}: wanted 1 to 10000")));
        }
        let delays = file.delays.map(|said| over(&Delays::brisk(), said)).transpose().map_err(said)?;
        let vices = file.vices.map(|said| over(&Vices::off(), said)).transpose().map_err(said)?;
        let options = Options {
            delays: delays.clone().unwrap_or_else(Delays::brisk),
            vices: vices.clone().unwrap_or_else(Vices::off),
            audit_max: Some(file.audit_max.unwrap_or(AUDIT_MAX)),
            ..Options::of(&catalog, 0, accounts)
        };
        Ok(Self { seed: seed.or(file.seed), accounts: file.accounts, options, delays, vices })
    }

    /// A new cloud. Its chance is that of the moment, unless a seed was given: two clouds have no ids in common.
    pub(crate) fn options(&self, wall_ms: u64) -> Options {
        Options { seed: self.seed.unwrap_or(wall_ms), ..self.options.clone() }
    }

    /// Whether a cloud that was made with `made` is the one that is meant; and its knobs, where they are to be others.
    pub(crate) fn admit(&self, made: &Options) -> Result<Option<Knobs>, SettingsError> {
        let settled = [("seed", self.seed, made.seed), ("accounts", self.accounts, made.accounts.len() as u64)];
        for (key, given, made) in settled {
            if let Some(given) = given.filter(|given| *given != made) {
                return Err(SettingsError::Settled { key, given, made });
            }
        }
        let old = Knobs::of(made);
        let new = Knobs {
            delays: self.delays.clone().unwrap_or_else(|| old.delays.clone()),
            vices: self.vices.clone().unwrap_or_else(|| old.vices.clone()),
        };
        Ok((new != old).then_some(new))
    }
}

fn read(path: &Path) -> Result<File, SettingsError> {
    let failed = |error: toml::de::Error| SettingsError::Read { path: path.to_owned(), detail: error.to_string() };
    toml::from_str(&text(path)?).map_err(failed)
}

fn text(path: &Path) -> Result<String, SettingsError> {
    let failed = |error: std::io::Error| SettingsError::Read { path: path.to_owned(), detail: error.to_string() };
    std::fs::read_to_string(path).map_err(failed)
}

/// A value with some of its fields said anew. A field that is not known is refused by name.
fn over<T: Serialize + DeserializeOwned>(base: &T, said: Table) -> Result<T, String> {
    let mut table = Table::try_from(base).map_err(|error| error.to_string())?;
    table.extend(said);
    table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}
