//! Accounts know nothing of each other.

use ports::cloud::*;

use super::{Probe, Stage};
use crate::Broken;

const PROMISE: &str = "an account knows nothing of what is in another";

pub async fn accounts(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let account = "999999999999".parse().map_err(|error: ids::NameError| Broken::new(PROMISE, error.to_string()))?;
    let nobody = CallSite { account, ..probe.site.clone() };
    let stranger = Probe { fixture: probe.fixture, site: nobody };
    let describe = DescribeVpcs(Describe::default());
    stranger.refused("an account that is not ours is refused", describe, ErrorCode::AuthFailure).await?;
    let Some(account) = probe.fixture.other_account else { return Ok(()) };
    let other = Probe { fixture: probe.fixture, site: CallSite { account, ..probe.site.clone() } };
    let by_id = DescribeVpcs(Describe::id(stage.vpc.clone()));
    other.refused(PROMISE, by_id, ErrorCode::InvalidVpcIdNotFound).await?;
    other.refused(PROMISE, DeleteVpc { id: stage.vpc.clone() }, ErrorCode::InvalidVpcIdNotFound).await?;
    let listed = other.done(PROMISE, DescribeInstances(Describe::filter(other.ours()))).await?;
    match listed.items.first() {
        Some(instance) => Err(Broken::new(PROMISE, format!("listed {} of another account", instance.id))),
        None => Ok(()),
    }
}
