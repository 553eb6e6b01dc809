//! One fixed value per message, with no field left at its default, so that a golden file shows where every field is.

use std::{
    fmt::Debug,
    str::FromStr,
    sync::{Arc, LazyLock},
};

use access::{Kind, Kinds, Member, NodeName, Right};
use bytes::Bytes;
use domain::{
    AccessPolicy, Account, AccountLife, Allotment, Binding, BreakGlass, Cluster, ClusterPolicy, ClusterType,
    CustomRole, Deeds, Edition, Entity, Fact, FactKind, Folder, Gate, Group, Lift, Limit, Organization, Owner, Project,
    Quota, Revoke, Slice, State, Wish,
    catalog::{Catalog, Key, Value, Window},
    cluster_policy::{Rule, Says},
    command::*,
};
use ids::{Hash, Hlc, Incarnation, Log, RequestId, Revision, Seq};
use wire::{
    CommandDigest, Proposal, Record, Rejected, RowDigest, StateDigest, Submission, encode_entity, proto, raw_fact,
};

mod clusters;
mod identities;

use clusters::{basis, deed, machine_run, network, options, progress, shared_vpc, status};

/// The value that a text stands for.
pub fn text<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

const ORGANIZATION: &str = "organizations/acme";
const FOLDER: &str = "organizations/acme/folders/eng";
const PROJECT: &str = "organizations/acme/projects/shop";
const CLUSTER: &str = "organizations/acme/projects/shop/locations/us-east-1/clusters/blue";
const ACCOUNT: &str = "012345678901";
/// 2026-01-01T00:00:00Z.
const EPOCH_MS: u64 = 1_767_225_600_000;

fn hlc(ms: u64, counter: u64) -> Hlc {
    Hlc(Hlc::at_unix_ms(EPOCH_MS + ms).0 + counter)
}

fn id(first: u8) -> RequestId {
    RequestId(std::array::from_fn(|at| first + at as u8))
}

/// Every kind of entity, by the name of its field in `Entity.kind`.
pub fn entities() -> Vec<(&'static str, Entity)> {
    let folder = Folder {
        name: text(FOLDER),
        uid: id(0x20),
        parent: text(ORGANIZATION),
        display_name: "Engineering".into(),
        description: "All of it".into(),
        state: State::Deleted,
        create_time: hlc(1, 0),
        update_time: hlc(9, 2),
    };
    let cluster = Cluster {
        name: text(CLUSTER),
        uid: id(0x40),
        project_uid: id(0x30),
        display_name: "Blue".into(),
        description: "Half of the traffic".into(),
        cluster_type: ClusterType::PRODUCTION,
        options: options(),
        wish: Wish::Delete,
        purge_time: Some(hlc(9, 9)),
        basis: Some(basis()),
        create_time: hlc(3, 0),
        update_time: hlc(3, 7),
    };
    vec![
        ("organization", organization(None).into()),
        ("folder", folder.into()),
        ("project", project().into()),
        ("cluster", cluster.into()),
        ("cluster_status", status().into()),
        ("deeds", Deeds(vec![deed()]).into()),
        ("network", Entity::Network(network())),
        ("shared_vpc", shared_vpc().into()),
        ("machine_run", machine_run().into()),
        ("gate", Gate { project: text(PROJECT), closed_through: hlc(2, 0) }.into()),
        ("account", account(AccountLife::Retired(owner())).into()),
        ("quota", quota().into()),
        ("allotment", allotment(Some(Limit { vcpus: 64, generation: hlc(8, 1) })).into()),
        ("catalog", contents().into()),
        ("edition", edition(Some(hlc(90, 1))).into()),
        ("access_policy", access_policy().into()),
        ("revoke", revoke().into()),
        ("lift", lift().into()),
        ("break_glass", break_glass(Some(text("user:eve@example.com"))).into()),
        ("binding", binding().into()),
        ("group", group().into()),
        ("custom_role", custom_role().into()),
        ("identity_provider", identities::provider().into()),
        ("service_account", identities::account().into()),
        ("cluster_policy", cluster_policy().into()),
        ("marker", Entity::Marker),
    ]
}

/// Entities of the same kinds that look otherwise.
pub fn more_entities() -> Vec<(&'static str, Entity)> {
    vec![
        ("organization_with_account", organization(Some(ACCOUNT)).into()),
        ("account_ready", account(AccountLife::Ready).into()),
        ("account_claimed", account(AccountLife::Claimed(owner())).into()),
        ("allotment_without_limit", allotment(None).into()),
        ("edition_not_halted", edition(None).into()),
        ("revoke_everywhere", Revoke { node: None, ..revoke() }.into()),
        ("break_glass_nobody", break_glass(None).into()),
        ("binding_for_good", Binding { from: None, until: None, ..binding() }.into()),
    ]
}

fn organization(account: Option<&str>) -> Organization {
    Organization {
        name: text(ORGANIZATION),
        uid: id(0x10),
        display_name: "Acme".into(),
        description: "Anvils, größer".into(),
        state: State::Active,
        create_time: hlc(0, 0),
        update_time: hlc(5, 1),
        account: account.map(text),
    }
}

fn revoke() -> Revoke {
    Revoke {
        name: text("organizations/acme/revokes/eu-west-1.60606060606060606060606060606060"),
        organization_uid: id(0x10),
        member: text("user:ann@example.com"),
        node: Some(text(PROJECT)),
        reason: "stolen laptop".into(),
        seen: Seq(41),
        author: "user:bob@example.com".into(),
        create_time: hlc(6, 2),
    }
}

fn lift() -> Lift {
    let (revoke, reason, author) = (revoke().name, "found again".into(), "user:bob@example.com".into());
    Lift { revoke, reason, author, create_time: hlc(7, 2) }
}

fn break_glass(member: Option<Member>) -> BreakGlass {
    let (organization_uid, author) = (id(0x10), "user:bob@example.com".into());
    BreakGlass { organization: text(ORGANIZATION), organization_uid, member, author, update_time: hlc(6, 2) }
}

fn create_revoke(node: Option<NodeName>) -> CreateRevoke {
    let Revoke { name, member, reason, .. } = revoke();
    CreateRevoke { name, member, node, reason }
}

fn set_break_glass(member: Option<Member>) -> SetBreakGlass {
    SetBreakGlass { organization: text(ORGANIZATION), member, etag: Some(Revision(7)) }
}

fn access_policy() -> AccessPolicy {
    AccessPolicy {
        node: text(PROJECT),
        node_uid: id(0x30),
        author: "user:ann@example.com".into(),
        update_time: hlc(6, 2),
    }
}

fn binding() -> Binding {
    Binding {
        node: text(PROJECT),
        node_uid: id(0x30),
        role: text("cluster.edit"),
        member: text("group:oncall"),
        from: Some(hlc(7, 0)),
        until: Some(hlc(9, 0)),
        author: "user:ann@example.com".into(),
        update_time: hlc(6, 2),
    }
}

fn group() -> Group {
    Group {
        name: text("organizations/acme/groups/oncall"),
        uid: id(0x60),
        display_name: "On call".into(),
        description: "Whoever is awake".into(),
        members: [text("user:ann@example.com"), text("serviceAccount:pager"), text("group:night")].into(),
        state: State::Active,
        author: "user:ann@example.com".into(),
        create_time: hlc(6, 0),
        update_time: hlc(6, 3),
    }
}

fn custom_role() -> CustomRole {
    CustomRole {
        name: text("organizations/acme/roles/opener"),
        uid: id(0x70),
        display_name: "Opener".into(),
        description: String::new(),
        rights: [Right::ClusterGet, Right::ProjectGet].into_iter().collect(),
        bound_at: Kinds::of(&[Kind::Project, Kind::Cluster]),
        state: State::Active,
        author: "user:ann@example.com".into(),
        create_time: hlc(6, 0),
        update_time: hlc(6, 3),
    }
}

/// One region that is to give something up, one that has not said what it holds.
fn quota() -> Quota {
    let shrinking = Slice { target: 64, held: Some(96), generation: hlc(8, 1) };
    let unknown = Slice { target: 32, held: None, generation: hlc(7, 0) };
    let slices = [(text("eu-west-1"), unknown), (text("us-east-1"), shrinking)].into();
    Quota { organization: text(ORGANIZATION), slices, update_time: hlc(8, 1) }
}

fn allotment(limit: Option<Limit>) -> Allotment {
    Allotment { organization: text(ORGANIZATION), used: 48, limit }
}

fn account(life: AccountLife) -> Account {
    Account { id: text(ACCOUNT), life, create_time: hlc(6, 0), update_time: hlc(7, 4) }
}

fn edition(halt_time: Option<Hlc>) -> Edition {
    let order = ["us-east-1", "eu-west-1"].map(text).into();
    Edition { name: "2026-11-b".into(), order, soak_seconds: 3600, publish_time: hlc(80, 2), halt_time }
}

/// What is in the first edition, cut down to one of each.
pub fn contents() -> Catalog {
    // Reading the file takes milliseconds, and properties ask thousands of times.
    static CONTENTS: LazyLock<Catalog> = LazyLock::new(cut_down);
    CONTENTS.clone()
}

fn cut_down() -> Catalog {
    let mut edition = catalog::first().unwrap();
    let decisions = [Key::MastersCount, Key::ApiAllowList, Key::MastersSize, Key::Maintenance];
    edition.sources.truncate(1);
    edition.images.truncate(1);
    edition.regions.retain(|region, _| region.as_str() == "eu-west-1");
    edition.instance_types.retain(|name, _| name == "m7g.large");
    edition.versions.retain(|version, _| version.minor == 36);
    edition.cluster_types.retain(|id, _| id == "PRODUCTION");
    for record in edition.cluster_types.values_mut() {
        record.decisions.retain(|key, _| decisions.contains(key));
    }
    edition
}

fn owner() -> Owner {
    Owner { organization: text(ORGANIZATION), uid: id(0x10) }
}

fn project() -> Project {
    Project {
        name: text(PROJECT),
        uid: id(0x30),
        parent: text(FOLDER),
        display_name: "Shop".into(),
        description: "Sells anvils".into(),
        state: State::Deleting,
        awaiting: ["us-east-1", "eu-west-1"].map(text).into(),
        create_time: hlc(2, 0),
        update_time: hlc(4, 3),
    }
}

/// Every command, by the name of its field in `Command.kind`.
pub fn commands() -> Vec<(&'static str, Command)> {
    let mut commands = organization_and_folder_commands();
    commands.extend(project_commands());
    commands.extend(regional_and_account_commands());
    commands.extend(quota_commands());
    commands.extend(identities::commands());
    commands
}

fn organization_and_folder_commands() -> Vec<(&'static str, Command)> {
    let (display_name, description) = (String::from("Acme"), String::from("Anvils"));
    let (name, folder, parent) = (text(ORGANIZATION), text(FOLDER), text(ORGANIZATION));
    let etag = Some(Revision(300));
    vec![
        ("create_organization", CreateOrganization { name, display_name, description }.into()),
        (
            "update_organization",
            UpdateOrganization { name: text(ORGANIZATION), display_name: Some("Acme".into()), description: None, etag }
                .into(),
        ),
        ("delete_organization", DeleteOrganization { name: text(ORGANIZATION), etag }.into()),
        (
            "create_folder",
            CreateFolder { name: folder, parent, display_name: "Engineering".into(), description: "All".into() }.into(),
        ),
        (
            // Set to nothing, which is not the same as not set.
            "update_folder",
            UpdateFolder { name: text(FOLDER), display_name: None, description: Some(String::new()), etag: None }
                .into(),
        ),
        ("move_folder", MoveFolder { name: text(FOLDER), parent: text("organizations/acme/folders/ops"), etag }.into()),
        ("delete_folder", DeleteFolder { name: text(FOLDER), etag: None }.into()),
    ]
}

fn project_commands() -> Vec<(&'static str, Command)> {
    let (display_name, description) = (String::from("Shop"), String::from("Sells anvils"));
    let etag = Some(Revision(u64::MAX));
    vec![
        (
            "create_project",
            CreateProject { name: text(PROJECT), parent: text(FOLDER), display_name, description }.into(),
        ),
        (
            "update_project",
            UpdateProject {
                name: text(PROJECT),
                display_name: Some("Shop".into()),
                description: Some("Sold".into()),
                etag,
            }
            .into(),
        ),
        ("move_project", MoveProject { name: text(PROJECT), parent: text(ORGANIZATION), etag }.into()),
        // The revision of an absent row: set, and zero.
        ("delete_project", DeleteProject { name: text(PROJECT), etag: Some(Revision(0)) }.into()),
        ("acknowledge_drain", AcknowledgeDrain { project: text(PROJECT), region: text("us-east-1") }.into()),
        ("close_gate", CloseGate { project: text(PROJECT), region: text("us-east-1") }.into()),
    ]
}

fn regional_and_account_commands() -> Vec<(&'static str, Command)> {
    let (display_name, description) = (String::from("Blue"), String::from("Half of the traffic"));
    let cluster_type = ClusterType::DEVELOPMENT;
    vec![
        (
            "create_cluster",
            CreateCluster { name: text(CLUSTER), display_name, description, cluster_type, options: options() }.into(),
        ),
        (
            "update_cluster",
            UpdateCluster {
                name: text(CLUSTER),
                display_name: None,
                description: Some("All of it".into()),
                allow_list: Some(vec![text("10.0.0.0/8"), text("192.168.0.0/16")]),
                delete_protection: Some(false),
                maintenance_window: Some(Window::Any),
                etag: Some(Revision(7)),
            }
            .into(),
        ),
        ("delete_cluster", DeleteCluster { name: text(CLUSTER), retain_ms: 60_000, etag: Some(Revision(8)) }.into()),
        ("undelete_cluster", UndeleteCluster { name: text(CLUSTER), etag: Some(Revision(9)) }.into()),
        ("hibernate_cluster", HibernateCluster { name: text(CLUSTER), etag: None }.into()),
        ("wake_cluster", WakeCluster { name: text(CLUSTER), etag: Some(Revision(10)) }.into()),
        ("progress", progress().into()),
        ("register_region", RegisterRegion { region: text("us-east-1") }.into()),
        ("add_account", AddAccount { account: text(ACCOUNT) }.into()),
        ("claim_account", ClaimAccount { organization: text(ORGANIZATION) }.into()),
        ("publish_catalog", PublishCatalog { catalog: contents(), waves: None }.into()),
        ("halt_edition", HaltEdition { edition: "2026-11-b".into(), etag: Some(Revision(9)) }.into()),
    ]
}

/// A rule of each way to say something.
pub fn cluster_policy() -> ClusterPolicy {
    let number = |key: Key, text: &str| key.shape().read(text).unwrap();
    let word = |text: &str| Value::Word(text.to_owned());
    let rules = [
        (Key::WorkersInitial, Says::Default(number(Key::WorkersInitial, "5"))),
        (Key::WorkersMax, Says::AtMost(number(Key::WorkersMax, "100"))),
        (Key::WorkersMax, Says::AtLeast(number(Key::WorkersMax, "3"))),
        (Key::PodsPrivileged, Says::Require(Value::Flag(false))),
        (Key::VersionChannel, Says::OneOf(vec![word("stable"), word("regular")])),
    ];
    ClusterPolicy {
        node: text(PROJECT),
        node_uid: id(9),
        rules: rules.into_iter().map(|(key, says)| Rule::new(key, says).unwrap()).collect(),
        author: "user:ann@example.com".into(),
        update_time: hlc(5, 0),
    }
}

fn quota_commands() -> Vec<(&'static str, Command)> {
    let slices = [(text("eu-west-1"), 32), (text("us-east-1"), 64)].into();
    let (organization, region) = (|| text(ORGANIZATION), || text("us-east-1"));
    vec![
        ("set_quota", SetQuota { organization: organization(), slices, etag: Some(Revision(11)) }.into()),
        ("mirror_quota", MirrorQuota { organization: organization(), region: region() }.into()),
        (
            "acknowledge_quota",
            AcknowledgeQuota { organization: organization(), region: region(), generation: hlc(8, 1) }.into(),
        ),
        ("change_policy", change_policy(Take::These(vec![(text("cluster.view"), text("user:bob"))])).into()),
        ("create_group", create_group().into()),
        ("update_group", update_group().into()),
        ("delete_group", DeleteGroup { name: group().name, etag: Some(Revision(3)) }.into()),
        ("create_role", create_role().into()),
        ("update_role", update_role().into()),
        ("delete_role", DeleteRole { name: custom_role().name, etag: None }.into()),
        ("create_revoke", create_revoke(Some(text(PROJECT))).into()),
        ("lift_revoke", LiftRevoke { name: revoke().name, reason: "found again".into() }.into()),
        (
            "set_cluster_policy",
            SetClusterPolicy { node: text(PROJECT), rules: cluster_policy().rules, etag: Some(Revision(12)) }.into(),
        ),
        ("set_break_glass", set_break_glass(Some(text("user:eve@example.com"))).into()),
    ]
}

/// Commands of the same kinds that look otherwise.
pub fn more_commands() -> Vec<(&'static str, Command)> {
    let waves = Some(Waves { order: vec![text("us-east-1")], soak_seconds: 3600 });
    vec![
        ("publish_catalog_in_waves", PublishCatalog { catalog: contents(), waves }.into()),
        ("change_policy_whole", change_policy(Take::AllElse).into()),
    ]
}

pub fn submission() -> Submission {
    Submission {
        request_id: id(0x50),
        actor: "users/ada".into(),
        command: RegisterRegion { region: text("eu-west-1") }.into(),
        validate_only: true,
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        seen_global: Some((Incarnation(1), Seq(42))),
        retried: false,
        planned: None,
    }
}

pub fn submission_retried() -> Submission {
    Submission { retried: true, validate_only: false, planned: Some(Seq(41)), ..submission() }
}

/// A project that was moved, with the sets that this touches.
pub fn proposal() -> Proposal {
    let fact = |kind, subject: &str, after| raw_fact(&Fact { kind, subject: text(subject), after });
    let mut moved = fact(FactKind::ProjectMoved, PROJECT, Some(project().into()));
    moved.detail = Bytes::from_static(b"from organizations/acme");
    Proposal {
        request_id: id(0x60),
        actor: "users/ada".into(),
        hlc: hlc(4, 3),
        level: 1,
        observed_global_seq: Seq(41),
        guards: vec![
            (text(PROJECT), Revision(40)),
            (text("organizations/acme/folders/eng#children/projects/shop"), Revision::ABSENT),
        ],
        facts: vec![
            moved,
            fact(FactKind::SetChanged, "organizations/acme#children", Some(Entity::Marker)),
            fact(FactKind::EntryRemoved, "organizations/acme#children/projects/shop", None),
            fact(FactKind::EntryAdded, "organizations/acme/folders/eng#children/projects/shop", Some(Entity::Marker)),
        ],
        response: text(PROJECT),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        command: Some(CommandDigest(id(0x70).0)),
        rejected: None,
    }
}

pub fn rejected() -> Rejected {
    Rejected {
        reason: "ALREADY_EXISTS".into(),
        message: format!("created {PROJECT}: it exists"),
        details: vec![("subject".into(), PROJECT.into()), ("etag".into(), "40".into())],
    }
}

/// A request that was rejected: an outcome without facts.
pub fn proposal_rejected() -> Proposal {
    Proposal { level: 2, guards: Vec::new(), facts: Vec::new(), rejected: Some(Arc::new(rejected())), ..proposal() }
}

pub fn record() -> Record {
    Record {
        log: Log::Region(text("us-east-1")),
        incarnation: Incarnation(2),
        seq: Seq(300),
        hlc: hlc(4, 3),
        prev_hash: Hash(std::array::from_fn(|at| 0xe0 - at as u8)),
        proposal: proposal().encode().unwrap(),
    }
}

pub fn batch() -> Vec<Bytes> {
    vec![proposal().encode().unwrap(), Bytes::from_static(b"bytes of another version")]
}

fn raft_log_id(index: u64) -> proto::RaftLogId {
    proto::RaftLogId { term: 3, index }
}

/// Two voter sets: what is stored while membership changes.
fn raft_membership() -> proto::RaftMembership {
    let voter_sets = [vec![1, 2, 3], vec![2, 3, 4]].map(|members| proto::RaftVoterSet { members });
    proto::RaftMembership { voter_sets: voter_sets.into(), members: vec![1, 2, 3, 4, 5] }
}

/// Every payload of an entry, by the name of its field in `RaftEntry.payload`.
pub fn raft_entries() -> Vec<(&'static str, proto::RaftEntry)> {
    use proto::raft_entry::Payload;
    let entry = |index, payload| proto::RaftEntry { id: Some(raft_log_id(index)), payload: Some(payload) };
    vec![
        ("blank", entry(6, Payload::Blank(proto::RaftBlank {}))),
        ("batch", entry(7, Payload::Batch(proto::Batch { proposals: batch() }))),
        ("membership", entry(8, Payload::Membership(raft_membership()))),
    ]
}

pub fn snapshot() -> proto::Snapshot {
    let entities = entities().into_iter().zip(1..);
    let rows: Vec<proto::SnapshotRow> = entities
        .map(|((kind, entity), revision)| proto::SnapshotRow {
            subject: format!("rows/{kind}"),
            revision,
            value: encode_entity(&entity),
        })
        .collect();
    let mut digest = StateDigest::default();
    rows.iter().for_each(|row| digest.add(RowDigest::of(&text(&row.subject), Revision(row.revision), &row.value)));
    proto::Snapshot {
        level: 1,
        log: "global".into(),
        incarnation: 2,
        seq: 300,
        head_hlc: hlc(4, 3).0,
        head_hash: Bytes::copy_from_slice(&record().hash().0),
        state_digest: Bytes::copy_from_slice(&digest.hash().0),
        rows,
        requests: vec![proto::SnapshotRequest {
            request_id: Bytes::copy_from_slice(&id(0x60).0),
            seq: 299,
            response: PROJECT.into(),
            command_digest: Bytes::copy_from_slice(&id(0x70).0),
            rejected: None,
        }],
        raft: Some(proto::RaftMark {
            applied: Some(raft_log_id(312)),
            membership: Some(proto::RaftStoredMembership {
                set_at: Some(raft_log_id(8)),
                membership: Some(raft_membership()),
            }),
        }),
    }
}

/// One that remembers a rejection.
pub fn snapshot_rejected() -> proto::Snapshot {
    let mut snapshot = proto::Snapshot { level: 2, rows: Vec::new(), ..snapshot() };
    snapshot.state_digest = Bytes::copy_from_slice(&StateDigest::default().hash().0);
    snapshot.requests.iter_mut().for_each(|request| request.rejected = Some(rejected().out()));
    snapshot
}

fn change_policy(take: Take) -> ChangePolicy {
    let Binding { node, role, member, from, until, .. } = binding();
    ChangePolicy { node, give: vec![Given { role, member, from, until }], take, etag: Some(Revision(12)) }
}

fn create_group() -> CreateGroup {
    let Group { name, display_name, description, members, .. } = group();
    CreateGroup { name, display_name, description, members }
}

fn update_group() -> UpdateGroup {
    let (add, remove) = ([text("user:bob")].into(), [text("group:night")].into());
    let display_name = Some("Night".to_owned());
    UpdateGroup { name: group().name, display_name, description: None, add, remove, etag: None }
}

fn create_role() -> CreateRole {
    let CustomRole { name, display_name, description, rights, bound_at, .. } = custom_role();
    CreateRole { name, display_name, description, rights, bound_at }
}

fn update_role() -> UpdateRole {
    let CustomRole { name, rights, .. } = custom_role();
    UpdateRole { name, display_name: None, description: None, rights: Some(rights), etag: Some(Revision(4)) }
}
