//! The bill, kept from nothing but changes of state: what a meter of our own is compared with.
//!
//! Instances only, per second of `running`, as told in whole seconds by [`ports::cloud::Running`]; storage, gateways and traffic cost
//! nothing here. AWS charges at least sixty seconds each time an instance runs
//! (<https://aws.amazon.com/ec2/pricing/on-demand/>); that is shown beside the seconds that passed.

use std::collections::BTreeMap;

use ports::cloud::{AccountId, CloudRegion, InstanceId, InstanceType};
use serde::{Deserialize, Serialize};

const MINIMUM_S: u64 = 60;

/// What one instance cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLine {
    pub region: CloudRegion,
    pub instance_type: InstanceType,
    /// Micro-dollars per hour.
    pub price: u64,
    /// For which it was running.
    pub seconds: u64,
    /// For which AWS charges: at least sixty each time.
    pub charged_seconds: u64,
    /// When it began to run, in Unix seconds, if it runs. Its seconds so far are not in the sums yet.
    since: Option<u64>,
}

impl BillLine {
    /// In micro-dollars, rounded down.
    pub fn charge(&self) -> u64 {
        let charge = u128::from(self.price) * u128::from(self.charged_seconds) / 3600;
        u64::try_from(charge).unwrap_or(u64::MAX)
    }

    fn until(&mut self, now_s: u64) {
        if let Some(since) = self.since.take() {
            let ran = now_s.saturating_sub(since);
            self.seconds += ran;
            self.charged_seconds += ran.max(MINIMUM_S);
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Bills {
    lines: BTreeMap<AccountId, BTreeMap<InstanceId, BillLine>>,
}

impl Bills {
    pub fn started(
        &mut self,
        account: AccountId,
        instance: &InstanceId,
        now_s: u64,
        line: impl FnOnce() -> (CloudRegion, InstanceType, u64),
    ) {
        let of_account = self.lines.entry(account).or_default();
        let line = of_account.entry(instance.clone()).or_insert_with(|| {
            let (region, instance_type, price) = line();
            BillLine { region, instance_type, price, seconds: 0, charged_seconds: 0, since: None }
        });
        line.since = Some(now_s);
    }

    pub fn stopped(&mut self, account: AccountId, instance: &InstanceId, now_s: u64) {
        let line = self.lines.get_mut(&account).and_then(|lines| lines.get_mut(instance));
        line.into_iter().for_each(|line| line.until(now_s));
    }

    /// The lines of an account, with what is running counted until `now_s`.
    pub fn of(&self, account: AccountId, now_s: u64) -> BTreeMap<InstanceId, BillLine> {
        let mut lines = self.lines.get(&account).cloned().unwrap_or_default();
        lines.values_mut().for_each(|line| line.until(now_s));
        lines
    }
}
