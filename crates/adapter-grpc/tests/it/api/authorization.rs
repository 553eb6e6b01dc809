//! Nobody does or sees more than they may, whatever they call.

use api::v1::{
    self, ListProjectsRequest, Mutation, folders_client::FoldersClient,
    identity_providers_client::IdentityProvidersClient, log_client::LogClient, mutation::Kind,
    mutations_client::MutationsClient, organizations_client::OrganizationsClient, outcome,
    projects_client::ProjectsClient, revokes_client::RevokesClient,
};
use fakes::TokioEnv;
use identity::{Operators, Signer, operator, own::Claimed};
use ids::Log;
use ports::Env as _;
use tonic::{Code, Request, Status, transport::Channel};

use super::ring::{RING, Ring, eventually, refusal};

const ACME: &str = "organizations/acme";
const FOLDER: &str = "organizations/acme/folders/prod";
const ISSUER: &str = "https://login.example";

fn key(ring: &str, id: &str, seed: u8) -> Signer {
    Signer::new(ring, id, &[seed; 32]).unwrap()
}

fn set(key: &Signer) -> String {
    format!(r#"{{"keys":[{}]}}"#, key.public_jwk())
}

/// By the clock of members that have just started.
fn now() -> u64 {
    TokioEnv::new(0).wall_ms() / 1000
}

fn the_operator() -> String {
    operator::sign(&key(RING, "ada", 1), now(), 600).unwrap()
}

/// What somebody's issuer gives them.
fn login(user: &str) -> String {
    let claimed = Claimed { iss: ISSUER, aud: "atoll", sub: user, org: None, jti: None };
    key("", "login-1", 3).sign(&claimed, now(), 600).unwrap()
}

/// A call of whoever has the token.
fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn give(channel: &Channel, token: &str, on: &str, role: &str, member: &str) -> Result<(), Status> {
    let bound = v1::Binding { role: role.to_owned(), member: member.to_owned(), ..Default::default() };
    let name = format!("{on}/accessPolicy");
    let request = v1::ModifyBindingsRequest { name, give: vec![bound], ..Default::default() };
    let mut client = v1::access_policies_client::AccessPoliciesClient::new(channel.clone());
    client.modify_bindings(by(token, request)).await.map(drop)
}

async fn create_project(channel: &Channel, token: &str, parent: &str, id: &str) -> Result<v1::Project, Status> {
    let project = Some(v1::Project { parent: parent.to_owned(), ..Default::default() });
    let request = v1::CreateProjectRequest { project_id: id.to_owned(), project, ..Default::default() };
    ProjectsClient::new(channel.clone()).create_project(by(token, request)).await.map(tonic::Response::into_inner)
}

async fn get_project(channel: &Channel, token: &str, id: &str) -> Result<v1::Project, Status> {
    let request = v1::GetProjectRequest { name: format!("{ACME}/projects/{id}"), read: None };
    ProjectsClient::new(channel.clone()).get_project(by(token, request)).await.map(tonic::Response::into_inner)
}

async fn projects(
    channel: &Channel,
    token: &str,
    parent: &str,
    size: i32,
    after: &str,
) -> Result<(Vec<String>, String), Status> {
    let request = ListProjectsRequest {
        parent: parent.to_owned(),
        page_size: size,
        page_token: after.to_owned(),
        ..Default::default()
    };
    let page = ProjectsClient::new(channel.clone()).list_projects(by(token, request)).await?.into_inner();
    let names = page.projects.into_iter().map(|project| project.name.replace("organizations/acme/projects/", ""));
    Ok((names.collect(), page.next_page_token))
}

/// An organization whose operator made it, named its administrator `ann`, and whom it trusts; projects in it and in its folder.
async fn acme() -> (Ring, Channel) {
    let ring = Ring::guarded(Operators::parse(RING, &set(&key(RING, "ada", 1))).unwrap()).await;
    let (channel, ada) = (ring.connect(2).await, the_operator());
    let organization = v1::CreateOrganizationRequest {
        organization_id: "acme".to_owned(),
        organization: Some(v1::Organization::default()),
        ..Default::default()
    };
    OrganizationsClient::new(channel.clone()).create_organization(by(&ada, organization)).await.unwrap();
    let provider = v1::IdentityProvider {
        issuer: ISSUER.to_owned(),
        audience: "atoll".to_owned(),
        keys: set(&key("", "login-1", 3)),
        ..Default::default()
    };
    let provider = v1::CreateIdentityProviderRequest {
        parent: ACME.to_owned(),
        identity_provider_id: "corp".to_owned(),
        identity_provider: Some(provider),
        ..Default::default()
    };
    IdentityProvidersClient::new(channel.clone()).create_identity_provider(by(&ada, provider)).await.unwrap();
    give(&channel, &ada, ACME, "organization.admin", "user:ann").await.unwrap();
    let ann = login("ann");
    let folder = v1::Folder { parent: ACME.to_owned(), ..Default::default() };
    let folder = v1::CreateFolderRequest { folder_id: "prod".to_owned(), folder: Some(folder), ..Default::default() };
    FoldersClient::new(channel.clone()).create_folder(by(&ann, folder)).await.unwrap();
    for (parent, id) in [(ACME, "apples"), (FOLDER, "berries"), (ACME, "cherries"), (FOLDER, "dates")] {
        create_project(&channel, &ann, parent, id).await.unwrap();
    }
    (ring, channel)
}

#[tokio::test]
async fn nobody_is_served_who_does_not_show_who_they_are() {
    let (_ring, channel) = acme().await;
    let mut client = OrganizationsClient::new(channel.clone());
    let list = v1::ListOrganizationsRequest::default();
    let refused = refusal(client.list_organizations(list.clone()).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"));
    let expired = operator::sign(&key(RING, "ada", 1), now() - 7200, 600).unwrap();
    let early = operator::sign(&key(RING, "ada", 1), now() + 600, 600).unwrap();
    let stranger = operator::sign(&key(RING, "ada", 9), now(), 600).unwrap();
    let elsewhere = operator::sign(&key("staging", "ada", 1), now(), 600).unwrap();
    for (token, reason) in [
        (expired.as_str(), "TOKEN_EXPIRED"),
        (&early, "TOKEN_NOT_YET_VALID"),
        (&stranger, "TOKEN_REFUSED"),
        (&elsewhere, "TOKEN_REFUSED"),
        ("garbage", "TOKEN_REFUSED"),
        ("eyJhbGciOiJub25lIn0.eyJpc3MiOiJvcGVyYXRvcjphZGEifQ.", "TOKEN_REFUSED"),
    ] {
        let refused = refusal(client.list_organizations(by(token, list.clone())).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, reason));
        assert_eq!(refused.metadata.len(), 0, "nothing is told: {refused:?}");
    }
    let mut basic = Request::new(list);
    basic.metadata_mut().insert("authorization", "Basic YTpi".parse().unwrap());
    assert_eq!(refusal(client.list_organizations(basic).await).reason, "TOKEN_REFUSED");
    // Streams are no way around.
    let watch = v1::WatchRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let refused = refusal(LogClient::new(channel.clone()).watch_records(watch).await.map(drop));
    assert_eq!(refused.reason, "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_administrator_says_who_may_do_what_and_everybody_does_just_that() {
    let (_ring, channel) = acme().await;
    let (ann, bob) = (login("ann"), login("bob"));
    // What bob does not see is to him as what is not there.
    let absent = get_project(&channel, &bob, "none").await.unwrap_err();
    let hidden = get_project(&channel, &bob, "berries").await.unwrap_err();
    assert_eq!((hidden.code(), absent.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(hidden.message().replace("berries", "none"), absent.message());
    assert_eq!(refusal(give(&channel, &bob, FOLDER, "folder.admin", "user:bob").await).code, Code::NotFound);

    give(&channel, &ann, FOLDER, "folder.view", "user:bob").await.unwrap();
    assert_eq!(get_project(&channel, &bob, "berries").await.unwrap().parent, FOLDER);
    let refused = refusal(create_project(&channel, &bob, FOLDER, "figs").await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "RIGHT_MISSING"));
    assert_eq!(refused.metadata["right"], "folder.createProject");
    assert_eq!(refused.metadata["node"], FOLDER);
    assert_eq!(refusal(get_project(&channel, &bob, "apples").await).code, Code::NotFound);

    give(&channel, &ann, FOLDER, "folder.edit", "user:bob").await.unwrap();
    create_project(&channel, &bob, FOLDER, "figs").await.unwrap();
    assert_eq!(refusal(create_project(&channel, &bob, ACME, "grapes").await).code, Code::NotFound);
}

#[tokio::test]
async fn lists_show_what_their_reader_sees_and_no_trace_of_the_rest() {
    let (_ring, channel) = acme().await;
    let (ann, bob, eve) = (login("ann"), login("bob"), login("eve"));
    give(&channel, &ann, FOLDER, "folder.view", "user:bob").await.unwrap();
    let all = ["apples", "cherries"].map(str::to_owned).to_vec();
    assert_eq!(projects(&channel, &ann, ACME, 0, "").await.unwrap(), (all, String::new()));
    let (in_folder, next) = projects(&channel, &bob, FOLDER, 1, "").await.unwrap();
    assert_eq!((in_folder, next.as_str()), (vec!["berries".to_owned()], "berries"));
    assert_eq!(projects(&channel, &bob, FOLDER, 1, &next).await.unwrap().0, ["dates"]);
    assert_eq!(projects(&channel, &bob, FOLDER, 2, "").await.unwrap().1, "", "nothing that is seen follows");
    // Nothing directly in the organization is his, but something in it is: a list that is empty.
    assert_eq!(projects(&channel, &bob, ACME, 1, "").await.unwrap(), (Vec::new(), String::new()));
    let hidden = projects(&channel, &eve, FOLDER, 0, "").await.unwrap_err();
    let absent = projects(&channel, &eve, "organizations/acme/folders/none", 0, "").await.unwrap_err();
    assert_eq!(hidden.message().replace("folders/prod", "folders/none"), absent.message());

    let organizations = async |token: &str| {
        let list = v1::ListOrganizationsRequest::default();
        let found = OrganizationsClient::new(channel.clone()).list_organizations(by(token, list)).await.unwrap();
        found.into_inner().organizations.len()
    };
    // Whoever is of no organization that sees them sees none; who runs the ring sees that it is there.
    assert_eq!((organizations(&ann).await, organizations(&bob).await, organizations(&the_operator()).await), (1, 0, 1));
}

#[tokio::test]
async fn who_runs_the_ring_has_no_say_in_an_organization_that_has_an_administrator() {
    let (_ring, channel) = acme().await;
    let ada = the_operator();
    let refused = refusal(give(&channel, &ada, ACME, "organization.admin", "user:eve").await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "RIGHT_MISSING"));
    assert_eq!(refusal(get_project(&channel, &ada, "apples").await).code, Code::PermissionDenied);
    // And nobody of an organization runs the ring.
    let ann = login("ann");
    let create = v1::CreateOrganizationRequest {
        organization_id: "other".to_owned(),
        organization: Some(v1::Organization::default()),
        ..Default::default()
    };
    let mut organizations = OrganizationsClient::new(channel.clone());
    assert_eq!(refusal(organizations.create_organization(by(&ann, create)).await).reason, "OPERATOR_ONLY");
    let records = v1::ListRecordsRequest { log: "global".to_owned(), ..Default::default() };
    assert_eq!(refusal(LogClient::new(channel.clone()).list_records(by(&ann, records)).await).reason, "OPERATOR_ONLY");
}

#[tokio::test]
async fn a_revoke_ends_the_calls_of_a_token_that_was_issued_before() {
    let (ring, channel) = acme().await;
    let (ann, bob) = (login("ann"), login("bob"));
    give(&channel, &ann, FOLDER, "folder.view", "user:bob").await.unwrap();
    assert!(get_project(&channel, &bob, "berries").await.is_ok());
    let revoke = v1::Revoke { member: "user:bob".to_owned(), reason: "lost laptop".to_owned(), ..Default::default() };
    let request = v1::CreateRevokeRequest { parent: ACME.to_owned(), revoke: Some(revoke), ..Default::default() };
    let mut revokes = RevokesClient::new(channel.clone());
    assert_eq!(refusal(revokes.create_revoke(by(&bob, request.clone())).await).code, Code::NotFound);
    let made = revokes.create_revoke(by(&ann, request)).await.unwrap().into_inner();
    assert_eq!(made.author, "user:ann");
    let refused = refusal(get_project(&channel, &bob, "berries").await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "REVOKED"));
    // In the other regions as soon as they know.
    for id in [1, 3] {
        let there = ring.connect(id).await;
        eventually(|| async {
            let refused = get_project(&there, &bob, "berries").await.err()?;
            (super::ring::refused(&refused).reason == "REVOKED").then_some(())
        })
        .await;
    }
    let lift = v1::LiftRevokeRequest { name: made.name, ..Default::default() };
    revokes.lift_revoke(by(&ann, lift)).await.unwrap();
    eventually(|| async { get_project(&channel, &bob, "berries").await.ok() }).await;
}

/// Calls, streams of mutations and watches of the client all say whose they are.
#[tokio::test]
async fn the_client_shows_who_calls() {
    let (ring, _) = acme().await;
    let address = ring.endpoint(2).uri().to_string();
    let connect = |credential: client::Credential| {
        let mut config = client::Config::new(vec![client::Endpoint::new("b", address.trim_end_matches('/'))]);
        // The addresses of the ring lead nowhere here.
        config.refresh_topology = false;
        client::Client::connect(config.signed_by(credential)).unwrap()
    };
    let ada = connect(client::Credential::made_by(the_operator));
    let organizations =
        async |of: &client::Client| of.organizations().list(0, &client::Read::default()).collect().await;
    assert_eq!(organizations(&ada).await.unwrap().items.len(), 1);
    let refused = organizations(&connect(client::Credential::default())).await.unwrap_err();
    assert_eq!(refused.reason, "UNAUTHENTICATED");
    let mut watch = ada.logs().watch("global", client::WatchFrom::After(0), &client::Read::default());
    assert!(watch.next().await.unwrap().is_ok());
    let ann = connect(client::Credential::token(&login("ann")));
    let (mut sender, mut receiver) = ann.mutations(8, client::Route::Any).split();
    let project = Some(v1::Project { parent: FOLDER.to_owned(), ..Default::default() });
    let request = v1::CreateProjectRequest { project_id: "figs".to_owned(), project, ..Default::default() };
    sender.send(vec![Mutation { kind: Some(Kind::CreateProject(request)), retried: false }]).await.unwrap();
    assert_eq!(receiver.next().await.unwrap().result.unwrap().name, "organizations/acme/projects/figs");
}

/// What a commit and a lift look at before they are submitted is no way to ask.
#[tokio::test]
async fn plans_and_lifts_tell_nothing_to_whoever_may_not_make_them() {
    let (_ring, channel) = acme().await;
    let bob = login("bob");
    let commit = async |on: &str| {
        let take = vec![v1::Binding { role: "folder.view".into(), member: "user:eve".into(), ..Default::default() }];
        let request = v1::ModifyBindingsRequest { name: format!("{on}/accessPolicy"), take, ..Default::default() };
        let change = Some(Mutation { kind: Some(Kind::ModifyBindings(request)), retried: false });
        let plan_token = format!("{}@", "0".repeat(64));
        let request = v1::CommitChangeRequest { change, plan_token };
        let mut client = v1::access_client::AccessClient::new(channel.clone());
        let refused = client.commit_change(by(&bob, request)).await.unwrap_err();
        (refused.code(), refused.message().replace(on, "{}"))
    };
    let hidden = commit(FOLDER).await;
    assert_eq!(hidden.0, Code::NotFound);
    assert_eq!(hidden, commit("organizations/acme/folders/none").await);
    let lift =
        v1::LiftRevokeRequest { name: format!("{ACME}/revokes/nowhere.{}", "0".repeat(32)), ..Default::default() };
    let refused = refusal(RevokesClient::new(channel.clone()).lift_revoke(by(&bob, lift)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "NOT_FOUND"));
}

/// Every method of the contract, asked for nothing by nobody.
#[tokio::test]
async fn no_method_answers_somebody_whom_it_does_not_know() {
    let (_ring, channel) = acme().await;
    for method in api::methods().unwrap() {
        let path = format!("/atoll.v1.{method}").parse().unwrap();
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        // An empty message is one of every type.
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let nothing = tokio_stream::iter([()]);
        let refused = match client.streaming(Request::new(nothing), path, codec).await {
            Err(status) => status,
            Ok(answer) => answer.into_inner().message().await.unwrap_err(),
        };
        assert_eq!(refused.code(), Code::Unauthenticated, "{method}: {refused:?}");
    }
}

#[tokio::test]
async fn a_region_that_is_cut_off_revokes_for_whoever_has_seen_more_elsewhere() {
    let (ring, _) = acme().await;
    let (ann, bob) = (login("ann"), login("bob"));
    let (here, there) = (ring.connect(1).await, ring.connect(3).await);
    eventually(|| async { give(&there, &ann, FOLDER, "folder.view", "user:bob").await.ok() }).await;
    eventually(|| async { get_project(&here, &bob, "berries").await.ok() }).await;
    ring.cut(1, 2);
    ring.cut(1, 3);
    let seen = eventually(|| async {
        let project = Some(v1::Project { parent: ACME.to_owned(), ..Default::default() });
        let request = v1::CreateProjectRequest { project_id: "later".to_owned(), project, ..Default::default() };
        let mut request = by(&ann, request);
        request.set_timeout(std::time::Duration::from_secs(2));
        let made = ProjectsClient::new(there.clone()).create_project(request).await.ok()?;
        made.metadata().get(api::metadata::TOKEN).cloned()
    })
    .await;
    let revoke = v1::Revoke { member: "user:bob".to_owned(), ..Default::default() };
    let mut request =
        by(&ann, v1::CreateRevokeRequest { parent: ACME.to_owned(), revoke: Some(revoke), ..Default::default() });
    request.metadata_mut().insert(api::metadata::TOKEN, seen);
    RevokesClient::new(here.clone()).create_revoke(request).await.unwrap();
    assert_eq!(refusal(get_project(&here, &bob, "berries").await).reason, "REVOKED");
    assert!(get_project(&there, &bob, "berries").await.is_ok(), "elsewhere nobody knows of it yet");
    ring.heal();
    eventually(|| async {
        let refused = get_project(&there, &bob, "berries").await.err()?;
        (super::ring::refused(&refused).reason == "REVOKED").then_some(())
    })
    .await;
}

#[tokio::test]
async fn explanations_and_policies_show_what_their_reader_sees() {
    let (_ring, channel) = acme().await;
    let (ann, bob) = (login("ann"), login("bob"));
    let project = format!("{ACME}/projects/berries");
    give(&channel, &ann, &project, "project.view", "user:bob").await.unwrap();
    let policy = async |token: &str| {
        let request = v1::GetAccessPolicyRequest { name: format!("{project}/accessPolicy"), read: None };
        let mut client = v1::access_policies_client::AccessPoliciesClient::new(channel.clone());
        client.get_access_policy(by(token, request)).await.unwrap().into_inner()
    };
    let nodes = |policy: &v1::AccessPolicy| policy.inherited.iter().map(|one| one.node.clone()).collect::<Vec<_>>();
    assert_eq!(nodes(&policy(&ann).await), [ACME]);
    assert_eq!(nodes(&policy(&bob).await), [""; 0]);
    let explain = async |token: &str| {
        let request = v1::ExplainAccessRequest {
            member: "user:ann".to_owned(),
            right: "project.get".to_owned(),
            node: project.clone(),
            ..Default::default()
        };
        let mut client = v1::access_client::AccessClient::new(channel.clone());
        format!("{:?}", client.explain_access(by(token, request)).await.unwrap().into_inner())
    };
    assert!(explain(&ann).await.contains("organization.admin"));
    let told = explain(&bob).await;
    assert!(!told.contains("organization.admin") && !told.contains("folders/prod"), "{told}");
}

#[tokio::test]
async fn whoever_is_trusted_no_more_comes_in_no_more() {
    let (_ring, channel) = acme().await;
    let (ann, ada) = (login("ann"), the_operator());
    assert!(get_project(&channel, &ann, "apples").await.is_ok());
    let update = v1::UpdateIdentityProviderRequest {
        identity_provider: Some(v1::IdentityProvider {
            name: format!("{ACME}/identityProviders/corp"),
            keys: set(&key("", "login-2", 4)),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["keys".to_owned()] }),
        ..Default::default()
    };
    let mut providers = IdentityProvidersClient::new(channel.clone());
    // Not even who runs the ring, for there is an administrator.
    assert_eq!(
        refusal(providers.update_identity_provider(by(&ada, update.clone())).await).code,
        Code::PermissionDenied
    );
    providers.update_identity_provider(by(&ann, update)).await.unwrap();
    assert_eq!(refusal(get_project(&channel, &ann, "apples").await).reason, "TOKEN_REFUSED");
}

#[tokio::test]
async fn each_mutation_of_a_stream_is_its_callers_and_records_say_whose() {
    let (ring, channel) = acme().await;
    let (ann, bob) = (login("ann"), login("bob"));
    give(&channel, &ann, FOLDER, "folder.edit", "user:bob").await.unwrap();
    let create = |parent: &str, id: &str| {
        let project = Some(v1::Project { parent: parent.to_owned(), ..Default::default() });
        let request = v1::CreateProjectRequest { project_id: id.to_owned(), project, ..Default::default() };
        Mutation { kind: Some(Kind::CreateProject(request)), retried: false }
    };
    let mutations = vec![create(FOLDER, "figs"), create(ACME, "grapes")];
    let messages = tokio_stream::iter([v1::MutateRequest { mutations }]);
    let mut stream = MutationsClient::new(channel.clone()).mutate(by(&bob, messages)).await.unwrap().into_inner();
    let mut outcomes = Vec::new();
    while let Some(answer) = stream.message().await.unwrap() {
        outcomes.extend(answer.outcomes);
    }
    outcomes.sort_by_key(|outcome| outcome.index);
    let [Some(outcome::Result::Done(done)), Some(outcome::Result::Error(error))] =
        [0, 1].map(|place: usize| outcomes[place].result.clone())
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!((done.name.as_str(), error.reason.as_str()), ("organizations/acme/projects/figs", "NOT_FOUND"));
    let seq = done.position.unwrap().seq;
    ring.holds(2, &Log::Global, ids::Seq(seq)).await;
    let records =
        v1::ListRecordsRequest { log: "global".to_owned(), after_seq: seq - 1, page_size: 1, ..Default::default() };
    let found = LogClient::new(channel.clone()).list_records(by(&the_operator(), records)).await.unwrap().into_inner();
    assert_eq!(found.records[0].actor, "user:bob");
}
