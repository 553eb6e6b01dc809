//! The file and the environment as one table, and where each value of it came from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use toml::{Table, Value};

use super::{Config, Error, value};

const PREFIX: &str = "ATOLL_";
const SECTIONS: [&str; 8] = ["data", "listen", "tls", "telemetry", "timing", "retention", "catch_up", "cloud"];
/// Variables of other programs, and of the tests that run this one.
const OF_OTHERS: [&str; 3] = ["ATOLL_CONFIG", "ATOLL_UPDATE_GOLDEN", "ATOLL_TESTS_MAY_SKIP_MOUNTS"];
/// Keys above all sections.
const TOP: [&str; 3] = ["ring", "member", "region"];
/// Keys whose value is no text. Lists are written as in TOML.
const NOT_TEXT: [&str; 7] = [
    "member",
    "tls.names",
    "telemetry.sample",
    "timing.multiplier",
    "retention.snapshot_every",
    "retention.entries_kept",
    "retention.records_kept",
];

/// Variables by name.
pub type Environment = BTreeMap<String, String>;
/// The variable that set a key, or none where the file did. A key that is not here has its default.
pub type Origins = BTreeMap<String, Option<String>>;

/// The variables of this process that may be meant for the configuration.
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// Reads `file` with `environment` over it.
pub fn load(file: &Path, environment: &Environment) -> Result<(Config, Origins), Error> {
    let unreadable = |detail: String| Error::Read { file: file.to_owned(), detail };
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let mut table: Table = toml::from_str(&text).map_err(|error| unreadable(one_line(&error)))?;
    // Told from the file alone first: there an error has a line.
    let mut origins: Origins = leaves(&table).into_iter().map(|(key, _)| (key, None)).collect();
    for (name, given) in environment {
        if let Some(key) = key_of(name)? {
            set(&mut table, &key, given)?;
            origins.insert(key, Some(name.clone()));
        }
    }
    let over = origins.values().any(Option::is_some);
    let config: Result<Config, _> = if over { table.try_into() } else { toml::from_str(&text) };
    let config = config.map_err(|error| unreadable(one_line(&error)))?;
    config.check()?;
    Ok((config, origins))
}

/// The key that a variable sets; none for one that is somebody else's. One that nobody knows is a slip of the pen.
fn key_of(name: &str) -> Result<Option<String>, Error> {
    if OF_OTHERS.contains(&name) {
        return Ok(None);
    }
    let Some(rest) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { return Ok(None) };
    if TOP.contains(&rest.as_str()) {
        return Ok(Some(rest));
    }
    let section = SECTIONS.iter().find(|section| rest.starts_with(&format!("{section}_")));
    let Some(section) = section else {
        let (top, sections) = (TOP.join(", "), SECTIONS.join(", "));
        let wanted = format!("wanted {PREFIX}<KEY> of {top}, or {PREFIX}<SECTION>_<KEY> of {sections}");
        return Err(value(name, format!("it sets nothing: {wanted}")));
    };
    let key = rest.split_at(section.len()).1.trim_start_matches('_');
    let known = known();
    if known.contains(&format!("{section}.{key}")) {
        return Ok(Some(format!("{section}.{key}")));
    }
    let of_section: Vec<_> = known.iter().filter_map(|known| known.strip_prefix(&format!("{section}."))).collect();
    Err(value(name, format!("{section} has no key {key:?}: wanted one of {}", of_section.join(", "))))
}

/// Keys that a variable may set. A golden file holds the keys with defaults; these are all.
fn known() -> BTreeSet<String> {
    let keys = "data.dir data.reserve listen.api listen.peer listen.telemetry tls.mode tls.dir tls.names tls.ca tls.cert tls.key \
                telemetry.log telemetry.format telemetry.otlp telemetry.sample timing.multiplier retention.snapshot_every \
                retention.log_bytes retention.entries_kept retention.records_kept catch_up.bytes_per_second cloud.simulated \
                cloud.region cloud.survey_every";
    keys.split_whitespace().map(str::to_owned).collect()
}

fn set(table: &mut Table, key: &str, given: &str) -> Result<(), Error> {
    let read = if NOT_TEXT.contains(&key) {
        let parsed: Result<Table, _> = toml::from_str(&format!("value = {given}"));
        let parsed = parsed.ok().and_then(|mut table| table.remove("value"));
        parsed.ok_or_else(|| value(key, format!("read {given:?}: wanted a number, or a list as in TOML")))?
    } else {
        Value::String(given.to_owned())
    };
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), read)),
        Some((section, name)) => {
            let section_table = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            let section_table = section_table.as_table_mut().ok_or_else(|| value(section, "wanted a section"))?;
            section_table.insert(name.to_owned(), read);
        }
    }
    Ok(())
}

/// Values by key with dots; a list is one value.
fn leaves(table: &Table) -> Vec<(String, Value)> {
    let under = |(name, value): (&String, &Value)| match value {
        Value::Table(table) => leaves(table).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)).collect(),
        value => vec![(name.clone(), value.clone())],
    };
    table.iter().flat_map(under).collect()
}

/// The configuration as a file that would say the same, each value with where it came from.
pub fn effective(config: &Config, origins: &Origins) -> Result<String, Error> {
    let table = Table::try_from(config).map_err(|error| value("all", error.to_string()))?;
    let mut lines: Vec<String> = Vec::new();
    let line = |key: &str, name: &str, given: &Value| {
        let origin = match origins.get(key) {
            Some(Some(variable)) => variable.as_str(),
            Some(None) => "file",
            None => "default",
        };
        format!("{:<40} # {origin}", format!("{name} = {given}"))
    };
    lines.extend(TOP.iter().filter_map(|key| Some(line(key, key, table.get(*key)?))));
    for section in SECTIONS {
        let Some(Value::Table(of_section)) = table.get(section) else { continue };
        lines.push(format!("\n[{section}]"));
        let leaves = leaves(of_section).into_iter();
        lines.extend(leaves.map(|(name, given)| line(&format!("{section}.{name}"), &name, &given)));
    }
    for member in table.get("members").and_then(Value::as_array).into_iter().flatten() {
        lines.push("\n[[members]]".to_owned());
        lines.extend(member.as_table().into_iter().flatten().map(|(name, given)| format!("{name} = {given}")));
    }
    Ok(lines.join("\n") + "\n")
}

/// The parser shows a picture of several lines; its first names the place, its last says what was wanted.
fn one_line(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    match (lines.first(), lines.last()) {
        (Some(first), Some(last)) if lines.len() > 1 => format!("{first}: {last}"),
        _ => text.trim().to_owned(),
    }
}
