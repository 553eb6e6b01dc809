//! The contexts file, and the state beside it.
//!
//! `config.toml` holds what people decide: contexts, and what is meant where nothing is named. `state.toml` holds what was seen, by context:
//! it may be lost at any time, and then reads only promise less. Both are replaced as a whole, never written in place.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::fail::Fail;

/// `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_context: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, Context>,
}

/// One ring, and what is meant where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_region: Option<String>,
    /// Authorities to trust, PEM; the system's when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    pub endpoints: Vec<Address>,
    #[serde(default, skip_serializing_if = "Defaults::is_empty")]
    pub defaults: Defaults,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Address {
    pub region: String,
    pub address: String,
}

/// Full resource names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Defaults {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

impl Defaults {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `state.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct State {
    /// Consistency tokens by context.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
    /// The authorities that were to be trusted when a context was added, PEM, by context: a ring that is made anew has others, perhaps
    /// under the same file name.
    #[serde(default)]
    pub authorities: BTreeMap<String, String>,
}

/// Where the two files are.
#[derive(Clone, Debug)]
pub struct Files {
    config: PathBuf,
}

impl Files {
    /// From the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "a command reads where its files are from the environment, here only"
    )]
    pub fn find() -> Result<Self, Fail> {
        let given = std::env::var("ATOLL_CONFIG").ok().filter(|path| !path.is_empty()).map(PathBuf::from);
        let xdg = || std::env::var("XDG_CONFIG_HOME").ok().filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = || std::env::var("HOME").ok().map(|home| Path::new(&home).join(".config"));
        let config = given.or_else(|| Some(xdg().or_else(home)?.join("atoll").join("config.toml")));
        let config =
            config.ok_or_else(|| Fail::usage("look for the contexts file: neither ATOLL_CONFIG nor HOME is set"))?;
        Ok(Self { config })
    }

    pub fn load(&self) -> Result<Config, Fail> {
        read(&self.config)
    }

    pub fn save(&self, config: &Config) -> Result<(), Fail> {
        replace(&self.config, config)
    }

    /// What cannot be read is as good as lost.
    pub fn state(&self) -> State {
        read(&self.beside()).unwrap_or_default()
    }

    pub fn save_state(&self, state: &State) -> Result<(), Fail> {
        replace(&self.beside(), state)
    }

    fn beside(&self) -> PathBuf {
        self.config.with_file_name("state.toml")
    }
}

impl Config {
    /// The context of this name, or the current one.
    pub fn named(&self, name: Option<&str>) -> Result<(&str, &Context), Fail> {
        let add = "atoll context add NAME --endpoint REGION=https://HOST:PORT";
        let name = name.or(self.current_context.as_deref()).ok_or_else(|| {
            Fail::usage("look for the current context: none is set")
                .next(format!("`{add}`, or `atoll context use NAME`"))
        })?;
        let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        let found = self.contexts.get_key_value(name).ok_or_else(|| {
            let known = if known.is_empty() { "there is none yet".to_owned() } else { known.join(", ") };
            Fail::usage(format!("look for the context {name:?}: wanted one of those known ({known})"))
                .next(format!("`{add}`"))
        })?;
        Ok((found.0.as_str(), found.1))
    }
}

/// A file that is not there is empty.
fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T, Fail> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(Fail::usage(format!("read {}: {error}", path.display()))),
    };
    toml::from_str(&text)
        .map_err(|error| Fail::usage(format!("read {}: {}", path.display(), error.to_string().trim_end())))
}

/// Readers see the old file or the new one, never a part.
fn replace(path: &Path, content: &impl Serialize) -> Result<(), Fail> {
    let failed = |error: String| Fail::plain(format!("write {}: {error}", path.display()));
    let text = toml::to_string_pretty(content).map_err(|error| failed(error.to_string()))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let write = || {
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error: std::io::Error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, Files) {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("deep/config.toml");
        (directory, Files { config })
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let (_directory, files) = files();
        assert_eq!(files.load().unwrap(), Config::default());
        let address = Address { region: "us-east-1".to_owned(), address: "https://host:1".to_owned() };
        let defaults = Defaults { organization: Some("organizations/acme".to_owned()), ..Defaults::default() };
        let context = Context { endpoints: vec![address], defaults, ..Context::default() };
        let config =
            Config { current_context: Some("local".to_owned()), contexts: [("local".to_owned(), context)].into() };
        files.save(&config).unwrap();
        assert_eq!(files.load().unwrap(), config);
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_by_name() {
        let (_directory, files) = files();
        files.save(&Config::default()).unwrap();
        fs::write(&files.config, "current-contxt = \"local\"\n").unwrap();
        let fail = files.load().unwrap_err();
        assert!(format!("{fail:?}").contains("current-contxt"), "{fail:?}");
    }

    #[test]
    fn a_damaged_state_is_as_good_as_none() {
        let (_directory, files) = files();
        files.save_state(&State::default()).unwrap();
        fs::write(files.beside(), "tokens = 7").unwrap();
        assert_eq!(files.state(), State::default());
    }
}
