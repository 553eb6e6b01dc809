//! The logs themselves: heads, records, watches.

use api::v1;

use crate::{
    Answered, Client, Error, Read, Watch, WatchFrom,
    engine::{Plan, rpc},
};

/// The service `Log`.
#[derive(Clone, Debug)]
pub struct Logs {
    pub(crate) client: Client,
}

impl Logs {
    /// Where the copy of a log (`global` or `region/{region}`) stands at the member that answers.
    pub async fn head(&self, log: &str, options: &Read) -> Result<Answered<v1::LogHead>, Error> {
        let request = v1::GetLogHeadRequest { log: log.to_owned(), read: Some(options.out(&self.client.token())) };
        self.client.unary(Plan::read(options), request, rpc!(log_client::LogClient, get_log_head)).await
    }

    /// Records after a place, oldest first, at most 1000. What the copy must hold is what `options` say, not `request.read`.
    pub async fn list(
        &self,
        request: v1::ListRecordsRequest,
        options: &Read,
    ) -> Result<Answered<v1::ListRecordsResponse>, Error> {
        let request = v1::ListRecordsRequest { read: Some(options.out(&self.client.token())), ..request };
        self.client.unary(Plan::read(options), request, rpc!(log_client::LogClient, list_records)).await
    }

    /// Every record after a place, in order, once, over reconnects and regions. Of [`Read`] only the route matters here.
    pub fn watch(&self, log: &str, from: WatchFrom, options: &Read) -> Watch {
        Watch::new(self.client.clone(), log, from, options.route.clone())
    }
}

impl Client {
    /// As [`Logs::watch`], from any region.
    pub fn watch(&self, log: &str, from: WatchFrom) -> Watch {
        self.logs().watch(log, from, &Read::default())
    }
}
