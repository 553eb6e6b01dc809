//! What the telemetry listener answers: `/metrics`, `/healthz`, `/status`. It needs no quorum, and works while the member is closed.

use std::sync::{Arc, Mutex, PoisonError};

use adapter_grpc::peer::GrpcTransport;
use adapter_telemetry::{
    Metrics,
    http::{Answer, Pages},
    metrics::LogReading,
};
use region::{Region, status::LogStatus};
use serde_json::{Value, json};

/// A region that is open, and its connections to other members.
#[derive(Clone)]
pub struct Open {
    pub region: Region,
    pub transport: GrpcTransport,
}

/// What is open, or why nothing is.
pub struct Current(Mutex<Result<Open, String>>);

impl Default for Current {
    fn default() -> Self {
        Self(Mutex::new(Err("the member is starting".to_owned())))
    }
}

impl Current {
    pub fn set(&self, current: Result<Open, String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }

    fn get(&self) -> Result<Open, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The pages over what is open now.
pub fn pages(current: Arc<Current>, metrics: Arc<Metrics>) -> Pages {
    Arc::new(move |path| match (path, current.get()) {
        ("/metrics", current) => {
            if let Ok(open) = current {
                read_into(&open.region, &metrics);
            }
            metrics.page()
        }
        ("/healthz", Ok(_)) => text(200, "serving\n".to_owned()),
        ("/healthz", Err(why)) => text(503, format!("{why}\n")),
        ("/status", Ok(open)) => json_page(200, &status(&open)),
        ("/status", Err(why)) => json_page(503, &json!({ "not_serving": why })),
        _ => Answer::not_found(),
    })
}

/// Takes over where everything stands.
pub fn read_into(region: &Region, metrics: &Metrics) {
    let status = region.status();
    let readings = status.logs.iter().map(|log| LogReading {
        log: log.log.clone(),
        seq: log.position.seq,
        lag: log.lag,
        age: log.age,
        leads: log.leads,
        term: log.term,
        in_service: log.out_of_service.is_none(),
    });
    metrics.set_logs(&readings.collect::<Vec<_>>());
    let int = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    metrics.submissions_in_flight.set(int(status.submissions_in_flight));
    if let Some(report) = region.keeper().map(|keeper| keeper.status()) {
        metrics.keys.set(int(report.keys));
        metrics.keys_unsettled.set(int(report.unsettled));
        metrics.keys_unseen.set(int(report.unseen));
        metrics.keys_quarantined.set(int(report.quarantined.len()));
    }
}

/// How the region's clusters are kept.
fn keeping(report: &reconcile::Report) -> Value {
    let repair = |of: &reconcile::Repair| json!({ "key": of.key.to_string(), "listed_ms": of.listed, "seen_ms": of.seen, "called_ms": of.called });
    json!({
        "term": report.leading, "keys": report.keys, "waiting": report.waiting, "running": report.running,
        "unsettled": report.unsettled, "unseen": report.unseen, "quarantined": report.quarantined.len(),
        "first_pass_ms": report.first_pass.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        "accounts": report.surveyed.len(), "accounts_listed": report.surveyed.values().filter(|(at, _)| at.is_some()).count(),
        "quarantined_keys": report.quarantined.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "owners_unknown": report.surveyed.values().map(|(_, strangers)| strangers).sum::<usize>(),
        "calls": report.calls, "repairs": report.repairs.iter().map(repair).collect::<Vec<_>>(),
    })
}

fn status(open: &Open) -> Value {
    let status = open.region.status();
    let log = |log: &LogStatus| {
        json!({
            "log": log.log.to_string(), "copy": log.copy.as_str(), "leader": log.leader.map(|leader| leader.0),
            "leads": log.leads, "term": log.term, "incarnation": log.position.incarnation.0, "seq": log.position.seq.0,
            "hash": log.hash.to_string(), "state_digest": log.state_digest.to_string(),
            "age_ms": log.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)), "lag": log.lag,
            "out_of_service": log.out_of_service,
        })
    };
    let regions = status.regions.iter().map(|region| {
        let members = region.members.iter().map(|member| json!({ "member": member.member.0, "reachable": member.reachable }));
        json!({ "region": region.region.as_str(), "reachable": region.reachable, "members": members.collect::<Vec<_>>() })
    });
    let links = open.transport.links().into_iter().map(|link| {
        json!({
            "member": link.member.0, "address": link.address, "lane": link.lane.to_string(), "connected": link.connected,
            "trouble": link.trouble.map(|trouble| trouble.to_string()),
        })
    });
    json!({
        "ring": status.ring.as_str(), "member": status.member.0, "region": status.region.as_str(),
        "uptime_ms": u64::try_from(status.uptime.as_millis()).unwrap_or(u64::MAX), "mode": status.mode.as_str(),
        "reason": status.reason, "shutting_down": status.shutting_down,
        "submissions_in_flight": status.submissions_in_flight, "regions": regions.collect::<Vec<_>>(),
        "keeping": open.region.keeper().map(|keeper| keeping(&keeper.status())),
        "logs": status.logs.iter().map(log).collect::<Vec<_>>(), "links": links.collect::<Vec<_>>(),
    })
}

fn text(status: u16, body: String) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body }
}

fn json_page(status: u16, value: &Value) -> Answer {
    Answer { status, content_type: "application/json", body: format!("{value}\n") }
}
