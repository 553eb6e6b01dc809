//! The ring as one member sees it. No quorum is needed for an answer.

use api::v1;

use crate::{
    Answered, Client, Error, Read,
    engine::{Plan, rpc},
};

/// The service `Regions`. Of [`Read`] only timeout and route matter here.
#[derive(Clone, Debug)]
pub struct Regions {
    pub(crate) client: Client,
}

impl Regions {
    /// Every regional address.
    pub async fn topology(&self, options: &Read) -> Result<Answered<v1::Topology>, Error> {
        self.client
            .unary(Plan::read(options), v1::GetTopologyRequest {}, rpc!(regions_client::RegionsClient, get_topology))
            .await
    }

    /// How each region looks from the member that answers.
    pub async fn list(&self, options: &Read) -> Result<Answered<v1::ListRegionsResponse>, Error> {
        self.client
            .unary(Plan::read(options), v1::ListRegionsRequest {}, rpc!(regions_client::RegionsClient, list_regions))
            .await
    }

    /// One region, `locations/{location}`, as it looks from the member that answers.
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Region>, Error> {
        let request = v1::GetRegionRequest { name: name.to_owned() };
        self.client.unary(Plan::read(options), request, rpc!(regions_client::RegionsClient, get_region)).await
    }

    /// The member that answers, in detail.
    pub async fn member_status(&self, options: &Read) -> Result<Answered<v1::MemberStatus>, Error> {
        self.client
            .unary(
                Plan::read(options),
                v1::GetMemberStatusRequest {},
                rpc!(regions_client::RegionsClient, get_member_status),
            )
            .await
    }
}
