//! Refusals, told apart as a caller must tell them apart.
//!
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>, and the errors listed with each action of
//! Elastic Load Balancing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a call was not answered with what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum CloudError {
    /// It had no effect, and the same call is refused again while what it is about stands as it does. It speaks of this call: an earlier
    /// one with the same client token may have had an effect.
    #[error("refused with {code}: {message}")]
    Refused { code: ErrorCode, message: String },
    /// The same call may pass later. [`Trouble::without_effect`] says whether this one certainly had no effect.
    #[error("refused for now with {trouble}: {message}")]
    NotNow { trouble: Trouble, message: String },
    /// No answer: it may have taken effect, and may still do so for a while.
    #[error("not known what became of it: {why}")]
    Unknown { why: String },
}

impl CloudError {
    pub fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    pub fn not_now(trouble: Trouble, message: impl Into<String>) -> Self {
        Self::NotNow { trouble, message: message.into() }
    }

    /// Whether this call certainly changed nothing and never will.
    pub fn without_effect(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::NotNow { trouble, .. } => trouble.without_effect(),
            Self::Unknown { .. } => false,
        }
    }

    /// The code of a refusal for good.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::NotNow { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// Why a call may pass later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Trouble {
    /// Too many calls: `RequestLimitExceeded` of EC2, `Throttling` of Elastic Load Balancing. No effect.
    RequestLimitExceeded,
    /// No such machine is free in that zone; often for hours. No effect beyond binding the client token to the call's parameters: another
    /// type needs another token.
    InsufficientInstanceCapacity,
    /// The account's quota of vCPUs in that region is used up. No effect.
    VcpuLimitExceeded,
    /// No connection to the cloud, so nothing was sent. No effect.
    Unreachable,
    /// The cloud failed inside. Not known whether it had an effect.
    InternalError,
    /// The cloud is overloaded or down: `Unavailable`, `ServiceUnavailable`. Not known whether it had an effect, because nothing says
    /// which of its parts refused.
    Unavailable,
}

impl Trouble {
    pub fn without_effect(self) -> bool {
        match self {
            Self::RequestLimitExceeded
            | Self::InsufficientInstanceCapacity
            | Self::VcpuLimitExceeded
            | Self::Unreachable => true,
            Self::InternalError | Self::Unavailable => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal,)*) => {
        /// A code of a refusal for good, as EC2 or Elastic Load Balancing spells it.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $code, "`")] $name,)*
            /// Any other, as it came.
            Other(String),
        }

        impl ErrorCode {
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $code,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl From<String> for ErrorCode {
            fn from(code: String) -> Self {
                match code.as_str() {
                    $($code => Self::$name,)*
                    _ => Self::Other(code),
                }
            }
        }
    };
}

codes! {
    // Any action.
    AuthFailure = "AuthFailure",
    UnauthorizedOperation = "UnauthorizedOperation",
    InvalidParameter = "InvalidParameter",
    InvalidParameterCombination = "InvalidParameterCombination",
    InvalidParameterValue = "InvalidParameterValue",
    InvalidNextToken = "InvalidNextToken",
    TagLimitExceeded = "TagLimitExceeded",
    InvalidId = "InvalidID",
    DependencyViolation = "DependencyViolation",
    IncorrectState = "IncorrectState",
    ResourceAlreadyAssociated = "Resource.AlreadyAssociated",
    // Client tokens.
    IdempotentParameterMismatch = "IdempotentParameterMismatch",
    IdempotentInstanceTerminated = "IdempotentInstanceTerminated",
    // Machines.
    InvalidInstanceIdNotFound = "InvalidInstanceID.NotFound",
    IncorrectInstanceState = "IncorrectInstanceState",
    InvalidAmiIdNotFound = "InvalidAMIID.NotFound",
    InvalidLaunchTemplateIdNotFound = "InvalidLaunchTemplateId.NotFound",
    InvalidLaunchTemplateNameAlreadyExists = "InvalidLaunchTemplateName.AlreadyExistsException",
    InsufficientFreeAddressesInSubnet = "InsufficientFreeAddressesInSubnet",
    UnsupportedHibernationConfiguration = "UnsupportedHibernationConfiguration",
    Unsupported = "Unsupported",
    // The network.
    InvalidVpcRange = "InvalidVpc.Range",
    InvalidVpcIdNotFound = "InvalidVpcID.NotFound",
    VpcLimitExceeded = "VpcLimitExceeded",
    InvalidSubnetRange = "InvalidSubnet.Range",
    InvalidSubnetConflict = "InvalidSubnet.Conflict",
    InvalidSubnetIdNotFound = "InvalidSubnetID.NotFound",
    InvalidInternetGatewayIdNotFound = "InvalidInternetGatewayID.NotFound",
    GatewayNotAttached = "Gateway.NotAttached",
    InvalidAllocationIdNotFound = "InvalidAllocationID.NotFound",
    InvalidIpAddressInUse = "InvalidIPAddress.InUse",
    AddressLimitExceeded = "AddressLimitExceeded",
    NatGatewayNotFound = "NatGatewayNotFound",
    InvalidNatGatewayIdNotFound = "InvalidNatGatewayID.NotFound",
    InvalidGatewayIdNotFound = "InvalidGatewayID.NotFound",
    InvalidRouteTableIdNotFound = "InvalidRouteTableID.NotFound",
    InvalidRouteNotFound = "InvalidRoute.NotFound",
    RouteAlreadyExists = "RouteAlreadyExists",
    InvalidAssociationIdNotFound = "InvalidAssociationID.NotFound",
    // Security groups.
    InvalidGroupNotFound = "InvalidGroup.NotFound",
    InvalidGroupDuplicate = "InvalidGroup.Duplicate",
    InvalidPermissionDuplicate = "InvalidPermission.Duplicate",
    InvalidPermissionNotFound = "InvalidPermission.NotFound",
    CannotDelete = "CannotDelete",
    // Volumes.
    InvalidVolumeNotFound = "InvalidVolume.NotFound",
    InvalidVolumeZoneMismatch = "InvalidVolume.ZoneMismatch",
    VolumeInUse = "VolumeInUse",
    // Load balancers.
    DuplicateLoadBalancerName = "DuplicateLoadBalancerName",
    LoadBalancerNotFound = "LoadBalancerNotFound",
    DuplicateTargetGroupName = "DuplicateTargetGroupName",
    TargetGroupNotFound = "TargetGroupNotFound",
    DuplicateListener = "DuplicateListener",
    InvalidTarget = "InvalidTarget",
    ResourceInUse = "ResourceInUse",
    SubnetNotFound = "SubnetNotFound",
    InvalidConfigurationRequest = "InvalidConfigurationRequest",
    ValidationError = "ValidationError",
}

impl From<ErrorCode> for String {
    fn from(code: ErrorCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_as_it_was_spelled_known_or_not() {
        let known = ErrorCode::from("InvalidGroup.Duplicate".to_owned());
        assert_eq!(known, ErrorCode::InvalidGroupDuplicate);
        assert_eq!(ErrorCode::from("Surprise".to_owned()).as_str(), "Surprise");
    }

    #[test]
    fn only_what_certainly_had_no_effect_says_so() {
        assert!(CloudError::refused(ErrorCode::AuthFailure, "").without_effect());
        assert!(CloudError::not_now(Trouble::RequestLimitExceeded, "").without_effect());
        assert!(CloudError::not_now(Trouble::Unreachable, "").without_effect());
        assert!(!CloudError::not_now(Trouble::InternalError, "").without_effect());
        assert!(!CloudError::Unknown { why: String::new() }.without_effect());
    }
}
