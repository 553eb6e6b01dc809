//! Commands about quotas, to messages and back. Both directions take every field by name, so that a new one does not compile until it is
//! converted.

use std::collections::BTreeMap;

use domain::command::{AcknowledgeQuota, MirrorQuota, SetQuota};
use ids::{Hlc, RegionId, Revision};

use crate::{
    Error,
    field::{etag_out, name_in},
    proto,
};

impl From<&SetQuota> for proto::SetQuota {
    fn from(command: &SetQuota) -> Self {
        let SetQuota { organization, slices, etag } = command;
        let target =
            |(region, vcpus): (&RegionId, &u64)| proto::QuotaTarget { region: region.to_string(), vcpus: *vcpus };
        Self {
            organization: organization.to_string(),
            slices: slices.iter().map(target).collect(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::SetQuota> for SetQuota {
    type Error = Error;

    fn try_from(message: proto::SetQuota) -> Result<Self, Error> {
        const WHAT: &str = "the setting of a quota";
        let proto::SetQuota { organization, slices, etag } = message;
        let target = |message: proto::QuotaTarget| {
            let proto::QuotaTarget { region, vcpus } = message;
            Ok((name_in(WHAT, "slices.region", &region)?, vcpus))
        };
        Ok(Self {
            organization: name_in(WHAT, "organization", &organization)?,
            slices: slices.into_iter().map(target).collect::<Result<BTreeMap<_, _>, Error>>()?,
            etag: etag.map(Revision),
        })
    }
}

impl From<&MirrorQuota> for proto::MirrorQuota {
    fn from(command: &MirrorQuota) -> Self {
        let MirrorQuota { organization, region } = command;
        Self { organization: organization.to_string(), region: region.to_string() }
    }
}

impl TryFrom<proto::MirrorQuota> for MirrorQuota {
    type Error = Error;

    fn try_from(message: proto::MirrorQuota) -> Result<Self, Error> {
        const WHAT: &str = "the mirroring of a quota";
        let proto::MirrorQuota { organization, region } = message;
        Ok(Self {
            organization: name_in(WHAT, "organization", &organization)?,
            region: name_in(WHAT, "region", &region)?,
        })
    }
}

impl From<&AcknowledgeQuota> for proto::AcknowledgeQuota {
    fn from(command: &AcknowledgeQuota) -> Self {
        let AcknowledgeQuota { organization, region, generation } = command;
        Self { organization: organization.to_string(), region: region.to_string(), generation: generation.0 }
    }
}

impl TryFrom<proto::AcknowledgeQuota> for AcknowledgeQuota {
    type Error = Error;

    fn try_from(message: proto::AcknowledgeQuota) -> Result<Self, Error> {
        const WHAT: &str = "the acknowledgement of a quota";
        let proto::AcknowledgeQuota { organization, region, generation } = message;
        Ok(Self {
            organization: name_in(WHAT, "organization", &organization)?,
            region: name_in(WHAT, "region", &region)?,
            generation: Hlc(generation),
        })
    }
}
