//! What people see: columns and totals. Everything says that it is simulated.

use std::{collections::BTreeMap, fmt, io::Write};

use adapter_cloud_sim::{
    protocol::Knobs,
    reports::{Charge, Findings, Machine, Status},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use ports::cloud::{AccountId, InstanceState};
use serde_json::Value;

/// Prints. Where nobody reads it, nothing else comes of that.
pub fn out(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A day, or a time, as Unix seconds.
pub fn seconds(text: &str) -> Result<u64, String> {
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let time = day.map(|day| day.timestamp()).filter(|_| text.len() == 10).or_else(|| text.parse::<Timestamp>().ok());
    time.and_then(|time| u64::try_from(time.as_second()).ok())
        .ok_or_else(|| "wanted a day or a time since 1970, such as 2026-11-21 or 2026-11-21T08:00:00Z".to_owned())
}

fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

pub fn status(status: &Status) -> String {
    let regions: Vec<_> = status.regions.iter().map(ToString::to_string).collect();
    let instances: Vec<_> = status.instances.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let delays = &status.knobs.delays;
    let about = |milliseconds: u64| format!("{:.1} s", std::time::Duration::from_millis(milliseconds).as_secs_f64());
    let mut table = Table::new(&["SIMULATED", "nothing here exists, runs or is paid for"]);
    table.row(["time", &time(status.now / 1000)]);
    table.row(["seed", &status.seed.to_string()]);
    table.row(["accounts", &status.accounts.to_string()]);
    table.row(["regions", &regions.join(", ")]);
    table.row(["instance types", &status.instance_types.to_string()]);
    table.row(["instances", &if instances.is_empty() { "none".to_owned() } else { instances.join(", ") }]);
    table.row(["audit", &format!("{} entries", status.audited)]);
    table.row(["journal", &format!("{} bytes since the last snapshot", status.journal_bytes)]);
    let delays = format!(
        "launch {}, join {}, NAT gateway {}, load balancer {} (EC2 takes minutes; `cloud-sim vices set` changes that)",
        about(delays.launch),
        about(delays.join),
        about(delays.nat_gateway),
        about(delays.load_balancer)
    );
    table.row(["delays, about", &delays]);
    table.to_string()
}

pub fn accounts(accounts: &[AccountId]) -> String {
    accounts.iter().map(|account| format!("{account}\n")).collect()
}

pub fn machines(machines: &[Machine]) -> String {
    let mut table =
        Table::new(&["SIMULATED", "ACCOUNT", "ZONE", "TYPE", "STATE", "GUEST", "LAUNCHED", "NAME", "REASON"]);
    for machine in machines {
        let guest = match (machine.impaired, machine.joined) {
            _ if machine.state != InstanceState::Running => "-",
            (true, _) => "impaired",
            (false, true) => "joined",
            (false, false) => "not joined",
        };
        table.row([
            machine.id.as_str(),
            &machine.account.to_string(),
            machine.zone.as_str(),
            machine.instance_type.as_str(),
            &machine.state.to_string(),
            guest,
            &time(machine.launched.0),
            machine.tags.get("Name").unwrap_or("-"),
            machine.reason.as_deref().unwrap_or("-"),
        ]);
    }
    table.to_string()
}

pub fn bill(bill: &[Charge], by: Option<&str>) -> String {
    let mut table = Table::new(&["SIMULATED", "ACCOUNT", "REGION", "TYPE", "SECONDS", "CHARGED", "DOLLARS"]);
    for line in bill {
        table.row([
            line.instance.as_str(),
            &line.account.to_string(),
            line.what.region.as_str(),
            line.what.instance_type.as_str(),
            &line.seconds.to_string(),
            &line.charged_seconds.to_string(),
            &dollars(line.charge),
        ]);
    }
    let mut text = table.to_string();
    text += &totals("ACCOUNT", bill, |line| line.account.to_string());
    if let Some(key) = by {
        text += &totals(key, bill, |line| line.what.tags.get(key).unwrap_or("-").to_owned());
    }
    text + &totals("TOTAL", bill, |_| "everything".to_owned())
}

fn totals(title: &str, bill: &[Charge], of: impl Fn(&Charge) -> String) -> String {
    let mut sums: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for line in bill {
        let sum = sums.entry(of(line)).or_default();
        *sum = (sum.0 + line.seconds, sum.1 + line.charged_seconds, sum.2 + line.charge);
    }
    let mut table = Table::new(&[title, "SECONDS", "CHARGED", "DOLLARS"]);
    for (name, (seconds, charged, charge)) in &sums {
        table.row([name.as_str(), &seconds.to_string(), &charged.to_string(), &dollars(*charge)]);
    }
    format!("\n{table}")
}

/// Of micro-dollars.
fn dollars(micro: u64) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

pub fn audit(found: &Findings) -> String {
    let cut = if found.cut { ", the newest: older ones were dropped" } else { "" };
    let mut text = format!("SIMULATED: {} calls on record{cut}\n", found.calls);
    let mut table = Table::new(&["DONE TWICE", "PLACE", "FOR", "MADE"]);
    for twice in &found.doubled {
        table.row([twice.action.as_str(), &twice.place, &twice.by, &twice.made.join(", ")]);
    }
    for (place, id) in &found.orphans {
        table.row(["no owner", place, "-", id]);
    }
    if found.doubled.is_empty() && found.orphans.is_empty() {
        text += "nothing was done twice, and nothing was found without an owner\n";
    } else {
        text += &table.to_string();
    }
    text
}

/// Every knob on a line of its own, as it is set.
pub fn knobs(knobs: &Knobs) -> String {
    let mut text = String::from("SIMULATED: vices, then delays in milliseconds\n");
    for fields in [serde_json::to_value(&knobs.vices), serde_json::to_value(&knobs.delays)] {
        for (key, value) in fields.ok().as_ref().and_then(Value::as_object).into_iter().flatten() {
            let value = if value.is_null() { "off".to_owned() } else { value.to_string() };
            text += &format!("{key}={value}\n");
        }
    }
    text
}

/// Rows of text under a headline.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new(headline: &[&str]) -> Self {
        Self(vec![headline.iter().map(ToString::to_string).collect()])
    }

    fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.0.push(cells.iter().map(ToString::to_string).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column| self.0.iter().filter_map(|row: &Vec<String>| row.get(column)).map(String::len).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
        for row in &self.0 {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
