//! The logs of all regions, and commands in few words.
//!
//! Names are written short: `a` is an organization, `a/f:x` a folder of it, `a/p:x` a project of it.

use std::collections::BTreeMap;

use domain::{
    Account, Cluster, ClusterOptions, ClusterType, Command, Context, Decision, Folder, Organization, Project,
    Rejection, View, command::*, decide,
};
use ids::{
    AccountId, ClusterName, ContainerName, FolderName, Hlc, Log, OrganizationName, ProjectName, RequestId, Revision,
};

use crate::memory::Memory;

#[derive(Clone, Default)]
pub struct World {
    pub logs: BTreeMap<Log, Memory>,
    /// Unix milliseconds of every clock.
    pub ms: u64,
    /// None: a region without a cloud.
    pub planner: Option<std::sync::Arc<dyn domain::Planner>>,
    pub requests: u64,
    /// As [`domain::Context::planned`], of every command.
    pub planned: Option<ids::Seq>,
}

impl World {
    /// A world in which all `commands` were accepted.
    pub fn with(commands: impl IntoIterator<Item = Command>) -> Self {
        let mut world = Self::default();
        for command in commands {
            world.run(&command).unwrap_or_else(|rejection| panic!("{command:?}: {rejection}"));
        }
        world
    }

    pub fn global(&self) -> Memory {
        self.log(&Log::Global)
    }

    pub fn log(&self, log: &Log) -> Memory {
        self.logs.get(log).cloned().unwrap_or_default()
    }

    /// Decides on the present rows of the command's log.
    pub fn decide(&self, command: &Command) -> Result<Decision, Rejection> {
        self.decide_in(command, &command.log())
    }

    pub fn decide_in(&self, command: &Command, log: &Log) -> Result<Decision, Rejection> {
        let (view, global) = (self.log(log), self.global());
        let mut uid = [0; 16];
        uid[..8].copy_from_slice(&self.requests.to_be_bytes());
        let now = Hlc(Hlc::at_unix_ms(self.ms).0 + 1_000 + self.requests);
        decide(
            &view,
            command,
            &Context {
                now,
                request_id: RequestId(uid),
                actor: "user:tester",
                global: &global,
                global_seq: global.seq(),
                log,
                planner: self.planner.as_deref(),
                planned: self.planned,
            },
        )
    }

    /// Decides and applies.
    pub fn run(&mut self, command: &Command) -> Result<Decision, Rejection> {
        let decision = self.decide(command)?;
        self.requests += 1;
        let log = self.logs.entry(command.log()).or_default();
        log.apply(&decision).expect("nothing came between deciding and applying");
        Ok(decision)
    }

    /// The reason of the refusal.
    pub fn reason(&self, command: impl Into<Command>) -> &'static str {
        let command = command.into();
        self.decide(&command).map(|decision| panic!("accepted {command:?}: {decision:?}")).unwrap_err().reason()
    }

    pub fn etag(&self, command: &Command) -> Revision {
        self.log(&command.log()).revision(&command.subject())
    }

    pub fn organization(&self, name: &str) -> Result<Organization, Rejection> {
        domain::query::organization(&self.global(), &organization(name)).map(|(_, row)| row)
    }

    pub fn account(&self, id: &str) -> Result<Account, Rejection> {
        domain::query::account(&self.global(), account(id)).map(|(_, row)| row)
    }

    pub fn folder(&self, name: &str) -> Result<Folder, Rejection> {
        domain::query::folder(&self.global(), &folder(name)).map(|(_, row)| row)
    }

    pub fn project(&self, name: &str) -> Result<Project, Rejection> {
        domain::query::project(&self.global(), &project(name)).map(|(_, row)| row)
    }

    pub fn cluster(&self, name: &ClusterName) -> Result<Cluster, Rejection> {
        let view = self.log(&Log::Region(name.location.clone()));
        domain::query::cluster(&view, name).map(|(_, row)| row)
    }
}

fn long(short: &str) -> String {
    format!("organizations/{short}").replace("/f:", "/folders/").replace("/p:", "/projects/")
}

pub fn organization(short: &str) -> OrganizationName {
    long(short).parse().unwrap()
}

pub fn resource(short: &str) -> ids::ResourceName {
    long(short).parse().unwrap()
}

pub fn container(short: &str) -> ContainerName {
    long(short).parse().unwrap()
}

pub fn folder(short: &str) -> FolderName {
    long(short).parse().unwrap()
}

pub fn project(short: &str) -> ProjectName {
    long(short).parse().unwrap()
}

/// The cluster `label` of a project in a region.
pub fn cluster(project_short: &str, region: &str, label: &str) -> ClusterName {
    ClusterName { project: project(project_short), location: region.parse().unwrap(), cluster: label.parse().unwrap() }
}

pub fn create_organization(name: &str) -> Command {
    let (display_name, description) = (name.to_owned(), String::new());
    CreateOrganization { name: organization(name), display_name, description }.into()
}

/// The account whose id ends in `short`, after zeros.
pub fn account(short: &str) -> AccountId {
    format!("{short:0>12}").parse().unwrap()
}

pub fn add_account(short: &str) -> Command {
    AddAccount { account: account(short) }.into()
}

pub fn claim_account(name: &str) -> Command {
    ClaimAccount { organization: organization(name) }.into()
}

pub fn delete_organization(name: &str) -> Command {
    DeleteOrganization { name: organization(name), etag: None }.into()
}

pub fn create_folder(name: &str, parent: &str) -> Command {
    let (display_name, description) = (name.to_owned(), String::new());
    CreateFolder { name: folder(name), parent: container(parent), display_name, description }.into()
}

pub fn move_folder(name: &str, parent: &str) -> Command {
    MoveFolder { name: folder(name), parent: container(parent), etag: None }.into()
}

pub fn delete_folder(name: &str) -> Command {
    DeleteFolder { name: folder(name), etag: None }.into()
}

pub fn create_project(name: &str, parent: &str) -> Command {
    let (display_name, description) = (name.to_owned(), String::new());
    CreateProject { name: project(name), parent: container(parent), display_name, description }.into()
}

pub fn move_project(name: &str, parent: &str) -> Command {
    MoveProject { name: project(name), parent: container(parent), etag: None }.into()
}

pub fn delete_project(name: &str) -> Command {
    DeleteProject { name: project(name), etag: None }.into()
}

pub fn acknowledge(name: &str, region: &str) -> Command {
    AcknowledgeDrain { project: project(name), region: region.parse().unwrap() }.into()
}

pub fn close_gate(name: &str, region: &str) -> Command {
    CloseGate { project: project(name), region: region.parse().unwrap() }.into()
}

pub fn register(region: &str) -> Command {
    RegisterRegion { region: region.parse().unwrap() }.into()
}

pub fn create_cluster(name: &ClusterName) -> Command {
    let (display_name, description) = (name.cluster.to_string(), String::new());
    let cluster_type = ClusterType::DEVELOPMENT;
    CreateCluster { name: name.clone(), display_name, description, cluster_type, options: ClusterOptions::default() }
        .into()
}

pub fn delete_cluster(name: &ClusterName) -> Command {
    DeleteCluster { name: name.clone(), retain_ms: 0, etag: None }.into()
}
