//! What many runs add up to: by cluster, project, folder, organization or day.
//!
//! A region's runs are read piece by piece ([`Runs`]), so that whoever reads many lets others have their turn, and summed up ([`Report`]).
//! Clusters are named by their runs, also those that are gone. In which folder a project is, the log of usage does not say: that is looked
//! up in the tree as it is now, and a project that was deleted counts where it was last.

use std::collections::BTreeMap;

use ids::{ClusterName, ContainerName, Hlc, ProjectName, RequestId, ResourceName, Subject, limits::FOLDER_DEPTH_MAX};

use super::{Tally, Within, days, tally};
use crate::{Folder, MachineRun, Project, View, ViewError, cluster::network_entry, held::Time, sets};

/// What lines are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Cluster,
    Project,
    /// The folder, or the organization, that a project is in directly.
    Folder,
    Organization,
    Day,
}

/// What one line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// The uid tells apart two clusters that had the name one after the other.
    Cluster {
        name: ClusterName,
        uid: RequestId,
    },
    Project(ProjectName),
    /// By folder or organization.
    Container(ContainerName),
    /// When the day began, in UTC.
    Day(Time),
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Rises from line to line; a report can go on behind it.
    pub key: String,
    pub group: Group,
    pub tally: Tally,
}

/// The runs of one region that may belong to an organization, folder, project or cluster, in order of project, cluster and machine.
#[derive(Clone, Debug)]
pub struct Runs {
    set: Subject,
    /// What entries begin with.
    prefix: String,
    /// The last entry that was read.
    at: String,
}

impl Runs {
    pub fn of(parent: &ResourceName) -> Self {
        let prefix = match parent {
            ResourceName::Organization(_) | ResourceName::Folder(_) => String::new(),
            ResourceName::Project(project) => format!("{}/", project.project),
            ResourceName::Cluster(cluster) => format!("{}/", network_entry(cluster)),
        };
        Self { set: sets::machine_runs(&parent.organization()), at: prefix.clone(), prefix }
    }

    /// Only those behind all of the cluster `project/cluster`.
    #[must_use]
    pub fn behind(self, cluster: &str) -> Self {
        // Entries go on with a slash behind the cluster's name, and 0 is the letter after that.
        Self { at: self.at.max(format!("{cluster}0")), ..self }
    }

    /// At most so many more; none after the last.
    ///
    /// # Errors
    /// [`ViewError`] when a row cannot be read.
    pub fn next(&mut self, view: &dyn View, limit: usize) -> Result<Vec<MachineRun>, ViewError> {
        let entries = view.entries(&self.set, Some(&self.at), limit);
        let mut runs = Vec::with_capacity(entries.len());
        for entry in entries.iter().take_while(|entry| entry.starts_with(&self.prefix)) {
            let subject = self.set.entry(entry);
            let row = view.row::<MachineRun>(&subject)?;
            let gone = || ViewError { subject, detail: "no row behind an entry".to_owned() };
            runs.push(row.ok_or_else(gone)?.1);
        }
        self.at = entries.into_iter().next_back().unwrap_or_else(|| self.at.clone());
        Ok(runs)
    }
}

/// Lines in the making.
#[derive(Clone, Debug)]
pub struct Report {
    parent: ResourceName,
    within: Within,
    by: By,
    lines: BTreeMap<String, Line>,
    /// What each project is in, from near to far.
    above: BTreeMap<ProjectName, Vec<ContainerName>>,
}

impl Report {
    pub fn new(parent: ResourceName, within: Within, by: By) -> Self {
        Self { parent, within, by, lines: BTreeMap::new(), above: BTreeMap::new() }
    }

    /// Takes in one run, as was known when its log had the time `as_of`. `global` is a copy of the global log's rows, for the tree.
    ///
    /// # Errors
    /// [`ViewError`] when a row of the tree cannot be read.
    pub fn add(&mut self, run: &MachineRun, as_of: Hlc, global: &dyn View) -> Result<(), ViewError> {
        let project = &run.cluster.project;
        if !self.above.contains_key(project) {
            self.above.insert(project.clone(), above(global, project)?);
        }
        let above = self.above.get(project).map_or(&[][..], Vec::as_slice);
        if matches!(&self.parent, ResourceName::Folder(folder) if !above.contains(&ContainerName::Folder(folder.clone())))
        {
            return Ok(());
        }
        let organization = || ContainerName::Organization(self.parent.organization());
        let group = match self.by {
            By::Cluster => Group::Cluster { name: run.cluster.clone(), uid: run.uid },
            By::Project => Group::Project(project.clone()),
            By::Folder => Group::Container(above.first().cloned().unwrap_or_else(organization)),
            By::Organization => Group::Container(organization()),
            By::Day => {
                let days = days(run, self.within, as_of);
                days.into_iter().for_each(|(day, tally)| self.sum(Group::Day(day), tally));
                return Ok(());
            }
        };
        self.sum(group, tally(run, self.within, as_of));
        Ok(())
    }

    fn sum(&mut self, group: Group, tally: Tally) {
        if tally != Tally::default() {
            let key = group.key();
            let line = || Line { key: key.clone(), group, tally: Tally::default() };
            self.lines.entry(key.clone()).or_insert_with(line).tally += tally;
        }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines in order of their keys; what used nothing has none.
    pub fn into_lines(self) -> impl Iterator<Item = Line> {
        self.lines.into_values()
    }
}

impl Group {
    fn key(&self) -> String {
        match self {
            Self::Cluster { name, uid } => format!("{}/{uid}", cluster_key(name)),
            Self::Project(name) => name.project.to_string(),
            Self::Container(name) => name.to_string(),
            Self::Day(day) => format!("{:012}", day.0),
        }
    }
}

/// What the keys of all lines of a cluster's name begin with.
pub fn cluster_key(name: &ClusterName) -> String {
    format!("{}/{}", name.location, network_entry(name))
}

/// The folders that a project is in, from near to far, and its organization. Rows of what was deleted stay, and say where it was.
fn above(global: &dyn View, project: &ProjectName) -> Result<Vec<ContainerName>, ViewError> {
    let row = global.row::<Project>(&Subject::resource(&project.clone().into()))?;
    let mut next = row.map(|(_, row)| row.parent);
    let mut above = Vec::new();
    // Rows that name each other as parents can only come from a defect; they must end here and not in an endless walk.
    while let Some(container) = next.filter(|_| above.len() <= FOLDER_DEPTH_MAX) {
        next = match &container {
            ContainerName::Organization(_) => None,
            ContainerName::Folder(name) => {
                global.row::<Folder>(&Subject::resource(&name.clone().into()))?.map(|(_, row)| row.parent)
            }
        };
        above.push(container);
    }
    Ok(above)
}
