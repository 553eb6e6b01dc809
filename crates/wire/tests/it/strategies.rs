//! Arbitrary values of the domain and of the log.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    Account, AccountLife, Allotment, Cluster, ClusterPolicy, ClusterType, Edition, Entity, Folder, Gate, Limit,
    Organization, Owner, Project, Quota, Slice, State, command::*,
};
use ids::{
    AccountId, ClusterName, ContainerName, FolderName, Hash, Hlc, Incarnation, Label, Log, OrganizationName,
    ProjectName, RegionId, RequestId, Revision, Seq, Subject,
};
use proptest::{collection, option, prelude::*};
use wire::{CommandDigest, LEVEL, Proposal, RawFact, Record, Rejected, Submission, level_of};

mod access;
mod clusters;
mod identities;

use clusters::{basis, cidr, cluster_status, deed, machine_run, network, options, progress, window, wish};

fn label() -> impl Strategy<Value = Label> {
    "[a-z]([a-z0-9-]{0,61}[a-z0-9])?".prop_map(|text| text.parse().unwrap())
}

fn region() -> impl Strategy<Value = RegionId> {
    "[a-z]{2}-(east|west)-[1-9]".prop_map(|text| text.parse().unwrap())
}

fn organization_name() -> impl Strategy<Value = OrganizationName> {
    label().prop_map(|organization| OrganizationName { organization })
}

fn folder_name() -> impl Strategy<Value = FolderName> {
    (organization_name(), label()).prop_map(|(organization, folder)| organization.folder(folder))
}

fn project_name() -> impl Strategy<Value = ProjectName> {
    (organization_name(), label()).prop_map(|(organization, project)| organization.project(project))
}

fn cluster_name() -> impl Strategy<Value = ClusterName> {
    (project_name(), region(), label()).prop_map(|(project, location, cluster)| ClusterName {
        project,
        location,
        cluster,
    })
}

fn container_name() -> impl Strategy<Value = ContainerName> {
    prop_oneof![
        organization_name().prop_map(ContainerName::Organization),
        folder_name().prop_map(ContainerName::Folder),
    ]
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![Just(State::Active), Just(State::Deleting), Just(State::Deleted)]
}

fn cluster_type() -> impl Strategy<Value = ClusterType> {
    prop_oneof![Just(ClusterType::DEVELOPMENT), Just(ClusterType::PRODUCTION)]
}

fn hlc() -> impl Strategy<Value = Hlc> {
    any::<u64>().prop_map(Hlc)
}

fn words() -> impl Strategy<Value = String> {
    "\\PC{0,24}"
}

fn maybe_words() -> impl Strategy<Value = Option<String>> {
    option::of(words())
}

fn etag() -> impl Strategy<Value = Option<Revision>> {
    option::of(any::<u64>().prop_map(Revision))
}

fn request_id() -> impl Strategy<Value = RequestId> {
    any::<[u8; 16]>().prop_map(RequestId)
}

fn organization() -> impl Strategy<Value = Organization> {
    let account = option::of(account_id());
    (organization_name(), request_id(), words(), words(), state(), hlc(), hlc(), account).prop_map(
        |(name, uid, display_name, description, state, create_time, update_time, account)| Organization {
            name,
            uid,
            display_name,
            description,
            state,
            create_time,
            update_time,
            account,
        },
    )
}

fn account_id() -> impl Strategy<Value = AccountId> {
    "[0-9]{12}".prop_map(|text| text.parse().unwrap())
}

fn account() -> impl Strategy<Value = Account> {
    let owner = || (organization_name(), request_id()).prop_map(|(organization, uid)| Owner { organization, uid });
    let life = prop_oneof![
        Just(AccountLife::Ready),
        owner().prop_map(AccountLife::Claimed),
        owner().prop_map(AccountLife::Retired),
    ];
    (account_id(), life, hlc(), hlc()).prop_map(|(id, life, create_time, update_time)| Account {
        id,
        life,
        create_time,
        update_time,
    })
}

fn folder() -> impl Strategy<Value = Folder> {
    (folder_name(), request_id(), container_name(), words(), words(), state(), hlc(), hlc()).prop_map(
        |(name, uid, parent, display_name, description, state, create_time, update_time)| Folder {
            name,
            uid,
            parent,
            display_name,
            description,
            state,
            create_time,
            update_time,
        },
    )
}

fn project() -> impl Strategy<Value = Project> {
    let awaiting = collection::btree_set(region(), 0..5);
    (project_name(), request_id(), container_name(), words(), words(), state(), awaiting, hlc(), hlc()).prop_map(
        |(name, uid, parent, display_name, description, state, awaiting, create_time, update_time)| Project {
            name,
            uid,
            parent,
            display_name,
            description,
            state,
            awaiting,
            create_time,
            update_time,
        },
    )
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let fixed = (options(), wish(), proptest::option::of(hlc()), proptest::option::of(basis()));
    (cluster_name(), request_id(), request_id(), words(), words(), cluster_type(), fixed, hlc(), hlc()).prop_map(
        |(name, uid, project_uid, display_name, description, cluster_type, fixed, create_time, update_time)| Cluster {
            name,
            uid,
            project_uid,
            display_name,
            description,
            cluster_type,
            options: fixed.0,
            wish: fixed.1,
            purge_time: fixed.2,
            basis: fixed.3,
            create_time,
            update_time,
        },
    )
}

fn edition_name() -> impl Strategy<Value = String> {
    (1..=12_u8, option::of("[a-z0-9]{1,20}")).prop_map(|(month, suffix)| {
        let suffix = suffix.map_or_else(String::new, |suffix| format!("-{suffix}"));
        format!("2027-{month:02}{suffix}")
    })
}

fn contents() -> impl Strategy<Value = domain::catalog::Catalog> {
    edition_name().prop_map(|edition| domain::catalog::Catalog { edition, ..crate::samples::contents() })
}

fn edition() -> impl Strategy<Value = Edition> {
    (edition_name(), collection::vec(region(), 0..4), any::<u32>(), hlc(), option::of(hlc())).prop_map(
        |(name, order, soak_seconds, publish_time, halt_time)| Edition {
            name,
            order,
            soak_seconds,
            publish_time,
            halt_time,
        },
    )
}

fn waves() -> impl Strategy<Value = Option<Waves>> {
    let waves = (collection::vec(region(), 0..4), any::<u32>());
    option::of(waves.prop_map(|(order, soak_seconds)| Waves { order, soak_seconds }))
}

/// Boxed, as are commands: all their strategies beside each other are more than a test's stack holds.
/// Some of those that say something in each way.
fn rules() -> impl Strategy<Value = Vec<domain::cluster_policy::Rule>> {
    proptest::sample::subsequence(crate::samples::cluster_policy().rules, 0..=5)
}

fn cluster_policy() -> impl Strategy<Value = Entity> {
    (project_name(), rules(), hlc()).prop_map(|(project, rules, update_time)| {
        let node = project.into();
        ClusterPolicy { node, rules, update_time, ..crate::samples::cluster_policy() }.into()
    })
}

pub fn entity() -> impl Strategy<Value = Entity> {
    prop_oneof![
        organization().prop_map(Entity::Organization).boxed(),
        folder().prop_map(Entity::Folder).boxed(),
        project().prop_map(Entity::Project).boxed(),
        cluster().prop_map(Entity::Cluster).boxed(),
        (project_name(), hlc()).prop_map(|(project, closed_through)| Gate { project, closed_through }.into()).boxed(),
        account().prop_map(Entity::Account).boxed(),
        cluster_status().prop_map(Entity::from).boxed(),
        collection::vec(deed(), 0..4).prop_map(|deeds| Entity::Deeds(domain::Deeds(deeds))).boxed(),
        network().prop_map(Entity::Network).boxed(),
        machine_run().prop_map(Entity::from).boxed(),
        quota().prop_map(Entity::Quota).boxed(),
        allotment().prop_map(Entity::Allotment).boxed(),
        contents().prop_map(Entity::from).boxed(),
        edition().prop_map(Entity::Edition).boxed(),
        access::entity().boxed(),
        identities::entity().boxed(),
        cluster_policy().boxed(),
        Just(Entity::Marker).boxed(),
    ]
}

/// A strategy for one command: its struct, filled from one strategy per field.
macro_rules! command {
    ($command:ident { $($field:ident: $strategy:expr),+ }) => {
        ($($strategy,)+).prop_map(|($($field,)+)| Command::from($command { $($field),+ }))
    };
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        organization_command().boxed(),
        folder_command().boxed(),
        project_command().boxed(),
        cluster_command().boxed(),
        region().prop_map(|region| RegisterRegion { region }.into()).boxed(),
        account_id().prop_map(|account| AddAccount { account }.into()).boxed(),
        command!(PublishCatalog { catalog: contents(), waves: waves() }).boxed(),
        command!(HaltEdition { edition: edition_name(), etag: etag() }).boxed(),
        organization_name().prop_map(|organization| ClaimAccount { organization }.into()).boxed(),
        quota_command().boxed(),
        command!(SetClusterPolicy {
            node: project_name().prop_map(ids::ResourceName::from),
            rules: rules(),
            etag: etag()
        })
        .boxed(),
        access::command().boxed(),
        identities::command().boxed(),
    ]
}

fn quota_command() -> impl Strategy<Value = Command> {
    let targets = collection::btree_map(region(), any::<u64>(), 0..4);
    prop_oneof![
        command!(SetQuota { organization: organization_name(), slices: targets, etag: etag() }),
        command!(MirrorQuota { organization: organization_name(), region: region() }),
        command!(AcknowledgeQuota { organization: organization_name(), region: region(), generation: hlc() }),
    ]
}

fn quota() -> impl Strategy<Value = Quota> {
    let slice = (any::<u64>(), any::<Option<u64>>(), hlc()).prop_map(|(target, held, generation)| Slice {
        target,
        held,
        generation,
    });
    let slices = collection::btree_map(region(), slice, 0..4);
    (organization_name(), slices, hlc()).prop_map(|(organization, slices, update_time)| Quota {
        organization,
        slices,
        update_time,
    })
}

fn allotment() -> impl Strategy<Value = Allotment> {
    let limit = option::of((any::<u64>(), hlc()).prop_map(|(vcpus, generation)| Limit { vcpus, generation }));
    (organization_name(), any::<u64>(), limit).prop_map(|(organization, used, limit)| Allotment {
        organization,
        used,
        limit,
    })
}

fn organization_command() -> impl Strategy<Value = Command> {
    let (words, texts, name) = (words, maybe_words, organization_name);
    prop_oneof![
        command!(CreateOrganization { name: name(), display_name: words(), description: words() }),
        command!(UpdateOrganization { name: name(), display_name: texts(), description: texts(), etag: etag() }),
        command!(DeleteOrganization { name: name(), etag: etag() }),
    ]
}

fn folder_command() -> impl Strategy<Value = Command> {
    let (words, texts, name, parent) = (words, maybe_words, folder_name, container_name);
    prop_oneof![
        command!(CreateFolder { name: name(), parent: parent(), display_name: words(), description: words() }),
        command!(UpdateFolder { name: name(), display_name: texts(), description: texts(), etag: etag() }),
        command!(MoveFolder { name: name(), parent: parent(), etag: etag() }),
        command!(DeleteFolder { name: name(), etag: etag() }),
    ]
}

fn project_command() -> impl Strategy<Value = Command> {
    let (words, texts, name, parent) = (words, maybe_words, project_name, container_name);
    prop_oneof![
        command!(CreateProject { name: name(), parent: parent(), display_name: words(), description: words() }),
        command!(UpdateProject { name: name(), display_name: texts(), description: texts(), etag: etag() }),
        command!(MoveProject { name: name(), parent: parent(), etag: etag() }),
        command!(DeleteProject { name: name(), etag: etag() }),
        command!(AcknowledgeDrain { project: name(), region: region() }),
        command!(CloseGate { project: name(), region: region() }),
    ]
}

fn cluster_command() -> impl Strategy<Value = Command> {
    let (words, texts, name, kind) = (words, maybe_words, cluster_name, cluster_type);
    prop_oneof![
        command!(CreateCluster {
            name: name(),
            display_name: words(),
            description: words(),
            cluster_type: kind(),
            options: options()
        }),
        command!(UpdateCluster {
            name: name(),
            display_name: texts(),
            description: texts(),
            allow_list: proptest::option::of(collection::vec(cidr(), 0..4)),
            delete_protection: any::<Option<bool>>(),
            maintenance_window: proptest::option::of(window()),
            etag: etag()
        }),
        command!(DeleteCluster { name: name(), retain_ms: any::<u64>(), etag: etag() }),
        command!(UndeleteCluster { name: name(), etag: etag() }),
        command!(HibernateCluster { name: name(), etag: etag() }),
        command!(WakeCluster { name: name(), etag: etag() }),
        progress().prop_map(Command::from),
    ]
}

pub fn submission() -> impl Strategy<Value = Submission> {
    let seen = proptest::option::of((any::<u64>(), any::<u64>()));
    let planned = proptest::option::of(any::<u64>().prop_map(Seq));
    (request_id(), words(), command(), any::<[bool; 2]>(), words(), seen, planned).prop_map(
        |(request_id, actor, command, [validate_only, retried], traceparent, seen, planned)| Submission {
            request_id,
            actor,
            command,
            validate_only,
            traceparent,
            seen_global: seen.map(|(incarnation, seq)| (Incarnation(incarnation), Seq(seq))),
            retried,
            planned,
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    "[!-~]{1,40}".prop_map(|text| text.parse().unwrap())
}

pub fn blob() -> impl Strategy<Value = Bytes> {
    collection::vec(any::<u8>(), 0..64).prop_map(Bytes::from)
}

fn facts() -> impl Strategy<Value = Vec<RawFact>> {
    let kind = proptest::sample::select(domain::FactKind::ALL).prop_map(domain::FactKind::number);
    let content = (kind, option::of(blob()), blob());
    collection::btree_map(subject(), content, 0..8).prop_map(|facts| {
        let fact = |(subject, (kind, after, detail))| RawFact { kind, subject, after, detail };
        facts.into_iter().map(fact).collect()
    })
}

pub fn proposal() -> impl Strategy<Value = Proposal> {
    let guards = collection::vec((subject(), any::<u64>().prop_map(Revision)), 0..8);
    let head = (request_id(), words(), hlc(), 0..=LEVEL, any::<u64>().prop_map(Seq));
    let tail = (subject(), words(), option::of(any::<[u8; 16]>().prop_map(CommandDigest)));
    (head, guards, facts(), tail).prop_map(|(head, guards, facts, (response, traceparent, command))| {
        let (request_id, actor, hlc, level, observed_global_seq) = head;
        // Not below what the kinds of its facts need.
        let level = level.max(level_of(&facts));
        let rejected = None;
        Proposal {
            request_id,
            actor,
            hlc,
            level,
            observed_global_seq,
            guards,
            facts,
            response,
            traceparent,
            command,
            rejected,
        }
    })
}

pub fn rejected() -> impl Strategy<Value = Rejected> {
    let details = collection::vec((words(), words()), 0..8);
    (words(), words(), details).prop_map(|(reason, message, details)| Rejected { reason, message, details })
}

pub fn proposal_rejected() -> impl Strategy<Value = Proposal> {
    (proposal(), rejected()).prop_map(|(proposal, rejected)| Proposal {
        level: LEVEL,
        guards: Vec::new(),
        facts: Vec::new(),
        rejected: Some(Arc::new(rejected.cut())),
        ..proposal
    })
}

pub fn record() -> impl Strategy<Value = Record> {
    let log = prop_oneof![Just(Log::Global), region().prop_map(Log::Region)];
    (log, any::<u64>(), any::<u64>(), hlc(), any::<[u8; 32]>(), blob()).prop_map(
        |(log, incarnation, seq, hlc, prev_hash, proposal)| Record {
            log,
            incarnation: Incarnation(incarnation),
            seq: Seq(seq),
            hlc,
            prev_hash: Hash(prev_hash),
            proposal,
        },
    )
}
