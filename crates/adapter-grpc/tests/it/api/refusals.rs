//! Bad input: a typed refusal that names the field, and nothing changed.

use std::time::Duration;

use api::v1::{
    self, clusters_client::ClustersClient, folders_client::FoldersClient, log_client::LogClient,
    mutations_client::MutationsClient, organizations_client::OrganizationsClient, projects_client::ProjectsClient,
};
use prost_types::FieldMask;
use tonic::{Code, Request, Status, codegen::Service as _, transport::Channel};

use super::{
    bare::{Bare, Never},
    ring::{Refused, Ring, cluster_name, create_organization, new_cluster, refusal, refused},
};

fn invalid(refused: &Refused, field: &str) {
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_ARGUMENT"), "{refused:?}");
    assert_eq!(refused.fields, [field]);
    assert_eq!(refused.retry_after, None, "it would be refused again");
}

async fn head(ring: &Ring) -> u64 {
    ring.region(1).ledger().copy(&ids::Log::Global).unwrap().cell.seq().0
}

async fn bad_organizations(channel: &Channel) {
    let mut client = OrganizationsClient::new(channel.clone());
    let create = |id: &str, name: &str, request_id: &str| v1::CreateOrganizationRequest {
        organization_id: id.to_owned(),
        organization: Some(v1::Organization { name: name.to_owned(), ..Default::default() }),
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    for id in ["", "Acme", "-acme", "acme-", "a/b", &"x".repeat(64), "é"] {
        invalid(&refusal(client.create_organization(create(id, "", "")).await), "organization_id");
    }
    invalid(&refusal(client.create_organization(create("new", "organizations/other", "")).await), "organization.name");
    invalid(&refusal(client.create_organization(create("new", "", "not an id")).await), "request_id");
    let nothing = v1::CreateOrganizationRequest { organization_id: "new".to_owned(), ..Default::default() };
    invalid(&refusal(client.create_organization(nothing).await), "organization");
    let mut long = create("new", "", "");
    long.organization.as_mut().unwrap().description = "x".repeat(4097);
    invalid(&refusal(client.create_organization(long).await), "organization.description");
    for name in ["", "acme", "organizations/", "organizations/acme/folders/x", "organizations/acme/"] {
        let get = v1::GetOrganizationRequest { name: name.to_owned(), read: None };
        invalid(&refusal(client.get_organization(get).await), "name");
    }
}

async fn bad_lists(channel: &Channel) {
    let mut client = OrganizationsClient::new(channel.clone());
    let list = |page_size, page_token: &str| v1::ListOrganizationsRequest {
        page_size,
        page_token: page_token.to_owned(),
        read: None,
    };
    invalid(&refusal(client.list_organizations(list(-1, "")).await), "page_size");
    invalid(&refusal(client.list_organizations(list(0, "No Token")).await), "page_token");
    let read = |level, token: &str, seconds| v1::GetOrganizationRequest {
        name: "organizations/acme".to_owned(),
        read: Some(v1::ReadOptions {
            level,
            token: token.to_owned(),
            max_staleness: Some(prost_types::Duration { seconds, nanos: 0 }),
        }),
    };
    invalid(&refusal(client.get_organization(read(9, "", 60)).await), "read.level");
    invalid(&refusal(client.get_organization(read(0, "x", 60)).await), "read.token");
    invalid(&refusal(client.get_organization(read(0, "", -1)).await), "read.max_staleness");
    let clusters = |page_token: &str, parent: &str| v1::ListClustersRequest {
        parent: parent.to_owned(),
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let parent = "organizations/acme/projects/web/locations/-";
    let mut client = ClustersClient::new(channel.clone());
    for page_token in ["x", "a/", "/x", "a/B"] {
        invalid(&refusal(client.list_clusters(clusters(page_token, parent)).await), "page_token");
    }
    for parent in ["", "organizations/acme/projects/web", "organizations/acme/projects/web/locations/", "locations/-"] {
        invalid(&refusal(client.list_clusters(clusters("", parent)).await), "parent");
    }
}

async fn bad_nesting(channel: &Channel) {
    let mut folders = FoldersClient::new(channel.clone());
    let create = |id: &str, parent: &str| v1::CreateFolderRequest {
        folder_id: id.to_owned(),
        folder: Some(v1::Folder { parent: parent.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    invalid(&refusal(folders.create_folder(create("x", "organizations/acme/projects/web")).await), "folder.parent");
    invalid(&refusal(folders.create_folder(create("X", "organizations/acme")).await), "folder_id");
    let relocate = v1::MoveFolderRequest { name: "organizations/acme/folders/x".to_owned(), ..Default::default() };
    invalid(&refusal(folders.move_folder(relocate).await), "destination_parent");
    let mut projects = ProjectsClient::new(channel.clone());
    let name = "organizations/acme/folders/web".to_owned();
    invalid(&refusal(projects.delete_project(v1::DeleteProjectRequest { name, ..Default::default() }).await), "name");
    let mut clusters = ClustersClient::new(channel.clone());
    let typeless = v1::CreateClusterRequest { cluster: Some(v1::Cluster::default()), ..new_cluster("a", "x") };
    invalid(&refusal(clusters.create_cluster(typeless).await), "cluster.cluster_type");
    let everywhere = v1::CreateClusterRequest { parent: new_cluster("-", "x").parent, ..new_cluster("a", "x") };
    invalid(&refusal(clusters.create_cluster(everywhere).await), "parent");
}

#[tokio::test]
async fn what_does_not_read_is_refused_with_its_field_and_changes_nothing() {
    let ring = Ring::formed().await.with_project().await;
    let (channel, before) = (ring.connect(1).await, head(&ring).await);
    bad_organizations(&channel).await;
    bad_lists(&channel).await;
    bad_nesting(&channel).await;
    assert_eq!(head(&ring).await, before);
}

#[tokio::test]
async fn masks_and_etags_are_checked() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(1).await;
    let mut client = ProjectsClient::new(channel.clone());
    let name = "organizations/acme/projects/web".to_owned();
    let update = |paths: &[&str], etag: &str| v1::UpdateProjectRequest {
        project: Some(v1::Project {
            name: name.clone(),
            display_name: "Web".to_owned(),
            etag: etag.to_owned(),
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..Default::default()
    };
    let before = head(&ring).await;
    for path in ["colour", "uid", "parent", "*", "display_name.x"] {
        invalid(&refusal(client.update_project(update(&["display_name", path], "")).await), "update_mask");
    }
    invalid(&refusal(client.update_project(update(&["display_name"], "soon")).await), "project.etag");
    let stale = refusal(client.update_project(update(&["display_name"], "1")).await);
    assert_eq!((stale.code, stale.reason.as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    let get = v1::GetProjectRequest { name: name.clone(), read: None };
    let current = client.get_project(get).await.unwrap().into_inner().etag;
    assert_eq!(stale.metadata["etag"], current);
    let empty = v1::UpdateProjectRequest {
        project: Some(v1::Project { name: name.clone(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(refusal(client.update_project(empty).await).reason, "UPDATE_EMPTY");
    assert_eq!(head(&ring).await, before);
    assert_eq!(
        client.update_project(update(&["display_name"], &current)).await.unwrap().into_inner().display_name,
        "Web"
    );
}

#[tokio::test]
async fn a_request_id_means_one_request() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(1).await;
    let mut client = OrganizationsClient::new(channel.clone());
    let create = |id: &str, display_name: &str| v1::CreateOrganizationRequest {
        organization_id: id.to_owned(),
        organization: Some(v1::Organization { display_name: display_name.to_owned(), ..Default::default() }),
        request_id: "0000000a-0000-4000-8000-00000000000b".to_owned(),
        validate_only: false,
    };
    let made = client.create_organization(create("one", "One")).await.unwrap().into_inner();
    let before = head(&ring).await;
    let same = OrganizationsClient::new(ring.connect(3).await).create_organization(create("one", "One")).await.unwrap();
    assert_eq!(same.into_inner(), made);
    for other in [create("two", "One"), create("one", "Other")] {
        let reused = refusal(client.create_organization(other).await);
        assert_eq!((reused.code, reused.reason.as_str()), (Code::FailedPrecondition, "REQUEST_ID_REUSED"));
        assert_eq!(reused.retry_after, None);
    }
    let delete = v1::DeleteOrganizationRequest {
        name: made.name.clone(),
        request_id: create("", "").request_id,
        ..Default::default()
    };
    assert_eq!(refusal(client.delete_organization(delete).await).reason, "REQUEST_ID_REUSED");
    assert_eq!(head(&ring).await, before);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let ring = Ring::formed().await.with_project().await;
    let before = head(&ring).await;
    let mut client = OrganizationsClient::new(ring.connect(1).await);
    let organization = v1::Organization { description: "x".repeat(5 * 1024 * 1024), ..Default::default() };
    let create = v1::CreateOrganizationRequest {
        organization_id: "big".to_owned(),
        organization: Some(organization),
        ..Default::default()
    };
    let refused = refusal(client.create_organization(create.clone()).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    assert_eq!((refused.metadata["limit_bytes"].as_str(), refused.retry_after), ("4194304", None));
    let mutation = v1::Mutation { kind: Some(v1::mutation::Kind::CreateOrganization(create)), retried: false };
    let messages = tokio_stream::iter([v1::MutateRequest { mutations: vec![mutation] }]);
    let mut stream = MutationsClient::new(ring.connect(1).await).mutate(messages).await.unwrap().into_inner();
    assert_eq!(refusal(stream.message().await).reason, "MESSAGE_TOO_LARGE");
    assert_eq!(head(&ring).await, before);
}

#[tokio::test]
async fn a_deadline_that_leaves_no_time_or_makes_no_sense_is_refused_before_anything_is_done() {
    let ring = Ring::formed().await.with_project().await;
    let before = head(&ring).await;
    let origin = ring.endpoint(1).uri().clone();
    let mut client = OrganizationsClient::with_origin(Bare::connect(&ring, 1).await, origin);
    let create = |timeout: &str| {
        let organization = Some(v1::Organization::default());
        let create =
            v1::CreateOrganizationRequest { organization_id: "late".to_owned(), organization, ..Default::default() };
        let mut request = Request::new(create);
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        request
    };
    for timeout in ["0S", "1n", "3m"] {
        let refused = refusal(client.create_organization(create(timeout)).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{timeout}");
    }
    for timeout in ["soon", "-1S", "999999999S"] {
        invalid(&refusal(client.create_organization(create(timeout)).await), "grpc-timeout");
    }
    assert_eq!(head(&ring).await, before);
    // A deadline far away is no reason to refuse: the call is worked on for a minute at most.
    client.create_organization(create("99999999H")).await.unwrap();
}

#[tokio::test]
async fn a_deadline_that_passes_before_the_message_came_is_typed() {
    let ring = Ring::formed().await;
    let mut server = Bare::connect(&ring, 1).await;
    let uri = format!("{}atoll.v1.Organizations/GetOrganization", ring.endpoint(1).uri());
    let request = tonic::codegen::http::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "300m")
        .body(tonic::body::Body::new(Never))
        .unwrap();
    let answer = server.call(request).await.unwrap();
    let refused = refused(&Status::from_header_map(answer.headers()).unwrap());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::DeadlineExceeded, "DEADLINE_PASSED"));
}

#[tokio::test]
async fn what_is_not_there_or_there_already_is_refused() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(1).await;
    let refused = refusal(create_organization(&channel, "acme").await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "ALREADY_EXISTS"));
    assert_eq!(refused.metadata["subject"], "organizations/acme");
    let mut clusters = ClustersClient::new(channel);
    let refused = refusal(clusters.create_cluster(new_cluster("nowhere", "x")).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "UNKNOWN_LOCATION"));
    let mut elsewhere = new_cluster("a", "x");
    elsewhere.parent = elsewhere.parent.replace("web", "none");
    let refused = refusal(clusters.create_cluster(elsewhere).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "PROJECT_NOT_ACTIVE"));
}

#[tokio::test]
async fn a_write_that_runs_out_of_time_says_that_nothing_was_done_or_that_it_is_not_known() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(1, 2);
    ring.cut(1, 3);
    ring.cut(2, 3);
    let organization = Some(v1::Organization::default());
    let create = v1::CreateOrganizationRequest {
        organization_id: "late".to_owned(),
        organization,
        request_id: "0c".repeat(16),
        ..Default::default()
    };
    // Right after the cut the leader does not know yet; it proposes, and nobody answers.
    let mut reasons = Vec::new();
    for id in [1, 2, 3] {
        let mut request = Request::new(create.clone());
        request.set_timeout(Duration::from_millis(700));
        let refused = refusal(OrganizationsClient::new(ring.connect(id).await).create_organization(request).await);
        let wanted = if refused.reason == "OUTCOME_UNKNOWN" { Code::Aborted } else { Code::Unavailable };
        assert_eq!(refused.code, wanted, "{refused:?}");
        assert!(refused.retry_after.is_some());
        reasons.push(refused.reason);
    }
    assert!(reasons.iter().any(|reason| reason == "OUTCOME_UNKNOWN"), "{reasons:?}");
    // The same request id tells, wherever it is sent.
    ring.heal();
    let made = super::ring::eventually(|| {
        let create = create.clone();
        let channel = ring.endpoint(3);
        async move { OrganizationsClient::new(channel.connect().await.unwrap()).create_organization(create).await.ok() }
    })
    .await;
    assert_eq!(made.into_inner().uid, "0c".repeat(16));
}

/// The creation of the cluster `taken` of region b, as a try after others.
fn try_again(request_id: u64, attempts: Option<&'static str>) -> Request<v1::CreateClusterRequest> {
    let request_id = format!("{request_id:032x}");
    let mut request = Request::new(v1::CreateClusterRequest { request_id, ..new_cluster("b", "taken") });
    if let Some(attempts) = attempts {
        request.metadata_mut().insert(api::metadata::PREVIOUS_ATTEMPTS, attempts.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_refusal_of_a_try_after_others_names_the_record_that_holds_it_and_stays() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    client.create_cluster(new_cluster("b", "taken")).await.unwrap();
    for (request_id, attempts) in [(10, None), (11, Some("0"))] {
        let first = refusal(client.create_cluster(try_again(request_id, attempts)).await);
        assert_eq!((first.reason.as_str(), first.metadata.get("record")), ("ALREADY_EXISTS", None));
    }
    let told = refusal(client.create_cluster(try_again(12, Some("1"))).await);
    assert_eq!((told.code, told.reason.as_str()), (Code::AlreadyExists, "ALREADY_EXISTS"));
    assert_eq!(told.metadata.get("record").map(String::as_str), Some("2"));
    // A mutation of a stream says it of itself.
    let kind = v1::mutation::Kind::CreateCluster(try_again(13, None).into_inner());
    let mutations = vec![v1::Mutation { kind: Some(kind), retried: true }];
    let messages = tokio_stream::iter([v1::MutateRequest { mutations }]);
    let mut stream = MutationsClient::new(ring.connect(3).await).mutate(messages).await.unwrap().into_inner();
    let outcome = stream.message().await.unwrap().unwrap().outcomes.remove(0);
    let Some(v1::outcome::Result::Error(error)) = outcome.result else { panic!("{outcome:?}") };
    assert_eq!(error.metadata.get("record").map(String::as_str), Some("3"));
    // By now it would be created; but the tries of these requests that come late must have no effect.
    let delete = v1::DeleteClusterRequest { name: cluster_name("b", "taken"), ..Default::default() };
    client.delete_cluster(delete).await.unwrap();
    let late = refusal(ClustersClient::new(ring.connect(2).await).create_cluster(try_again(12, None)).await);
    assert_eq!((late.reason, late.metadata), (told.reason, told.metadata.clone()));
    // The log shows it, in every region.
    ring.holds(3, &"region/b".parse().unwrap(), ids::Seq(4)).await;
    let list = v1::ListRecordsRequest { log: "region/b".to_owned(), ..Default::default() };
    let records = LogClient::new(ring.connect(3).await).list_records(list).await.unwrap().into_inner().records;
    let rejected: Vec<bool> = records.iter().map(|record| record.rejected.is_some()).collect();
    assert_eq!(rejected, [false, true, true, false]);
    let (record, shown) = (&records[1], records[1].rejected.as_ref().unwrap());
    assert_eq!((record.facts.len(), record.request_id.as_str()), (0, format!("{:032x}", 12).as_str()));
    assert_eq!((shown.reason.as_str(), shown.code), ("ALREADY_EXISTS", Code::AlreadyExists.into()));
    assert_eq!(shown.metadata.get("subject"), told.metadata.get("subject"));
}
