//! The bill, kept from nothing but changes of state: what a meter of our own is compared with.
//!
//! Instances only, per second of `running`, as told in whole seconds by [`ports::cloud::Running`]; storage, gateways and traffic cost
//! nothing here. AWS charges at least sixty seconds each time an instance runs
//! (<https://aws.amazon.com/ec2/pricing/on-demand/>); that is shown beside the seconds that passed.

use std::{collections::BTreeMap, ops::Range};

use ports::cloud::{AccountId, CloudRegion, InstanceId, InstanceType, Tags};
use serde::{Deserialize, Serialize};

const MINIMUM_S: u64 = 60;

/// What one instance cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLine {
    pub what: Billed,
    /// For which it was running.
    pub seconds: u64,
    /// For which AWS charges: at least sixty each time.
    pub charged_seconds: u64,
}

/// What is paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    pub region: CloudRegion,
    pub instance_type: InstanceType,
    /// Micro-dollars per hour.
    pub price: u64,
    /// As they were when it last began to run.
    pub tags: Tags,
}

impl BillLine {
    /// In micro-dollars, rounded down.
    pub fn charge(&self) -> u64 {
        let charge = u128::from(self.what.price) * u128::from(self.charged_seconds) / 3600;
        u64::try_from(charge).unwrap_or(u64::MAX)
    }
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Bills {
    lines: BTreeMap<AccountId, BTreeMap<InstanceId, Line>>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    what: Billed,
    /// In Unix seconds. One without an end still runs.
    runs: Vec<(u64, Option<u64>)>,
}

impl Bills {
    pub fn started(&mut self, account: AccountId, instance: &InstanceId, now_s: u64, what: Billed) {
        let of_account = self.lines.entry(account).or_default();
        let line = of_account.entry(instance.clone()).or_insert_with(|| Line { what: what.clone(), runs: Vec::new() });
        line.what = what;
        line.runs.push((now_s, None));
    }

    pub fn stopped(&mut self, account: AccountId, instance: &InstanceId, now_s: u64) {
        let line = self.lines.get_mut(&account).and_then(|lines| lines.get_mut(instance));
        let last = line.and_then(|line| line.runs.last_mut());
        last.into_iter().for_each(|(_, until)| *until = Some(now_s));
    }

    /// The lines of an account with what falls into the span; what is running is counted until `now_s`.
    pub fn within(&self, account: AccountId, span: Range<u64>, now_s: u64) -> BTreeMap<InstanceId, BillLine> {
        let lines = self.lines.get(&account).into_iter().flatten();
        let lines = lines.map(|(instance, line)| (instance.clone(), line.within(&span, now_s)));
        lines.filter(|(_, line)| line.charged_seconds > 0).collect()
    }
}

impl Line {
    fn within(&self, span: &Range<u64>, now_s: u64) -> BillLine {
        let inside = |from: u64, until: u64| until.min(span.end).saturating_sub(from.max(span.start));
        let (mut seconds, mut charged_seconds) = (0, 0);
        for (from, until) in &self.runs {
            let until = until.unwrap_or(now_s).max(*from);
            seconds += inside(*from, until);
            charged_seconds += inside(*from, until.max(from + MINIMUM_S));
        }
        BillLine { what: self.what.clone(), seconds, charged_seconds }
    }
}
