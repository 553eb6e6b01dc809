//! Every way in which a command or a read is refused.
//!
//! One closed list. What each reason is to a protocol stands in a table elsewhere (`adapter-grpc`), and a test there finds a reason
//! without a row. Clients act on [`Rejection::reason`]; the text is for people. It says what is the case and what is wanted instead, never
//! what was attempted: behind `delete shop:` that would read as done.

use access::Kinds;
use ids::{
    AccountId, ContainerName, FolderName, GroupName, Hlc, IdentityProviderName, Label, Log, OrganizationName,
    ProjectName, RegionId, Revision, ServiceAccountName, Subject,
    limits::{
        BINDINGS_MAX, FACTS_MAX, FOLDER_DEPTH_MAX, GROUP_MEMBERS_MAX, GROUPS_MAX, GUARDS_MAX, IDENTITY_PROVIDERS_MAX,
        REVOKES_MAX, SERVICE_ACCOUNT_KEYS_MAX, SERVICE_ACCOUNTS_MAX,
    },
};

use crate::{AccountLife, REGIONS_MAX, State, ViewError, edition::EDITIONS_MAX, held::State as LifeState};

/// Why nothing was changed, or nothing could be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("{subject} exists already, at revision {revision}; wanted a name that is not in use")]
    AlreadyExists { subject: Subject, revision: Revision },

    #[error("{subject} does not exist; wanted one that does")]
    NotFound { subject: Subject },

    #[error("{subject} is at etag {current}, not at {given}; wanted the etag it is at, or none")]
    EtagMismatch { subject: Subject, given: Revision, current: Revision },

    /// `entry` is one of those in the way.
    #[error("{subject} is not empty: {entry} is in it; wanted nothing in it")]
    NotEmpty { subject: Subject, entry: String },

    #[error("{subject} is {state}; wanted {}", State::Active)]
    NotActive { subject: Subject, state: State },

    #[error("{parent}, the parent wished for {subject}, is {state}; wanted {}", State::Active)]
    ParentNotActive { subject: Subject, parent: ContainerName, state: State },

    #[error("a folder would be at depth {depth} with {folder}; wanted at most {FOLDER_DEPTH_MAX}")]
    FolderTooDeep { folder: FolderName, depth: usize },

    #[error("{parent} is inside {folder}; wanted a parent that is not")]
    FolderCycle { folder: FolderName, parent: ContainerName },

    #[error("{parent}, the parent wished for {subject}, is elsewhere; wanted one in {organization}")]
    OtherOrganization { subject: Subject, parent: ContainerName, organization: OrganizationName },

    #[error("{subject} is in {parent} already; wanted another parent")]
    AlreadyThere { subject: Subject, parent: ContainerName },

    #[error("no field to update of {subject} is given; wanted display_name or description")]
    UpdateEmpty { subject: Subject },

    /// `value` is cut at 80 characters.
    #[error("the field {field} is {value:?}; wanted {wanted}")]
    InvalidArgument { field: &'static str, value: String, wanted: String },

    /// `state` is what this region's copy of the global log shows: `None` when it has no such project (yet).
    #[error(
        "{project}, which {subject} would be in, is {}; wanted {}",
        state.map_or("not known here".to_owned(), |state| state.to_string()),
        State::Active
    )]
    ProjectNotActive { subject: Subject, project: ProjectName, state: Option<State> },

    #[error("{project} is {state}, so no drain of it is awaited; wanted {}", State::Deleting)]
    NotDeleting { project: ProjectName, state: State },

    #[error("the drain of {project} by {region} is acknowledged already; wanted a region that is still awaited")]
    AlreadyDrained { project: ProjectName, region: RegionId },

    #[error("{region} is not registered, so no drain of {project} by it is awaited; wanted a region that is awaited")]
    RegionNotAwaited { project: ProjectName, region: RegionId },

    #[error("the gate of {project} in {region} is closed already; wanted one that stands open")]
    GateAlreadyClosed { project: ProjectName, region: RegionId },

    #[error("there are {REGIONS_MAX} regions without {region}; wanted at most that many")]
    TooManyRegions { region: RegionId },

    #[error("the cloud account {account} is known, as {state}; wanted one that is not known")]
    AccountKnown { account: AccountId, state: AccountLife },

    #[error("no cloud account is left in the pool for {organization}; wanted one that is READY")]
    AccountPoolEmpty { organization: OrganizationName },

    #[error("{organization} has the cloud account {account}; wanted an organization without one")]
    OrganizationHasAccount { organization: OrganizationName, account: AccountId },

    #[error("the edition {edition} has {count} defects; wanted none: {defects}")]
    EditionUnpublishable { edition: String, count: usize, defects: String },

    #[error("the edition {edition} does not come after {newest}; wanted a name that sorts behind it")]
    EditionNotNewer { edition: String, newest: String },

    #[error("there are {EDITIONS_MAX} editions without {edition}; wanted at most that many")]
    TooManyEditions { edition: String },

    #[error(
        "{subject} needs {wanted} vCPUs where clusters of {organization} in {region} have {used} of {limit}; wanted no more than are left"
    )]
    QuotaExceeded {
        subject: Subject,
        organization: OrganizationName,
        region: RegionId,
        used: u64,
        wanted: u64,
        limit: u64,
    },

    #[error("the quota of {organization} in {region} is held as it is here, or newer; wanted a newer one")]
    QuotaNotNewer { organization: OrganizationName, region: RegionId },

    #[error("nothing of that generation of the quota of {organization} in {region} is awaited; wanted one that is")]
    QuotaNotAwaited { organization: OrganizationName, region: RegionId },

    #[error("{subject} is protected from deletion; wanted delete_protection to be false")]
    DeleteProtected { subject: Subject },

    #[error("{subject} is not being deleted; wanted a cluster that is")]
    NothingToUndelete { subject: Subject },

    #[error("nothing of {subject} is kept since {purged}; wanted that to be later")]
    UndeleteTooLate { subject: Subject, purged: Hlc },

    #[error("{subject} is {}; wanted {}", state.name(), wanted.name())]
    StateForbids { subject: Subject, state: LifeState, wanted: LifeState },

    /// By who decides what clusters become; `reason` is from that list.
    #[error("what {subject} is to become cannot be decided: {detail}")]
    Undecidable { subject: Subject, reason: &'static str, detail: String, accepted: Vec<String> },

    #[error("no edition of the catalogue is published for {subject} to be decided by; wanted one")]
    CatalogMissing { subject: Subject },

    #[error("no cluster goes from {} to {}, as {subject} would; wanted a way that clusters go", from.name(), to.name())]
    NoSuchTransition { subject: Subject, from: LifeState, to: LifeState },

    /// `left` is one of those things.
    #[error("{left} is left of {subject}; wanted nothing")]
    NotGone { subject: Subject, left: String },
    /// `cluster_type` and `region` are the first combination that cannot.
    #[error(
        "of the combinations of cluster type and region in the edition {edition} {count} cannot be decided; wanted none; the first is \
         {cluster_type} in {region}: {why}"
    )]
    EditionUndecidable { edition: String, count: usize, cluster_type: String, region: RegionId, why: String },

    #[error("the edition {edition} is halted already; wanted one that is not")]
    EditionHalted { edition: String },

    #[error("{subject} was the name of something that is gone; wanted a name that was never taken")]
    NameRetired { subject: Subject },

    #[error("{role} is not bound on {node}; wanted a node of kind {bound_at}")]
    RoleNotBindable { role: String, node: String, bound_at: Kinds },

    #[error("{member} does not have {role} on {node} by a binding there; wanted one that is there")]
    NotBound { node: String, role: String, member: String },

    #[error("the bindings {subject} are as wished already; wanted a change")]
    PolicyUnchanged { subject: Subject },

    #[error("there would be more than {BINDINGS_MAX} {subject}; wanted at most that many, groups for instance")]
    TooManyBindings { subject: Subject },

    #[error("nobody would be left who administers {organization} without an end; wanted a user or a service account")]
    LastAdministrator { organization: OrganizationName },

    #[error("{member} is no direct member of {group}, or is added by the same change; wanted one that is")]
    NotAMember { group: GroupName, member: String },

    #[error("{group} would have {members} members; wanted at most {GROUP_MEMBERS_MAX}, groups among them")]
    TooManyMembers { group: GroupName, members: usize },

    #[error("there are {GROUPS_MAX} groups in {organization}; wanted fewer")]
    TooManyGroups { organization: OrganizationName },

    #[error("{group} would be in itself; wanted members that it is not in")]
    GroupCycle { group: GroupName },

    #[error("{member} breaks glass and is not revoked; wanted somebody else, or nobody to break glass before")]
    BreaksGlass { member: String },

    #[error("{member} does not administer {organization} without an end; wanted somebody who does")]
    NotAdministrator { organization: OrganizationName, member: String },

    #[error(
        "this region issued {REVOKES_MAX} revokes for {organization}; wanted fewer, and an access policy for what is taken for good"
    )]
    TooManyRevokes { organization: OrganizationName },

    #[error("there are {IDENTITY_PROVIDERS_MAX} identity providers in {organization}; wanted fewer")]
    TooManyIdentityProviders { organization: OrganizationName },

    #[error("{provider} takes tokens of {issuer} for {audience:?} already; wanted another issuer or audience")]
    IssuerTaken { provider: IdentityProviderName, issuer: String, audience: String },

    #[error("there are {SERVICE_ACCOUNTS_MAX} service accounts in {organization}; wanted fewer")]
    TooManyServiceAccounts { organization: OrganizationName },

    #[error("{account} has {SERVICE_ACCOUNT_KEYS_MAX} keys; wanted fewer")]
    TooManyKeys { account: ServiceAccountName },

    #[error("{account} has a key {key} already; wanted another id")]
    KeyTaken { account: ServiceAccountName, key: Label },

    #[error("{account} has no key {key}; wanted the id of one that it has")]
    KeyNotFound { account: ServiceAccountName, key: Label },

    #[error("who may do what was changed since the change of {subject} was looked at; wanted another look")]
    PlanStale { subject: Subject },

    #[error("{subject} is not decided about in the log {here}; wanted the log {wanted}")]
    WrongLog { subject: Subject, wanted: Log, here: Log },

    #[error(
        "the decision about {subject} has {guards} guards and {facts} facts; wanted at most {GUARDS_MAX} and {FACTS_MAX}"
    )]
    DecisionTooLarge { subject: Subject, guards: usize, facts: usize },

    /// A defect of this crate, reported instead of replicated.
    #[error("one decision writes {subject} twice; wanted each subject once")]
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
            Self::NameRetired { .. } => "NAME_RETIRED",
            Self::RoleNotBindable { .. } => "ROLE_NOT_BINDABLE",
            Self::NotBound { .. } => "BINDING_NOT_FOUND",
            Self::PolicyUnchanged { .. } => "POLICY_UNCHANGED",
            Self::TooManyBindings { .. } => "TOO_MANY_BINDINGS",
            Self::LastAdministrator { .. } => "LAST_ADMINISTRATOR",
            Self::NotAMember { .. } => "MEMBER_NOT_FOUND",
            Self::TooManyMembers { .. } => "TOO_MANY_MEMBERS",
            Self::TooManyGroups { .. } => "TOO_MANY_GROUPS",
            Self::GroupCycle { .. } => "GROUP_CYCLE",
            Self::BreaksGlass { .. } => "BREAKS_GLASS",
            Self::NotAdministrator { .. } => "NOT_ADMINISTRATOR",
            Self::TooManyRevokes { .. } => "TOO_MANY_REVOKES",
            Self::TooManyIdentityProviders { .. } => "TOO_MANY_IDENTITY_PROVIDERS",
            Self::IssuerTaken { .. } => "ISSUER_TAKEN",
            Self::TooManyServiceAccounts { .. } => "TOO_MANY_SERVICE_ACCOUNTS",
            Self::TooManyKeys { .. } => "TOO_MANY_KEYS",
            Self::KeyTaken { .. } => "KEY_TAKEN",
            Self::KeyNotFound { .. } => "KEY_NOT_FOUND",
            Self::PlanStale { .. } => "PLAN_STALE",
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
            Self::ParentNotActive { .. }
            | Self::FolderTooDeep { .. }
            | Self::FolderCycle { .. }
            | Self::OtherOrganization { .. }
            | Self::AlreadyThere { .. } => self.details_of_tree(),
            Self::InvalidArgument { field, value, wanted } => {
                vec![("field", (*field).to_owned()), ("value", value.clone()), ("wanted", wanted.clone())]
            }
            Self::ProjectNotActive { .. }
            | Self::NotDeleting { .. }
            | Self::AlreadyDrained { .. }
            | Self::RegionNotAwaited { .. }
            | Self::GateAlreadyClosed { .. } => self.details_of_projects(),
            Self::QuotaExceeded { .. } | Self::QuotaNotNewer { .. } | Self::QuotaNotAwaited { .. } => {
                self.details_of_quotas()
            }
            Self::TooManyRegions { region } => vec![("region", region.to_string())],
            Self::AccountKnown { .. } | Self::OrganizationHasAccount { .. } => self.details_of_accounts(),
            Self::EditionUnpublishable { .. }
            | Self::EditionNotNewer { .. }
            | Self::TooManyEditions { .. }
            | Self::EditionHalted { .. }
            | Self::EditionUndecidable { .. } => self.details_of_editions(),
            Self::AccountPoolEmpty { organization } => vec![("subject", organization.to_string())],
            Self::UndeleteTooLate { .. }
            | Self::StateForbids { .. }
            | Self::Undecidable { .. }
            | Self::NoSuchTransition { .. }
            | Self::NotGone { .. } => self.details_of_lives(),
            Self::RoleNotBindable { .. }
            | Self::NotBound { .. }
            | Self::LastAdministrator { .. }
            | Self::NotAMember { .. }
            | Self::TooManyMembers { .. }
            | Self::TooManyGroups { .. }
            | Self::GroupCycle { .. }
            | Self::BreaksGlass { .. }
            | Self::NotAdministrator { .. }
            | Self::TooManyRevokes { .. } => self.details_of_access(),
            Self::TooManyIdentityProviders { .. }
            | Self::IssuerTaken { .. }
            | Self::TooManyServiceAccounts { .. }
            | Self::TooManyKeys { .. }
            | Self::KeyTaken { .. }
            | Self::KeyNotFound { .. } => self.details_of_identities(),
            Self::NameRetired { subject }
            | Self::PolicyUnchanged { subject }
            | Self::TooManyBindings { subject }
            | Self::DeleteProtected { subject }
            | Self::NothingToUndelete { subject }
            | Self::CatalogMissing { subject }
            | Self::NotFound { subject }
            | Self::UpdateEmpty { subject }
            | Self::PlanStale { subject }
            | Self::WrongLog { subject, .. }
            | Self::DecisionTooLarge { subject, .. }
            | Self::WrittenTwice { subject }
            | Self::UnreadableRow(ViewError { subject, .. }) => vec![("subject", subject.to_string())],
        }
    }

    /// Of refusals about where folders and projects are.
    fn details_of_tree(&self) -> Vec<(&'static str, String)> {
        match self {
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
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about projects and what regions have of them.
    fn details_of_projects(&self) -> Vec<(&'static str, String)> {
        match self {
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
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about cloud accounts.
    fn details_of_accounts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::AccountKnown { account, state } => {
                vec![("account", account.to_string()), ("state", state.to_string())]
            }
            Self::OrganizationHasAccount { organization, account } => {
                vec![("subject", organization.to_string()), ("account", account.to_string())]
            }
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about who may do what.
    fn details_of_access(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::RoleNotBindable { role, node, bound_at } => {
                vec![("subject", node.clone()), ("role", role.clone()), ("accepted", bound_at.to_string())]
            }
            Self::NotBound { node, role, member } => {
                vec![("subject", node.clone()), ("role", role.clone()), ("member", member.clone())]
            }
            Self::LastAdministrator { organization }
            | Self::TooManyGroups { organization }
            | Self::TooManyRevokes { organization } => {
                vec![("subject", organization.to_string())]
            }
            Self::BreaksGlass { member } => vec![("member", member.clone())],
            Self::NotAdministrator { organization, member } => {
                vec![("subject", organization.to_string()), ("member", member.clone())]
            }
            Self::NotAMember { group, member } => vec![("subject", group.to_string()), ("member", member.clone())],
            Self::TooManyMembers { group, .. } | Self::GroupCycle { group } => vec![("subject", group.to_string())],
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about whose tokens are taken.
    fn details_of_identities(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooManyIdentityProviders { organization } | Self::TooManyServiceAccounts { organization } => {
                vec![("subject", organization.to_string())]
            }
            Self::IssuerTaken { provider, issuer, audience } => {
                vec![("subject", provider.to_string()), ("issuer", issuer.clone()), ("audience", audience.clone())]
            }
            Self::TooManyKeys { account } => vec![("subject", account.to_string())],
            Self::KeyTaken { account, key } | Self::KeyNotFound { account, key } => {
                vec![("subject", account.to_string()), ("key", key.to_string())]
            }
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about quotas.
    fn details_of_quotas(&self) -> Vec<(&'static str, String)> {
        match self {
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
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about editions of the catalogue.
    fn details_of_editions(&self) -> Vec<(&'static str, String)> {
        match self {
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
            _of_something_else => Vec::new(),
        }
    }

    /// Of refusals about what a cluster becomes, and where it is in its life.
    fn details_of_lives(&self) -> Vec<(&'static str, String)> {
        match self {
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
            _of_something_else => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
