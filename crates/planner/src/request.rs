//! What decisions are made from.

use domain::{
    Cidr, ClusterOptions, Date, VersionWish,
    catalog::{Catalog, Key, KubernetesVersion, Unit, Value},
};
use ids::ClusterName;

use crate::{Network, Policy};

/// What a person asks for: a name, which says the region, a type, and little else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub name: ClusterName,
    /// Id of a cluster type, such as `PRODUCTION`.
    pub cluster_type: String,
    pub options: ClusterOptions,
}

/// What is known when decisions are made.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    pub catalog: &'a Catalog,
    /// In UTC.
    pub today: Date,
    /// Of the nodes above the cluster, the organization's first, the project's last.
    pub policies: &'a [Policy],
    /// Networks of the organization that are known here. This cluster's own and those of other organizations may be among
    /// them and are not looked at.
    pub networks: &'a [Network],
    pub asked: Asked,
    /// What the cluster has and keeps; `None` while it is being made.
    pub current: Option<&'a Current>,
    /// Workers that there are; `None` before the first.
    pub workers: Option<u64>,
    /// Connections to other networks that there are.
    pub connections: u64,
}

/// When the request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is being answered: what is forbidden or impossible is refused.
    Now,
    /// It was accepted before. A policy that was set since overrules its wishes, what was fixed when the cluster was made
    /// stays, and each such thing is a warning.
    Before,
}

/// What a cluster that was made keeps, whatever policies and editions say later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Addresses and zones never change.
    pub network: Network,
    /// Changes when another is asked for.
    pub version: KubernetesVersion,
}

impl Request {
    /// A request for a type and nothing else.
    pub fn new(name: ClusterName, cluster_type: impl Into<String>) -> Self {
        Self { name, cluster_type: cluster_type.into(), options: ClusterOptions::default() }
    }

    /// What it asks of a decision that is not computed.
    pub(crate) fn wish(&self, key: Key) -> Option<Value> {
        match key {
            Key::ApiAllowList => self.options.allow_list.clone().map(Value::Ranges),
            Key::DeleteProtection => self.options.delete_protection.map(Value::Flag),
            Key::Maintenance => self.options.maintenance_window.map(Value::Window),
            Key::PodsPrivileged => self.options.privileged.map(Value::Flag),
            Key::VersionChannel => match self.options.version {
                Some(VersionWish::Channel(channel)) => Some(Value::Word(channel.to_string())),
                _ => None,
            },
            Key::ClusterPrefix => self.options.cluster_cidr.map(prefix),
            Key::PodPrefix => self.options.pod_cidr.map(prefix),
            Key::ServicePrefix => self.options.service_cidr.map(prefix),
            _ => None,
        }
    }
}

fn prefix(range: Cidr) -> Value {
    Value::Number(u64::from(range.prefix()), Unit::Prefix)
}
