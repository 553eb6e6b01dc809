//! Three region nodes on loopback: as one region, or as three regions without distance.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use api::v1::{
    Cluster, CreateClusterRequest, CreateOrganizationRequest, CreateProjectRequest, GetClusterRequest,
    GetMemberStatusRequest, GetProjectRequest, Mutation, Organization, Project, ReadOptions, UpdateClusterRequest,
    UpdateProjectRequest, clusters_client::ClustersClient, mutation::Kind, organizations_client::OrganizationsClient,
    projects_client::ProjectsClient, read_options, regions_client::RegionsClient,
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::{
    load::{Payloads, Seen, closed_loops},
    processes::{Processes, free_ports},
    reads::Level,
    stream,
};

const MEMBERS: usize = 3;
/// How long a ring may take to take writes.
const READY_WITHIN: Duration = Duration::from_secs(60);
const ORGANIZATION: &str = "organizations/bench";
const PROJECT: &str = "organizations/bench/projects/load";

/// Which log the load writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// `R` of one region with three nodes: updates of clusters.
    Region,
    /// `G` over three regions with one node each and no added distance: updates of projects.
    Global,
}

/// A running ring.
pub struct Atoll {
    pub processes: Processes,
    endpoint: Endpoint,
    target: Target,
    /// Of this ring's life: makes request ids that were never used.
    requests: AtomicU64,
}

impl Atoll {
    pub async fn start(program: &Path, dir: &Path, tls: bool, target: Target) -> Result<Self> {
        let ports = free_ports::<{ 2 * MEMBERS }>()?;
        let (apis, peers) = ports.split_at(MEMBERS);
        let mut processes = Processes::default();
        for member in 1..=MEMBERS {
            let config = dir.join(format!("m{member}.toml"));
            fs::write(&config, configuration(member, dir, tls, target, apis, peers))?;
            let mut command = Command::new(program);
            command.args(["serve", "--init", "--config"]).arg(&config);
            processes.start(&mut command, &dir.join(format!("m{member}.log")))?;
        }
        let scheme = if tls { "https" } else { "http" };
        let urls: Vec<String> = apis.iter().map(|port| format!("{scheme}://localhost:{port}")).collect();
        let ca = dir.join("certs/authority/cert.pem");
        let found = leader(&urls, tls.then_some(ca.as_path()), target).await;
        let endpoint = found.with_context(|| format!("see the logs in {}", dir.display()))?;
        let ring = Self { processes, endpoint, target, requests: AtomicU64::new(1) };
        Ok(ring)
    }

    fn request_id(&self) -> String {
        format!("{:032x}", self.requests.fetch_add(1, Relaxed))
    }

    async fn connections(&self, callers: usize) -> Result<Vec<Channel>> {
        let mut channels = Vec::new();
        for _ in 0..callers.clamp(1, crate::CONNECTIONS_MAX) {
            channels.push(self.endpoint.connect().await.context("connected to a region node")?);
        }
        Ok(channels)
    }

    /// Makes what the load changes: every resource of every caller.
    pub async fn prepare(&self, callers: usize) -> Result<()> {
        let channel = self.endpoint.connect().await?;
        let create = CreateOrganizationRequest {
            organization_id: "bench".to_owned(),
            organization: Some(Organization::default()),
            request_id: self.request_id(),
            validate_only: false,
        };
        OrganizationsClient::new(channel.clone())
            .create_organization(create)
            .await
            .context("created the organization")?;
        self.create_project(channel.clone(), "load").await?;
        let keys = u64::try_from(callers)? * crate::KEYS_PER_CALLER;
        let create = (0..keys).map(|key| {
            let (caller, n) = (usize::try_from(key / crate::KEYS_PER_CALLER).unwrap_or(0), key);
            Mutation { kind: Some(self.create(caller, n)), retried: false }
        });
        stream::all(channel, create.collect()).await.context("made the resources that the load changes")
    }

    async fn create_project(&self, channel: Channel, id: &str) -> Result<()> {
        let project = Project { parent: ORGANIZATION.to_owned(), ..Project::default() };
        let create = CreateProjectRequest {
            project_id: id.to_owned(),
            project: Some(project),
            request_id: self.request_id(),
            validate_only: false,
        };
        ProjectsClient::new(channel).create_project(create).await.context("created the project")?;
        Ok(())
    }

    fn create(&self, caller: usize, n: u64) -> Kind {
        let request_id = self.request_id();
        match self.target {
            Target::Region => Kind::CreateCluster(CreateClusterRequest {
                parent: format!("{PROJECT}/locations/bench-1"),
                cluster_id: label(caller, n),
                cluster: Some(Cluster { cluster_type: "DEVELOPMENT".into(), ..Cluster::default() }),
                request_id,
                validate_only: false,
            }),
            Target::Global => Kind::CreateProject(CreateProjectRequest {
                project_id: label(caller, n),
                project: Some(Project { parent: ORGANIZATION.to_owned(), ..Project::default() }),
                request_id,
                validate_only: false,
            }),
        }
    }

    fn name(&self, caller: usize, n: u64) -> String {
        let label = label(caller, n);
        match self.target {
            Target::Region => format!("{PROJECT}/locations/bench-1/clusters/{label}"),
            Target::Global => format!("{ORGANIZATION}/projects/{label}"),
        }
    }

    fn update_cluster(&self, caller: usize, n: u64, payload: &str) -> UpdateClusterRequest {
        let cluster = Cluster { name: self.name(caller, n), description: payload.to_owned(), ..Cluster::default() };
        UpdateClusterRequest {
            cluster: Some(cluster),
            update_mask: None,
            request_id: self.request_id(),
            validate_only: false,
        }
    }

    fn update_project(&self, caller: usize, n: u64, payload: &str) -> UpdateProjectRequest {
        let project = Project { name: self.name(caller, n), description: payload.to_owned(), ..Project::default() };
        UpdateProjectRequest {
            project: Some(project),
            update_mask: None,
            request_id: self.request_id(),
            validate_only: false,
        }
    }

    /// Updates by `callers` callers, one unary call each.
    pub async fn writes(&self, callers: usize, span: Duration, payloads: &Payloads) -> Result<Seen> {
        let channels = self.connections(callers).await?;
        let call = |caller: usize, n: u64| {
            let channel = channels.get(caller % channels.len()).cloned();
            let payload = payloads.get(caller, n);
            async move {
                let channel = channel.ok_or("no connection")?;
                let answer = match self.target {
                    Target::Region => {
                        let update = self.update_cluster(caller, n, payload);
                        ClustersClient::new(channel).update_cluster(update).await.map(drop)
                    }
                    Target::Global => {
                        let update = self.update_project(caller, n, payload);
                        ProjectsClient::new(channel).update_project(update).await.map(drop)
                    }
                };
                answer.map_err(|status| status.to_string())
            }
        };
        Ok(closed_loops(callers, span, call).await)
    }

    /// Updates by `callers` callers that share a few streams of mutations.
    pub async fn stream_writes(&self, callers: usize, span: Duration, payloads: &Payloads) -> Result<Seen> {
        let channels = self.connections(callers).await?;
        let mutation = |caller: usize, n: u64| {
            let payload = payloads.get(caller, n);
            let kind = match self.target {
                Target::Region => Kind::UpdateCluster(self.update_cluster(caller, n, payload)),
                Target::Global => Kind::UpdateProject(self.update_project(caller, n, payload)),
            };
            Mutation { kind: Some(kind), retried: false }
        };
        stream::closed_loops(channels, callers, span, mutation).await
    }

    /// Reads of single resources.
    pub async fn reads(&self, callers: usize, span: Duration, level: Level) -> Result<Seen> {
        let channels = self.connections(callers).await?;
        let level = match level {
            Level::Local => read_options::Level::Local,
            Level::Linearizable => read_options::Level::Linearizable,
        };
        let read = ReadOptions { level: level.into(), ..ReadOptions::default() };
        let read = &read;
        let call = |caller: usize, n: u64| {
            let channel = channels.get(caller % channels.len()).cloned();
            async move {
                let channel = channel.ok_or("no connection")?;
                let (name, read) = (self.name(caller, n), Some(read.clone()));
                let answer = match self.target {
                    Target::Region => {
                        ClustersClient::new(channel).get_cluster(GetClusterRequest { name, read }).await.map(drop)
                    }
                    Target::Global => {
                        ProjectsClient::new(channel).get_project(GetProjectRequest { name, read }).await.map(drop)
                    }
                };
                answer.map_err(|status| status.to_string())
            }
        };
        Ok(closed_loops(callers, span, call).await)
    }
}

fn label(caller: usize, n: u64) -> String {
    format!("c{caller}-{}", n % crate::KEYS_PER_CALLER)
}

fn region_of(member: usize, target: Target) -> String {
    match target {
        Target::Region => "bench-1".to_owned(),
        Target::Global => format!("bench-{member}"),
    }
}

fn configuration(member: usize, dir: &Path, tls: bool, target: Target, apis: &[u16], peers: &[u16]) -> String {
    let (scheme, mode) = if tls { ("https", "development") } else { ("http", "off") };
    let dir = dir.display();
    let port = |ports: &[u16], member: usize| ports.get(member.wrapping_sub(1)).copied().unwrap_or(0);
    let mut text = format!(
        "ring = \"bench\"\nmember = {member}\nregion = \"{}\"\n\n[data]\ndir = \"{dir}/m{member}\"\n\n[listen]\n\
         api = \"127.0.0.1:{}\"\npeer = \"127.0.0.1:{}\"\n\n[tls]\nmode = \"{mode}\"\ndir = \"{dir}/certs\"\n\n\
         [telemetry]\nlog = \"warn\"\nsample = 0.0\n",
        region_of(member, target),
        port(apis, member),
        port(peers, member),
    );
    for other in 1..=MEMBERS {
        let region = region_of(other, target);
        let (api, peer) = (port(apis, other), port(peers, other));
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n[[members]]\nid = {other}\nregion = \"{region}\"\napi = \"{scheme}://127.0.0.1:{api}\"\npeer = \"127.0.0.1:{peer}\"\n"
        );
    }
    text
}

/// The member that leads the log under load, once every log has a leader.
async fn leader(urls: &[String], ca: Option<&Path>, target: Target) -> Result<Endpoint> {
    let log = match target {
        Target::Region => "region/bench-1",
        Target::Global => "global",
    };
    let deadline = tokio::time::Instant::now() + READY_WITHIN;
    while tokio::time::Instant::now() < deadline {
        for url in urls {
            let mut endpoint =
                Endpoint::from_shared(url.clone())?.tcp_nodelay(true).connect_timeout(Duration::from_secs(2));
            if let Some(ca) = ca {
                let Ok(pem) = fs::read(ca) else { continue };
                endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?;
            }
            let Ok(channel) = endpoint.connect().await else { continue };
            let Ok(status) = RegionsClient::new(channel).get_member_status(GetMemberStatusRequest {}).await else {
                continue;
            };
            let status = status.into_inner();
            let all_led = !status.logs.is_empty() && status.logs.iter().all(|log| !log.voter || log.leader != 0);
            let leads = status.logs.iter().any(|found| found.log == log && found.leader == status.member);
            if all_led && leads {
                return Ok(endpoint);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("waited for the ring: no leader of {log} within {} s", READY_WITHIN.as_secs())
}
