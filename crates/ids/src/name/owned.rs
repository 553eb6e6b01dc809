//! Names of what an organization has beside its tree.

use std::{fmt, str::FromStr};

use super::{Label, NameError, OrganizationName};
use crate::{RegionId, RequestId};

macro_rules! owned {
    ($($(#[$doc:meta])* $name:ident $field:ident $words:literal,)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            pub organization: OrganizationName,
            pub $field: Label,
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(input: &str) -> Result<Self, NameError> {
                let segments: Vec<&str> = input.splitn(5, '/').collect();
                let [root, organization, words, label] = segments.as_slice() else {
                    return Err(NameError::new(input, concat!("organizations/{o}/", $words, "/{id}")));
                };
                if (*root, *words) != ("organizations", $words) {
                    return Err(NameError::new(input, concat!("organizations/{o}/", $words, "/{id}")));
                }
                let organization = OrganizationName { organization: organization.parse()? };
                Ok(Self { organization, $field: label.parse()? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}/", $words, "/{}"), self.organization, self.$field)
            }
        }
    )* };
}

owned! {
    /// `organizations/{o}/groups/{g}`: members by one name. As a member it is `group:{g}`.
    GroupName group "groups",
    /// `organizations/{o}/roles/{r}`: a role that the organization made for itself. In bindings it is `custom/{r}`.
    RoleId role "roles",
    /// `organizations/{o}/identityProviders/{p}`: an issuer of tokens that the organization trusts.
    IdentityProviderName provider "identityProviders",
    /// `organizations/{o}/serviceAccounts/{s}`: a program that proves itself by a key. As a member it is `serviceAccount:{s}`.
    ServiceAccountName account "serviceAccounts",
}

/// `organizations/{o}/revokes/{region}.{request}`: a revoke, by the region that issued it and the request that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevokeName {
    pub organization: OrganizationName,
    pub region: RegionId,
    pub request: RequestId,
}

impl RevokeName {
    /// Its last segment.
    pub fn id(&self) -> String {
        format!("{}.{}", self.region, self.request)
    }
}

impl FromStr for RevokeName {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        let error = || NameError::new(input, "organizations/{o}/revokes/{region}.{32 hexadecimal digits}");
        let segments: Vec<&str> = input.splitn(5, '/').collect();
        let ["organizations", organization, "revokes", id] = segments.as_slice() else { return Err(error()) };
        let (region, request) = id.rsplit_once('.').ok_or_else(error)?;
        Ok(Self {
            organization: OrganizationName { organization: organization.parse()? },
            region: region.parse()?,
            request: request.parse().map_err(|_| error())?,
        })
    }
}

impl fmt::Display for RevokeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/revokes/{}.{}", self.organization, self.region, self.request)
    }
}
