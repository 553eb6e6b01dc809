//! A cloud between the suite and the simulated one, which breaks one promise.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use cloud_sim::SimCloud;
use ports::{
    BoxFuture, Cloud,
    cloud::{
        CallSite, ClientToken, CloudError, CloudReply, CloudRequest, ErrorCode, InstanceState, NatGatewayState,
        RunInstances, Tags,
    },
};

/// What is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Each launch makes an instance.
    TokensIgnored,
    /// A token answers what it made, whatever is asked for.
    ParametersNotCompared,
    /// A token of a terminated instance launches another.
    EndedTokensForgotten,
    /// Launched without its tags.
    TagsLost,
    /// Told with its tags, and listed without them.
    TagsLate,
    /// Running in the first answer.
    RunsAtOnce,
    /// Deletes what something depends on; at least says so.
    DependenciesIgnored,
    /// A list ends with its first page.
    PagesCut,
    /// Every account is the same.
    OneAccount,
    /// Takes user data of any length.
    UserDataUnbounded,
    /// One code for everything that does not exist.
    OtherCodes,
    /// A second load balancer of the same name.
    NamesNotUnique,
    /// A NAT gateway is available in the first answer.
    NatAtOnce,
    /// Nobody may list launch templates, so nobody knows that one is left.
    TemplatesHidden,
    /// Root volumes are made as the image says, whatever the template does; at least it says so.
    RootsPlain,
}

#[derive(Clone)]
pub struct LyingCloud {
    inner: SimCloud,
    lie: Lie,
    count: Arc<AtomicU64>,
    names: Arc<Mutex<BTreeSet<Arc<str>>>>,
    first: Arc<Mutex<Vec<RunInstances>>>,
}

impl LyingCloud {
    pub fn new(inner: SimCloud, lie: Lie) -> Self {
        Self { inner, lie, count: Arc::default(), names: Arc::default(), first: Arc::default() }
    }

    fn fresh(&self) -> ClientToken {
        ClientToken::new(format!("fresh-{}", self.count.fetch_add(1, SeqCst)))
    }

    /// What is passed on in the place of a request.
    fn request(&self, mut request: CloudRequest) -> CloudRequest {
        match (&mut request, self.lie) {
            (CloudRequest::RunInstances(run), Lie::TokensIgnored) => run.client_token = self.fresh(),
            (CloudRequest::RunInstances(run), Lie::ParametersNotCompared) => {
                let mut first = self.first.lock().unwrap();
                match first.iter().find(|first| first.client_token == run.client_token && first.subnet == run.subnet) {
                    Some(first) => *run = first.clone(),
                    None => first.push(run.clone()),
                }
            }
            (CloudRequest::RunInstances(run), Lie::TagsLost) => run.tags = Tags::default(),
            (CloudRequest::RunInstances(run), Lie::UserDataUnbounded) => run.user_data = None,
            (CloudRequest::RunInstances(run), Lie::RootsPlain) => run.launch_template = None,
            (CloudRequest::CreateLoadBalancer(create), Lie::NamesNotUnique)
                if !self.names.lock().unwrap().insert(create.name.clone()) =>
            {
                create.name = format!("other{}", self.count.fetch_add(1, SeqCst)).into();
            }
            _ => {}
        }
        request
    }

    /// What is told in the place of an answer.
    fn reply(&self, asked: &CloudRequest, mut told: Result<CloudReply, CloudError>) -> Result<CloudReply, CloudError> {
        match (&mut told, self.lie) {
            (Ok(CloudReply::RunInstances(instance)), Lie::TokensIgnored) => {
                if let CloudRequest::RunInstances(run) = asked {
                    instance.client_token = run.client_token.clone();
                }
            }
            (Ok(CloudReply::RunInstances(instance)), Lie::TagsLost) => {
                if let CloudRequest::RunInstances(run) = asked {
                    instance.tags = run.tags.clone();
                }
            }
            (Ok(CloudReply::DescribeInstances(page)), Lie::TagsLate) => {
                let pending = page.items.iter_mut().filter(|instance| instance.state == InstanceState::Pending);
                pending.for_each(|instance| instance.tags = Tags::default());
            }
            (Ok(CloudReply::RunInstances(instance)), Lie::RunsAtOnce) => instance.state = InstanceState::Running,
            (Ok(CloudReply::CreateNatGateway(nat)), Lie::NatAtOnce) => nat.state = NatGatewayState::Available,
            (Ok(CloudReply::DescribeSecurityGroups(page)), Lie::PagesCut) => page.next = None,
            (Ok(CloudReply::DescribeLaunchTemplates(_)), Lie::TemplatesHidden) => {
                return Err(CloudError::refused(ErrorCode::UnauthorizedOperation, "not allowed"));
            }
            (Err(CloudError::Refused { code, .. }), Lie::OtherCodes) if code.as_str().contains("NotFound") => {
                *code = ErrorCode::InvalidId;
            }
            (Err(CloudError::Refused { code: ErrorCode::DependencyViolation, .. }), Lie::DependenciesIgnored) => {
                return match asked {
                    CloudRequest::DeleteRouteTable(_) => Ok(CloudReply::DeleteRouteTable(())),
                    _ => told,
                };
            }
            _ => {}
        }
        told
    }
}

impl Cloud for LyingCloud {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        let (cloud, mut at) = (self.clone(), at.clone());
        if self.lie == Lie::OneAccount && at.account.to_string() == "000000000002" {
            at.account = "000000000001".parse().unwrap();
        }
        Box::pin(async move {
            let passed_on = cloud.request(request.clone());
            let mut told = cloud.inner.call(&at, passed_on).await;
            let ended = matches!(&told, Err(error) if error.code() == Some(&ErrorCode::IdempotentInstanceTerminated));
            if let (CloudRequest::RunInstances(run), Lie::EndedTokensForgotten, true) = (&request, cloud.lie, ended) {
                let again = RunInstances { client_token: cloud.fresh(), ..run.clone() };
                told = cloud.inner.call(&at, again.into()).await;
            }
            cloud.reply(&request, told)
        })
    }
}
