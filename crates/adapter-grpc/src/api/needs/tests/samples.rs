//! A request of every method, about one small tree.

mod changes;
mod questions;

use std::collections::BTreeMap;

use api::v1::*;
use gateway::Need;

use crate::api::{command::Writes, needs::Needs};

pub const ORGANIZATION: &str = "organizations/acme";
pub const FOLDER: &str = "organizations/acme/folders/prod";
/// In the folder.
pub const INNER: &str = "organizations/acme/folders/inner";
pub const PROJECT: &str = "organizations/acme/projects/shop";
const LOCATION: &str = "organizations/acme/projects/shop/locations/eu-west-1";
pub const CLUSTER: &str = "organizations/acme/projects/shop/locations/eu-west-1/clusters/web";
pub const NAMESPACE: &str = "organizations/acme/projects/shop/locations/eu-west-1/clusters/web/namespaces/default";
const ID: &str = "0123456789abcdef0123456789abcdef";

fn text(of: &str) -> String {
    of.to_owned()
}

fn some<T: Default>() -> Option<T> {
    Some(T::default())
}

fn grant() -> ModifyBindingsRequest {
    let give = vec![Binding { role: text("project.view"), member: text("user:bob"), ..Default::default() }];
    ModifyBindingsRequest { name: format!("{PROJECT}/accessPolicy"), give, ..Default::default() }
}

fn role() -> Role {
    let (rights, bound_at) = (vec![text("cluster.get")], vec![text("project")]);
    Role { name: format!("{ORGANIZATION}/roles/one"), rights, bound_at, ..Default::default() }
}

fn jwk() -> String {
    let key = identity::Signer::new("test", "one", &[1; 32]).unwrap();
    key.public_jwk().to_string()
}

fn provider() -> IdentityProvider {
    let (issuer, audience) = (text("https://login.example"), text("atoll"));
    IdentityProvider { name: format!("{ORGANIZATION}/identityProviders/one"), issuer, audience, ..Default::default() }
}

fn asks(question: &impl Needs) -> Need {
    question.need().unwrap()
}

fn writes(request: impl Writes) -> Need {
    Need::of(&request.write().unwrap().command)
}

/// What every method needs.
pub fn needs() -> BTreeMap<&'static str, Need> {
    let mut all: BTreeMap<&'static str, Need> = questions::needs();
    all.extend(changes::needs());
    // A stream needs nothing, and each of its mutations what it does; a change that was looked at needs what it does.
    all.insert("Mutations/Mutate", Need::Known);
    all.insert("Access/CommitChange", writes(grant()));
    all
}
