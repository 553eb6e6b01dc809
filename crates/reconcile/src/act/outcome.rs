//! What became of calls: what the cloud's answers mean for what was intended.

use planner::plan::{Action, CloudId};
use ports::cloud::{CloudError, CloudReply, ErrorCode, Instance, Trouble};

use super::held;
use crate::{caller::NotMade, observe::listing::not_found};

/// What became of the calls of one action.
pub(crate) enum Outcome {
    Done {
        /// Id of what was made.
        made: Option<CloudId>,
        instance: Option<Box<Instance>>,
    },
    /// Certainly without effect, as things stand.
    Refused {
        why: String,
    },
    /// Its token made something that has ended since.
    Spent {
        why: String,
    },
    /// It was not called, or had no effect that anything could be learned from.
    NotCalled,
    Unknown,
}

pub(super) fn judge(
    action: &Action,
    answer: Result<Result<CloudReply, CloudError>, NotMade>,
    repeated: bool,
) -> Outcome {
    let Ok(answer) = answer else { return Outcome::NotCalled };
    match answer {
        Ok(reply) => done(reply),
        Err(CloudError::NotNow { trouble: Trouble::RequestLimitExceeded, .. }) => Outcome::NotCalled,
        Err(CloudError::NotNow { trouble, .. }) if trouble.without_effect() => {
            Outcome::Refused { why: trouble.to_string() }
        }
        Err(CloudError::NotNow { .. } | CloudError::Unknown { .. }) => Outcome::Unknown,
        Err(error @ CloudError::Refused { .. }) => {
            let code = error.code().cloned().unwrap_or(ErrorCode::InvalidParameter);
            let why = code.to_string();
            // A replica that does not know yet of what was made before: the same call passes later.
            let early = not_found(&error) && code != ErrorCode::InvalidAmiIdNotFound;
            match code {
                ErrorCode::IdempotentInstanceTerminated => Outcome::Spent { why },
                _ if held::creates(&action.verb) && early && !repeated => Outcome::NotCalled,
                _ => Outcome::Refused { why },
            }
        }
    }
}

fn done(reply: CloudReply) -> Outcome {
    let made = |id: &str| Outcome::Done { made: Some(CloudId::from(id)), instance: None };
    match reply {
        CloudReply::RunInstances(of) => Outcome::Done { made: Some(CloudId::from(of.id.as_str())), instance: Some(of) },
        CloudReply::CreateVpc(of) => made(of.id.as_str()),
        CloudReply::CreateInternetGateway(of) => made(of.id.as_str()),
        CloudReply::CreateSubnet(of) => made(of.id.as_str()),
        CloudReply::AllocateAddress(of) => made(of.id.as_str()),
        CloudReply::CreateNatGateway(of) => made(of.id.as_str()),
        CloudReply::CreateRouteTable(of) => made(of.id.as_str()),
        CloudReply::CreateSecurityGroup(of) => made(of.as_str()),
        CloudReply::CreateTargetGroup(of) => made(of.arn.as_str()),
        CloudReply::CreateLoadBalancer(of) => made(of.arn.as_str()),
        CloudReply::CreateLaunchTemplate(of) => made(of.id.as_str()),
        CloudReply::CreateVolume(of) => made(of.id.as_str()),
        _ => Outcome::Done { made: None, instance: None },
    }
}
