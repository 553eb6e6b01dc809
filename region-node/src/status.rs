//! `status`: what a running member knows, asked through its public API as any client would.

use std::{fs, path::Path, time::Duration};

use api::v1::{LogStatus, MemberStatus, region::Mode};
use client::{Client, Endpoint, Read};
use serde_json::{Value, json};

use crate::{
    config::{Config, TlsMode},
    failure::{Failure, chain},
    node,
    table::Table,
};

const WITHIN: Duration = Duration::from_secs(5);

/// Whom to ask, and whom to believe.
pub struct Asked {
    endpoint: String,
    authorities: Option<String>,
}

impl Asked {
    /// The member of a configuration.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let own = config.members.iter().find(|member| member.id == config.member);
        let endpoint = own.map(|member| member.api.clone()).unwrap_or_default();
        let authorities = match config.tls.mode {
            TlsMode::Off => None,
            TlsMode::Development => Some(read(&config.certificates().join("authority/cert.pem"))?),
            TlsMode::Files => config.tls.ca.as_deref().map(read).transpose()?,
        };
        Ok(Self { endpoint, authorities })
    }

    /// Any member, by its address and the certificate of its authority.
    pub fn at(endpoint: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self { endpoint: endpoint.to_owned(), authorities: ca.map(read).transpose()? })
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::refused(format!("read {}: {error}", file.display())))
}

/// Asks and prints.
pub fn run(asked: Asked, as_json: bool) -> Result<(), Failure> {
    let Asked { endpoint, authorities } = asked;
    let mut config = client::Config::new(vec![Endpoint::new("here", &endpoint)]).within(WITHIN);
    // This member is meant, and no other.
    config.refresh_topology = false;
    if let Some(pem) = authorities {
        config = config.trust(&pem);
    }
    let status = node::runtime()?.block_on(async {
        let client = Client::connect(config).map_err(|error| Failure::start(&error))?;
        let answered = client.regions().member_status(&Read::default()).await;
        answered.map_err(|error| Failure::failed(format!("asked {endpoint} for its status: {}", chain(&error))))
    })?;
    print(&status.value, as_json);
    Ok(())
}

fn print(status: &MemberStatus, as_json: bool) {
    if as_json {
        println!("{}", as_value(status));
        return;
    }
    let mode = status.mode().as_str_name();
    println!("member {} of {} in the ring {}: {mode}", status.member, status.region, status.ring);
    let notes = [("", &status.reason), ("refuses writes: ", &status.refuses_writes)];
    notes.iter().filter(|(_, note)| !note.is_empty()).for_each(|(what, note)| println!("{what}{note}"));
    let mut table = Table::new(&["LOG", "COPY", "LEADER", "TERM", "SEQ", "AGE", "LAG", "SERVES"]);
    for log in &status.logs {
        table.row([
            log.log.clone(),
            if log.voter { "voter" } else { "replica" }.to_owned(),
            if log.leader == 0 { "-".to_owned() } else { format!("m{}", log.leader) },
            log.term.to_string(),
            log.seq.to_string(),
            age_ms(log).map_or_else(|| "unknown".to_owned(), |ms| format!("{ms}ms")),
            log.lag.to_string(),
            if log.out_of_service.is_empty() { "yes".to_owned() } else { format!("no: {}", log.out_of_service) },
        ]);
    }
    print!("\n{table}");
}

fn age_ms(log: &LogStatus) -> Option<i64> {
    log.age.as_ref().map(|age| age.seconds.saturating_mul(1000).saturating_add(i64::from(age.nanos / 1_000_000)))
}

fn as_value(status: &MemberStatus) -> Value {
    let logs = status.logs.iter().map(|log| {
        json!({
            "log": log.log, "voter": log.voter, "leader": log.leader, "term": log.term, "incarnation": log.incarnation,
            "seq": log.seq, "age_ms": age_ms(log), "lag": log.lag, "out_of_service": log.out_of_service,
        })
    });
    json!({
        "ring": status.ring, "member": status.member, "region": status.region, "version": status.version,
        "mode": Mode::try_from(status.mode).unwrap_or_default().as_str_name(), "reason": status.reason,
        "refuses_writes": status.refuses_writes, "logs": logs.collect::<Vec<_>>(),
    })
}
