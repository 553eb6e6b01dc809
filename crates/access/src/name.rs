//! Names of what bindings speak about: nodes of the tree, and members.

use std::{fmt, str::FromStr, sync::Arc};

use ids::{ClusterName, ContainerName, FolderName, Label, NameError, OrganizationName, ProjectName, ResourceName};

use crate::Kind;

/// `organizations/{o}/projects/{p}/locations/{region}/clusters/{c}/namespaces/{n}`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceName {
    pub cluster: ClusterName,
    pub namespace: Label,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeName {
    Organization(OrganizationName),
    Folder(FolderName),
    Project(ProjectName),
    Cluster(ClusterName),
    Namespace(NamespaceName),
}

impl NodeName {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Organization(_) => Kind::Organization,
            Self::Folder(_) => Kind::Folder,
            Self::Project(_) => Kind::Project,
            Self::Cluster(_) => Kind::Cluster,
            Self::Namespace(_) => Kind::Namespace,
        }
    }

    /// The organization that the node is, or is in.
    pub fn organization(&self) -> OrganizationName {
        let organization = match self {
            Self::Organization(name) => &name.organization,
            Self::Folder(name) => &name.organization,
            Self::Project(name) => &name.organization,
            Self::Cluster(name) => &name.project.organization,
            Self::Namespace(name) => &name.cluster.project.organization,
        };
        OrganizationName { organization: organization.clone() }
    }

    /// Whether the node is `organization`, or is in it.
    pub fn is_of(&self, organization: &OrganizationName) -> bool {
        self.organization() == *organization
    }
}

impl From<ResourceName> for NodeName {
    fn from(name: ResourceName) -> Self {
        match name {
            ResourceName::Organization(name) => Self::Organization(name),
            ResourceName::Folder(name) => Self::Folder(name),
            ResourceName::Project(name) => Self::Project(name),
            ResourceName::Cluster(name) => Self::Cluster(name),
        }
    }
}

impl From<ContainerName> for NodeName {
    fn from(name: ContainerName) -> Self {
        ResourceName::from(name).into()
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        match input.rsplit_once("/namespaces/") {
            Some((cluster, namespace)) => {
                Ok(Self::Namespace(NamespaceName { cluster: cluster.parse()?, namespace: namespace.parse()? }))
            }
            None => input.parse::<ResourceName>().map(Self::from),
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(name) => name.fmt(f),
            Self::Folder(name) => name.fmt(f),
            Self::Project(name) => name.fmt(f),
            Self::Cluster(name) => name.fmt(f),
            Self::Namespace(name) => write!(f, "{}/namespaces/{}", name.cluster, name.namespace),
        }
    }
}

/// A node and where it is. A cluster is in the project, and a namespace in the cluster, that its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Organization(OrganizationName),
    Folder(FolderName, ContainerName),
    Project(ProjectName, ContainerName),
    Cluster(ClusterName),
    Namespace(NamespaceName),
}

impl Place {
    pub fn node(&self) -> NodeName {
        match self {
            Self::Organization(name) => NodeName::Organization(name.clone()),
            Self::Folder(name, _) => NodeName::Folder(name.clone()),
            Self::Project(name, _) => NodeName::Project(name.clone()),
            Self::Cluster(name) => NodeName::Cluster(name.clone()),
            Self::Namespace(name) => NodeName::Namespace(name.clone()),
        }
    }

    /// `None`: it is the root.
    pub fn parent(&self) -> Option<NodeName> {
        match self {
            Self::Organization(_) => None,
            Self::Folder(_, parent) | Self::Project(_, parent) => Some(parent.clone().into()),
            Self::Cluster(name) => Some(NodeName::Project(name.project.clone())),
            Self::Namespace(name) => Some(NodeName::Cluster(name.cluster.clone())),
        }
    }
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberKind {
    User,
    ServiceAccount,
    /// Everyone who is in it, also through other groups.
    Group,
}

/// Who is given a role: `user:{id}`, `serviceAccount:{id}` or `group:{id}` of one organization. The id is what its issuer says: 1 to 255
/// printable ASCII characters without spaces and quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    kind: MemberKind,
    id: Arc<str>,
}

/// Bytes of a member's id: as long as a subject of OpenID Connect may be.
pub const MEMBER_ID_BYTES_MAX: usize = 255;

impl Member {
    pub fn kind(&self) -> MemberKind {
        self.kind
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn is_group(&self) -> bool {
        self.kind == MemberKind::Group
    }
}

/// Text that is no member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "parsed the member {input:?}: wanted user:{{id}}, serviceAccount:{{id}} or group:{{id}}, an id of 1 to {MEMBER_ID_BYTES_MAX} printable ASCII characters without spaces and quotes"
)]
pub struct MemberError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl FromStr for Member {
    type Err = MemberError;

    fn from_str(input: &str) -> Result<Self, MemberError> {
        let error = || MemberError { input: input.chars().take(80).collect() };
        let (kind, id) = input.split_once(':').ok_or_else(error)?;
        let kind = match kind {
            "user" => MemberKind::User,
            "serviceAccount" => MemberKind::ServiceAccount,
            "group" => MemberKind::Group,
            _ => return Err(error()),
        };
        let fits = (1..=MEMBER_ID_BYTES_MAX).contains(&id.len());
        if !fits || !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            return Err(error());
        }
        Ok(Self { kind, id: Arc::from(id) })
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            MemberKind::User => "user",
            MemberKind::ServiceAccount => "serviceAccount",
            MemberKind::Group => "group",
        };
        write!(f, "{kind}:{}", self.id)
    }
}

/// Who asks: a member, and the groups that its token says it is in beside those on record.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub member: &'a Member,
    pub claimed: &'a [Member],
}

impl<'a> From<&'a Member> for Caller<'a> {
    fn from(member: &'a Member) -> Self {
        Self { member, claimed: &[] }
    }
}
