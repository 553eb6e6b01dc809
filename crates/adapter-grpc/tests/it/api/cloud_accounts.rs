//! The pool of cloud accounts, and the organizations that get theirs out of it.

use api::v1::{
    self, cloud_account::State, cloud_accounts_client::CloudAccountsClient, log_client::LogClient,
    mutations_client::MutationsClient, organizations_client::OrganizationsClient,
};
use tonic::{Code, transport::Channel};

use super::ring::{Ring, create_organization, eventually, refusal};

fn create(id: &str) -> v1::CreateCloudAccountRequest {
    v1::CreateCloudAccountRequest { cloud_account_id: id.to_owned(), ..Default::default() }
}

async fn get(channel: &Channel, id: &str) -> v1::CloudAccount {
    let request = v1::GetCloudAccountRequest { name: format!("cloudAccounts/{id}"), read: None };
    CloudAccountsClient::new(channel.clone()).get_cloud_account(request).await.unwrap().into_inner()
}

fn head(ring: &Ring) -> u64 {
    ring.region(1).ledger().copy(&ids::Log::Global).unwrap().cell.seq().0
}

#[tokio::test]
async fn accounts_are_added_listed_in_pages_and_given_to_one_organization_each() {
    let ring = Ring::formed().await;
    let channel = ring.connect(3).await;
    let mut client = CloudAccountsClient::new(channel.clone());
    let made = client.create_cloud_account(create("000000000002")).await.unwrap().into_inner();
    assert_eq!((made.name.as_str(), made.state()), ("cloudAccounts/000000000002", State::Ready));
    assert!(made.organization.is_empty() && made.create_time.is_some() && !made.etag.is_empty());
    assert_eq!(get(&channel, "000000000002").await, made);
    for id in ["000000000001", "000000000003"] {
        client.create_cloud_account(create(id)).await.unwrap();
    }
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = v1::ListCloudAccountsRequest { page_size: 2, page_token, read: None };
        let page = client.list_cloud_accounts(list).await.unwrap().into_inner();
        names.extend(page.cloud_accounts.into_iter().map(|account| account.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, [1, 2, 3].map(|id| format!("cloudAccounts/{id:012}")));

    let acme = create_organization(&channel, "acme").await.unwrap();
    assert_eq!(acme.cloud_account, "cloudAccounts/000000000001");
    let claimed = get(&channel, "000000000001").await;
    assert_eq!((claimed.state(), claimed.organization.as_str()), (State::Claimed, "organizations/acme"));
    let delete = v1::DeleteOrganizationRequest { name: acme.name, ..Default::default() };
    OrganizationsClient::new(channel.clone()).delete_organization(delete).await.unwrap();
    let retired = get(&channel, "000000000001").await;
    assert_eq!((retired.state(), retired.organization.as_str()), (State::Retired, "organizations/acme"));
    let again = create_organization(&channel, "acme").await.unwrap();
    assert_eq!(again.cloud_account, "cloudAccounts/000000000002");
}

#[tokio::test]
async fn an_organization_that_was_made_first_gets_its_account_later_and_the_log_shows_both() {
    let ring = Ring::formed().await;
    let channel = ring.connect(2).await;
    assert_eq!(create_organization(&channel, "acme").await.unwrap().cloud_account, "");
    CloudAccountsClient::new(channel.clone()).create_cloud_account(create("000000000009")).await.unwrap();
    let request = v1::GetOrganizationRequest { name: "organizations/acme".to_owned(), read: None };
    let acme = eventually(|| {
        let (mut client, request) = (OrganizationsClient::new(channel.clone()), request.clone());
        async move {
            let acme = client.get_organization(request).await.unwrap().into_inner();
            (!acme.cloud_account.is_empty()).then_some(acme)
        }
    })
    .await;
    assert_eq!(acme.cloud_account, "cloudAccounts/000000000009");
    let list = v1::ListRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let records = LogClient::new(channel).list_records(list).await.unwrap().into_inner().records;
    let facts: Vec<&v1::Fact> = records.last().unwrap().facts.iter().collect();
    assert_eq!((facts[0].kind.as_str(), facts[1].kind.as_str()), ("organization-updated", "cloud-account-claimed"));
    let Some(v1::fact::After::CloudAccount(shown)) = &facts[1].after else { panic!("{facts:?}") };
    assert_eq!((facts[1].subject.as_str(), shown.state()), ("cloudAccounts/000000000009", State::Claimed));
}

#[tokio::test]
async fn an_account_that_is_known_or_no_account_is_refused_and_changes_nothing() {
    let ring = Ring::formed().await;
    let mut client = CloudAccountsClient::new(ring.connect(1).await);
    let known = v1::CreateCloudAccountRequest { request_id: "0d".repeat(16), ..create("000000000001") };
    let made = client.create_cloud_account(known.clone()).await.unwrap().into_inner();
    let before = head(&ring);
    assert_eq!(client.create_cloud_account(known).await.unwrap().into_inner(), made, "one request, once");
    let refused = refusal(client.create_cloud_account(create("000000000001")).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "ACCOUNT_KNOWN"));
    assert_eq!((refused.metadata["account"].as_str(), refused.metadata["state"].as_str()), ("000000000001", "READY"));
    for id in ["", "1", "00000000000x", "0000000000001", "cloudAccounts/000000000001"] {
        assert_eq!(refusal(client.create_cloud_account(create(id)).await).fields, ["cloud_account_id"], "{id}");
    }
    let other = v1::CloudAccount { name: "cloudAccounts/000000000003".to_owned(), ..Default::default() };
    let other = v1::CreateCloudAccountRequest { cloud_account: Some(other), ..create("000000000002") };
    assert_eq!(refusal(client.create_cloud_account(other).await).fields, ["cloud_account.name"]);
    for name in ["", "000000000001", "cloudAccounts/", "cloudAccounts/1", "organizations/acme"] {
        let get = v1::GetCloudAccountRequest { name: name.to_owned(), read: None };
        assert_eq!(refusal(client.get_cloud_account(get).await).fields, ["name"], "{name}");
    }
    let get = v1::GetCloudAccountRequest { name: "cloudAccounts/000000000002".to_owned(), read: None };
    let refused = refusal(client.get_cloud_account(get).await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["subject"].as_str()),
        ("NOT_FOUND", "cloudAccounts/000000000002")
    );
    let list = v1::ListCloudAccountsRequest { page_token: "no-account".to_owned(), ..Default::default() };
    assert_eq!(refusal(client.list_cloud_accounts(list).await).fields, ["page_token"]);
    let planned = v1::CreateCloudAccountRequest { validate_only: true, ..create("000000000002") };
    let planned = client.create_cloud_account(planned).await.unwrap().into_inner();
    assert_eq!((planned.state(), planned.etag.as_str()), (State::Ready, ""));
    assert_eq!(head(&ring), before);
}

#[tokio::test]
async fn accounts_are_added_over_a_stream_under_their_names() {
    let ring = Ring::formed().await;
    let add =
        |id: &str| v1::Mutation { kind: Some(v1::mutation::Kind::CreateCloudAccount(create(id))), retried: false };
    let mutations = vec![add("000000000001"), add("000000000002")];
    let messages = tokio_stream::iter([v1::MutateRequest { mutations }]);
    let mut stream = MutationsClient::new(ring.connect(2).await).mutate(messages).await.unwrap().into_inner();
    let mut names = Vec::new();
    while let Some(answer) = stream.message().await.unwrap() {
        for outcome in answer.outcomes {
            let Some(v1::outcome::Result::Done(done)) = outcome.result else { panic!("{outcome:?}") };
            names.push(done.name);
        }
    }
    names.sort_unstable();
    assert_eq!(names, ["cloudAccounts/000000000001", "cloudAccounts/000000000002"]);
}
