//! A three-member etcd on loopback, from the distribution's `etcd-server`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::{
    load::{Payloads, Seen, closed_loops},
    processes::{Processes, free_ports},
    reads::Level,
};

/// The generated client.
pub mod proto {
    #![allow(
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::disallowed_types,
        clippy::too_many_lines,
        missing_docs,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.rs"));
}

use proto::{PutRequest, RangeRequest, StatusRequest, kv_client::KvClient, maintenance_client::MaintenanceClient};

const MEMBERS: usize = 3;
/// How long a ring may take to elect a leader.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// A running ring.
pub struct Etcd {
    pub processes: Processes,
    /// Of the leader.
    endpoint: Endpoint,
}

impl Etcd {
    pub async fn start(program: &Path, dir: &Path, tls: bool) -> Result<Self> {
        let ports = free_ports::<{ 2 * MEMBERS }>()?;
        let scheme = if tls { "https" } else { "http" };
        let url = |port: u16| format!("{scheme}://127.0.0.1:{port}");
        let (clients, peers) = ports.split_at(MEMBERS);
        let names: Vec<String> = (0..MEMBERS).map(|member| format!("m{member}")).collect();
        let ring: Vec<String> = names.iter().zip(peers).map(|(name, port)| format!("{name}={}", url(*port))).collect();
        let files = tls.then(|| Files::write(dir)).transpose()?;
        let mut processes = Processes::default();
        for ((name, client), peer) in names.iter().zip(clients).zip(peers) {
            let mut command = Command::new(program);
            command.args(["--name", name, "--data-dir"]).arg(dir.join(name));
            for (flag, url) in [
                ("--listen-client-urls", url(*client)),
                ("--advertise-client-urls", url(*client)),
                ("--listen-peer-urls", url(*peer)),
                ("--initial-advertise-peer-urls", url(*peer)),
            ] {
                command.args([flag, &url]);
            }
            command.args(["--initial-cluster", &ring.join(","), "--initial-cluster-token", "bench"]);
            // Room for long runs, and compaction within them.
            command.args(["--quota-backend-bytes", "8589934592", "--log-level", "error"]);
            command.args(["--auto-compaction-mode", "periodic", "--auto-compaction-retention", "1m"]);
            if let Some(files) = &files {
                files.flags(&mut command);
            }
            processes.start(&mut command, &dir.join(format!("{name}.log")))?;
        }
        let ca = files.map(|files| std::fs::read(files.ca)).transpose()?;
        let endpoints = clients.iter().map(|port| endpoint(url(*port), ca.as_deref()));
        let endpoints = endpoints.collect::<Result<Vec<_>>>()?;
        let endpoint = leader(&endpoints).await.with_context(|| format!("see the logs in {}", dir.display()))?;
        Ok(Self { processes, endpoint })
    }

    async fn connections(&self, callers: usize) -> Result<Vec<Channel>> {
        let mut channels = Vec::new();
        for _ in 0..callers.clamp(1, crate::CONNECTIONS_MAX) {
            channels.push(self.endpoint.connect().await.context("connected to etcd")?);
        }
        Ok(channels)
    }

    /// Puts by `callers` callers.
    pub async fn writes(&self, callers: usize, span: Duration, payloads: &Payloads) -> Result<Seen> {
        let channels = self.connections(callers).await?;
        let put = |caller: usize, n: u64| {
            let channel = channels.get(caller % channels.len()).cloned();
            let request = PutRequest { key: key(caller, n).into(), value: payloads.get(caller, n).to_owned().into() };
            async move {
                let channel = channel.ok_or("no connection")?;
                KvClient::new(channel).put(request).await.map(drop).map_err(|status| status.to_string())
            }
        };
        Ok(closed_loops(callers, span, put).await)
    }

    /// Reads of single keys.
    pub async fn reads(&self, callers: usize, span: Duration, level: Level) -> Result<Seen> {
        let channels = self.connections(callers).await?;
        let read = |caller: usize, n: u64| {
            let channel = channels.get(caller % channels.len()).cloned();
            let request = RangeRequest { key: key(caller, n).into(), serializable: level == Level::Local };
            async move {
                let channel = channel.ok_or("no connection")?;
                let answer = KvClient::new(channel).range(request).await.map_err(|status| status.to_string())?;
                if answer.into_inner().count == 1 { Ok(()) } else { Err("read a key that was never put".to_owned()) }
            }
        };
        Ok(closed_loops(callers, span, read).await)
    }
}

fn key(caller: usize, n: u64) -> String {
    format!("bench/{caller}/{}", n % crate::KEYS_PER_CALLER)
}

fn endpoint(url: String, ca: Option<&[u8]>) -> Result<Endpoint> {
    let endpoint = Endpoint::from_shared(url)?.tcp_nodelay(true).connect_timeout(Duration::from_secs(2));
    let Some(ca) = ca else { return Ok(endpoint) };
    Ok(endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)))?)
}

/// The member that leads, once there is one.
async fn leader(endpoints: &[Endpoint]) -> Result<Endpoint> {
    let deadline = tokio::time::Instant::now() + READY_WITHIN;
    let mut last = None;
    while tokio::time::Instant::now() < deadline {
        for endpoint in endpoints {
            let channel = match endpoint.connect().await {
                Ok(channel) => channel,
                Err(error) => {
                    last = Some(anyhow::Error::from(error));
                    continue;
                }
            };
            let status = match MaintenanceClient::new(channel).status(StatusRequest {}).await {
                Ok(status) => status,
                Err(error) => {
                    last = Some(anyhow::Error::from(error));
                    continue;
                }
            };
            let status = status.into_inner();
            if status.leader != 0 && status.header.is_some_and(|header| header.member_id == status.leader) {
                return Ok(endpoint.clone());
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let cause = last.unwrap_or_else(|| anyhow!("the members answer, and none leads"));
    Err(cause.context(format!("waited for etcd: no leader within {} s", READY_WITHIN.as_secs())))
}

/// Certificates for members and clients.
struct Files {
    ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn write(dir: &Path) -> Result<Self> {
        let mut authority = rcgen::CertificateParams::new(Vec::new())?;
        // Its own name: a certificate whose issuer is called as it is itself looks self-signed.
        authority.distinguished_name.push(rcgen::DnType::CommonName, "bench authority");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate()?;
        let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key)?;
        let key = rcgen::KeyPair::generate()?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let cert = rcgen::CertificateParams::new(names)?.signed_by(&key, &authority)?;
        let files = Self { ca: dir.join("ca.pem"), cert: dir.join("cert.pem"), key: dir.join("key.pem") };
        std::fs::write(&files.ca, authority.pem())?;
        std::fs::write(&files.cert, cert.pem())?;
        std::fs::write(&files.key, key.serialize_pem())?;
        Ok(files)
    }

    fn flags(&self, command: &mut Command) {
        for prefix in ["--", "--peer-"] {
            command.arg(format!("{prefix}cert-file")).arg(&self.cert).arg(format!("{prefix}key-file")).arg(&self.key);
        }
        // Given for clients too, it would make etcd demand certificates of them.
        command.arg("--peer-trusted-ca-file").arg(&self.ca).arg("--peer-client-cert-auth");
    }
}
