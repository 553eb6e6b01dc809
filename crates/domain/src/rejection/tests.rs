//! Reasons are a public contract: each stands for one thing, and the texts say what was given and what is wanted.

use std::collections::BTreeSet;

use super::*;

fn every_rejection() -> Vec<Rejection> {
    let mut all = of_lives();
    all.extend(of_access());
    all.extend(of_identities());
    all.extend(of_all_else());
    all
}

/// About what clusters become, and where they are in their lives.
fn of_lives() -> Vec<Rejection> {
    let subject: Subject = "organizations/acme/folders/eng".parse().unwrap();
    vec![
        Rejection::DeleteProtected { subject: subject.clone() },
        Rejection::NothingToUndelete { subject: subject.clone() },
        Rejection::UndeleteTooLate { subject: subject.clone(), purged: Hlc(5) },
        Rejection::StateForbids { subject: subject.clone(), state: LifeState::Pending, wanted: LifeState::Running },
        Rejection::Undecidable {
            subject: subject.clone(),
            reason: "NONE_FITS",
            detail: "looked for an instance type: none fits, wanted less".to_owned(),
            accepted: Vec::new(),
        },
        Rejection::CatalogMissing { subject: subject.clone() },
        Rejection::NoSuchTransition { subject: subject.clone(), from: LifeState::Pending, to: LifeState::Running },
        Rejection::NotGone { subject, left: "one volume".to_owned() },
    ]
}

/// About who may do what.
fn of_access() -> Vec<Rejection> {
    let subject: Subject = "organizations/acme#bindings".parse().unwrap();
    let group: GroupName = "organizations/acme/groups/staff".parse().unwrap();
    let organization: OrganizationName = "organizations/acme".parse().unwrap();
    let (node, role, member) = (organization.to_string(), "cluster.edit".to_owned(), "user:ann".to_owned());
    vec![
        Rejection::NameRetired { subject: subject.clone() },
        Rejection::RoleNotBindable { role: role.clone(), node: node.clone(), bound_at: Kinds::default() },
        Rejection::NotBound { node, role, member: member.clone() },
        Rejection::PolicyUnchanged { subject: subject.clone() },
        Rejection::BreaksGlass { member: member.clone() },
        Rejection::NotAdministrator { organization: organization.clone(), member: member.clone() },
        Rejection::TooManyRevokes { organization: organization.clone() },
        Rejection::PlanStale { subject: subject.clone() },
        Rejection::TooManyBindings { subject },
        Rejection::LastAdministrator { organization: organization.clone() },
        Rejection::NotAMember { group: group.clone(), member },
        Rejection::TooManyMembers { group: group.clone(), members: 501 },
        Rejection::TooManyGroups { organization },
        Rejection::GroupCycle { group },
    ]
}

/// About whose tokens are taken.
fn of_identities() -> Vec<Rejection> {
    let organization: OrganizationName = "organizations/acme".parse().unwrap();
    let provider: IdentityProviderName = "organizations/acme/identityProviders/corp".parse().unwrap();
    let account: ServiceAccountName = "organizations/acme/serviceAccounts/pager".parse().unwrap();
    let (issuer, audience, key): (_, _, Label) =
        ("https://idp.example.com".to_owned(), "atoll".to_owned(), "one".parse().unwrap());
    vec![
        Rejection::TooManyIdentityProviders { organization: organization.clone() },
        Rejection::IssuerTaken { provider, issuer, audience },
        Rejection::TooManyServiceAccounts { organization },
        Rejection::TooManyKeys { account: account.clone() },
        Rejection::KeyTaken { account: account.clone(), key: key.clone() },
        Rejection::KeyNotFound { account, key },
    ]
}

fn of_all_else() -> Vec<Rejection> {
    let subject: Subject = "organizations/acme/folders/eng".parse().unwrap();
    let folder: FolderName = "organizations/acme/folders/eng".parse().unwrap();
    let parent: ContainerName = "organizations/acme".parse().unwrap();
    let organization: OrganizationName = "organizations/acme".parse().unwrap();
    let project: ProjectName = "organizations/acme/projects/shop".parse().unwrap();
    let region: RegionId = "us-east-1".parse().unwrap();
    let account: AccountId = "123456789012".parse().unwrap();
    let (state, given, current) = (State::Deleted, Revision(3), Revision(7));
    vec![
        Rejection::AlreadyExists { subject: subject.clone(), revision: current },
        Rejection::NotFound { subject: subject.clone() },
        Rejection::EtagMismatch { subject: subject.clone(), given, current },
        Rejection::NotEmpty { subject: subject.clone(), entry: "projects/shop".to_owned() },
        Rejection::NotActive { subject: subject.clone(), state },
        Rejection::ParentNotActive { subject: subject.clone(), parent: parent.clone(), state },
        Rejection::FolderTooDeep { folder: folder.clone(), depth: 11 },
        Rejection::FolderCycle { folder, parent: parent.clone() },
        Rejection::OtherOrganization {
            subject: subject.clone(),
            parent: parent.clone(),
            organization: organization.clone(),
        },
        Rejection::AlreadyThere { subject: subject.clone(), parent },
        Rejection::UpdateEmpty { subject: subject.clone() },
        Rejection::InvalidArgument { field: "display_name", value: "x".to_owned(), wanted: "less".to_owned() },
        Rejection::ProjectNotActive { subject: subject.clone(), project: project.clone(), state: None },
        Rejection::NotDeleting { project: project.clone(), state },
        Rejection::AlreadyDrained { project: project.clone(), region: region.clone() },
        Rejection::RegionNotAwaited { project: project.clone(), region: region.clone() },
        Rejection::GateAlreadyClosed { project, region: region.clone() },
        Rejection::TooManyRegions { region: region.clone() },
        Rejection::AccountKnown { account, state: AccountLife::Ready },
        Rejection::AccountPoolEmpty { organization: organization.clone() },
        Rejection::OrganizationHasAccount { organization: organization.clone(), account },
        Rejection::QuotaExceeded {
            subject: subject.clone(),
            organization: organization.clone(),
            region: region.clone(),
            used: 60,
            wanted: 8,
            limit: 64,
        },
        Rejection::QuotaNotNewer { organization: organization.clone(), region: region.clone() },
        Rejection::QuotaNotAwaited { organization, region: region.clone() },
        Rejection::EditionUnpublishable { edition: "2026-11".to_owned(), count: 9, defects: "one; two".to_owned() },
        Rejection::EditionNotNewer { edition: "2026-11".to_owned(), newest: "2026-12".to_owned() },
        Rejection::TooManyEditions { edition: "2026-11".to_owned() },
        Rejection::EditionUndecidable {
            edition: "2026-11".to_owned(),
            count: 2,
            cluster_type: "PRODUCTION".to_owned(),
            region: region.clone(),
            why: "looked for an instance type: none fits".to_owned(),
        },
        Rejection::EditionHalted { edition: "2026-11".to_owned() },
        Rejection::WrongLog { subject: subject.clone(), wanted: Log::Region(region), here: Log::Global },
        Rejection::DecisionTooLarge { subject: subject.clone(), guards: 65, facts: 0 },
        Rejection::WrittenTwice { subject: subject.clone() },
        Rejection::UnreadableRow(ViewError { subject, detail: "3 bytes".to_owned() }),
    ]
}

#[test]
fn reasons_are_unique_and_upper_snake() {
    let all = every_rejection();
    let reasons: BTreeSet<&str> = all.iter().map(Rejection::reason).collect();
    assert_eq!(reasons.len(), all.len(), "{reasons:?}");
    assert!(reasons.iter().all(|reason| reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')), "{reasons:?}");
}

#[test]
fn texts_start_in_lower_case_without_a_full_stop_and_say_what_is_wanted() {
    for rejection in every_rejection() {
        let text = rejection.to_string();
        assert!(text.starts_with(|first: char| first.is_ascii_lowercase()), "{text}");
        assert!(!text.ends_with('.') && text.contains("wanted"), "{text}");
    }
    let unknown = every_rejection().into_iter().find(|r| r.reason() == "PROJECT_NOT_ACTIVE").unwrap().to_string();
    assert!(unknown.ends_with("is not known here; wanted ACTIVE"), "{unknown}");
}

/// Behind what was attempted (`delete shop: ...`) a past tense would read as done.
#[test]
fn no_text_begins_with_what_was_attempted() {
    for rejection in every_rejection() {
        let text = rejection.to_string();
        let first = text.split(' ').next().unwrap_or_default();
        let verbs = ["put", "took", "read", "wrote"];
        assert!(!first.ends_with("ed") && !verbs.contains(&first), "{text}");
    }
}
