//! `atoll cluster describe`: a cluster laid out for people, and the report of its creation.

use client::{Answered, Creation, v1};
use prost_types::Timestamp;
use serde_json::json;

use crate::{
    commands::reading::rows,
    fail::Fail,
    output::{note, say, table},
    session::Session,
    view::{
        Resource,
        cluster::{condition, phase, state, typed, wait},
        json::time,
        lasted, took,
    },
};

/// Name and value of one line.
type Line = (&'static str, String);

/// A cluster in full.
pub fn in_full(session: &Session, answer: &Answered<v1::Cluster>) -> Result<(), Fail> {
    let cluster = &answer.value;
    let mut lines = standing(cluster);
    lines.extend(decided(cluster));
    lines.extend(asked(cluster));
    lines.extend(times(cluster));
    let member = answer.member.map_or_else(String::new, |member| format!(", member {member}"));
    let age =
        answer.age.map_or_else(|| "of unknown age".to_owned(), |age| format!("at most {} ms old", age.as_millis()));
    lines.push(("Etag", cluster.etag.clone()));
    lines.push(("Served by", format!("{}{member}, {age}", answer.region)));
    let width = lines.iter().map(|(name, _)| name.len() + 1).max().unwrap_or(0);
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        say(format_args!("{:<width$}  {value}", format!("{name}:")))?;
    }
    let Some(status) = &cluster.status else { return Ok(()) };
    section("Machines", &machines(status))?;
    section("Conditions", &status.conditions.iter().map(condition).collect::<Vec<_>>())?;
    let may = status
        .constraints
        .iter()
        .map(|of| vec![of.name.clone(), if of.possible { "yes" } else { "no" }.to_owned(), of.reason.clone()]);
    section("Constraints", &may.collect::<Vec<_>>())?;
    section("Held up by", &status.held_up_by.iter().map(|what| vec![what.clone()]).collect::<Vec<_>>())?;
    if !session.output.for_programs() && cluster.edition.is_empty() {
        note("its region has no cloud: it is a wish, and nothing is made of it");
    }
    Ok(())
}

fn standing(cluster: &v1::Cluster) -> Vec<Line> {
    let status = cluster.status.clone().unwrap_or_default();
    let health = match status.health() {
        v1::cluster_status::Health::Unspecified | v1::cluster_status::Health::Unknown => String::new(),
        known => format!(", {}", known.as_str_name()),
    };
    let purge = cluster.purge_time.as_ref().map(time).unwrap_or_default();
    vec![
        ("Name", cluster.name.clone()),
        ("Display name", cluster.display_name.clone()),
        ("Description", cluster.description.clone()),
        ("State", format!("{}{health}", state(cluster).as_str_name())),
        ("Under way", cluster.operation.clone()),
        ("Deleted at", purge),
    ]
}

fn decided(cluster: &v1::Cluster) -> Vec<Line> {
    let protected = if cluster.delete_protection { "from deletion" } else { "no" };
    let why = match cluster.edition.as_str() {
        "" => String::new(),
        edition => format!("edition {edition}; `atoll cluster decisions {}` says why", typed(&cluster.name)),
    };
    let mut lines = vec![("Type", cluster.cluster_type.clone()), ("Kubernetes", cluster.version.clone())];
    if let Some(network) = &cluster.network {
        let tenancy = network.tenancy().as_str_name().to_lowercase();
        lines.extend([
            ("Protected", protected.to_owned()),
            ("VPC", format!("{} ({tenancy}), zones {}", network.vpc_cidr, network.zones.join(", "))),
            ("Machines in", network.cluster_cidr.clone()),
            ("Pods in", network.pod_cidr.clone()),
            ("Services in", network.service_cidr.clone()),
        ]);
    }
    lines.push(("Decided from", why));
    lines
}

/// What was asked for beyond the type.
fn asked(cluster: &v1::Cluster) -> Vec<Line> {
    let Some(options) = &cluster.options else { return Vec::new() };
    let flag = |flag: Option<bool>| flag.map(|on| if on { "on" } else { "off" }.to_owned()).unwrap_or_default();
    let all = [
        ("version", options.version.clone()),
        ("cluster CIDR", options.cluster_cidr.clone()),
        ("pod CIDR", options.pod_cidr.clone()),
        ("service CIDR", options.service_cidr.clone()),
        ("allow list", options.allow_list.join(", ")),
        ("delete protection", flag(options.delete_protection)),
        ("maintenance", options.maintenance_window.clone()),
        ("privileged pods", flag(options.privileged)),
    ];
    let given = all.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
    vec![("Asked for", given.collect::<Vec<_>>().join("; "))]
}

fn times(cluster: &v1::Cluster) -> Vec<Line> {
    let at = |at: &Option<Timestamp>| at.as_ref().map(time).unwrap_or_default();
    let ready = cluster.status.as_ref().and_then(|status| status.ready_time);
    vec![
        ("Created", at(&cluster.create_time)),
        ("First ran", at(&ready)),
        ("Last asked", at(&cluster.update_time)),
        ("Uid", cluster.uid.clone()),
    ]
}

fn machines(status: &v1::ClusterStatus) -> Vec<Vec<String>> {
    let of = status.machines.iter();
    of.map(|of| vec![format!("{}s", of.role), format!("{} of {} joined", of.joined, of.count)]).collect()
}

fn section(title: &str, cells: &[Vec<String>]) -> Result<(), Fail> {
    if cells.is_empty() {
        return Ok(());
    }
    say(format_args!("{title}:"))?;
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    cells.iter().try_for_each(|row| {
        let line: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        say(format_args!("  {}", line.trim_end()))
    })
}

/// When each phase of the creation began, and how long it took.
pub fn report(session: &Session, cluster: &v1::Cluster) -> Result<(), Fail> {
    let status = cluster.status.clone().unwrap_or_default();
    let asked = cluster.create_time.unwrap_or_default();
    let since = |at: &Option<Timestamp>| at.as_ref().map_or_else(|| "-".to_owned(), |at| took(&asked, at));
    let cells = status.creation.iter().map(|of| {
        let lasted = match (&of.begin_time, &of.end_time) {
            (Some(begin), Some(end)) => took(begin, end),
            _under_way => "under way".to_owned(),
        };
        vec![of.name.clone(), since(&of.begin_time), since(&of.end_time), lasted]
    });
    let headers = ["PHASE", "BEGAN AFTER", "DONE AFTER", "TOOK"];
    if session.output.for_programs() {
        let items: Vec<_> = status.creation.iter().map(phase).collect();
        let waits: Vec<_> = status.waits.iter().map(wait).collect();
        let asked = cluster.create_time.as_ref().map(time);
        let whole = json!({ "createTime": asked, "items": items, "waits": waits });
        return rows(session, &headers, cells.collect(), whole);
    }
    say(format_args!("{} asked for at {}", cluster.name(), time(&asked)))?;
    if status.creation.is_empty() {
        say("nothing of its creation has begun")?;
        return Ok(());
    }
    say(table(headers.map(str::to_owned).into(), cells.collect()))?;
    // Times of the region's log: those are what phases are measured by.
    let first = status.creation.iter().filter_map(|of| of.begin_time.as_ref()).min_by_key(|at| (at.seconds, at.nanos));
    let ends: Option<Vec<&Timestamp>> = status.creation.iter().map(|of| of.end_time.as_ref()).collect();
    let last = ends.and_then(|ends| ends.into_iter().max_by_key(|at| (at.seconds, at.nanos)));
    if let Some(first) = first {
        say(format_args!("begun {} after it was asked for", took(&asked, first)))?;
    }
    match last {
        Some(last) => say(format_args!("done {} after it was asked for", took(&asked, last)))?,
        None => return say("not done yet"),
    }
    whose_time(cluster, &status.waits)
}

/// What the cloud was waited for, one after the other, and what is left.
fn whose_time(cluster: &v1::Cluster, waits: &[v1::CloudWait]) -> Result<(), Fail> {
    let Some(Creation { cloud, own, .. }) = Creation::of(cluster) else {
        return say("what the cloud was waited for is not on record");
    };
    let asked = cluster.create_time.unwrap_or_default();
    let cells = waits.iter().filter_map(|of| {
        let (begin, end) = of.begin_time.as_ref().zip(of.end_time.as_ref())?;
        Some(vec![of.part.clone(), took(&asked, begin), took(&asked, end), took(begin, end)])
    });
    let headers = ["WAITED FOR", "CALLED AFTER", "READY AFTER", "TOOK"];
    say(table(headers.map(str::to_owned).into(), cells.collect()))?;
    say(format_args!("waited {} for the cloud; {} at most was Atoll's own", lasted(cloud), lasted(own)))
}
