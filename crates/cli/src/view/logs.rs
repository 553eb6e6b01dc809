//! Records.

use client::v1::{self, fact::After};
use serde_json::Value;

use super::{
    Resource, access, cluster, identities,
    json::{Object, time},
};

/// A record as JSON.
pub fn record(record: &v1::Record) -> Value {
    let made = Object::default()
        .text("log", &record.log)
        .number("incarnation", record.incarnation)
        .number("seq", record.seq)
        .time("time", record.time.as_ref())
        .number("hlc", record.hlc)
        .text("actor", &record.actor)
        .text("requestId", &record.request_id)
        .text("traceparent", &record.traceparent)
        .number("observedGlobalSeq", record.observed_global_seq)
        .value("facts", Value::from(record.facts.iter().map(fact).collect::<Vec<Value>>()))
        .bytes("prevHash", &record.prev_hash)
        .bytes("hash", &record.hash)
        .bytes("proposal", &record.proposal);
    match &record.rejected {
        Some(error) => made.value("rejected", rejected(error)).done(),
        None => made.done(),
    }
}

fn rejected(error: &v1::Error) -> Value {
    let values = error.metadata.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    Object::default()
        .text("reason", &error.reason)
        .text("message", &error.message)
        .value("metadata", Value::Object(values.collect()))
        .done()
}

fn fact(fact: &v1::Fact) -> Value {
    let made = Object::default().text("kind", &fact.kind).text("subject", &fact.subject);
    let made = match &fact.after {
        None => made,
        Some(After::Organization(after)) => made.value("organization", after.json()),
        Some(After::Folder(after)) => made.value("folder", after.json()),
        Some(After::Project(after)) => made.value("project", after.json()),
        Some(After::Cluster(after)) => made.value("cluster", after.json()),
        Some(After::CloudAccount(after)) => made.value("cloudAccount", after.json()),
        Some(After::ClusterStatus(after)) => made.value("clusterStatus", cluster::status(after)),
        Some(After::Deeds(after)) => {
            let deeds = Value::from(after.deeds.iter().map(cluster::deed).collect::<Vec<Value>>());
            made.value("deeds", Object::default().value("deeds", deeds).done())
        }
        Some(After::MachineRun(after)) => made.value("machineRun", cluster::machine_run(after)),
        Some(After::Edition(after)) => made.value("edition", after.json()),
        Some(After::AccessPolicy(after)) => made.value("accessPolicy", after.json()),
        Some(After::Binding(after)) => made.value("binding", access::binding(after)),
        Some(After::Group(after)) => made.value("group", after.json()),
        Some(After::Role(after)) => made.value("role", after.json()),
        Some(After::Revoke(after)) => made.value("revoke", after.json()),
        Some(After::Lift(after)) => made.value("lift", after.json()),
        Some(After::BreakGlass(after)) => made.value("breakGlass", after.json()),
        Some(After::IdentityProvider(after)) => made.value("identityProvider", after.json()),
        Some(After::ServiceAccount(after)) => made.value("serviceAccount", after.json()),
        Some(After::ClusterPolicy(after)) => made.value("clusterPolicy", after.json()),
    };
    made.value("removed", Value::from(fact.removed)).done()
}

/// Facts that only keep sets of names: of no interest to people, who see what was put into them.
const BOOKKEEPING: [&str; 4] = ["entry-added", "entry-removed", "set-changed", "policy-changed"];

/// A record on one line: time, log where several are shown, sequence, actor, facts but for bookkeeping, unless `whole`; or the
/// rejection that the record holds.
pub fn line(record: &v1::Record, with_log: bool, whole: bool) -> String {
    let shown = record.facts.iter().filter(|fact| whole || !BOOKKEEPING.contains(&fact.kind.as_str()));
    let said = |fact: &v1::Fact| cluster::said(fact).or_else(|| access::said(fact)).or_else(|| identities::said(fact));
    let fact = |fact: &v1::Fact| match said(fact) {
        None => format!("{} {}", fact.kind, fact.subject),
        // Its row is not what people know by name.
        Some(said) => format!("{} {} {said}", fact.kind, fact.subject.split('#').next().unwrap_or_default()),
    };
    let mut what: Vec<String> = shown.map(fact).collect();
    what.extend(record.rejected.as_ref().map(|error| format!("rejected {}: {}", error.reason, error.message)));
    let time = record.time.as_ref().map(|at| time(&prost_types::Timestamp { nanos: 0, ..*at })).unwrap_or_default();
    let log = if with_log { format!("{:<18}  ", record.log) } else { String::new() };
    let actor = if record.actor.is_empty() { "-" } else { &record.actor };
    format!("{time:<20}  {log}{:>7}  {actor:<16}  {}", record.seq, what.join(", "))
}
