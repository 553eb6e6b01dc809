//! Decisions as text for people: all of one cluster, one with everything about it, and what differs between two.
//!
//! Columns are aligned with spaces and never cut: a very long cell moves the rest of its line. A line ends without spaces. The text is for reading, not for programs.

use std::fmt::Write as _;

use crate::{Blueprint, Choice, Refusal, Sizing};

/// Characters of a cell that widens its column.
const WIDENS: usize = 40;

/// Every decision of a cluster: number, key, value, who decided, why.
pub fn decisions(blueprint: &Blueprint) -> String {
    let row = |choice: &Choice| {
        [
            choice.key.number().to_string(),
            choice.key.to_string(),
            choice.value.to_string(),
            choice.source.kind().to_owned(),
            choice.reason.clone(),
        ]
    };
    let head = ["#", "DECISION", "VALUE", "BY", "REASON"].map(String::from);
    let mut text = table(std::iter::once(head).chain(blueprint.choices.iter().map(row)).collect());
    for warning in &blueprint.warnings {
        let _ = writeln!(text, "\nWarning: {warning}");
    }
    text
}

/// One decision: what it is, its value, what else there is, why, and on whose word it rests.
pub fn decision(choice: &Choice) -> String {
    let mut rows = vec![
        ["Decision".to_owned(), format!("{} {}: {}", choice.key.number(), choice.key, choice.key.what())],
        ["Value".to_owned(), choice.value.to_string()],
        ["Reason".to_owned(), choice.reason.clone()],
    ];
    rows.extend(choice.rests_on.iter().map(|source| ["Rests on".to_owned(), source.to_string()]));
    rows.extend(choice.alternatives.iter().map(|other| ["Else".to_owned(), other.clone()]));
    table(rows)
}

/// How an instance type was chosen: what fits, the cheapest first, then what was rejected and why.
pub fn sizing(sizing: &Sizing) -> String {
    let mut rows: Vec<[String; 2]> =
        sizing.fitting.iter().map(|candidate| ["fits".to_owned(), candidate.to_string()]).collect();
    rows.extend(sizing.rejected.iter().map(|rejected| {
        let whys: Vec<String> = rejected.whys.iter().map(ToString::to_string).collect();
        ["rejected".to_owned(), format!("{}: {}", rejected.name, whys.join(", "))]
    }));
    table(rows)
}

/// What differs between two clusters, or two types: key and both values.
pub fn diff(a: &Blueprint, b: &Blueprint) -> String {
    let differs = |choice: &&Choice| b.choice(choice.key).is_none_or(|other| other.value != choice.value);
    let row = |choice: &Choice| {
        let other = b.choice(choice.key).map_or(String::new(), |other| other.value.to_string());
        [choice.key.number().to_string(), choice.key.to_string(), choice.value.to_string(), other]
    };
    let head = ["#".to_owned(), "DECISION".to_owned(), a.cluster_type.clone(), b.cluster_type.clone()];
    table(std::iter::once(head).chain(a.choices.iter().filter(differs).map(row)).collect())
}

/// A refusal: its reason, the text, and what would be accepted.
pub fn refusal(refusal: &Refusal) -> String {
    let mut rows =
        vec![["Refused".to_owned(), refusal.reason().to_owned()], ["Because".to_owned(), refusal.to_string()]];
    rows.extend(refusal.accepted().into_iter().map(|accepted| ["Accepted".to_owned(), accepted]));
    table(rows)
}

fn table<const COLUMNS: usize>(rows: Vec<[String; COLUMNS]>) -> String {
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(Some(cell.chars().count()).filter(|count| *count <= WIDENS).unwrap_or(0));
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().copied().zip(row) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
