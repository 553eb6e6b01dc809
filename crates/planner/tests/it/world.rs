//! Requests, inputs and policies, tersely.

use std::sync::OnceLock;

use domain::{
    Date,
    catalog::{Catalog, Key, Value},
};
use ids::{ClusterName, Revision};
use planner::{Asked, Blueprint, Current, Inputs, Network, Policy, Refusal, Request, Rule, Says, VersionWish, decide};

pub const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];
pub const TYPES: [&str; 2] = ["DEVELOPMENT", "PRODUCTION"];

static FIRST: OnceLock<Catalog> = OnceLock::new();

/// What decisions are made from, owned.
pub struct World {
    pub catalog: Catalog,
    pub today: Date,
    pub policies: Vec<Policy>,
    pub networks: Vec<Network>,
    pub asked: Asked,
    pub current: Option<Current>,
    pub workers: Option<u64>,
    pub connections: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            catalog: FIRST.get_or_init(|| catalog::first().unwrap()).clone(),
            today: "2026-11-21".parse().unwrap(),
            policies: Vec::new(),
            networks: Vec::new(),
            asked: Asked::Now,
            current: None,
            workers: None,
            connections: 0,
        }
    }

    pub fn decide(&self, request: &Request) -> Result<Blueprint, Refusal> {
        self.decide_under(&self.policies, request)
    }

    pub fn decide_under(&self, policies: &[Policy], request: &Request) -> Result<Blueprint, Refusal> {
        let inputs = Inputs {
            catalog: &self.catalog,
            today: self.today,
            policies,
            networks: &self.networks,
            asked: self.asked,
            current: self.current.as_ref(),
            workers: self.workers,
            connections: self.connections,
        };
        decide(request, &inputs)
    }

    /// Decides, and takes the addresses into use.
    pub fn create(&mut self, request: &Request) -> Result<Blueprint, Refusal> {
        let blueprint = self.decide(request)?;
        self.networks.push(blueprint.network.addresses.clone());
        Ok(blueprint)
    }

    /// Creates, and is from then on about the cluster that was made.
    pub fn make(&mut self, request: &Request) -> Result<Blueprint, Refusal> {
        let blueprint = self.create(request)?;
        self.current = Some(Current { network: blueprint.network.addresses.clone(), version: blueprint.version });
        Ok(blueprint)
    }

    /// A policy of a node, set at a place of its own.
    pub fn policy(mut self, node: &str, rules: impl IntoIterator<Item = (Key, Says)>) -> Self {
        self.policies.push(policy(node, self.policies.len() as u64 + 1, rules));
        self
    }
}

pub fn policy(node: &str, seq: u64, rules: impl IntoIterator<Item = (Key, Says)>) -> Policy {
    let rules = rules.into_iter().map(|(key, says)| Rule::new(key, says).unwrap()).collect();
    Policy { node: node.parse().unwrap(), revision: Revision(seq), rules }
}

pub const ORGANIZATION: &str = "organizations/acme";
pub const FOLDER: &str = "organizations/acme/folders/shop";
pub const PROJECT: &str = "organizations/acme/projects/web";

pub fn cluster(region: &str, name: &str) -> ClusterName {
    format!("{PROJECT}/locations/{region}/clusters/{name}").parse().unwrap()
}

pub fn request(cluster_type: &str, region: &str) -> Request {
    Request::new(cluster(region, "demo"), cluster_type)
}

/// The wish for one version.
pub fn exactly(version: &str) -> Option<VersionWish> {
    Some(VersionWish::Exactly(version.parse().unwrap()))
}

/// The value that a key's text says.
pub fn value(key: Key, text: &str) -> Value {
    key.shape().read(text).unwrap()
}

/// The text of a choice's value.
pub fn chosen(blueprint: &Blueprint, key: Key) -> String {
    blueprint.choice(key).unwrap().value.to_string()
}
