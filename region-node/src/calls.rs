//! Calls of the public API: counted by method and code, and one span for each that is traced.
//!
//! The span is a child of what the client sent. Where the client does not ask for its call to be recorded, a share of the calls is, in the
//! trace that the client named or in one of its own. What goes on with the command names this span as its parent, in this member and in
//! all others; of a call that is not recorded nothing goes on, so that records hold no context that nobody looks at.

use std::{collections::BTreeMap, sync::Arc};

use adapter_grpc::serve::{Begun, Observed, Observer};
use adapter_telemetry::{
    Metrics,
    metrics::{OfCall, OfMethod},
    trace::{Sampler, TraceContext},
};
use tokio::time::Instant;
use tracing::Span;

const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Whatever is called by no known name.
const OTHER: &str = "other";

/// See the module.
pub struct Calls {
    metrics: Arc<Metrics>,
    sampler: Sampler,
    /// Every method, by its path: nobody makes up a label.
    methods: BTreeMap<String, &'static str>,
}

impl Calls {
    pub fn new(metrics: Arc<Metrics>, share: f64, seed: u64) -> Self {
        let methods = METHODS.iter().filter_map(|path| Some((format!("/atoll.v1.{path}"), path.split_once('/')?.1)));
        Self { metrics, sampler: Sampler::new(share, seed), methods: methods.collect() }
    }

    /// The span of a call, and the context that what follows names as its parent.
    fn trace(&self, method: &'static str, given: Option<&str>) -> (Span, Option<String>) {
        let sent = given.and_then(TraceContext::parse);
        let (parent, own) = match sent {
            Some(parent) if parent.sampled => (parent, self.sampler.child(parent)),
            not_asked => match (self.sampler.begin(), not_asked) {
                (Some(first), None) => (first, first),
                (Some(first), Some(parent)) => {
                    (TraceContext { sampled: true, ..parent }, TraceContext { trace_id: parent.trace_id, ..first })
                }
                (None, _) => return (Span::none(), Some(String::new())),
            },
        };
        let (traceparent, span_id) = (parent.to_string(), own.span_id_text());
        let span = tracing::info_span!(target: "atoll::trace", parent: None, "api.call", traceparent, span_id, method);
        if span.is_disabled() { (span, None) } else { (span, Some(own.to_string())) }
    }
}

impl Observer for Calls {
    fn begin(&self, path: &str, traceparent: Option<&str>) -> Begun {
        let method = self.methods.get(path).copied().unwrap_or(OTHER);
        let (span, traceparent) = self.trace(method, traceparent);
        self.metrics.streams.get_or_create(&OfMethod { method }).inc();
        let call = Call { metrics: Arc::clone(&self.metrics), method, began: Instant::now() };
        Begun { span, traceparent, call: Box::new(call) }
    }
}

struct Call {
    metrics: Arc<Metrics>,
    method: &'static str,
    began: Instant,
}

impl Observed for Call {
    fn answered(&mut self) {
        let method = self.method;
        self.metrics.call_seconds.get_or_create(&OfMethod { method }).observe(self.began.elapsed().as_secs_f64());
    }

    fn ended(&mut self, code: i32) {
        let code = usize::try_from(code).ok().and_then(|code| CODES.get(code)).copied().unwrap_or(OTHER);
        let method = self.method;
        self.metrics.calls.get_or_create(&OfCall { method, code }).inc();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.metrics.streams.get_or_create(&OfMethod { method: self.method }).dec();
    }
}

/// A test holds them against the descriptors.
const METHODS: &[&str] = &[
    "Access/CommitChange",
    "Access/ExplainAccess",
    "Access/ListEffectiveRights",
    "Access/ListMembersWhoCan",
    "Access/PreviewChange",
    "AccessPolicies/GetAccessPolicy",
    "AccessPolicies/ModifyBindings",
    "AccessPolicies/UpdateAccessPolicy",
    "Catalog/GetEdition",
    "Catalog/HaltEdition",
    "Catalog/ListClusterTypes",
    "Catalog/ListEditions",
    "Catalog/ListInstanceTypes",
    "Catalog/ListLocations",
    "Catalog/ListVersions",
    "Catalog/PublishEdition",
    "CloudAccounts/CreateCloudAccount",
    "CloudAccounts/GetCloudAccount",
    "CloudAccounts/ListCloudAccounts",
    "ClusterPolicies/GetClusterPolicy",
    "ClusterPolicies/UpdateClusterPolicy",
    "Clusters/CreateCluster",
    "Clusters/DeleteCluster",
    "Clusters/ExplainCluster",
    "Clusters/GetCluster",
    "Clusters/HibernateCluster",
    "Clusters/ListClusters",
    "Clusters/ListDecisions",
    "Clusters/ListMachines",
    "Clusters/PreviewDecisions",
    "Clusters/UndeleteCluster",
    "Clusters/UpdateCluster",
    "Clusters/WakeCluster",
    "Folders/CreateFolder",
    "Folders/DeleteFolder",
    "Folders/GetFolder",
    "Folders/ListFolders",
    "Folders/MoveFolder",
    "Folders/UpdateFolder",
    "Groups/CreateGroup",
    "Groups/DeleteGroup",
    "Groups/GetGroup",
    "Groups/ListGroups",
    "Groups/UpdateGroup",
    "IdentityProviders/CreateIdentityProvider",
    "IdentityProviders/DeleteIdentityProvider",
    "IdentityProviders/GetIdentityProvider",
    "IdentityProviders/ListIdentityProviders",
    "IdentityProviders/UpdateIdentityProvider",
    "Log/GetLogHead",
    "Log/ListRecords",
    "Log/WatchRecords",
    "Mutations/Mutate",
    "Operations/GetOperation",
    "Operations/ListOperations",
    "Operations/WaitOperation",
    "Organizations/CreateOrganization",
    "Organizations/DeleteOrganization",
    "Organizations/GetOrganization",
    "Organizations/ListOrganizations",
    "Organizations/UpdateOrganization",
    "Projects/CreateProject",
    "Projects/DeleteProject",
    "Projects/GetProject",
    "Projects/ListProjects",
    "Projects/MoveProject",
    "Projects/UpdateProject",
    "Quotas/GetQuota",
    "Quotas/ListQuotas",
    "Quotas/UpdateQuota",
    "Regions/GetMemberStatus",
    "Regions/GetRegion",
    "Regions/GetTopology",
    "Regions/ListRegions",
    "Revokes/CreateRevoke",
    "Revokes/GetBreakGlass",
    "Revokes/LiftRevoke",
    "Revokes/ListRevokes",
    "Revokes/SetBreakGlass",
    "Roles/CreateRole",
    "Roles/DeleteRole",
    "Roles/GetRole",
    "Roles/ListRoles",
    "Roles/UpdateRole",
    "ServiceAccounts/AddServiceAccountKey",
    "ServiceAccounts/CreateServiceAccount",
    "ServiceAccounts/DeleteServiceAccount",
    "ServiceAccounts/GetServiceAccount",
    "ServiceAccounts/ListServiceAccounts",
    "ServiceAccounts/RemoveServiceAccountKey",
    "ServiceAccounts/UpdateServiceAccount",
    "Usage/QueryUsage",
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_methods_are_those_of_the_contract() {
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/atoll/v1");
        let mut methods = Vec::new();
        for file in fs::read_dir(proto).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let mut service = "";
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("service ") {
                    service = rest.split(' ').next().unwrap();
                } else if let Some(rest) = line.trim().strip_prefix("rpc ") {
                    methods.push(format!("{service}/{}", rest.split('(').next().unwrap()));
                }
            }
        }
        methods.sort();
        assert_eq!(METHODS, methods);
    }
}
