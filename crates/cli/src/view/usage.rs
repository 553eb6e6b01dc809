//! A report of usage: as a table with totals, as CSV, as JSON.

use client::v1::{self, query_usage_request::GroupBy};
use serde_json::Value;

use super::json::Object;
use crate::output::table;

/// One report, with what its lines are about.
pub struct Report {
    pub by: GroupBy,
    pub of: v1::QueryUsageResponse,
}

/// An amount that nothing overflows.
#[derive(Clone, Copy, Default)]
struct Amount {
    vcpu_seconds: i128,
    mib_seconds: i128,
}

impl Report {
    /// Lines, and what they add up to.
    pub fn table(&self, wide: bool) -> String {
        let mut headers = vec![heading(self.by)];
        if wide {
            headers.push("UID");
        }
        headers.extend(["VCPU-SECONDS", "GIB-SECONDS", "ADJ VCPU-SECONDS", "ADJ GIB-SECONDS"]);
        let mut rows: Vec<Vec<String>> = self.of.lines.iter().map(|line| row(short(&line.group), line, wide)).collect();
        let (used, adjusted) = self.totals();
        let mut total = vec!["TOTAL".to_owned()];
        if wide {
            total.push(String::new());
        }
        total.extend(cells(used, adjusted));
        rows.push(total);
        table(headers.into_iter().map(str::to_owned).collect(), rows)
    }

    /// One line each, without totals. Nothing in it needs quotes: names have no commas.
    pub fn csv(&self) -> String {
        let header = "uid,vcpu_seconds,gib_seconds,adjusted_vcpu_seconds,adjusted_gib_seconds";
        let mut text = format!("{},{header}", heading(self.by).to_lowercase());
        for line in &self.of.lines {
            text.push('\n');
            text.push_str(&row(line.group.clone(), line, true).join(","));
        }
        text
    }

    pub fn json(&self) -> Value {
        let lines: Vec<Value> = self.of.lines.iter().map(line).collect();
        let regions: Vec<Value> = self.of.regions.iter().map(region).collect();
        let (used, adjusted) = self.totals();
        let total = Object::default().value("used", used.json()).value("adjusted", adjusted.json()).done();
        let mut whole = serde_json::Map::new();
        whole.insert("lines".to_owned(), Value::from(lines));
        whole.insert("total".to_owned(), total);
        whole.insert("regions".to_owned(), Value::from(regions));
        whole.insert("unreachable".to_owned(), Value::from(self.of.unreachable.clone()));
        Value::Object(whole)
    }

    fn totals(&self) -> (Amount, Amount) {
        let (mut used, mut adjusted) = (Amount::default(), Amount::default());
        for line in &self.of.lines {
            used.add(Amount::of(line.used.as_ref()));
            adjusted.add(Amount::of(line.adjusted.as_ref()));
        }
        (used, adjusted)
    }
}

impl Amount {
    fn of(amount: Option<&v1::UsageAmount>) -> Self {
        let amount = amount.copied().unwrap_or_default();
        Self { vcpu_seconds: amount.vcpu_seconds.into(), mib_seconds: amount.mib_seconds.into() }
    }

    fn add(&mut self, other: Self) {
        self.vcpu_seconds += other.vcpu_seconds;
        self.mib_seconds += other.mib_seconds;
    }

    fn json(self) -> Value {
        let text = |number: i128| if number == 0 { String::new() } else { number.to_string() };
        let object = Object::default().text("vcpuSeconds", &text(self.vcpu_seconds));
        object.text("mibSeconds", &text(self.mib_seconds)).done()
    }
}

fn heading(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Unspecified | GroupBy::Cluster => "CLUSTER",
        GroupBy::Project => "PROJECT",
        GroupBy::Folder => "FOLDER",
        GroupBy::Organization => "ORGANIZATION",
        GroupBy::Day => "DAY",
    }
}

/// `web/us-east-1/prod`; of other things the last segment.
fn short(group: &str) -> String {
    let parts: Vec<&str> = group.split('/').collect();
    match parts.as_slice() {
        [_, _, _, project, _, location, _, cluster] => format!("{project}/{location}/{cluster}"),
        // Usage of projects that are in no folder.
        ["organizations", _] => group.to_owned(),
        _ => super::short(group).to_owned(),
    }
}

fn row(group: String, line: &v1::UsageLine, uid: bool) -> Vec<String> {
    let mut row = vec![group];
    if uid {
        row.push(line.uid.clone());
    }
    row.extend(cells(Amount::of(line.used.as_ref()), Amount::of(line.adjusted.as_ref())));
    row
}

fn cells(used: Amount, adjusted: Amount) -> [String; 4] {
    [used.vcpu_seconds.to_string(), gib(used.mib_seconds), adjusted.vcpu_seconds.to_string(), gib(adjusted.mib_seconds)]
}

/// MiB as GiB, exactly.
fn gib(mib: i128) -> String {
    const MIB: u128 = 1024;
    /// Ten digits hold any part of 1024.
    const DIGITS: u128 = 10_000_000_000;
    let (sign, mib) = (if mib < 0 { "-" } else { "" }, mib.unsigned_abs());
    let part = format!(".{:010}", mib % MIB * (DIGITS / MIB) + mib % MIB * (DIGITS % MIB) / MIB);
    format!("{sign}{}{}", mib / MIB, part.trim_end_matches('0').trim_end_matches('.'))
}

fn line(line: &v1::UsageLine) -> Value {
    Object::default()
        .text("group", &line.group)
        .text("uid", &line.uid)
        .value("used", Amount::of(line.used.as_ref()).json())
        .value("adjusted", Amount::of(line.adjusted.as_ref()).json())
        .done()
}

fn region(region: &v1::RegionUsage) -> Value {
    Object::default()
        .text("location", &region.location)
        .time("asOf", region.as_of.as_ref())
        .time("closedBefore", region.closed_before.as_ref())
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mib_are_shown_as_gib_without_rounding() {
        let cases = [(0, "0"), (1024, "1"), (1536, "1.5"), (1, "0.0009765625"), (1023, "0.9990234375"), (-512, "-0.5")];
        for (mib, text) in cases {
            assert_eq!(gib(mib), text);
        }
        assert_eq!(gib(i128::from(i64::MAX)), "9007199254740991.9990234375");
    }
}
