//! Resource names (Google AIP-122), flat below the organization: a parent is a field, so a move renames nothing.
//!
//! ```text
//! organizations/{o}
//! organizations/{o}/folders/{f}
//! organizations/{o}/projects/{p}
//! organizations/{o}/projects/{p}/locations/{region}/clusters/{c}
//! organizations/{o}/groups/{g}, organizations/{o}/roles/{r}                beside the tree
//! organizations/{o}/identityProviders/{p}, organizations/{o}/serviceAccounts/{s}
//! ```

use std::{fmt, str::FromStr, sync::Arc};

use crate::limits::LABEL_BYTES_MAX;

mod owned;

pub use owned::{GroupName, IdentityProviderName, RevokeName, RoleId, ServiceAccountName};

/// Text that is not a name of the expected shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the name {input:?}: wanted {expected}")]
pub struct NameError {
    /// What was given, cut at 80 characters.
    pub input: String,
    pub expected: &'static str,
}

impl NameError {
    pub fn new(input: &str, expected: &'static str) -> Self {
        Self { input: input.chars().take(80).collect(), expected }
    }
}

/// One id segment of a name: a lower-case letter, then letters, digits and hyphens, not ending in a hyphen; at most 63 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

impl Label {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        let bytes = input.as_bytes();
        let fits = !bytes.is_empty() && bytes.len() <= LABEL_BYTES_MAX;
        let letters = bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        let ends = bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last() != Some(&b'-');
        if fits && letters && ends {
            return Ok(Self(Arc::from(input)));
        }
        Err(NameError::new(input, "1 to 63 of a-z, 0-9 and -, starting with a letter, not ending in -"))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A region of the ring, such as `us-east-1`; the location segment of a cluster's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(Label);

impl RegionId {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for RegionId {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        input.parse().map(Self)
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `organizations/{o}`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationName {
    pub organization: Label,
}

/// `organizations/{o}/folders/{f}`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName {
    pub organization: Label,
    pub folder: Label,
}

/// `organizations/{o}/projects/{p}`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName {
    pub organization: Label,
    pub project: Label,
}

/// `organizations/{o}/projects/{p}/locations/{region}/clusters/{c}`. The location is part of the name, so uniqueness is a question
/// for one region, and two regions that cannot talk never make the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName {
    pub project: ProjectName,
    pub location: RegionId,
    pub cluster: Label,
}

/// What folders and projects can be in: an organization or a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerName {
    Organization(OrganizationName),
    Folder(FolderName),
}

/// Any resource's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceName {
    Organization(OrganizationName),
    Folder(FolderName),
    Project(ProjectName),
    Cluster(ClusterName),
}

impl OrganizationName {
    pub fn folder(&self, folder: Label) -> FolderName {
        FolderName { organization: self.organization.clone(), folder }
    }

    pub fn project(&self, project: Label) -> ProjectName {
        ProjectName { organization: self.organization.clone(), project }
    }
}

impl ContainerName {
    /// The organization that the container is, or is in.
    pub fn organization(&self) -> OrganizationName {
        match self {
            Self::Organization(name) => name.clone(),
            Self::Folder(name) => OrganizationName { organization: name.organization.clone() },
        }
    }
}

impl ResourceName {
    /// The organization that the resource is, or is in.
    pub fn organization(&self) -> OrganizationName {
        let organization = match self {
            Self::Organization(name) => &name.organization,
            Self::Folder(name) => &name.organization,
            Self::Project(name) => &name.organization,
            Self::Cluster(name) => &name.project.organization,
        };
        OrganizationName { organization: organization.clone() }
    }
}

impl FromStr for ResourceName {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        let segments: Vec<&str> = input.splitn(9, '/').collect();
        match segments.as_slice() {
            ["organizations", o] => Ok(Self::Organization(OrganizationName { organization: o.parse()? })),
            ["organizations", o, "folders", f] => {
                Ok(Self::Folder(FolderName { organization: o.parse()?, folder: f.parse()? }))
            }
            ["organizations", o, "projects", p] => {
                Ok(Self::Project(ProjectName { organization: o.parse()?, project: p.parse()? }))
            }
            ["organizations", o, "projects", p, "locations", l, "clusters", c] => {
                let project = ProjectName { organization: o.parse()?, project: p.parse()? };
                Ok(Self::Cluster(ClusterName { project, location: l.parse()?, cluster: c.parse()? }))
            }
            _ => Err(NameError::new(
                input,
                "organizations/{o}, then nothing, folders/{f}, projects/{p} or projects/{p}/locations/{region}/clusters/{c}",
            )),
        }
    }
}

macro_rules! one_kind {
    ($name:ident, $variant:ident, $expected:literal) => {
        impl FromStr for $name {
            type Err = NameError;

            fn from_str(input: &str) -> Result<Self, NameError> {
                match input.parse()? {
                    ResourceName::$variant(name) => Ok(name),
                    _ => Err(NameError::new(input, $expected)),
                }
            }
        }

        impl From<$name> for ResourceName {
            fn from(name: $name) -> Self {
                Self::$variant(name)
            }
        }
    };
}

one_kind!(OrganizationName, Organization, "organizations/{o}");
one_kind!(FolderName, Folder, "organizations/{o}/folders/{f}");
one_kind!(ProjectName, Project, "organizations/{o}/projects/{p}");
one_kind!(ClusterName, Cluster, "organizations/{o}/projects/{p}/locations/{region}/clusters/{c}");

impl FromStr for ContainerName {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        match input.parse()? {
            ResourceName::Organization(name) => Ok(Self::Organization(name)),
            ResourceName::Folder(name) => Ok(Self::Folder(name)),
            ResourceName::Project(_) | ResourceName::Cluster(_) => {
                Err(NameError::new(input, "organizations/{o} or organizations/{o}/folders/{f}"))
            }
        }
    }
}

impl From<ContainerName> for ResourceName {
    fn from(name: ContainerName) -> Self {
        match name {
            ContainerName::Organization(name) => Self::Organization(name),
            ContainerName::Folder(name) => Self::Folder(name),
        }
    }
}

impl fmt::Display for OrganizationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "organizations/{}", self.organization)
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "organizations/{}/folders/{}", self.organization, self.folder)
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "organizations/{}/projects/{}", self.organization, self.project)
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/locations/{}/clusters/{}", self.project, self.location, self.cluster)
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(name) => name.fmt(f),
            Self::Folder(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(name) => name.fmt(f),
            Self::Folder(name) => name.fmt(f),
            Self::Project(name) => name.fmt(f),
            Self::Cluster(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
