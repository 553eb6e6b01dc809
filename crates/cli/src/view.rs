//! How the API's messages look: as JSON (the proto3 JSON form) and as rows of a table.

pub mod access;
pub mod catalog;
pub mod cluster;
mod identities;
pub mod json;
mod logs;
pub mod policies;
mod quotas;
mod regions;
mod tree;
mod usage;

use client::v1::{self, fact::After};
use jiff::Timestamp;
use serde_json::Value;

pub use logs::{line, record};
pub use regions::MemberRow;
pub use usage::Report;

/// Something that is listed, shown and watched.
pub trait Resource: Clone {
    /// As in `create project`.
    const NOUN: &'static str;
    const HEADERS: &'static [&'static str];
    /// Further columns of `-o wide`.
    const WIDE: &'static [&'static str];
    /// What else to look for where a list is empty.
    const NONE_HERE: &'static str = "";
    /// The age of the answer is the age of what is shown; else each row has its own.
    const AGED: bool = true;

    fn name(&self) -> &str;
    fn json(&self) -> Value;
    fn row(&self, now: Timestamp) -> Vec<String>;
    fn wide(&self, now: Timestamp) -> Vec<String>;
}

/// A resource whose changes are in a log.
pub trait Watched: Resource {
    /// Rises with every change.
    fn etag(&self) -> &str;
    /// The log that it is in.
    fn log(name: &str) -> String;
    fn after(after: After) -> Option<Self>;
    fn is_deleted(&self) -> bool;

    /// Takes over what a fact about the resource does not say of it.
    fn keep(&mut self, _known: &Self) {}

    /// What a fact about something that belongs to it changes of it, if anything.
    fn amended(&self, _fact: &v1::Fact) -> Option<Self> {
        None
    }
}

/// Last segment of a name.
pub fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A parent, short: `-` for the organization itself.
fn inside(parent: &str) -> String {
    if parent.contains("/folders/") { short(parent).to_owned() } else { "-".to_owned() }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn list_or_dash(items: &[String]) -> String {
    or_dash(&items.join(","))
}

/// How long ago, in one or two units.
fn age(time: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    let Some(then) = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok()) else { return "-".to_owned() };
    let seconds = u64::try_from(now.as_second().saturating_sub(then.as_second())).unwrap_or(0);
    span(seconds)
}

/// As kubectl prints ages.
pub fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0..=1) => format!("{seconds}s"),
        (0, 0, 2..10) if !seconds.is_multiple_of(60) => format!("{minutes}m{}s", seconds % 60),
        (0, 0, _) | (0, 1..=2, _) => format!("{minutes}m"),
        (0, 3..8, _) if !minutes.is_multiple_of(60) => format!("{hours}h{}m", minutes % 60),
        (0..=1, _, _) => format!("{hours}h"),
        (2..8, _, _) if !hours.is_multiple_of(24) => format!("{days}d{}h", hours % 24),
        (_, _, _) => format!("{days}d"),
    }
}

/// How long it took from one time to another.
pub fn took(from: &prost_types::Timestamp, to: &prost_types::Timestamp) -> String {
    let nanos = |at: &prost_types::Timestamp| i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
    let ms = u64::try_from((nanos(to) - nanos(from)) / 1_000_000).unwrap_or(0);
    lasted(std::time::Duration::from_millis(ms))
}

/// A length of time, in tenths of a second where it is short.
pub fn lasted(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=59 => format!("{seconds}.{}s", time.subsec_millis() / 100),
        seconds @ 60..=3599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn state(state: i32) -> String {
    enum_name(v1::State::try_from(state).map(|state| state.as_str_name()), "STATE_")
}

/// Without its prefix, for people.
fn enum_name<E>(name: Result<&'static str, E>, prefix: &str) -> String {
    name.map_or_else(|_| "?".to_owned(), |name| name.strip_prefix(prefix).unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_at_most_two_units() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (3 * 3600 - 1, "179m"),
            (3 * 3600 + 60, "3h1m"),
            (9 * 3600 + 60, "9h"),
            (47 * 3600, "47h"),
            (3 * 86_400, "3d"),
            (3 * 86_400 + 7200, "3d2h"),
            (90 * 86_400 + 7200, "90d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text, "{seconds} s");
        }
    }
}
