//! Throttling: a bucket of tokens for each action, per account and region.
//!
//! Sizes are those that AWS documents (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>): tokens at most, and
//! tokens that come back each second. Load balancers have buckets of their own there, which are not documented; here they are like EC2's.

use std::{collections::BTreeMap, sync::Arc};

use ports::cloud::{
    CloudError, CloudRequest, Describe, DescribeInstanceStatus, DescribeInstances, DescribeSubnets, DescribeVolumes,
    DescribeVpcs, PageRequest, Trouble,
};
use serde::{Deserialize, Serialize};

/// In thousandths of a token.
#[derive(Clone, Serialize, Deserialize)]
struct Bucket {
    level: u64,
    at: u64,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Buckets(BTreeMap<Arc<str>, Bucket>);

impl Buckets {
    /// Takes a token for a call at `now`, from buckets of so many percent of the documented size.
    pub fn take(&mut self, now: u64, percent: u32, request: &CloudRequest) -> Result<(), CloudError> {
        let (size, rate) = documented(request);
        self.take_from(request.name(), now, percent, size, rate)?;
        // A second bucket, of resources: each launch and start takes one, however it is asked for.
        let instances = match request {
            CloudRequest::RunInstances(_) => 1,
            CloudRequest::StartInstances(start) => start.ids.len(),
            _ => 0,
        };
        (0..instances).try_for_each(|_| self.take_from("instances started", now, percent, 1000, 2))
    }

    fn take_from(&mut self, name: &str, now: u64, percent: u32, size: u64, rate: u64) -> Result<(), CloudError> {
        let full = (size * 10 * u64::from(percent)).max(1000);
        if !self.0.contains_key(name) {
            self.0.insert(name.into(), Bucket { level: full, at: now });
        }
        let Some(bucket) = self.0.get_mut(name) else { return Ok(()) };
        // A thousandth of a token per millisecond is a token per second.
        let refill = now.saturating_sub(bucket.at).saturating_mul(rate * u64::from(percent)) / 100;
        if refill > 0 {
            bucket.level = bucket.level.saturating_add(refill).min(full);
            bucket.at = now;
        }
        match bucket.level.checked_sub(1000) {
            Some(level) => {
                bucket.level = level;
                Ok(())
            }
            None => Err(CloudError::not_now(
                Trouble::RequestLimitExceeded,
                format!("called {name}: at most {size} at once and {rate} a second, {percent} % of it here"),
            )),
        }
    }
}

/// Tokens at most, and tokens per second.
fn documented(request: &CloudRequest) -> (u64, u64) {
    match request {
        CloudRequest::RunInstances(_) | CloudRequest::StartInstances(_) => (5, 2),
        CloudRequest::TerminateInstances(_) => (100, 5),
        CloudRequest::CreateTags(_) => (100, 10),
        CloudRequest::DescribeInstances(DescribeInstances(select))
        | CloudRequest::DescribeInstanceStatus(DescribeInstanceStatus { select, .. })
            if bare(select) =>
        {
            (50, 10)
        }
        CloudRequest::DescribeVolumes(DescribeVolumes(select)) if bare(select) => (50, 10),
        CloudRequest::DescribeVpcs(DescribeVpcs(select)) if bare(select) => (50, 10),
        CloudRequest::DescribeSubnets(DescribeSubnets(select)) if bare(select) => (50, 10),
        other if crate::vices::only_asks(other) => (100, 20),
        _ => (50, 5),
    }
}

/// Neither filtered nor by pages.
fn bare<Id>(select: &Describe<Id>) -> bool {
    select.ids.is_empty() && select.filters.is_empty() && select.page == PageRequest::default()
}
