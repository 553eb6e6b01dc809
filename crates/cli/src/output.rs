//! Printing: what was asked for on stdout, what is said beside it on stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write as _},
    time::Duration,
};

use client::{Answered, Listed, TraceContext};
use comfy_table::{Table, presets::NOTHING};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    args::{Format, Global},
    fail::Fail,
    view::{Resource, json::Object},
};

#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub format: Format,
    verbose: bool,
}

impl Output {
    pub fn new(global: &Global) -> Self {
        Self { format: global.output, verbose: global.verbose }
    }

    /// For programs: not a table.
    pub fn for_programs(&self) -> bool {
        !matches!(self.format, Format::Table | Format::Wide)
    }

    /// A list, with the regions that it could not speak for.
    pub fn list<R: Resource>(&self, listed: &Listed<R>) -> Result<(), Fail> {
        match self.format {
            Format::Json | Format::Yaml => {
                let items: Vec<Value> = listed.items.iter().map(Resource::json).collect();
                let mut whole = serde_json::Map::new();
                whole.insert("items".to_owned(), Value::from(items));
                whole.insert("unreachable".to_owned(), Value::from(listed.unreachable.clone()));
                self.value(&Value::Object(whole))?;
            }
            Format::Name => listed.items.iter().try_for_each(|item| say(item.name()))?,
            Format::Table | Format::Wide | Format::Csv if listed.items.is_empty() => {
                note(format_args!("no {}s{}", R::NOUN, R::NONE_HERE))
            }
            Format::Table | Format::Wide | Format::Csv => say(self.table(&listed.items, &[]))?,
        }
        for location in &listed.unreachable {
            note(format_args!(
                "warning: {location} is unreachable, or its copy here is older than asked: what is shown of it may be old"
            ));
        }
        self.origin(&listed.region, listed.member, R::AGED.then_some(listed.age), None);
        Ok(())
    }

    /// One resource.
    pub fn one<R: Resource>(&self, answer: &Answered<R>) -> Result<(), Fail> {
        match self.format {
            Format::Json | Format::Yaml => self.value(&answer.value.json())?,
            Format::Name => say(answer.value.name())?,
            Format::Table | Format::Wide | Format::Csv => say(self.table(std::slice::from_ref(&answer.value), &[]))?,
        }
        self.origin(&answer.region, answer.member, R::AGED.then_some(answer.age), Some(answer.tries));
        Ok(())
    }

    /// What a write did: the resource for programs, a sentence for people.
    pub fn wrote<R: Resource>(&self, verb: &str, answer: &Answered<R>) -> Result<(), Fail> {
        if self.for_programs() {
            return self.one(answer);
        }
        say(format_args!("{} {} {verb}", R::NOUN, answer.value.name()))?;
        self.origin(&answer.region, answer.member, None, Some(answer.tries));
        Ok(())
    }

    pub fn value(&self, value: &Value) -> Result<(), Fail> {
        match self.format {
            Format::Yaml => {
                let text =
                    serde_saphyr::to_string(value).map_err(|error| Fail::plain(format!("write YAML: {error}")))?;
                say(text.trim_end())
            }
            _ => say(format_args!("{value:#}")),
        }
    }

    /// One event of a watch, on one line for programs.
    pub fn event<R: Resource>(&self, kind: &str, item: &R, columns: &Columns) -> Result<(), Fail> {
        match self.format {
            Format::Json => say(Object::default().text("type", kind).value("object", item.json()).done()),
            Format::Yaml => {
                say("---")?;
                self.value(&Object::default().text("type", kind).value("object", item.json()).done())
            }
            Format::Name => say(item.name()),
            Format::Table | Format::Wide | Format::Csv => {
                let mut row = vec![kind.to_owned()];
                row.extend(self.row(item, Timestamp::now()));
                say(columns.line(&row))
            }
        }
    }

    /// The columns of a watch, wide enough for what is there at its start.
    pub fn columns<R: Resource>(&self, items: &[R]) -> Columns {
        let now = Timestamp::now();
        let mut rows = vec![std::iter::once("EVENT".to_owned()).chain(self.headers::<R>()).collect::<Vec<String>>()];
        for item in items {
            rows.push(std::iter::once("MODIFIED".to_owned()).chain(self.row(item, now)).collect());
        }
        let count = rows.first().map_or(0, Vec::len);
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths = (0..count).map(|column| width(column).unwrap_or(0).max(8)).collect();
        Columns { headers: rows.into_iter().next().unwrap_or_default(), widths }
    }

    /// A table without borders: upper-case headers, columns two spaces apart. `more` are columns of other origin.
    pub fn table<R: Resource>(&self, items: &[R], more: &[(&str, Vec<String>)]) -> String {
        let now = Timestamp::now();
        let headers = self.headers::<R>().chain(more.iter().map(|(header, _)| (*header).to_owned()));
        let rows = items.iter().enumerate().map(|(place, item)| {
            let mut row = self.row(item, now);
            row.extend(more.iter().map(|(_, cells)| cells.get(place).cloned().unwrap_or_default()));
            row
        });
        table(headers.collect(), rows.collect())
    }

    fn headers<R: Resource>(&self) -> impl Iterator<Item = String> {
        let wide = if self.format == Format::Wide { R::WIDE } else { &[] };
        R::HEADERS.iter().chain(wide).map(|header| (*header).to_owned())
    }

    fn row<R: Resource>(&self, item: &R, now: Timestamp) -> Vec<String> {
        let mut row = item.row(now);
        if self.format == Format::Wide {
            row.extend(item.wide(now));
        }
        row
    }

    /// Where to look in a collector for what the regions did, when asked for.
    pub fn trace(&self, trace: &TraceContext) {
        if self.verbose {
            note(format_args!("trace {}", trace.trace_id()));
        }
    }

    /// Who answered, and how old that may be where it has an age: in wide tables and when asked for.
    pub fn origin(&self, region: &str, member: Option<u64>, age: Option<Option<Duration>>, tries: Option<u32>) {
        if self.format != Format::Wide && !self.verbose {
            return;
        }
        let member = member.map_or_else(String::new, |member| format!(", member {member}"));
        let age = match age {
            None => String::new(),
            Some(None) => ", age unknown".to_owned(),
            Some(Some(age)) => format!(", at most {} ms old", age.as_millis()),
        };
        let tries = tries.filter(|tries| *tries > 1).map_or_else(String::new, |tries| format!(", after {tries} tries"));
        note(format_args!("from {region}{member}{age}{tries}"));
    }
}

/// Columns of a table that is printed line by line.
pub struct Columns {
    pub headers: Vec<String>,
    widths: Vec<usize>,
}

impl Columns {
    pub fn line(&self, row: &[String]) -> String {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&self.widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        line.trim_end().to_owned()
    }
}

/// A table without borders.
pub fn table(headers: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(headers).add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// One line, or more, for whoever reads stdout.
pub fn say(text: impl Display) -> Result<(), Fail> {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Fail::nobody_reads()),
        Err(error) => Err(Fail::plain(format!("write to stdout: {error}"))),
    }
}

/// One line for people. That nobody reads it is no failure.
pub fn note(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Whether somebody can be asked.
pub fn interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks whether to go on.
pub fn confirm(question: &str) -> bool {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
