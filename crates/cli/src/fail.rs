//! Errors: what failed, why, what to do next, and the exit code that says so to scripts.

use std::{fmt::Write as _, process::ExitCode};

use client::{Error, reason};

use crate::view::cluster::typed;

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const UNKNOWN: u8 = 3;
const UNREACHABLE: u8 = 4;
const INTERRUPTED: u8 = 130;

/// Why the command ends without having done what was asked.
#[derive(Debug)]
pub struct Fail {
    what: String,
    reason: String,
    tried: Vec<String>,
    next: Option<String>,
    code: u8,
}

impl Fail {
    /// Something failed here, not in the ring.
    pub fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), reason: String::new(), tried: Vec::new(), next: None, code: REFUSED }
    }

    /// The command line or the contexts file asks for something that cannot be.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { code: USAGE, ..Self::plain(what) }
    }

    /// A check found something that may not be.
    pub fn found(what: impl Into<String>, reason: &str) -> Self {
        Self { reason: reason.to_owned(), ..Self::plain(what) }
    }

    pub fn unreachable(what: impl Into<String>) -> Self {
        Self { code: UNREACHABLE, ..Self::plain(what) }
    }

    /// `what` is empty where an interruption is the usual end: then nothing is said.
    pub fn interrupted(what: impl Into<String>) -> Self {
        Self { code: INTERRUPTED, ..Self::plain(what) }
    }

    /// Nobody reads what is printed: nothing more to say.
    pub fn nobody_reads() -> Self {
        Self { code: 0, ..Self::plain("") }
    }

    #[must_use]
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// A call that the ring refused, or that nobody answered. `again` is the command line, for settling it.
    pub fn call(what: &str, error: &Error, again: &str) -> Self {
        let code = match error.reason.as_str() {
            _ if error.outcome_unknown() => UNKNOWN,
            reason::NOT_REACHABLE | reason::DEADLINE_EXCEEDED => UNREACHABLE,
            reason::MISCONFIGURED => USAGE,
            _ => REFUSED,
        };
        let mut said =
            if error.message.is_empty() { "refused without a message".to_owned() } else { error.message.clone() };
        for violation in &error.violations {
            write!(said, "; {}: {}", violation.field, violation.description).unwrap_or_default();
        }
        let from = error.region.as_ref().map_or_else(String::new, |region| format!(" (from {region})"));
        let reason = if error.reason.is_empty() { format!("{:?}", error.code) } else { error.reason.clone() };
        let tried = error.attempts.iter().map(|a| format!("{} at {}: {}", a.region, a.address, a.outcome));
        Self {
            what: format!("{what}: {said}"),
            reason: format!("{reason}{from}"),
            tried: folded(tried),
            next: next(error, again),
            code,
        }
    }

    /// Says it to stderr.
    pub fn report(self) -> ExitCode {
        use std::io::Write as _;
        if !self.what.is_empty() {
            let mut stderr = anstream::stderr().lock();
            drop(stderr.write_all(self.text(true).as_bytes()));
        }
        ExitCode::from(self.code)
    }

    fn text(&self, colour: bool) -> String {
        let (on, off) = if colour { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        let mut text = format!("{on}error:{off} {}\n", self.what);
        let mut line = |name: &str, value: &str| writeln!(text, "  {name}: {value}").unwrap_or_default();
        if !self.reason.is_empty() {
            line("reason", &self.reason);
        }
        if self.tried.len() > 1 {
            self.tried.iter().for_each(|tried| line("tried", tried));
        }
        if let Some(next) = &self.next {
            line("next", next);
        }
        text
    }
}

/// Each line once, in the order of their first times, with how often it came.
fn folded(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: Vec<(String, usize)> = Vec::new();
    for line in lines {
        match known.iter_mut().find(|(before, _)| *before == line) {
            Some((_, times)) => *times += 1,
            None => known.push((line, 1)),
        }
    }
    let text = |(line, times)| if times == 1 { line } else { format!("{line} ({times} times)") };
    known.into_iter().map(text).collect()
}

/// What to do next, by reason.
fn next(error: &Error, again: &str) -> Option<String> {
    if error.outcome_unknown() {
        let id = error.request_id?;
        let flag = if again.contains("--request-id") { String::new() } else { format!(" --request-id {id}") };
        return Some(format!(
            "run it again with the same request id; it happens once, and tells what came of it:\n    {again}{flag}"
        ));
    }
    let value = |name: &str| error.metadata.get(name).cloned();
    let text = match error.reason.as_str() {
        "UNAUTHENTICATED" | "TOKEN_REFUSED" | "TOKEN_EXPIRED" | "TOKEN_NOT_YET_VALID" => {
            "say who you are: a token that counts in ATOLL_TOKEN (`atoll operator token --help`)".to_owned()
        }
        "RIGHT_MISSING" => match (value("right"), value("node")) {
            (Some(right), Some(node)) => format!("ask somebody of: atoll iam who-can {right} --on {node}"),
            _ => return None,
        },
        reason::NOT_REACHABLE => "check the addresses (`atoll context show`) and that a region is up".to_owned(),
        reason::DEADLINE_EXCEEDED => {
            "give it more time (--timeout 30s), or read what is there (--consistency local)".to_owned()
        }
        reason::GLOBAL_QUORUM_LOST => {
            "no majority of the ring is in reach of the regions asked; `atoll region list` shows which are \
                                       cut off; clusters in them can still be changed; try again later"
                .to_owned()
        }
        reason::REGION_QUORUM_LOST => {
            "the region has lost the majority of its members; `atoll region status` shows them".to_owned()
        }
        reason::HOME_UNREACHABLE => {
            "only the cluster's own region decides about it; try again when `atoll region list` shows it, \
                                     or read what is known here with --consistency local"
                .to_owned()
        }
        reason::NOT_YET_REPLICATED => {
            "read what is here with --consistency local, give it more time (--timeout 30s), or, when the ring \
                                       was made anew, `atoll context forget`"
                .to_owned()
        }
        "OTHER_INCARNATION" => {
            "the ring was restored since; `atoll context forget`, then look at what is there".to_owned()
        }
        reason::TOO_STALE => {
            "allow more (--max-staleness), or ask for the newest with --consistency linearizable".to_owned()
        }
        reason::REVISION_COMPACTED => match value("first_seq") {
            Some(first) => format!("records are kept from {first} on: --from {first}"),
            None => "list again, and follow from there (--now)".to_owned(),
        },
        "ETAG_MISMATCH" => match value("etag") {
            Some(etag) => format!("it was changed since; look at it, then repeat with --etag {etag}"),
            None => "it was changed since; look at it, then repeat with its etag".to_owned(),
        },
        "NOT_FOUND" => {
            "check the name; short ids belong to the organization that is set (`atoll context show`)".to_owned()
        }
        "ALREADY_EXISTS" => "look at it with `get`, or choose another id".to_owned(),
        "ACCOUNT_KNOWN" => "leave it out: it was added before (`atoll account list` shows whose it is)".to_owned(),
        "NOT_EMPTY" => "delete or move what is in it first (`describe` shows it)".to_owned(),
        "NOT_ACTIVE" | "PARENT_NOT_ACTIVE" | "PROJECT_NOT_ACTIVE" => {
            "it is being deleted (`atoll operation list`), or not known in that region yet; in that case try again"
                .to_owned()
        }
        "UNKNOWN_LOCATION" => "`atoll region list` shows the regions".to_owned(),
        "UPDATE_EMPTY" => "name what to change, such as --display-name (`--help` lists what can be)".to_owned(),
        "REQUEST_ID_REUSED" => "leave --request-id out: that id belongs to another request".to_owned(),
        "DISK_FULL" => "the member has no room on its disk; try again when it has".to_owned(),
        _ => return about_clusters_and_editions(error),
    };
    Some(text)
}

/// As [`next`], for what is asked of clusters and of the catalogue; of any other reason what the error itself says.
fn about_clusters_and_editions(error: &Error) -> Option<String> {
    let value = |name: &str| error.metadata.get(name).cloned();
    let cluster = || value("subject").map_or_else(|| "NAME".to_owned(), |name| typed(&name));
    let text = match error.reason.as_str() {
        "DELETE_PROTECTED" => {
            format!("`atoll cluster update {} --delete-protection false` lifts that; then repeat this", cluster())
        }
        "STATE_FORBIDS" => match value("wanted") {
            Some(wanted) => {
                format!("wait until it is {wanted}; `atoll cluster describe {}` shows how it stands", cluster())
            }
            None => format!("`atoll cluster describe {}` shows how it stands", cluster()),
        },
        "NOTHING_TO_UNDELETE" => format!("`atoll cluster describe {}` shows how it stands", cluster()),
        "UNDELETE_TOO_LATE" => "create it anew: nothing of it is kept".to_owned(),
        "ACCOUNT_POOL_EMPTY" => "an operator adds accounts: `atoll account add ID`; then repeat this".to_owned(),
        "CATALOG_MISSING" => "an operator publishes one: `atoll catalog publish FILE`; then repeat this".to_owned(),
        "FIXED_AT_CREATION" => "leave it as it is, or create another cluster".to_owned(),
        "EDITION_UNPUBLISHABLE" | "EDITION_UNDECIDABLE" => {
            "mend the file; `atoll catalog publish FILE --dry-run` looks at it again and publishes nothing".to_owned()
        }
        "EDITION_TOO_LARGE" => "leave out what nobody needs, such as instance types of old generations".to_owned(),
        "EDITION_NOT_NEWER" => {
            "name it by a later month, or with a suffix such as 2026-11-b (`atoll catalog list` shows those there are)"
                .to_owned()
        }
        "PLAN_STALE" => "look at it again with --preview, and use the plan token of that".to_owned(),
        "KEY_TAKEN" | "KEY_NOT_FOUND" => {
            "`atoll iam service-account describe NAME` shows the keys that it has".to_owned()
        }
        "PRIVATE_KEY" => "send its public half only; the private one was sent, so do not use it any more".to_owned(),
        "EDITION_HALTED" => "it stays so; what is to come after it is another edition".to_owned(),
        _ => match (value("accepted").filter(|accepted| !accepted.is_empty()), error.retry_after) {
            (Some(accepted), _) => format!("accepted would be: {accepted}"),
            (None, Some(after)) => format!("try again in {after:?}"),
            (None, None) => return None,
        },
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_several_times_is_said_once() {
        let tried = ["a: refused", "b: refused", "a: refused", "a: too late"].map(str::to_owned);
        assert_eq!(folded(tried.into_iter()), ["a: refused (2 times)", "b: refused", "a: too late"]);
    }
}
