//! Network load balancers: a balancer listens and sends what comes to the healthy targets of a group.
//!
//! Creations take no client token: names are unique in account and region, and the same name with the same settings answers what is
//! there. Deletions succeed also when there is nothing to delete. What is gone is not listed, and what is not listed may be there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    id::*,
    select::{PageRequest, Tags},
};

/// With other settings than the one of the same name: `DuplicateLoadBalancerName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateLoadBalancer {
    /// At most 32 letters, digits and hyphens, not at its ends, else `ValidationError`.
    pub name: Arc<str>,
    /// One per zone, else `InvalidConfigurationRequest`; all of one VPC.
    pub subnets: Vec<SubnetId>,
    /// Not reachable from outside the VPC.
    pub internal: bool,
    pub tags: Tags,
}

/// By names or ARNs (`LoadBalancerNotFound` if one is missing), else all. Elastic Load Balancing has no filters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeLoadBalancers {
    pub names: Vec<Arc<str>>,
    pub arns: Vec<LoadBalancerArn>,
    /// A size of 1 to 400.
    pub page: PageRequest,
}

/// With it go its listeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteLoadBalancer {
    pub arn: LoadBalancerArn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancerState {
    Provisioning,
    Active,
    ActiveImpaired,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoadBalancer {
    pub arn: LoadBalancerArn,
    pub name: Arc<str>,
    pub dns_name: Arc<str>,
    pub state: LoadBalancerState,
    pub vpc: VpcId,
    pub subnets: Vec<SubnetId>,
    pub internal: bool,
    /// From `DescribeTags`, which an adapter calls beside the description.
    pub tags: Tags,
}

/// TCP, targets by instance. With other settings than the one of the same name: `DuplicateTargetGroupName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTargetGroup {
    /// As a load balancer's.
    pub name: Arc<str>,
    pub vpc: VpcId,
    pub port: u16,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeTargetGroups {
    pub names: Vec<Arc<str>>,
    pub arns: Vec<TargetGroupArn>,
    /// A size of 1 to 400.
    pub page: PageRequest,
}

/// `ResourceInUse` while a listener sends to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTargetGroup {
    pub arn: TargetGroupArn,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub name: Arc<str>,
    pub vpc: VpcId,
    pub port: u16,
    /// From `DescribeTags`, as a load balancer's.
    pub tags: Tags,
}

/// One per port; the same settings again answer the one that is there, others are `DuplicateListener`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateListener {
    pub balancer: LoadBalancerArn,
    pub port: u16,
    pub target_group: TargetGroupArn,
}

/// Of one load balancer (`LoadBalancerNotFound` if it does not exist).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeListeners {
    pub balancer: LoadBalancerArn,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    pub arn: ListenerArn,
    pub port: u16,
    pub target_group: TargetGroupArn,
}

/// `InvalidTarget` for one that is not running or of another VPC; one that is registered stays so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterTargets {
    pub group: TargetGroupArn,
    pub instances: Vec<InstanceId>,
}

/// Of one that is not registered: succeeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeregisterTargets {
    pub group: TargetGroupArn,
    pub instances: Vec<InstanceId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeTargetHealth {
    pub group: TargetGroupArn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
    /// No listener sends to its group, or it is not running.
    Unused,
    /// It was taken out and its connections end.
    Draining,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    pub instance: InstanceId,
    pub state: TargetState,
    /// Such as `Target.FailedHealthChecks`.
    pub reason: Option<Arc<str>>,
}
