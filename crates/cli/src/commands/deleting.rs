//! Asking before something is deleted.

use crate::{
    args::Delete,
    fail::Fail,
    output::{confirm, interactive},
};

/// A person is asked; where nobody can be asked, `--yes` must have been said. A rehearsal needs neither.
pub fn allowed(noun: &str, name: &str, delete: &Delete) -> Result<(), Fail> {
    if delete.yes || delete.writing.dry_run {
        return Ok(());
    }
    if !interactive() {
        return Err(Fail::usage(format!("delete {noun} {name}: nobody is here to be asked")).next("repeat with --yes"));
    }
    if confirm(&format!("Delete {noun} {name}?")) {
        Ok(())
    } else {
        Err(Fail::usage(format!("delete {noun} {name}: not confirmed, nothing was changed")))
    }
}

/// As in `project … deleted`.
pub fn verb(done: &str, delete: &Delete) -> String {
    said(done, delete.writing.dry_run)
}

/// A rehearsal says so.
pub fn said(done: &str, dry_run: bool) -> String {
    if dry_run { format!("would be {done} (dry run)") } else { done.to_owned() }
}
