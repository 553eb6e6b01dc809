//! Regions and their members.

use std::time::Duration;

use client::v1::{self, region::Mode};
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, enum_name, json::Object, or_dash, short, span};

impl Resource for v1::Region {
    const NOUN: &'static str = "region";
    const HEADERS: &'static [&'static str] = &["NAME", "MODE", "MEMBERS", "LEADER", "RECORDS", "LAG", "AGE"];
    const WIDE: &'static [&'static str] = &["TERM", "COPY", "REASON"];
    const AGED: bool = false;

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let members: Vec<Value> = self.members.iter().map(member).collect();
        Object::default()
            .text("name", &self.name)
            .word("mode", Mode::try_from(self.mode).map(|mode| mode.as_str_name()))
            .text("reason", &self.reason)
            .value("members", Value::from(members))
            .value("log", self.log.as_ref().map(log).unwrap_or_default())
            .done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let reachable = self.members.iter().filter(|member| member.reachable).count();
        let log = self.log.clone().unwrap_or_default();
        vec![
            short(&self.name).to_owned(),
            mode(self.mode),
            format!("{reachable}/{}", self.members.len()),
            number(log.leader),
            log.seq.to_string(),
            log.lag.to_string(),
            human(log.age.as_ref()),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let log = self.log.clone().unwrap_or_default();
        let copy = match (log.out_of_service.as_str(), log.voter) {
            ("", true) => "voter".to_owned(),
            ("", false) => "replica".to_owned(),
            (why, _) => format!("out of service: {why}"),
        };
        vec![number(log.term), copy, or_dash(&self.reason)]
    }
}

/// What the member that answered for a region says of itself.
#[derive(Clone, Debug)]
pub struct MemberRow {
    pub name: String,
    pub status: v1::MemberStatus,
}

impl Resource for MemberRow {
    const NOUN: &'static str = "region";
    const HEADERS: &'static [&'static str] =
        &["REGION", "MEMBER", "MODE", "GLOBAL", "OWN", "UPTIME", "VERSION", "REFUSES WRITES"];
    const WIDE: &'static [&'static str] = &["LAG", "REASON"];
    const AGED: bool = false;

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let logs: Vec<Value> = self.status.logs.iter().map(log).collect();
        Object::default()
            .text("ring", &self.status.ring)
            .number("member", self.status.member)
            .text("region", &self.status.region)
            .text("version", &self.status.version)
            .duration("uptime", self.status.uptime.as_ref())
            .word("mode", Mode::try_from(self.status.mode).map(|mode| mode.as_str_name()))
            .text("reason", &self.status.reason)
            .value("logs", Value::from(logs))
            .text("refusesWrites", &self.status.refuses_writes)
            .done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let own = format!("region/{}", self.status.region);
        let at = |log: &str| {
            let found = self.status.logs.iter().find(|one| one.log == log);
            found.map_or_else(|| "-".to_owned(), |found| found.seq.to_string())
        };
        let uptime = self.status.uptime.as_ref().and_then(|uptime| u64::try_from(uptime.seconds).ok());
        vec![
            self.status.region.clone(),
            number(self.status.member),
            mode(self.status.mode),
            at("global"),
            at(&own),
            uptime.map_or_else(|| "-".to_owned(), span),
            or_dash(&self.status.version),
            or_dash(&self.status.refuses_writes),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let lag = self.status.logs.iter().map(|log| log.lag).max().unwrap_or(0);
        vec![lag.to_string(), or_dash(&self.status.reason)]
    }
}

impl Resource for v1::LogStatus {
    const NOUN: &'static str = "log";
    const HEADERS: &'static [&'static str] = &["LOG", "COPY", "LEADER", "TERM", "RECORDS", "LAG", "AGE"];
    const WIDE: &'static [&'static str] = &["OUT OF SERVICE"];
    const AGED: bool = false;

    fn name(&self) -> &str {
        &self.log
    }

    fn json(&self) -> Value {
        log(self)
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let copy = if self.voter { "voter" } else { "replica" };
        vec![
            self.log.clone(),
            copy.to_owned(),
            number(self.leader),
            number(self.term),
            self.seq.to_string(),
            self.lag.to_string(),
            human(self.age.as_ref()),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![or_dash(&self.out_of_service)]
    }
}

fn member(member: &v1::Member) -> Value {
    Object::default()
        .number("member", member.member)
        .value("reachable", Value::from(member.reachable))
        .duration("lastAnswer", member.last_answer.as_ref())
        .value("leads", Value::from(member.leads))
        .done()
}

fn log(log: &v1::LogStatus) -> Value {
    Object::default()
        .text("log", &log.log)
        .number("incarnation", log.incarnation)
        .number("seq", log.seq)
        .value("voter", Value::from(log.voter))
        .number("leader", log.leader)
        .number("term", log.term)
        .duration("age", log.age.as_ref())
        .number("lag", log.lag)
        .text("outOfService", &log.out_of_service)
        .bytes("hash", &log.hash)
        .bytes("stateDigest", &log.state_digest)
        .done()
}

fn mode(mode: i32) -> String {
    enum_name(Mode::try_from(mode).map(|mode| mode.as_str_name()), "MODE_")
}

fn number(number: u64) -> String {
    if number == 0 { "-".to_owned() } else { number.to_string() }
}

/// An age for people: milliseconds below ten seconds.
fn human(age: Option<&prost_types::Duration>) -> String {
    let age: Option<Duration> = age.and_then(|age| (*age).try_into().ok());
    match age {
        None => "unknown".to_owned(),
        Some(age) if age < Duration::from_secs(10) => format!("{}ms", age.as_millis()),
        Some(age) => span(age.as_secs()),
    }
}
