//! Usage: what machines used, page by page or as a whole.

use std::collections::BTreeMap;

use api::v1;

use crate::{
    Answered, Client, Error, Read,
    engine::{Plan, rpc},
};

/// The service `Usage`.
#[derive(Clone, Debug)]
pub struct Usage {
    pub(crate) client: Client,
}

impl Usage {
    /// One page. `read` of the request is set by the options.
    pub async fn query(
        &self,
        request: v1::QueryUsageRequest,
        options: &Read,
    ) -> Result<Answered<v1::QueryUsageResponse>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::QueryUsageRequest { read, ..request };
        self.client.unary(Plan::read(options), request, rpc!(usage_client::UsageClient, query_usage)).await
    }

    /// All pages from the request's on, put together. Each is read anew, so of each region the earliest times of all pages are given.
    pub async fn query_all(
        &self,
        request: v1::QueryUsageRequest,
        options: &Read,
    ) -> Result<Answered<v1::QueryUsageResponse>, Error> {
        let mut all = self.query(request.clone(), options).await?;
        while !all.value.next_page_token.is_empty() {
            let page_token = std::mem::take(&mut all.value.next_page_token);
            let page = self.query(v1::QueryUsageRequest { page_token, ..request.clone() }, options).await?;
            all.age = all.age.zip(page.age).map(|(one, other)| one.max(other));
            all.tries += page.tries;
            all.token.merge(&page.token);
            (all.region, all.member) = (page.region, page.member);
            let more = page.value;
            all.value.lines.extend(more.lines);
            all.value.unreachable.extend(more.unreachable);
            all.value.regions = earliest(all.value.regions, more.regions);
            all.value.next_page_token = more.next_page_token;
        }
        all.value.unreachable.sort_unstable();
        all.value.unreachable.dedup();
        Ok(all)
    }
}

/// What holds for two pages.
fn earliest(one: Vec<v1::RegionUsage>, other: Vec<v1::RegionUsage>) -> Vec<v1::RegionUsage> {
    let mut regions: BTreeMap<String, v1::RegionUsage> = BTreeMap::new();
    for region in one.into_iter().chain(other) {
        let known = regions.entry(region.location.clone()).or_insert_with(|| region.clone());
        let first = |one: Option<prost_types::Timestamp>, other: Option<prost_types::Timestamp>| {
            one.zip(other).map(|(one, other)| if one.seconds <= other.seconds { one } else { other })
        };
        known.as_of = first(known.as_of, region.as_of);
        known.closed_before = first(known.closed_before, region.closed_before);
    }
    regions.into_values().collect()
}
