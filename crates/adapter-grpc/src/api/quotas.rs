//! `atoll.v1.Quotas`.

use std::time::Duration;

use api::v1::{
    GetQuotaRequest, ListQuotasRequest, ListQuotasResponse, Quota, UpdateQuotaRequest, quotas_server::Quotas,
};
use domain::{Allotment, query, quota};
use ids::{Log, OrganizationName, RegionId};
use region::Consistency;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN},
    front::Front,
    input::name,
    read::{paging, rejected, row, wanted},
    resource::{Resource, page},
    status::Refusal,
};

/// Quotas of a page: each has a slice for every region.
const PAGE_MAX: usize = 100;

#[tonic::async_trait]
impl Quotas for Front {
    async fn get_quota(&self, request: Request<GetQuotaRequest>) -> Result<Response<Quota>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let organization = organization("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::quota(&view.state, &organization).map_err(|why| rejected(&why, ""))?;
            let mut shown = vec![Quota::show(revision, &row)];
            call.add_used(&mut shown).await?;
            Ok(Answer::new(shown.pop().unwrap_or_default(), view.token(), view.age))
        })
        .await
    }

    async fn list_quotas(&self, request: Request<ListQuotasRequest>) -> Result<Response<ListQuotasResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let mut paging = paging(request.page_size, request.page_token)?;
            paging.size = if paging.size == 0 { PAGE_MAX } else { paging.size.min(PAGE_MAX) };
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::quotas(&view.state, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (mut quotas, next_page_token) = page(found);
            call.add_used(&mut quotas).await?;
            Ok(Answer::new(ListQuotasResponse { quotas, next_page_token }, view.token(), view.age))
        })
        .await
    }

    async fn update_quota(&self, request: Request<UpdateQuotaRequest>) -> Result<Response<Quota>, Status> {
        self.write(request).await
    }
}

/// The organization in the name of a quota.
pub fn organization(field: &str, text: &str) -> Result<OrganizationName, Refusal> {
    let wanted = || Refusal::field(field, text, "organizations/{organization}/quota");
    name(field, text.strip_suffix("/quota").ok_or_else(wanted)?)
}

/// The region in the location of a slice.
pub fn location(field: &str, text: &str) -> Result<RegionId, Refusal> {
    let wanted = || Refusal::field(field, text, "locations/{location}");
    name(field, text.strip_prefix("locations/").ok_or_else(wanted)?)
}

impl Call {
    /// Adds what clusters need in each region, as far as it is known here.
    async fn add_used(&self, quotas: &mut [Quota]) -> Result<(), Refusal> {
        for region in self.regions() {
            let log = Log::Region(region.clone());
            let read = self.opened.region.read(&log, &Consistency::Local, Duration::ZERO).await;
            let Ok(view) = read else { continue };
            let location = format!("locations/{region}");
            for quota in quotas.iter_mut() {
                let subject = quota::allotment(&organization("name", &quota.name)?);
                let used = row::<Allotment>(&view.state, &subject)?.map_or(0, |(_, row)| row.used);
                let slice = quota.slices.iter_mut().find(|slice| slice.location == location);
                slice.into_iter().for_each(|slice| slice.used = Some(used));
            }
        }
        Ok(())
    }
}
