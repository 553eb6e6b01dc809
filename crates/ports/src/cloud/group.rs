//! Security groups: who may reach an instance.

use std::sync::Arc;

use ids::Cidr;
use serde::{Deserialize, Serialize};

use super::{
    id::{SecurityGroupId, VpcId},
    select::{Describe, Tags},
};

/// The name is unique in its VPC, else `InvalidGroup.Duplicate`. A new group lets nothing in and everything out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSecurityGroup {
    pub vpc: VpcId,
    pub name: Arc<str>,
    pub description: Arc<str>,
    pub tags: Tags,
}

/// `InvalidPermission.Duplicate` if the group has one of the rules already; then none is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeSecurityGroupIngress {
    pub group: SecurityGroupId,
    pub rules: Vec<Rule>,
}

/// `InvalidPermission.NotFound` if the group lacks one of the rules; then none is taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeSecurityGroupIngress {
    pub group: SecurityGroupId,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeSecurityGroups(pub Describe<SecurityGroupId>);

/// `DependencyViolation` while an instance uses it or another group names it; `CannotDelete` for a default group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSecurityGroup {
    pub id: SecurityGroupId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
    /// EC2's `-1`. It has no ports.
    All,
}

/// Who may come in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    Range(Cidr),
    Group(SecurityGroupId),
}

/// Lets one source in on some ports (EC2 bundles several sources into one permission; here each is a rule).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule {
    pub protocol: Protocol,
    /// First and last; with `All` and `Icmp`, 0 and 65535.
    pub ports: (u16, u16),
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub vpc: VpcId,
    pub name: Arc<str>,
    pub description: Arc<str>,
    /// In the order of [`Rule`], each once.
    pub ingress: Vec<Rule>,
    pub tags: Tags,
}
