//! What an observer is told of calls.

use std::sync::{Arc, Mutex};

use adapter_grpc::{
    api::routes,
    serve::{Begun, Limits, Observed, Observer, bind, observed, serve},
};
use api::v1::{self, WatchRecordsRequest, log_client::LogClient, organizations_client::OrganizationsClient};
use ports::TaskScope;
use tonic::transport::Channel;

use super::ring::{Ring, eventually};

/// A method, what was told of a call of it, and the code.
type One = (String, &'static str, i32);

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<One>>>);

struct Call(Told, String);

impl Observer for Told {
    fn begin(&self, path: &str, _traceparent: Option<&str>) -> Begun {
        let method = path.rsplit('/').next().unwrap().to_owned();
        Begun { span: tracing::Span::none(), traceparent: None, call: Box::new(Call(self.clone(), method)) }
    }
}

impl Observed for Call {
    fn answered(&mut self) {
        self.0.0.lock().unwrap().push((self.1.clone(), "answered", 0));
    }

    fn ended(&mut self, code: i32) {
        self.0.0.lock().unwrap().push((self.1.clone(), "ended", code));
    }
}

impl Told {
    /// The codes of all calls of a method that ended.
    fn ended(&self, method: &str) -> Vec<i32> {
        let told = self.0.lock().unwrap();
        told.iter().filter(|(of, what, _)| of == method && *what == "ended").map(|(.., code)| *code).collect()
    }

    async fn ends(&self, method: &str, codes: &[i32]) {
        eventually(|| async { (self.ended(method) == codes).then_some(()) }).await;
    }
}

async fn watched(ring: &Ring) -> (Told, Channel) {
    let told = Told::default();
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let routes = observed(routes(ring.front(1)).unwrap(), Arc::new(told.clone()));
    TaskScope::default().spawn(serve(listener, None, routes, Limits::clients(), std::future::pending()));
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    (told, endpoint.connect().await.unwrap())
}

#[tokio::test]
async fn a_call_counts_by_the_status_at_its_end() {
    let ring = Ring::formed().await;
    let (told, channel) = watched(&ring).await;
    let mut organizations = OrganizationsClient::new(channel.clone());
    organizations.list_organizations(v1::ListOrganizationsRequest::default()).await.unwrap();
    told.ends("ListOrganizations", &[0]).await;
    organizations.get_organization(v1::GetOrganizationRequest::default()).await.unwrap_err();
    told.ends("GetOrganization", &[3]).await;

    let watch = || WatchRecordsRequest { log: "global".to_owned(), from_now: true, ..Default::default() };
    let mut left = LogClient::new(channel.clone()).watch_records(watch()).await.unwrap().into_inner();
    left.message().await.unwrap().unwrap();
    assert_eq!(told.ended("WatchRecords"), [0; 0], "it goes on");
    drop(left);
    told.ends("WatchRecords", &[1]).await;
    let mut closed = LogClient::new(channel).watch_records(watch()).await.unwrap().into_inner();
    closed.message().await.unwrap().unwrap();
    ring.front(1).close("MEMBER_STOPPED", "closed for a test");
    while closed.message().await.is_ok() {}
    told.ends("WatchRecords", &[1, 14]).await;
    let answered = told.0.lock().unwrap().iter().filter(|(_, what, _)| *what == "answered").count();
    assert_eq!(answered, 4);
}
