//! Every way in which a command or a read is refused.
//!
//! One closed list. What each reason is to a protocol stands in a table elsewhere (`adapter-grpc`), and a test there finds a reason
//! without a row. Clients act on [`Rejection::reason`]; the text is for people.

use ids::{
    AccountId, ContainerName, FolderName, Hlc, Log, OrganizationName, ProjectName, RegionId, Revision, Subject,
    limits::{FACTS_MAX, FOLDER_DEPTH_MAX, GUARDS_MAX},
};

use crate::{AccountLife, REGIONS_MAX, State, ViewError, edition::EDITIONS_MAX, held::State as LifeState};

/// Why nothing was changed, or nothing could be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("created {subject}: it exists, at revision {revision}, wanted a name that is not in use")]
    AlreadyExists { subject: Subject, revision: Revision },

    #[error("looked for {subject}: it does not exist, wanted one that does")]
    NotFound { subject: Subject },

    #[error("changed {subject} at etag {given}: it is at {current}, wanted that or none")]
    EtagMismatch { subject: Subject, given: Revision, current: Revision },

    /// `entry` is one of those in the way.
    #[error("deleted {subject}: {entry} is in it, wanted it to be empty")]
    NotEmpty { subject: Subject, entry: String },

    #[error("changed {subject}: it is {state}, wanted {}", State::Active)]
    NotActive { subject: Subject, state: State },

    #[error("put {subject} in {parent}: the parent is {state}, wanted {}", State::Active)]
    ParentNotActive { subject: Subject, parent: ContainerName, state: State },

    #[error("put a folder at depth {depth} with {folder}: wanted at most {FOLDER_DEPTH_MAX}")]
    FolderTooDeep { folder: FolderName, depth: usize },

    #[error("moved {folder} to {parent}: that is inside it, wanted a parent that is not")]
    FolderCycle { folder: FolderName, parent: ContainerName },

    #[error("put {subject} in {parent}: wanted a parent in {organization}")]
    OtherOrganization { subject: Subject, parent: ContainerName, organization: OrganizationName },

    #[error("moved {subject} to {parent}: it is there, wanted another parent")]
    AlreadyThere { subject: Subject, parent: ContainerName },

    #[error("updated {subject}: no field was given, wanted display_name or description")]
    UpdateEmpty { subject: Subject },

    /// `value` is cut at 80 characters.
    #[error("read the field {field} as {value:?}: wanted {wanted}")]
    InvalidArgument { field: &'static str, value: String, wanted: String },

    /// `state` is what this region's copy of the global log shows: `None` when it has no such project (yet).
    #[error(
        "created {subject}: {project} is {}, wanted {}",
        state.map_or("not known here".to_owned(), |state| state.to_string()),
        State::Active
    )]
    ProjectNotActive { subject: Subject, project: ProjectName, state: Option<State> },

    #[error("acknowledged the drain of {project}: it is {state}, wanted {}", State::Deleting)]
    NotDeleting { project: ProjectName, state: State },

    #[error(
        "acknowledged the drain of {project} by {region}: that was done before, wanted a region that is still awaited"
    )]
    AlreadyDrained { project: ProjectName, region: RegionId },

    #[error(
        "acknowledged the drain of {project} by {region}: that region is not registered, wanted one that is awaited"
    )]
    RegionNotAwaited { project: ProjectName, region: RegionId },

    #[error("closed the gate of {project} in {region}: it is closed, wanted one that stands open")]
    GateAlreadyClosed { project: ProjectName, region: RegionId },

    #[error("registered {region}: there are {REGIONS_MAX} regions already, wanted at most that many")]
    TooManyRegions { region: RegionId },

    #[error("added the cloud account {account}: it is {state}, wanted one that is not known")]
    AccountKnown { account: AccountId, state: AccountLife },

    #[error("claimed a cloud account for {organization}: the pool is empty, wanted one that is READY")]
    AccountPoolEmpty { organization: OrganizationName },

    #[error("claimed a cloud account for {organization}: it has {account}, wanted an organization without one")]
    OrganizationHasAccount { organization: OrganizationName, account: AccountId },

    #[error("published the edition {edition} with {count} defects, wanted none: {defects}")]
    EditionUnpublishable { edition: String, count: usize, defects: String },

    #[error("published the edition {edition} after {newest}: wanted a name that sorts behind it")]
    EditionNotNewer { edition: String, newest: String },

    #[error("published the edition {edition}: there are {EDITIONS_MAX} already, wanted at most that many")]
    TooManyEditions { edition: String },

    #[error(
        "gave {subject} {wanted} vCPUs: clusters of {organization} in {region} need {used} of {limit}, wanted no more than that"
    )]
    QuotaExceeded {
        subject: Subject,
        organization: OrganizationName,
        region: RegionId,
        used: u64,
        wanted: u64,
        limit: u64,
    },

    #[error(
        "mirrored the quota of {organization} in {region}: the copy here is no newer than what is held, wanted a newer one"
    )]
    QuotaNotNewer { organization: OrganizationName, region: RegionId },

    #[error(
        "acknowledged the quota of {organization} in {region}: nothing of that generation is awaited, wanted one that is"
    )]
    QuotaNotAwaited { organization: OrganizationName, region: RegionId },

    #[error("deleted {subject}: it is protected from deletion, wanted delete_protection to be false")]
    DeleteProtected { subject: Subject },

    #[error("took back the deletion of {subject}: it is not being deleted, wanted a cluster that is")]
    NothingToUndelete { subject: Subject },

    #[error("took back the deletion of {subject}: nothing of it is kept since {purged}, wanted that to be later")]
    UndeleteTooLate { subject: Subject, purged: Hlc },

    #[error("changed {subject}: it is {}, wanted {}", state.name(), wanted.name())]
    StateForbids { subject: Subject, state: LifeState, wanted: LifeState },

    /// By who decides what clusters become; `reason` is from that list.
    #[error("decided what {subject} becomes: {detail}")]
    Undecidable { subject: Subject, reason: &'static str, detail: String, accepted: Vec<String> },

    #[error("decided what {subject} becomes: no edition of the catalogue is published, wanted one")]
    CatalogMissing { subject: Subject },

    #[error("took {subject} from {} to {}: no cluster goes that way", from.name(), to.name())]
    NoSuchTransition { subject: Subject, from: LifeState, to: LifeState },

    /// `left` is one of those things.
    #[error("wrote off {subject}: {left} is left of it, wanted nothing")]
    NotGone { subject: Subject, left: String },
    /// `cluster_type` and `region` are the first combination that cannot.
    #[error(
        "published the edition {edition}: of its combinations of cluster type and region {count} cannot be decided, wanted none; the first \
         is {cluster_type} in {region}: {why}"
    )]
    EditionUndecidable { edition: String, count: usize, cluster_type: String, region: RegionId, why: String },

    #[error("halted the edition {edition}: it is halted, wanted one that is not")]
    EditionHalted { edition: String },

    #[error("decided about {subject} in the log {here}: wanted the log {wanted}")]
    WrongLog { subject: Subject, wanted: Log, here: Log },

    #[error(
        "decided about {subject} with {guards} guards and {facts} facts: wanted at most {GUARDS_MAX} and {FACTS_MAX}"
    )]
    DecisionTooLarge { subject: Subject, guards: usize, facts: usize },

    /// A defect of this crate, reported instead of replicated.
    #[error("wrote {subject} twice in one decision: wanted each subject once")]
    WrittenTwice { subject: Subject },

    /// Damaged or newer bytes; nothing that the caller can mend.
    #[error(transparent)]
    UnreadableRow(#[from] ViewError),
}

impl Rejection {
    /// Stable code that programs act on. Never changed, never given another meaning.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyExists { .. } => "ALREADY_EXISTS",
            Self::NotFound { .. } => "NOT_FOUND",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::NotEmpty { .. } => "NOT_EMPTY",
            Self::NotActive { .. } => "NOT_ACTIVE",
            Self::ParentNotActive { .. } => "PARENT_NOT_ACTIVE",
            Self::FolderTooDeep { .. } => "FOLDER_TOO_DEEP",
            Self::FolderCycle { .. } => "FOLDER_CYCLE",
            Self::OtherOrganization { .. } => "OTHER_ORGANIZATION",
            Self::AlreadyThere { .. } => "ALREADY_THERE",
            Self::UpdateEmpty { .. } => "UPDATE_EMPTY",
            Self::InvalidArgument { .. } => "INVALID_ARGUMENT",
            Self::ProjectNotActive { .. } => "PROJECT_NOT_ACTIVE",
            Self::NotDeleting { .. } => "NOT_DELETING",
            Self::AlreadyDrained { .. } => "ALREADY_DRAINED",
            Self::RegionNotAwaited { .. } => "REGION_NOT_AWAITED",
            Self::GateAlreadyClosed { .. } => "GATE_ALREADY_CLOSED",
            Self::TooManyRegions { .. } => "TOO_MANY_REGIONS",
            Self::AccountKnown { .. } => "ACCOUNT_KNOWN",
            Self::AccountPoolEmpty { .. } => "ACCOUNT_POOL_EMPTY",
            Self::OrganizationHasAccount { .. } => "ORGANIZATION_HAS_ACCOUNT",
            Self::EditionUnpublishable { .. } => "EDITION_UNPUBLISHABLE",
            Self::EditionNotNewer { .. } => "EDITION_NOT_NEWER",
            Self::TooManyEditions { .. } => "TOO_MANY_EDITIONS",
            Self::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
            Self::QuotaNotNewer { .. } => "QUOTA_NOT_NEWER",
            Self::QuotaNotAwaited { .. } => "QUOTA_NOT_AWAITED",
            Self::DeleteProtected { .. } => "DELETE_PROTECTED",
            Self::NothingToUndelete { .. } => "NOTHING_TO_UNDELETE",
            Self::UndeleteTooLate { .. } => "UNDELETE_TOO_LATE",
            Self::StateForbids { .. } => "STATE_FORBIDS",
            Self::Undecidable { reason, .. } => reason,
            Self::CatalogMissing { .. } => "CATALOG_MISSING",
            Self::NoSuchTransition { .. } => "NO_SUCH_TRANSITION",
            Self::NotGone { .. } => "NOT_GONE",
            Self::EditionUndecidable { .. } => "EDITION_UNDECIDABLE",
            Self::EditionHalted { .. } => "EDITION_HALTED",
            Self::WrongLog { .. } => "WRONG_LOG",
            Self::DecisionTooLarge { .. } => "DECISION_TOO_LARGE",
            Self::WrittenTwice { .. } => "WRITTEN_TWICE",
            Self::UnreadableRow(_) => "UNREADABLE_ROW",
        }
    }

    /// The values behind the reason, by names that programs may rely on: `subject`, `etag` (the current one), `field`, `wanted` and so on.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::AlreadyExists { subject, revision } => {
                vec![("subject", subject.to_string()), ("etag", revision.to_string())]
            }
            Self::EtagMismatch { subject, given, current } => {
                vec![("subject", subject.to_string()), ("given", given.to_string()), ("etag", current.to_string())]
            }
            Self::NotEmpty { subject, entry } => vec![("subject", subject.to_string()), ("entry", entry.clone())],
            Self::NotActive { subject, state } => vec![("subject", subject.to_string()), ("state", state.to_string())],
            Self::ParentNotActive { subject, parent, state } => {
                vec![("subject", subject.to_string()), ("parent", parent.to_string()), ("state", state.to_string())]
            }
            Self::FolderTooDeep { folder, depth } => {
                vec![("subject", folder.to_string()), ("depth", depth.to_string())]
            }
            Self::FolderCycle { folder, parent } => {
                vec![("subject", folder.to_string()), ("parent", parent.to_string())]
            }
            Self::OtherOrganization { subject, parent, organization } => {
                let organization = organization.to_string();
                vec![("subject", subject.to_string()), ("parent", parent.to_string()), ("organization", organization)]
            }
            Self::AlreadyThere { subject, parent } => {
                vec![("subject", subject.to_string()), ("parent", parent.to_string())]
            }
            Self::InvalidArgument { field, value, wanted } => {
                vec![("field", (*field).to_owned()), ("value", value.clone()), ("wanted", wanted.clone())]
            }
            Self::ProjectNotActive { subject, project, state } => {
                let state = state.map_or_else(|| "UNKNOWN".to_owned(), |state| state.to_string());
                vec![("subject", subject.to_string()), ("project", project.to_string()), ("state", state)]
            }
            Self::NotDeleting { project, state } => {
                vec![("subject", project.to_string()), ("state", state.to_string())]
            }
            Self::AlreadyDrained { project, region }
            | Self::RegionNotAwaited { project, region }
            | Self::GateAlreadyClosed { project, region } => {
                vec![("subject", project.to_string()), ("region", region.to_string())]
            }
            Self::QuotaExceeded { subject, organization, region, used, wanted, limit } => vec![
                ("subject", subject.to_string()),
                ("organization", organization.to_string()),
                ("region", region.to_string()),
                ("used", used.to_string()),
                ("needed", wanted.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::QuotaNotNewer { organization, region } | Self::QuotaNotAwaited { organization, region } => {
                vec![("subject", organization.to_string()), ("region", region.to_string())]
            }
            Self::TooManyRegions { region } => vec![("region", region.to_string())],
            Self::AccountKnown { account, state } => {
                vec![("account", account.to_string()), ("state", state.to_string())]
            }
            Self::EditionUnpublishable { edition, count, .. } => {
                vec![("edition", edition.clone()), ("defects", count.to_string())]
            }
            Self::EditionNotNewer { edition, newest } => {
                vec![("edition", edition.clone()), ("newest", newest.clone())]
            }
            Self::TooManyEditions { edition } | Self::EditionHalted { edition } => vec![("edition", edition.clone())],
            Self::EditionUndecidable { edition, cluster_type, region, .. } => {
                let (edition, region) = (edition.clone(), region.to_string());
                vec![("edition", edition), ("cluster_type", cluster_type.clone()), ("region", region)]
            }
            Self::AccountPoolEmpty { organization } => vec![("subject", organization.to_string())],
            Self::OrganizationHasAccount { organization, account } => {
                vec![("subject", organization.to_string()), ("account", account.to_string())]
            }
            Self::UndeleteTooLate { subject, purged } => {
                vec![("subject", subject.to_string()), ("purged", purged.to_string())]
            }
            Self::StateForbids { subject, state, wanted } => vec![
                ("subject", subject.to_string()),
                ("state", state.name().to_owned()),
                ("wanted", wanted.name().to_owned()),
            ],
            Self::Undecidable { subject, accepted, .. } => {
                vec![("subject", subject.to_string()), ("accepted", accepted.join(", "))]
            }
            Self::NoSuchTransition { subject, from, to } => {
                vec![("subject", subject.to_string()), ("from", from.name().to_owned()), ("to", to.name().to_owned())]
            }
            Self::NotGone { subject, left } => vec![("subject", subject.to_string()), ("left", left.clone())],
            Self::DeleteProtected { subject }
            | Self::NothingToUndelete { subject }
            | Self::CatalogMissing { subject }
            | Self::NotFound { subject }
            | Self::UpdateEmpty { subject }
            | Self::WrongLog { subject, .. }
            | Self::DecisionTooLarge { subject, .. }
            | Self::WrittenTwice { subject }
            | Self::UnreadableRow(ViewError { subject, .. }) => vec![("subject", subject.to_string())],
        }
    }
}

#[cfg(test)]
mod tests;
