//! The rules once more, written naively: maps of names to parents, changes made first and judged afterwards.
//!
//! It shares no code with the crate beyond the commands, and no idea either: no sets, no guards, no walks that stop
//! early. Where the two disagree, one of them is wrong.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Command,
    command::{CreateCluster, DeleteCluster, UpdateCluster},
};
use ids::{Revision, limits::FOLDER_DEPTH_MAX};

#[derive(Clone, Debug, Default)]
pub struct Project {
    pub parent: String,
    /// The how manieth project of all.
    number: u64,
    pub deleting: bool,
    pub awaiting: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    pub organization: Option<String>,
    pub retired: bool,
}

/// Everything that is not DELETED, by full name.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub organizations: BTreeSet<String>,
    /// To whom each was given, and whether it was taken out of use.
    pub accounts: BTreeMap<String, Account>,
    /// To the parent.
    pub folders: BTreeMap<String, String>,
    pub projects: BTreeMap<String, Project>,
    pub clusters: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    /// Region and name of a project, to the number of the project for which the gate was closed last.
    gates: BTreeMap<(String, String), u64>,
    projects_made: u64,
    /// Accepted commands of each log.
    counts: BTreeMap<String, u64>,
    /// Which accepted command of its log wrote a resource last.
    written: BTreeMap<String, u64>,
}

impl Model {
    /// Whether the command is accepted; its effect, if it is.
    pub fn run(&mut self, command: &Command) -> bool {
        let mut after = self.clone();
        if after.change(command).is_none() || !after.is_sound() {
            return false;
        }
        let count = after.counts.entry(command.log().to_string()).or_default();
        *count += 1;
        after.written.insert(command.subject().to_string(), *count);
        *self = after;
        true
    }

    pub fn children(&self, container: &str) -> BTreeSet<String> {
        let folders = self.folders.iter().filter(|(_, parent)| *parent == container).map(|(name, _)| name);
        let projects = self.projects.iter().filter(|(_, row)| row.parent == container).map(|(name, _)| name);
        folders.chain(projects).cloned().collect()
    }

    /// Folders from `container` up to its organization, itself included; more than the limit when they do not end.
    pub fn depth(&self, container: &str) -> usize {
        let (mut depth, mut at) = (0, container);
        while let Some(parent) = self.folders.get(at) {
            depth += 1;
            at = parent;
            if depth > FOLDER_DEPTH_MAX {
                break;
            }
        }
        depth
    }

    fn is_sound(&self) -> bool {
        let parents = self.folders.values().chain(self.projects.values().map(|row| &row.parent));
        parents.into_iter().all(|parent| self.is_container(parent))
            && self.folders.keys().all(|folder| self.depth(folder) <= FOLDER_DEPTH_MAX)
            && self
                .folders
                .keys()
                .chain(self.projects.keys())
                .all(|name| self.organizations.iter().any(|organization| name.starts_with(&format!("{organization}/"))))
    }

    fn is_container(&self, name: &str) -> bool {
        self.organizations.contains(name) || self.folders.contains_key(name)
    }

    fn etag_fits(&self, name: &str, etag: Option<Revision>) -> Option<()> {
        (etag.is_none() || etag.map(|etag| etag.0) == self.written.get(name).copied()).then_some(())
    }

    /// Makes the change without asking whether the tree survives it. `None`: refused.
    fn change(&mut self, command: &Command) -> Option<()> {
        match command {
            Command::CreateOrganization(c) => self.create_organization(&c.name.to_string()),
            Command::UpdateOrganization(c) => {
                self.etag_fits(&c.name.to_string(), c.etag)?;
                self.organizations.contains(&c.name.to_string()).then_some(())?;
                changes(&c.display_name, &c.description)
            }
            Command::DeleteOrganization(c) => {
                self.etag_fits(&c.name.to_string(), c.etag)?;
                self.delete_organization(&c.name.to_string())
            }
            Command::AddAccount(c) => none(self.accounts.insert(c.account.to_string(), Account::default())),
            Command::ClaimAccount(c) => self.claim_account(&c.organization.to_string()),
            Command::CreateFolder(c) => same_organization(&c.name.to_string(), &c.parent.to_string())
                .and_then(|()| none(self.folders.insert(c.name.to_string(), c.parent.to_string()))),
            Command::UpdateFolder(c) => {
                self.etag_fits(&c.name.to_string(), c.etag)?;
                self.folders.contains_key(&c.name.to_string()).then_some(())?;
                changes(&c.display_name, &c.description)
            }
            Command::MoveFolder(c) => {
                same_organization(&c.name.to_string(), &c.parent.to_string())?;
                self.etag_fits(&c.name.to_string(), c.etag)?;
                let parent = self.folders.get_mut(&c.name.to_string())?;
                let from = std::mem::replace(parent, c.parent.to_string());
                (from != *parent).then_some(())
            }
            Command::DeleteFolder(c) => {
                self.etag_fits(&c.name.to_string(), c.etag)?;
                self.folders.remove(&c.name.to_string()).map(drop)
            }
            Command::CreateProject(c) => {
                same_organization(&c.name.to_string(), &c.parent.to_string())?;
                self.create_project(c.name.to_string(), c.parent.to_string())
            }
            Command::UpdateProject(c) => {
                self.active_project(&c.name.to_string(), c.etag)?;
                changes(&c.display_name, &c.description)
            }
            Command::MoveProject(c) => {
                same_organization(&c.name.to_string(), &c.parent.to_string())?;
                let project = self.active_project(&c.name.to_string(), c.etag)?;
                let from = std::mem::replace(&mut project.parent, c.parent.to_string());
                (from != project.parent).then_some(())
            }
            Command::DeleteProject(c) => {
                let regions = self.regions.clone();
                let project = self.active_project(&c.name.to_string(), c.etag)?;
                (project.deleting, project.awaiting) = (true, regions);
                self.forget_drained();
                Some(())
            }
            Command::AcknowledgeDrain(c) => {
                let project = self.projects.get_mut(&c.project.to_string())?;
                project.awaiting.remove(c.region.as_str()).then_some(())?;
                self.forget_drained();
                Some(())
            }
            Command::CloseGate(c) => self.close_gate(&c.region.to_string(), &c.project.to_string()),
            Command::RegisterRegion(c) => self.regions.insert(c.region.to_string()).then_some(()),
            Command::CreateCluster(c) => self.create_cluster(c),
            Command::UpdateCluster(c) => self.update_cluster(c),
            Command::DeleteCluster(c) => self.delete_cluster(c),
            // No script publishes an edition, has a cloud, sets a quota, says who may do what or whose tokens are taken: the rules are in
            // `editions`, `lives`, `quotas`, `policies`, `revokes` and `identities`.
            _of_no_script => None,
        }
    }

    fn close_gate(&mut self, region: &str, project: &str) -> Option<()> {
        let number = self.projects.get(project).filter(|project| project.deleting)?.number;
        (self.gates.insert((region.to_owned(), project.to_owned()), number) != Some(number)).then_some(())
    }

    fn create_organization(&mut self, name: &str) -> Option<()> {
        self.organizations.insert(name.to_owned()).then_some(())?;
        self.give_account(name);
        Some(())
    }

    fn delete_organization(&mut self, name: &str) -> Option<()> {
        for account in self.accounts.values_mut() {
            account.retired |= account.organization.as_deref() == Some(name);
        }
        self.organizations.remove(name).then_some(())
    }

    fn claim_account(&mut self, name: &str) -> Option<()> {
        self.organizations.contains(name).then_some(())?;
        (self.account_of(name).is_none() && self.give_account(name)).then_some(())
    }

    fn create_project(&mut self, name: String, parent: String) -> Option<()> {
        self.projects_made += 1;
        let project = Project { parent, number: self.projects_made, ..Project::default() };
        none(self.projects.insert(name, project))
    }

    /// The account that an organization has now.
    pub fn account_of(&self, organization: &str) -> Option<&String> {
        let has = |account: &Account| account.organization.as_deref() == Some(organization) && !account.retired;
        self.accounts.iter().find(|(_, account)| has(account)).map(|(id, _)| id)
    }

    /// Gives the lowest account that nobody ever had; `false` when there is none.
    fn give_account(&mut self, organization: &str) -> bool {
        let free = self.accounts.values_mut().find(|account| account.organization.is_none());
        free.map(|account| account.organization = Some(organization.to_owned())).is_some()
    }

    fn create_cluster(&mut self, c: &CreateCluster) -> Option<()> {
        let (region, project) = (c.name.location.to_string(), c.name.project.to_string());
        let number = self.active_project(&project, None)?.number;
        (self.gates.get(&(region, project)) != Some(&number)).then_some(())?;
        self.clusters.insert(c.name.to_string()).then_some(())
    }

    fn update_cluster(&mut self, c: &UpdateCluster) -> Option<()> {
        self.etag_fits(&c.name.to_string(), c.etag)?;
        self.clusters.contains(&c.name.to_string()).then_some(())?;
        changes(&c.display_name, &c.description)
    }

    fn delete_cluster(&mut self, c: &DeleteCluster) -> Option<()> {
        self.etag_fits(&c.name.to_string(), c.etag)?;
        self.clusters.remove(&c.name.to_string()).then_some(())
    }

    fn active_project(&mut self, name: &str, etag: Option<Revision>) -> Option<&mut Project> {
        self.etag_fits(name, etag)?;
        self.projects.get_mut(name).filter(|project| !project.deleting)
    }

    fn forget_drained(&mut self) {
        self.projects.retain(|_, project| !(project.deleting && project.awaiting.is_empty()));
    }
}

fn none<T>(previous: Option<T>) -> Option<()> {
    previous.is_none().then_some(())
}

fn changes(display_name: &Option<String>, description: &Option<String>) -> Option<()> {
    (display_name.is_some() || description.is_some()).then_some(())
}

fn same_organization(name: &str, parent: &str) -> Option<()> {
    let organization = |name: &str| name.split('/').nth(1).map(str::to_owned);
    (organization(name) == organization(parent)).then_some(())
}
