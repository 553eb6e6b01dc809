//! What clients do all day.

use std::time::Duration;

use api::v1::{
    self, clusters_client::ClustersClient, folders_client::FoldersClient, organizations_client::OrganizationsClient,
    projects_client::ProjectsClient,
};
use prost_types::FieldMask;

use super::ring::{Ring, cluster_name, create_organization, create_project, new_cluster, refusal};

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

#[tokio::test]
async fn an_organization_is_made_read_changed_listed_and_deleted() {
    let ring = Ring::formed().await;
    let channel = ring.connect(2).await;
    let mut client = OrganizationsClient::new(channel.clone());
    let made = create_organization(&channel, "acme").await.unwrap();
    assert_eq!((made.name.as_str(), made.display_name.as_str()), ("organizations/acme", "ACME"));
    assert_eq!((made.state(), made.uid.len()), (v1::State::Active, 32));
    assert!(made.create_time.is_some() && made.create_time == made.update_time);

    let update = v1::UpdateOrganizationRequest {
        organization: Some(v1::Organization { description: "d".to_owned(), etag: made.etag.clone(), ..made.clone() }),
        update_mask: mask(&["description", "display_name"]),
        ..Default::default()
    };
    let changed = client.update_organization(update).await.unwrap().into_inner();
    assert_eq!((changed.description.as_str(), changed.uid.as_str()), ("d", made.uid.as_str()));
    assert_ne!(changed.etag, made.etag);
    let get = v1::GetOrganizationRequest { name: made.name.clone(), read: None };
    assert_eq!(client.get_organization(get.clone()).await.unwrap().into_inner(), changed);

    for id in ["beta", "zeta"] {
        create_organization(&channel, id).await.unwrap();
    }
    let list = v1::ListOrganizationsRequest { page_size: 2, ..Default::default() };
    let first = client.list_organizations(list).await.unwrap().into_inner();
    let page_token = first.next_page_token;
    let list = v1::ListOrganizationsRequest { page_size: 2, page_token, ..Default::default() };
    let last = client.list_organizations(list).await.unwrap().into_inner();
    assert_eq!(last.next_page_token, "");
    let names: Vec<String> = first.organizations.into_iter().chain(last.organizations).map(|one| one.name).collect();
    assert_eq!(names, ["organizations/acme", "organizations/beta", "organizations/zeta"]);

    let delete = v1::DeleteOrganizationRequest { name: made.name, etag: changed.etag, ..Default::default() };
    assert_eq!(client.delete_organization(delete).await.unwrap().into_inner().state(), v1::State::Deleted);
    assert_eq!(refusal(client.get_organization(get).await).reason, "NOT_FOUND");
}

#[tokio::test]
async fn folders_and_projects_move_and_keep_their_names() {
    let ring = Ring::formed().await;
    let channel = ring.connect(3).await;
    let mut folders = FoldersClient::new(channel.clone());
    let mut projects = ProjectsClient::new(channel.clone());
    create_organization(&channel, "acme").await.unwrap();
    for id in ["eng", "ops"] {
        let folder = v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() };
        let request = v1::CreateFolderRequest { folder_id: id.to_owned(), folder: Some(folder), ..Default::default() };
        assert_eq!(
            folders.create_folder(request).await.unwrap().into_inner().name,
            format!("organizations/acme/folders/{id}")
        );
    }
    let (eng, ops) = ("organizations/acme/folders/eng".to_owned(), "organizations/acme/folders/ops".to_owned());
    let project = create_project(&channel, &eng, "web").await.unwrap();
    let relocate =
        v1::MoveProjectRequest { name: project.name.clone(), destination_parent: ops.clone(), ..Default::default() };
    let moved = projects.move_project(relocate).await.unwrap().into_inner();
    assert_eq!((moved.name, moved.parent), (project.name.clone(), ops.clone()));
    let relocate = v1::MoveFolderRequest { name: ops.clone(), destination_parent: eng.clone(), ..Default::default() };
    assert_eq!(folders.move_folder(relocate).await.unwrap().into_inner().parent, eng);
    let within = |parent: &String| v1::ListFoldersRequest { parent: parent.clone(), ..Default::default() };
    let listed = folders.list_folders(within(&eng)).await.unwrap().into_inner().folders;
    assert_eq!(listed.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(), [ops.as_str()]);
    let listed =
        projects.list_projects(v1::ListProjectsRequest { parent: ops.clone(), ..Default::default() }).await.unwrap();
    assert_eq!(listed.into_inner().projects[0].name, project.name);
    let get = folders.get_folder(v1::GetFolderRequest { name: ops.clone(), read: None }).await.unwrap().into_inner();
    assert_eq!(get.parent, eng);
    let get =
        projects.get_project(v1::GetProjectRequest { name: project.name, read: None }).await.unwrap().into_inner();
    assert_eq!(get.state(), v1::State::Active);
    let update = v1::UpdateFolderRequest {
        folder: Some(v1::Folder { name: eng.clone(), display_name: "Engineers".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(folders.update_folder(update).await.unwrap().into_inner().display_name, "Engineers");
    let delete = v1::DeleteFolderRequest { name: eng, ..Default::default() };
    let refused = refusal(folders.delete_folder(delete).await);
    assert_eq!((refused.reason.as_str(), refused.metadata["entry"].as_str()), ("NOT_EMPTY", "folders/ops"));
}

#[tokio::test]
async fn a_cluster_is_written_through_any_region() {
    let ring = Ring::formed().await.with_project().await;
    for id in [1, 2, 3] {
        let mut client = ClustersClient::new(ring.connect(id).await);
        let made = client.create_cluster(new_cluster("b", &format!("c{id}"))).await.unwrap();
        assert_eq!(made.metadata().get(api::metadata::PARTIAL), None);
        let made = made.into_inner();
        assert_eq!(
            (made.cluster_type.as_str(), made.name.clone()),
            ("PRODUCTION", cluster_name("b", &format!("c{id}")))
        );
        let update = v1::UpdateClusterRequest {
            cluster: Some(v1::Cluster { name: made.name.clone(), description: "d".repeat(1000), ..Default::default() }),
            ..Default::default()
        };
        let changed = client.update_cluster(update).await.unwrap().into_inner();
        assert_eq!((changed.description.len(), changed.uid), (1000, made.uid));
        let delete =
            v1::DeleteClusterRequest { name: made.name.clone(), etag: changed.etag.clone(), ..Default::default() };
        let deleted = client.delete_cluster(delete).await.unwrap().into_inner();
        assert_eq!(deleted.name, made.name);
        assert!(deleted.etag.parse::<u64>().unwrap() > changed.etag.parse::<u64>().unwrap());
    }
}

#[tokio::test]
async fn a_validated_write_is_answered_as_it_would_be_and_changes_nothing() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    let planned = client
        .create_cluster(v1::CreateClusterRequest { validate_only: true, ..new_cluster("b", "one") })
        .await
        .unwrap();
    let planned = planned.into_inner();
    assert_eq!((planned.name, planned.etag.as_str()), (cluster_name("b", "one"), ""));
    let get = v1::GetClusterRequest { name: cluster_name("b", "one"), read: None };
    assert_eq!(refusal(client.get_cluster(get.clone()).await).reason, "NOT_FOUND");

    let made = client.create_cluster(new_cluster("b", "one")).await.unwrap().into_inner();
    let cluster = v1::Cluster { name: made.name.clone(), display_name: "One".to_owned(), ..Default::default() };
    let update = v1::UpdateClusterRequest { cluster: Some(cluster), validate_only: true, ..Default::default() };
    let planned = client.update_cluster(update).await.unwrap().into_inner();
    assert_eq!((planned.display_name.as_str(), planned.uid.as_str()), ("One", made.uid.as_str()));
    assert_eq!(client.get_cluster(get).await.unwrap().into_inner(), made);
    let again = v1::CreateClusterRequest { validate_only: true, ..new_cluster("b", "one") };
    assert_eq!(refusal(client.create_cluster(again).await).reason, "ALREADY_EXISTS");
}

#[tokio::test]
async fn clusters_of_all_regions_are_listed_in_pages_and_regions_that_are_away_are_named() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    for (region, id) in [("c", "x"), ("a", "y"), ("a", "b"), ("b", "m")] {
        client.create_cluster(new_cluster(region, id)).await.unwrap();
    }
    let list = |page_size, page_token: String| v1::ListClustersRequest {
        parent: "organizations/acme/projects/web/locations/-".to_owned(),
        page_size,
        page_token,
        read: Some(v1::ReadOptions { level: v1::read_options::Level::Linearizable.into(), ..Default::default() }),
    };
    let wanted = [("a", "b"), ("a", "y"), ("b", "m"), ("c", "x")].map(|(region, id)| cluster_name(region, id));
    for page_size in [1, 2, 3, 4, 0] {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let page = client.list_clusters(list(page_size, token)).await.unwrap().into_inner();
            assert_eq!(page.unreachable, Vec::<String>::new());
            names.extend(page.clusters.into_iter().map(|cluster| cluster.name));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(names, wanted, "{page_size} to a page");
    }
    ring.cut(1, 3);
    ring.cut(2, 3);
    let page = client.list_clusters(list(0, String::new())).await.unwrap().into_inner();
    assert_eq!(page.unreachable, ["locations/c"]);
    assert_eq!(page.clusters.into_iter().map(|cluster| cluster.name).collect::<Vec<_>>(), wanted);
    let mut one = list(0, String::new());
    one.parent = one.parent.replace("/-", "/a");
    assert_eq!(client.list_clusters(one.clone()).await.unwrap().into_inner().clusters.len(), 2);
    one.parent = one.parent.replace("/a", "/nowhere");
    assert_eq!(refusal(client.list_clusters(one).await).reason, "UNKNOWN_LOCATION");
}

#[tokio::test]
async fn a_write_whose_copy_does_not_come_is_answered_with_what_it_says_itself() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    let first = client.create_cluster(new_cluster("b", "one")).await.unwrap();
    assert!(!first.metadata().contains_key(api::metadata::PARTIAL));
    ring.hold_records();
    // A pull that was under way may still bring this one.
    client.create_cluster(new_cluster("b", "two")).await.unwrap();
    let cluster = v1::Cluster { name: cluster_name("b", "one"), description: "new".to_owned(), ..Default::default() };
    let update = v1::UpdateClusterRequest { cluster: Some(cluster), ..Default::default() };
    let began = tokio::time::Instant::now();
    let changed = client.update_cluster(update.clone()).await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "a write that took effect looks lost: {:?}",
        began.elapsed()
    );
    assert_eq!(changed.metadata().get(api::metadata::PARTIAL).unwrap(), "true");
    let changed = changed.into_inner();
    // The name, what was asked for and the new version; nothing of the version before.
    let etag = changed.etag.clone();
    let wanted = v1::Cluster { etag: etag.clone(), ..update.cluster.unwrap() };
    assert_eq!(changed, wanted);
    let at_home = v1::GetClusterRequest { name: changed.name, read: None };
    let at_home = ClustersClient::new(ring.connect(2).await).get_cluster(at_home).await.unwrap().into_inner();
    assert_eq!((at_home.etag, at_home.description.as_str()), (etag, "new"));
}

#[tokio::test]
async fn an_answer_that_is_not_read_from_a_copy_is_marked() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    client.create_cluster(new_cluster("a", "one")).await.unwrap();
    // The copy is here and has no such row any more.
    let delete = v1::DeleteClusterRequest { name: cluster_name("a", "one"), ..Default::default() };
    let deleted = client.delete_cluster(delete).await.unwrap();
    assert_eq!(deleted.metadata().get(api::metadata::PARTIAL).unwrap(), "true");
    assert_eq!(deleted.into_inner().cluster_type, "", "it is not whole");
}

#[tokio::test]
async fn a_page_of_large_resources_is_cut_to_what_an_answer_may_hold() {
    const COUNT: usize = 600;
    let ring = Ring::formed().await;
    let channel = ring.connect(1).await;
    create_organization(&channel, "acme").await.unwrap();
    let create = |n: &usize| {
        let description = "d".repeat(4096);
        let folder = v1::Folder { parent: "organizations/acme".to_owned(), description, ..Default::default() };
        let request = v1::CreateFolderRequest {
            folder_id: format!("f{n:04}"),
            folder: Some(folder),
            request_id: format!("{:032x}", n + 1),
            validate_only: false,
        };
        v1::Mutation { kind: Some(v1::mutation::Kind::CreateFolder(request)), retried: false }
    };
    let mut client = v1::mutations_client::MutationsClient::new(channel.clone());
    let mut left: Vec<usize> = (0..COUNT).collect();
    // A machine that is busy with other things may lose a leader over this; a client sends again what is not done.
    while !left.is_empty() {
        let messages: Vec<v1::MutateRequest> =
            left.chunks(50).map(|part| v1::MutateRequest { mutations: part.iter().map(create).collect() }).collect();
        let mut answers = client.mutate(tokio_stream::iter(messages)).await.unwrap().into_inner();
        let mut again = Vec::new();
        while let Some(answer) = answers.message().await.unwrap() {
            for outcome in answer.outcomes {
                if let Some(v1::outcome::Result::Error(error)) = outcome.result {
                    assert!(error.retry_after.is_some(), "{error:?}");
                    again.push(left[usize::try_from(outcome.index).unwrap()]);
                }
            }
        }
        left = again;
    }
    let mut folders = FoldersClient::new(channel);
    let (mut names, mut pages, mut page_token) = (Vec::new(), 0, String::new());
    loop {
        let list = v1::ListFoldersRequest { parent: "organizations/acme".to_owned(), page_token, ..Default::default() };
        let page = folders.list_folders(list).await.unwrap().into_inner();
        names.extend(page.folders.into_iter().map(|folder| folder.name));
        pages += 1;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let wanted: Vec<String> = (0..COUNT).map(|n| format!("organizations/acme/folders/f{n:04}")).collect();
    assert_eq!(names, wanted);
    assert_eq!(pages, 2, "2 MiB hold 450 of them");
}
