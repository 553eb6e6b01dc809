//! What a call needs.

use access::{Kind, NodeName, Right};
use domain::Command;
use ids::{OrganizationName, ResourceName};

use crate::commands;

/// What a caller must be, or may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// To have shown who they are: what concerns no organization.
    Known,
    /// To run the ring.
    Operator,
    /// To be one who regions are: no client makes the call.
    Region,
    /// To belong to the organization: what is answered is only what they may see of it.
    Within(OrganizationName),
    /// Rights, all of them.
    Rights(Vec<(Right, NodeName)>),
}

impl Need {
    /// What a command needs.
    pub fn of(command: &Command) -> Self {
        commands::need(command)
    }

    pub fn right(right: Right, node: impl Into<ResourceName>) -> Self {
        Self::on(right, node.into().into())
    }

    pub fn on(right: Right, node: NodeName) -> Self {
        Self::Rights(vec![(right, node)])
    }

    /// To see a node.
    pub fn see(node: &NodeName) -> Self {
        Self::on(Verb::Get.on(node.kind()), node.clone())
    }

    /// To see who may do what on a node.
    pub fn see_policy(node: &NodeName) -> Self {
        Self::on(Verb::GetPolicy.on(node.kind()), node.clone())
    }

    /// To see what a node used.
    pub fn see_usage(node: &NodeName) -> Self {
        Self::on(Verb::GetUsage.on(node.kind()), node.clone())
    }

    /// To see who is in an organization.
    pub fn see_identities(organization: &OrganizationName) -> Self {
        Self::right(Right::OrganizationGetIdentities, organization.clone())
    }

    /// To say who may do what on a node.
    pub fn set_policy(node: &NodeName) -> Self {
        Self::on(Verb::SetPolicy.on(node.kind()), node.clone())
    }

    /// The nodes on which rights are needed.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        let rights = if let Self::Rights(rights) = self { rights.as_slice() } else { &[] };
        rights.iter().map(|(_, node)| node)
    }

    /// The organization that it is about, if it is about one.
    pub fn organization(&self) -> Option<OrganizationName> {
        match self {
            Self::Known | Self::Operator | Self::Region => None,
            Self::Within(organization) => Some(organization.clone()),
            Self::Rights(rights) => rights.first().map(|(_, node)| node.organization()),
        }
    }
}

/// What is done alike to nodes of all kinds.
#[derive(Clone, Copy)]
pub enum Verb {
    Get,
    GetPolicy,
    GetUsage,
    SetPolicy,
}

impl Verb {
    /// The right to do it to nodes of one kind.
    pub fn on(self, kind: Kind) -> Right {
        use Right as R;
        let [get, get_policy, get_usage, set_policy] = match kind {
            Kind::Organization => {
                [R::OrganizationGet, R::OrganizationGetPolicy, R::OrganizationGetUsage, R::OrganizationSetPolicy]
            }
            Kind::Folder => [R::FolderGet, R::FolderGetPolicy, R::FolderGetUsage, R::FolderSetPolicy],
            Kind::Project => [R::ProjectGet, R::ProjectGetPolicy, R::ProjectGetUsage, R::ProjectSetPolicy],
            Kind::Cluster => [R::ClusterGet, R::ClusterGetPolicy, R::ClusterGetUsage, R::ClusterSetPolicy],
            Kind::Namespace => [R::NamespaceGet, R::NamespaceGetPolicy, R::NamespaceGetUsage, R::NamespaceSetPolicy],
        };
        match self {
            Self::Get => get,
            Self::GetPolicy => get_policy,
            Self::GetUsage => get_usage,
            Self::SetPolicy => set_policy,
        }
    }
}
