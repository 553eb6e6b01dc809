//! The tree and the logs of the double.

use std::collections::BTreeMap;

use api::v1::{self, fact::After};
use prost_types::Timestamp;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A write that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    pub request_id: String,
    /// Region of the member that did it.
    pub region: String,
}

/// What the ring holds.
#[derive(Clone)]
pub struct State {
    pub regions: BTreeMap<String, u64>,
    /// What the topology says: region and address by member.
    pub addresses: BTreeMap<u64, crate::Endpoint>,
    pub organizations: BTreeMap<String, v1::Organization>,
    pub folders: BTreeMap<String, v1::Folder>,
    pub projects: BTreeMap<String, v1::Project>,
    pub clusters: BTreeMap<String, v1::Cluster>,
    pub cloud_accounts: BTreeMap<String, v1::CloudAccount>,
    /// Clusters become something: each write about one begins an operation, which [`State::became`] carries on.
    pub cloud: bool,
    /// Of clusters, by name.
    pub machines: BTreeMap<String, Vec<v1::Machine>>,
    pub deeds: BTreeMap<String, Vec<v1::Deed>>,
    /// By cluster type.
    pub decisions: BTreeMap<String, v1::Decisions>,
    pub editions: BTreeMap<String, v1::Edition>,
    pub quotas: BTreeMap<String, v1::Quota>,
    pub cluster_policies: BTreeMap<String, v1::ClusterPolicy>,
    pub access_policies: BTreeMap<String, v1::AccessPolicy>,
    pub groups: BTreeMap<String, v1::Group>,
    pub roles: BTreeMap<String, v1::Role>,
    pub revokes: BTreeMap<String, v1::Revoke>,
    pub identity_providers: BTreeMap<String, v1::IdentityProvider>,
    pub service_accounts: BTreeMap<String, v1::ServiceAccount>,
    pub break_glass: BTreeMap<String, v1::BreakGlass>,
    /// What is answered to questions about access, whatever is asked.
    pub access: Told,
    pub logs: BTreeMap<String, Vec<v1::Record>>,
    /// What is told of usage, whatever is asked.
    pub usage: Vec<v1::UsageLine>,
    /// What was asked of usage.
    pub usage_asked: Vec<v1::QueryUsageRequest>,
    pub operations: BTreeMap<String, v1::Operation>,
    /// Every execution in order; a request id twice is a bug that a test looks for.
    pub executed: Vec<Executed>,
    /// Every submission, with those that were answered from memory.
    pub submitted: Vec<Executed>,
    /// Read options as they came.
    pub reads: Vec<v1::ReadOptions>,
    /// Trace contexts as they came, with the region that they came to.
    pub traces: Vec<(String, String)>,
    /// Locations that lists over regions name.
    pub unreachable: Vec<String>,
    /// Records before this one are no longer kept.
    pub first_seq: u64,
    /// It knows nothing of retried writes: no refusal is on record.
    pub forgets_refusals: bool,
    /// A stream of records breaks after so many.
    pub cut_watch_after: Option<usize>,
    /// Modes that `Regions` shows; CONNECTED otherwise.
    pub modes: BTreeMap<String, (v1::region::Mode, String)>,
    /// When the first record was written, in Unix seconds.
    pub began: i64,
    /// Requests that were done, and those whose refusal is on record.
    remembered: BTreeMap<String, Result<Done, Status>>,
    hash: fn(&v1::Record) -> [u8; 32],
}

/// Answers to questions about access.
#[derive(Clone, Default)]
pub struct Told {
    pub effective: Vec<v1::EffectiveRights>,
    pub who_can: Vec<String>,
    pub explained: v1::ExplainAccessResponse,
    pub previewed: v1::PreviewChangeResponse,
}

/// What a write did.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "few of them, and only in tests")]
pub(super) enum Done {
    Organization(v1::Organization),
    Folder(v1::Folder),
    Project(v1::Project),
    Cluster(v1::Cluster),
    CloudAccount(v1::CloudAccount),
    Edition(v1::Edition),
    Operation(v1::Operation),
    AccessPolicy(v1::AccessPolicy),
    Group(v1::Group),
    Role(v1::Role),
    IdentityProvider(v1::IdentityProvider),
    ServiceAccount(v1::ServiceAccount),
}

/// The place and version that a record gives to what it writes.
pub(super) struct Stamp {
    pub etag: String,
    pub time: Option<Timestamp>,
    pub uid: String,
}

impl State {
    pub(super) fn new(hash: fn(&v1::Record) -> [u8; 32]) -> Self {
        Self {
            regions: BTreeMap::new(),
            addresses: BTreeMap::new(),
            organizations: BTreeMap::new(),
            folders: BTreeMap::new(),
            projects: BTreeMap::new(),
            clusters: BTreeMap::new(),
            cloud_accounts: BTreeMap::new(),
            cloud: false,
            machines: BTreeMap::new(),
            deeds: BTreeMap::new(),
            decisions: BTreeMap::new(),
            editions: BTreeMap::new(),
            quotas: BTreeMap::new(),
            cluster_policies: BTreeMap::new(),
            access_policies: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            revokes: BTreeMap::new(),
            identity_providers: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
            break_glass: BTreeMap::new(),
            access: Told::default(),
            logs: BTreeMap::new(),
            usage: Vec::new(),
            usage_asked: Vec::new(),
            operations: BTreeMap::new(),
            executed: Vec::new(),
            submitted: Vec::new(),
            reads: Vec::new(),
            traces: Vec::new(),
            unreachable: Vec::new(),
            first_seq: 1,
            forgets_refusals: false,
            cut_watch_after: None,
            modes: BTreeMap::new(),
            began: 1_767_225_600,
            remembered: BTreeMap::new(),
            hash,
        }
    }

    /// Does a write once, however often it is asked for.
    pub(super) fn once(
        &mut self,
        region: &str,
        request_id: &str,
        retried: bool,
        act: impl FnOnce(&mut Self) -> Result<Done, Status>,
    ) -> Result<Done, Status> {
        let who = Executed { request_id: request_id.to_owned(), region: region.to_owned() };
        self.submitted.push(who.clone());
        if let Some(outcome) = self.remembered.get(request_id) {
            return outcome.clone();
        }
        let retried = retried && !self.forgets_refusals;
        let outcome = match act(self) {
            Err(refusal) if retried => Err(on_record(&refusal)),
            outcome => outcome,
        };
        if outcome.is_ok() {
            self.executed.push(who);
        }
        if outcome.is_ok() || retried {
            self.remembered.insert(request_id.to_owned(), outcome.clone());
        }
        outcome
    }

    /// Does something on a copy, for its answer only.
    pub(super) fn rehearse(&self, act: impl FnOnce(&mut Self) -> Result<Done, Status>) -> Result<Done, Status> {
        act(&mut self.clone())
    }

    /// What the next record of a log will say.
    pub(super) fn stamp(&self, log: &str, request_id: &str) -> Stamp {
        let seq = self.head(log) + 1;
        Stamp { etag: seq.to_string(), time: Some(self.time(seq)), uid: request_id.to_owned() }
    }

    fn time(&self, seq: u64) -> Timestamp {
        Timestamp { seconds: self.began.saturating_add_unsigned(seq), nanos: 0 }
    }

    /// Appends one record.
    pub fn append(&mut self, log: &str, request_id: &str, kind: &str, subject: &str, mut after: Option<After>) {
        if let Some(After::Cluster(cluster)) = &mut after {
            // Facts have it by itself.
            (cluster.status, cluster.operation) = (None, String::new());
        }
        let records = self.logs.get(log).map_or(&[][..], Vec::as_slice);
        let seq = u64::try_from(records.len()).unwrap_or(u64::MAX).saturating_add(1);
        let prev_hash = records.last().map_or_else(|| vec![0; 32].into(), |record| record.hash.clone());
        let removed = after.is_none();
        let time = self.time(seq);
        let mut record = v1::Record {
            log: log.to_owned(),
            incarnation: 1,
            seq,
            hlc: u64::try_from(time.seconds).unwrap_or(0).saturating_mul(1000) << 16,
            time: Some(time),
            actor: "users/ada".to_owned(),
            request_id: request_id.to_owned(),
            traceparent: String::new(),
            observed_global_seq: 0,
            facts: vec![v1::Fact { kind: kind.to_owned(), subject: subject.to_owned(), after, removed }],
            prev_hash,
            hash: Vec::new().into(),
            proposal: format!("{kind} {subject} {request_id}").into_bytes().into(),
            rejected: None,
        };
        record.hash = (self.hash)(&record).to_vec().into();
        self.logs.entry(log.to_owned()).or_default().push(record);
    }

    pub fn head(&self, log: &str) -> u64 {
        self.logs.get(log).map_or(0, |records| u64::try_from(records.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn log_head(&self, log: &str) -> v1::LogHead {
        let hash = self.logs.get(log).and_then(|records| records.last()).map(|record| record.hash.clone());
        v1::LogHead {
            log: log.to_owned(),
            incarnation: 1,
            seq: self.head(log),
            hash: hash.unwrap_or_else(|| vec![0; 32].into()),
            state_digest: vec![7; 32].into(),
            first_seq: self.first_seq,
        }
    }

    pub(super) fn token(&self) -> String {
        let positions: Vec<String> =
            self.logs.iter().map(|(log, records)| format!("{log}@1.{}", records.len())).collect();
        positions.join(",")
    }

    /// What is known of a cluster that there is.
    pub(super) fn of_cluster<T: Clone>(&self, name: &str, of: &BTreeMap<String, Vec<T>>) -> Result<Vec<T>, Status> {
        self.clusters.get(name).ok_or_else(|| not_found(name))?;
        Ok(of.get(name).cloned().unwrap_or_default())
    }

    /// A region writes down what became of a cluster: its operation goes on, or ends.
    pub fn became(&mut self, name: &str, status: v1::ClusterStatus) {
        use v1::cluster_status::State as Is;
        let Some(cluster) = self.clusters.get_mut(name) else { return };
        let (state, log) = (status.state(), super::apply::region_log(name));
        let operation = std::mem::take(&mut cluster.operation);
        if let Some(operation) = self.operations.get_mut(&operation) {
            operation.done = match operation.kind.as_str() {
                "clusters.hibernate" => state == Is::Hibernated,
                "clusters.delete" => state == Is::Deleted,
                _ => state == Is::Running,
            };
            let begun = status.creation.iter().map(|phase| if phase.end_time.is_some() { 20 } else { 10 }).sum();
            let metadata = operation.metadata.get_or_insert_default();
            metadata.stage = if operation.done { "DONE" } else { state.as_str_name() }.to_owned();
            metadata.percent = if operation.done { 100 } else { begun };
            metadata.phases.clone_from(&status.creation);
            metadata.held_up_by.clone_from(&status.held_up_by);
            if metadata.purge_time.is_some() && state == Is::Hibernated {
                metadata.stage = "RETAINED".to_owned();
            }
            if !operation.done {
                cluster.operation.clone_from(&operation.name);
            }
        }
        cluster.status = Some(status.clone());
        if state == Is::Deleted {
            self.clusters.remove(name);
            return self.append(&log, "", "cluster-deleted", name, None);
        }
        let subject = format!("{name}#status");
        self.append(&log, "", "cluster-progressed", &subject, Some(After::ClusterStatus(status)));
    }

    /// A region acknowledges the deletion of a project; with the last one it is done.
    pub fn acknowledge(&mut self, operation: &str, region: &str) {
        let Some(operation) = self.operations.get_mut(operation) else { return };
        let metadata = operation.metadata.get_or_insert_default();
        metadata.waiting_for.retain(|waiting| waiting != region);
        let (left, all) = (metadata.waiting_for.len(), self.regions.len().max(1));
        metadata.percent = i32::try_from((all - left.min(all)) * 100 / all).unwrap_or(100);
        operation.done = left == 0;
        let (target, done) = (operation.target.clone(), operation.done);
        if done {
            self.projects.remove(&target);
            self.append("global", "", "project-removed", &target, None);
        } else if let Some(project) = self.projects.get_mut(&target) {
            project.awaiting.retain(|waiting| waiting != region);
        }
    }
}

/// A refusal as the API words it.
pub(super) fn refusal(code: Code, reason: &str, message: String, values: &[(&str, &str)]) -> Status {
    Status::with_error_details(code, message, info(reason, values))
}

/// The details of a refusal.
#[expect(clippy::disallowed_types, reason = "tonic-types asks for this map; its order is never looked at")]
pub(super) fn info(reason: &str, values: &[(&str, &str)]) -> ErrorDetails {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ErrorDetails::with_error_info(reason, api::ERROR_DOMAIN, values.collect::<std::collections::HashMap<_, _>>())
}

pub(super) fn not_found(name: &str) -> Status {
    refusal(Code::NotFound, "NOT_FOUND", format!("{name} does not exist; wanted one that does"), &[("subject", name)])
}

pub(super) fn exists(name: &str) -> Status {
    let message = format!("{name} exists already; wanted a name that is not in use");
    refusal(Code::AlreadyExists, "ALREADY_EXISTS", message, &[("subject", name)])
}

/// An etag that was given must be the current one.
pub(super) fn check_etag(name: &str, given: &str, current: &str) -> Result<(), Status> {
    if given.is_empty() || given == current {
        return Ok(());
    }
    let message = format!("{name} is at etag {current}, not at {given}; wanted the etag it is at, or none");
    Err(refusal(Code::Aborted, "ETAG_MISMATCH", message, &[("subject", name), ("given", given), ("etag", current)]))
}

pub(super) fn bad_field(field: &str, description: &str) -> Status {
    let mut details = info("INVALID_ARGUMENT", &[]);
    details.add_bad_request_violation(field, description);
    Status::with_error_details(Code::InvalidArgument, "read the request", details)
}

/// The same, as the double's record of it; which one that is nobody looks at.
fn on_record(refusal: &Status) -> Status {
    let mut details = refusal.get_error_details();
    if let Some(mut info) = details.error_info().cloned() {
        info.metadata.insert(api::RECORD.to_owned(), "1".to_owned());
        details.set_error_info(info.reason, info.domain, info.metadata);
    }
    Status::with_error_details(refusal.code(), refusal.message(), details)
}
