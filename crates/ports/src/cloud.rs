//! Reconciling's only way to a cloud: one call is one value in and one value out, so that a plan can hold it and an audit print it.
//!
//! The vocabulary is that of EC2 and Elastic Load Balancing (version 2), as far as Smart Clusters need it: their states, their rules,
//! their error codes. Where this port asks for less than they offer, the action says so. Sources: the API references of
//! [EC2](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html) and
//! [Elastic Load Balancing](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html).
//!
//! ```text
//!   plan ── CloudRequest ──▶ Cloud::call(site) ──▶ Ok(CloudReply)          it was done, or this is what one replica knows
//!                                            └──▶ Err(Refused)            no effect; the same call is refused again as things stand
//!                                                 Err(NotNow)             may pass later; says whether it had no effect
//!                                                 Err(Unknown)            may have happened, may still happen
//! ```
//!
//! **What an answer means.** Describes follow eventual consistency: a resource that is not listed, or is said not to exist, proves
//! nothing; one that is listed may be listed in an older state. What proves that a resource is gone is its terminal state
//! (`terminated`, `deleted`), or a client token that says so. After [`CloudError::Unknown`] the same call is made again: with a client
//! token it has one effect; without one, whoever calls tags what it makes, and looks for the tag first.
//!
//! **A guest reports itself.** The software in a machine says that it joined its cluster by tagging its own instance, see [`guest`].
//! That it is impaired, the cloud says in [`DescribeInstanceStatus`].
//!
//! Map: [`call`] every action and its answer · [`error`] refusals · [`id`] ids · [`select`] tags, filters,
//! pages · [`instance`], [`network`], [`group`], [`volume`], [`balancer`], [`template`] what is called and what is answered · [`guest`]
//! the seam to the machine. What passes `conformance::cloud` may stand in for any other implementation.

pub mod balancer;
pub mod call;
pub mod error;
pub mod group;
pub mod guest;
pub mod id;
pub mod instance;
pub mod network;
pub mod select;
pub mod template;
pub mod volume;

use std::{sync::Arc, time::Duration};

pub use ids::{AccountId, Cidr};

pub use self::{
    balancer::*,
    call::{Action, CloudReply, CloudRequest},
    error::{CloudError, ErrorCode, Trouble},
    group::*,
    id::*,
    instance::*,
    network::*,
    select::{Describe, Filter, Page, PageRequest, Tag, Tags},
    template::*,
    volume::*,
};
use crate::BoxFuture;

/// How long a call that ended in [`CloudError::Unknown`] may still take effect; after that it has, or never will. Whoever reverses what
/// it wished waits so long. AWS takes no request later than five minutes after it was signed
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html>); a minute is left for what it does then.
pub const LATE_AT_MOST: Duration = Duration::from_secs(360);

/// Where a call goes, and what for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CallSite {
    pub account: AccountId,
    pub region: CloudRegion,
    /// What the call is made for, such as an intent. A cloud keeps it in its own records of calls (with AWS: the user agent, which
    /// CloudTrail shows) and acts on it in no way.
    pub cause: Option<Arc<str>>,
}

impl CallSite {
    pub fn new(account: AccountId, region: CloudRegion) -> Self {
        Self { account, region, cause: None }
    }
}

/// A cloud: accounts, regions in them, and resources that live there and nowhere else.
///
/// - On `Ok` of a change the cloud has taken it on; what comes of it (`pending` becoming `running`) shows in describes.
/// - Every implementation ends every call by itself, with [`CloudError::Unknown`] when it has waited long enough (at most a minute).
///   It makes a call once: whoever asks decides on another try.
/// - A future that is dropped leaves the call in doubt, as `Unknown` does.
/// - Calls that run at the same time take effect in any order.
pub trait Cloud: Send + Sync + 'static {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>>;
}

impl dyn Cloud {
    /// [`Cloud::call`] with the type of the answer.
    pub async fn ask<A: Action>(&self, at: &CallSite, action: A) -> Result<A::Reply, CloudError> {
        let reply = self.call(at, action.into()).await?;
        A::reply(reply).map_err(|other| CloudError::Unknown {
            why: format!("called {}: answered as {}, which is an answer to something else", A::NAME, other.name()),
        })
    }
}
