//! Quotas and allotments, to messages and back.

use std::collections::BTreeMap;

use domain::{Allotment, Limit, Quota, Slice};
use ids::{Hlc, RegionId};

use crate::{Error, field::name_in, proto};

const QUOTA: &str = "a quota";
const ALLOTMENT: &str = "an allotment";

impl From<&Quota> for proto::Quota {
    fn from(row: &Quota) -> Self {
        let Quota { organization, slices, update_time } = row;
        let slice = |(region, slice): (&RegionId, &Slice)| {
            let Slice { target, held, generation } = slice;
            proto::QuotaSlice { region: region.to_string(), target: *target, held: *held, generation: generation.0 }
        };
        Self {
            organization: organization.to_string(),
            slices: slices.iter().map(slice).collect(),
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Quota> for Quota {
    type Error = Error;

    fn try_from(message: proto::Quota) -> Result<Self, Error> {
        let proto::Quota { organization, slices, update_time } = message;
        let slice = |message: proto::QuotaSlice| {
            let proto::QuotaSlice { region, target, held, generation } = message;
            Ok((name_in(QUOTA, "slices.region", &region)?, Slice { target, held, generation: Hlc(generation) }))
        };
        Ok(Self {
            organization: name_in(QUOTA, "organization", &organization)?,
            slices: slices.into_iter().map(slice).collect::<Result<BTreeMap<_, _>, Error>>()?,
            update_time: Hlc(update_time),
        })
    }
}

impl From<&Allotment> for proto::Allotment {
    fn from(row: &Allotment) -> Self {
        let Allotment { organization, used, limit } = row;
        let limit = limit.map(|Limit { vcpus, generation }| proto::QuotaLimit { vcpus, generation: generation.0 });
        Self { organization: organization.to_string(), used: *used, limit }
    }
}

impl TryFrom<proto::Allotment> for Allotment {
    type Error = Error;

    fn try_from(message: proto::Allotment) -> Result<Self, Error> {
        let proto::Allotment { organization, used, limit } = message;
        let limit = limit.map(|proto::QuotaLimit { vcpus, generation }| Limit { vcpus, generation: Hlc(generation) });
        Ok(Self { organization: name_in(ALLOTMENT, "organization", &organization)?, used, limit })
    }
}
