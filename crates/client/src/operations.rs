//! Long-running operations.

use std::time::Duration;

use api::v1;
use tokio::time::Instant;

use crate::{
    Answered, Client, Error, Pages, Read,
    engine::{Plan, rpc},
    pages::Page,
};

/// The longest single wait that is asked of a server: short enough that a dead one is noticed by its silence soon after.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// The service `Operations`.
#[derive(Clone, Debug)]
pub struct Operations {
    pub(crate) client: Client,
}

impl Operations {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Operation>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetOperationRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(operations_client::OperationsClient, get_operation)).await
    }

    /// Those of an organization that are not done.
    pub fn list(&self, parent: &str, page_size: i32, options: &Read) -> Pages<v1::Operation> {
        let (client, options, parent) = (self.client.clone(), options.clone(), parent.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListOperationsRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed =
                    client.unary(plan, request, rpc!(operations_client::OperationsClient, list_operations)).await?;
                Ok(listed.map(|list| Page {
                    items: list.operations,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// One wait: until it is done or `timeout` (at most 20 s) has passed; then how it stands. For progress, call it again and again.
    pub async fn wait_once(
        &self,
        name: &str,
        timeout: Duration,
        options: &Read,
    ) -> Result<Answered<v1::Operation>, Error> {
        let timeout = timeout.min(WAIT_MAX);
        let read = Some(options.out(&self.client.token()));
        let request = v1::WaitOperationRequest { name: name.to_owned(), timeout: timeout.try_into().ok(), read };
        // A wait is slow by design: the call gets its usual time on top, and is not doubled for being slow.
        let call = options.timeout.unwrap_or(self.client.shared.config.timeout);
        let plan = Plan::read(options).waiting(timeout, timeout.saturating_add(call));
        self.client.unary(plan, request, rpc!(operations_client::OperationsClient, wait_operation)).await
    }

    /// Waits until it is done, over as many calls and regions as it takes, at most `within` (`None`: for ever). Answers how it stands
    /// then: look at `done` and `error`.
    pub async fn wait(
        &self,
        name: &str,
        within: Option<Duration>,
        options: &Read,
    ) -> Result<Answered<v1::Operation>, Error> {
        let deadline = within.map(|within| Instant::now() + within);
        loop {
            let left = deadline.map_or(WAIT_MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            let answer = self.wait_once(name, left, options).await?;
            if answer.value.done || left.is_zero() {
                return Ok(answer);
            }
        }
    }
}
