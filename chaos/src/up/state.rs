//! What is known of the ring that is up, so that `down` finds it and a second `up` does not start beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// One running `up`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub pid: u32,
    /// Where the ring keeps everything.
    pub dir: PathBuf,
    /// It is whole and can be called.
    pub ready: bool,
}

impl State {
    /// What the file says, unless the process that wrote it is gone.
    pub fn read(file: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
        };
        let state: Self = toml::from_str(&text).with_context(|| format!("read {}", file.display()))?;
        Ok(state.is_alive().then_some(state))
    }

    /// Replaces the file in one step.
    pub fn write(&self, file: &Path) -> Result<()> {
        let draft = file.with_extension("new");
        let text = toml::to_string(self).context("write the state of the ring")?;
        let dir = file.parent().context("write the state of the ring: the file has no directory")?;
        fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        fs::write(&draft, text).with_context(|| format!("write {}", draft.display()))?;
        fs::rename(&draft, file).with_context(|| format!("write {}", file.display()))
    }

    /// Whether the process is there and is one of ours: a process id is used again after a while.
    pub fn is_alive(&self) -> bool {
        let name = fs::read_to_string(format!("/proc/{}/comm", self.pid)).unwrap_or_default();
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let own = fs::read_to_string("/proc/self/comm").unwrap_or_default();
        !name.is_empty() && name == own && !stat.contains(") Z ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_there_while_its_process_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("deep/up.toml");
        assert_eq!(State::read(&file).unwrap(), None);
        // A thread of a test has a name of its own; `self` is the process.
        let state = State { pid: std::process::id(), dir: "/data".into(), ready: true };
        state.write(&file).unwrap();
        assert_eq!(State::read(&file).unwrap(), Some(state.clone()));
        State { pid: u32::MAX, ..state.clone() }.write(&file).unwrap();
        assert_eq!(State::read(&file).unwrap(), None, "that process is gone");
        State { pid: 1, ..state }.write(&file).unwrap();
        assert_eq!(State::read(&file).unwrap(), None, "that process is another program");
    }
}
