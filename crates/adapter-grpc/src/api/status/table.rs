//! The table: one row for each reason that a call can be refused for.
//!
//! A reason is never given another meaning; a row that is added is a new reason. `tests/golden/status.txt` holds the table, so a changed
//! code shows in review.

use std::time::Duration;

use tonic::Code;

/// What gRPC says of one reason.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub reason: &'static str,
    pub code: Code,
    /// Milliseconds after which the same request, with the same request id, may be sent again; `None`: it would be refused again.
    pub retry_after_ms: Option<u64>,
    /// For people.
    pub meaning: &'static str,
}

impl Row {
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis)
    }
}

const fn never(reason: &'static str, code: Code, meaning: &'static str) -> Row {
    Row { reason, code, retry_after_ms: None, meaning }
}

const fn after(ms: u64, reason: &'static str, code: Code, meaning: &'static str) -> Row {
    Row { reason, code, retry_after_ms: Some(ms), meaning }
}

/// Every reason, by where it comes from.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // Of the gate: who calls, and whether they may.
    never("UNAUTHENTICATED", Code::Unauthenticated, "the call has no token"),
    never("TOKEN_REFUSED", Code::Unauthenticated, "the token is not one that is taken here"),
    never("TOKEN_EXPIRED", Code::Unauthenticated, "the token counts no more; a new one is needed"),
    never("TOKEN_NOT_YET_VALID", Code::Unauthenticated, "the token does not count yet"),
    never("RIGHT_MISSING", Code::PermissionDenied, "the caller may not; the right and the node are in the metadata"),
    never("REVOKED", Code::PermissionDenied, "everything is revoked from the caller"),
    never("OPERATOR_ONLY", Code::PermissionDenied, "only operators of the ring, or its regions, do this"),
    // Of the domain: `domain::Rejection`.
    never("ALREADY_EXISTS", Code::AlreadyExists, "the name is in use"),
    never("NOT_FOUND", Code::NotFound, "there is no such resource"),
    never("ETAG_MISMATCH", Code::Aborted, "the resource changed since the etag was read; the current one is in the metadata"),
    never("NOT_EMPTY", Code::FailedPrecondition, "folders or projects are in it"),
    never("NOT_ACTIVE", Code::FailedPrecondition, "the resource is being deleted"),
    never("PARENT_NOT_ACTIVE", Code::FailedPrecondition, "the parent is being deleted"),
    never("FOLDER_TOO_DEEP", Code::FailedPrecondition, "folders would nest too deep"),
    never("FOLDER_CYCLE", Code::FailedPrecondition, "the folder would be inside itself"),
    never("OTHER_ORGANIZATION", Code::InvalidArgument, "the parent is of another organization"),
    never("ALREADY_THERE", Code::FailedPrecondition, "the resource has that parent already"),
    never("UPDATE_EMPTY", Code::InvalidArgument, "the update changes no field"),
    never("INVALID_ARGUMENT", Code::InvalidArgument, "a field does not read; it is named in BadRequest"),
    never("PROJECT_NOT_ACTIVE", Code::FailedPrecondition, "the cluster's project is being deleted, or not known in its region"),
    never("NOT_DELETING", Code::FailedPrecondition, "a drain was acknowledged of a project that is not being deleted"),
    never("ALREADY_DRAINED", Code::FailedPrecondition, "the region acknowledged the drain before"),
    never("REGION_NOT_AWAITED", Code::FailedPrecondition, "the region is not awaited by the deletion"),
    never("GATE_ALREADY_CLOSED", Code::FailedPrecondition, "the region closed its gate for the project before"),
    never("TOO_MANY_REGIONS", Code::ResourceExhausted, "the ring has as many regions as it may have"),
    never("ACCOUNT_KNOWN", Code::AlreadyExists, "the cloud account was added before"),
    never("ACCOUNT_POOL_EMPTY", Code::FailedPrecondition, "no cloud account is ready to be given to the organization"),
    never("ORGANIZATION_HAS_ACCOUNT", Code::FailedPrecondition, "the organization has a cloud account already"),
    never("EDITION_UNPUBLISHABLE", Code::InvalidArgument, "the edition of the catalogue has defects; the message names them"),
    never("EDITION_NOT_NEWER", Code::FailedPrecondition, "an edition with a later name was published before"),
    never("TOO_MANY_EDITIONS", Code::ResourceExhausted, "the ring has as many editions of the catalogue as it may have"),
    never("EDITION_UNDECIDABLE", Code::InvalidArgument, "no cluster comes out of the edition for a type in a region; the metadata name the first such"),
    never("EDITION_TOO_LARGE", Code::InvalidArgument, "there is more in the edition than one record holds; the limit is in the metadata"),
    never("EDITION_HALTED", Code::FailedPrecondition, "the edition was halted before"),
    never("QUOTA_EXCEEDED", Code::ResourceExhausted, "clusters of the organization would need more vCPUs in the region than its quota"),
    never("QUOTA_NOT_NEWER", Code::FailedPrecondition, "the region took over the quota before, or its copy is behind"),
    never("QUOTA_NOT_AWAITED", Code::FailedPrecondition, "the region is not awaited by the quota, or by another state of it"),
    never("DELETE_PROTECTED", Code::FailedPrecondition, "the cluster is protected from deletion"),
    never("NOTHING_TO_UNDELETE", Code::FailedPrecondition, "the cluster is not being deleted"),
    never("UNDELETE_TOO_LATE", Code::FailedPrecondition, "nothing of the cluster is kept any more"),
    never("STATE_FORBIDS", Code::FailedPrecondition, "the state that the cluster is in does not allow it"),
    never("CATALOG_MISSING", Code::FailedPrecondition, "no edition of the catalogue is published"),
    never("NO_SUCH_TRANSITION", Code::Internal, "a defect: no cluster goes from the one state to the other"),
    never("NOT_GONE", Code::Internal, "a defect: a cluster was written off while something was left of it"),
    never("NAME_RETIRED", Code::AlreadyExists, "the name was that of something that is gone, and is not taken again"),
    never("ROLE_NOT_BINDABLE", Code::InvalidArgument, "the role is not bound on nodes of that kind; the metadata names those on which it is"),
    never("BINDING_NOT_FOUND", Code::FailedPrecondition, "the member does not have the role by a binding on the node itself"),
    never("POLICY_UNCHANGED", Code::FailedPrecondition, "the access policy is as wished already"),
    never("TOO_MANY_BINDINGS", Code::ResourceExhausted, "the node has as many bindings as it may have"),
    never("LAST_ADMINISTRATOR", Code::FailedPrecondition, "nobody would be left who administers the organization"),
    never("MEMBER_NOT_FOUND", Code::FailedPrecondition, "the member is not in the group by itself"),
    never("TOO_MANY_MEMBERS", Code::ResourceExhausted, "the group has as many members as it may have"),
    never("TOO_MANY_GROUPS", Code::ResourceExhausted, "the organization has as many groups as it may have"),
    never("BREAKS_GLASS", Code::FailedPrecondition, "the member breaks glass, and is not revoked"),
    never("NOT_ADMINISTRATOR", Code::FailedPrecondition, "the member does not administer the organization for good"),
    never("TOO_MANY_REVOKES", Code::ResourceExhausted, "the region issued as many revokes for the organization as it may"),
    never("ACCESS_CHANGE_REFUSED", Code::FailedPrecondition, "the change makes no sense as things stand; the message says why"),
    never("TOO_MANY_IDENTITY_PROVIDERS", Code::ResourceExhausted, "the organization has as many identity providers as it may have"),
    never("ISSUER_TAKEN", Code::AlreadyExists, "another identity provider of the organization has the issuer and the audience"),
    never("TOO_MANY_SERVICE_ACCOUNTS", Code::ResourceExhausted, "the organization has as many service accounts as it may have"),
    never("TOO_MANY_KEYS", Code::ResourceExhausted, "the service account has as many keys as it may have"),
    never("KEY_TAKEN", Code::AlreadyExists, "the service account has a key of that id"),
    never("KEY_NOT_FOUND", Code::FailedPrecondition, "the service account has no key of that id"),
    never("PRIVATE_KEY", Code::InvalidArgument, "a field holds a private or a symmetric key, which was not kept; it is named in BadRequest"),
    never("PLAN_STALE", Code::Aborted, "who may do what was changed since the change was looked at: look again"),
    never("GROUP_CYCLE", Code::FailedPrecondition, "the group would be in itself"),
    // Of operations about clusters.
    never("SUPERSEDED", Code::Aborted, "something else was asked of the cluster; the operation is not under way any more"),
    // Of who decides what clusters become: `planner::Refusal`.
    never("UNKNOWN_CLUSTER_TYPE", Code::InvalidArgument, "the catalogue has no such cluster type; the metadata names those that it has"),
    never("UNKNOWN_REGION", Code::FailedPrecondition, "the catalogue does not know the region"),
    never("UNKNOWN_VERSION", Code::InvalidArgument, "the catalogue has no such Kubernetes version"),
    never("VERSION_NOT_IN_REGION", Code::FailedPrecondition, "the Kubernetes version is not published in the region"),
    never("VERSION_ENDED", Code::FailedPrecondition, "the support of the Kubernetes version has ended"),
    never("NO_VERSION_IN_CHANNEL", Code::FailedPrecondition, "the channel has no supported version in the region"),
    never("OVERRIDE_FORBIDDEN", Code::FailedPrecondition, "the cluster type or a policy forbids the value"),
    never("VALUE_NOT_ACCEPTED", Code::InvalidArgument, "the decision cannot have the value"),
    never("CIDR_OVERLAP", Code::FailedPrecondition, "the address range overlaps one that is in use"),
    never("CIDR_TOO_SMALL", Code::InvalidArgument, "the address range has too few addresses for the cluster"),
    never("CIDR_TOO_LARGE", Code::InvalidArgument, "the address range is larger than may be given to a cluster"),
    never("CIDR_NOT_PRIVATE", Code::InvalidArgument, "the address range is not one of private addresses"),
    never("ADDRESS_SPACE_USED_UP", Code::ResourceExhausted, "the region has no free addresses for another cluster of the organization"),
    never("NO_INSTANCE_TYPE_FITS", Code::FailedPrecondition, "no instance type of the region fits what is decided"),
    never("FIXED_AT_CREATION", Code::FailedPrecondition, "it was settled when the cluster was made"),
    never("CATALOG_INCOMPLETE", Code::Internal, "a defect: the catalogue lacks what its check would have found"),
    never("DECISION_TOO_LARGE", Code::FailedPrecondition, "one change would touch more rows than one record may"),
    never("WRONG_LOG", Code::Internal, "a defect: decided by a log that it does not belong to"),
    never("WRITTEN_TWICE", Code::Internal, "a defect: one decision wrote a row twice"),
    never("UNREADABLE_ROW", Code::DataLoss, "a stored row does not read here"),
    never("UNREADABLE_COMMAND", Code::Unimplemented, "the leader does not know the command; it may be older"),
    // Of requests sent again.
    never("REQUEST_ID_REUSED", Code::FailedPrecondition, "the request id was used for another request; nothing was changed"),
    after(100, "OUTCOME_UNKNOWN", Code::Aborted, "it may or may not have taken effect; the same request id, sent again as a retry, tells"),
    // Of the ring: not done.
    after(1000, "GLOBAL_QUORUM_LOST", Code::Unavailable, "no majority of the ring is in reach of this region"),
    after(1000, "REGION_QUORUM_LOST", Code::Unavailable, "no majority of the region is in reach of this member"),
    after(1000, "HOME_UNREACHABLE", Code::Unavailable, "the resource's region is not in reach; the metadata says what the copy here holds"),
    after(200, "NO_LEADER", Code::Unavailable, "no leader was found in time"),
    after(200, "NO_QUORUM", Code::Unavailable, "it was not proposed in time, for want of a majority or of room"),
    after(200, "NO_ANSWER", Code::Unavailable, "the leader did not say in time how far the log is"),
    after(200, "UNREACHABLE", Code::Unavailable, "the leader could not be reached"),
    after(200, "RELAYED_ALREADY", Code::Unavailable, "it came over a relay and would have needed another"),
    after(50, "CONTENTION", Code::Aborted, "others changed what it rests on, again and again; nothing was done"),
    after(100, "OVERLOADED", Code::ResourceExhausted, "too much waits here already; nothing was done"),
    after(100, "SHUTTING_DOWN", Code::Unavailable, "this member is about to stop; any other takes the call"),
    after(1000, "STARTING", Code::Unavailable, "this member is opening its copies; any other takes the call"),
    after(1000, "MEMBER_STOPPED", Code::Unavailable, "this member's part in the log has stopped; any other takes the call"),
    after(5000, "DISK_FULL", Code::ResourceExhausted, "this member has no room on its disk; nothing was done"),
    after(5000, "OTHER_RING", Code::Unavailable, "a member is configured with the address of another ring"),
    after(1000, "EMPTY", Code::Unavailable, "another member did not know the request; it may be older"),
    after(1000, "NOT_SERVED", Code::Unavailable, "another member does not serve what it was asked"),
    never("UNKNOWN_LOCATION", Code::NotFound, "the ring has no such region"),
    // Of reads and watches.
    after(200, "NOT_YET_REPLICATED", Code::Unavailable, "the copy here does not hold yet what was asked for"),
    after(1000, "TOO_STALE", Code::Unavailable, "the copy here may be older than asked"),
    after(1000, "NO_COPY", Code::Unavailable, "no copy of the log is in service here; another member has one"),
    never("OTHER_INCARNATION", Code::FailedPrecondition, "the token is of another life of the log"),
    never("REVISION_COMPACTED", Code::OutOfRange, "records are no longer kept; the first that is kept is in the metadata"),
    after(0, "WATCH_TOO_SLOW", Code::ResourceExhausted, "the watcher did not read; the metadata says where to resume"),
    after(0, "OUT_OF_SERVICE", Code::Unavailable, "the copy here left service; the metadata says where to resume, at another member"),
    never("UNREADABLE_RECORD", Code::DataLoss, "a stored record does not read here"),
    // Of calls.
    never("DEADLINE_EXCEEDED", Code::DeadlineExceeded, "the deadline left no time to begin; nothing was done"),
    never("DEADLINE_PASSED", Code::DeadlineExceeded, "the deadline passed before there was an answer; a write may or may not have taken effect"),
    never("MESSAGE_TOO_LARGE", Code::ResourceExhausted, "the request's message is too large; the limit is in the metadata, nothing was done"),
];
