//! Services that only read: regions, operations, usage.

use std::time::Duration;

use api::v1::{self, operations_server::Operations, regions_server::Regions, usage_server::Usage};
use tonic::{Request, Response, Status};

use super::{
    super::{
        Fault, State,
        state::{bad_field, not_found},
    },
    Service,
    writes::page,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Regions for Service {
    /// Also the sign of life: only a mute member does not give it.
    async fn get_topology(&self, _: Request<v1::GetTopologyRequest>) -> Answer<v1::Topology> {
        if self.fault() == Fault::Mute {
            std::future::pending::<()>().await;
        }
        let region = |(member, endpoint): (&u64, &crate::Endpoint)| v1::RegionAddresses {
            region: endpoint.region.clone(),
            members: vec![v1::MemberAddress { member: *member, api: endpoint.address.clone() }],
        };
        let regions = self.ring.state().addresses.iter().map(region).collect();
        Ok(self.answer(v1::Topology { ring: "double".to_owned(), regions }))
    }

    async fn list_regions(&self, _: Request<v1::ListRegionsRequest>) -> Answer<v1::ListRegionsResponse> {
        let served_by = self.region.clone();
        self.read(None, |state| {
            let regions = state.regions.iter().map(|(region, member)| region_of(state, region, *member)).collect();
            Ok(v1::ListRegionsResponse { regions, served_by })
        })
        .await
    }

    async fn get_region(&self, request: Request<v1::GetRegionRequest>) -> Answer<v1::Region> {
        let name = request.into_inner().name;
        let region = name.trim_start_matches("locations/").to_owned();
        self.read(None, |state| {
            let member = state.regions.get(&region).ok_or_else(|| not_found(&name))?;
            Ok(region_of(state, &region, *member))
        })
        .await
    }

    async fn get_member_status(&self, _: Request<v1::GetMemberStatusRequest>) -> Answer<v1::MemberStatus> {
        self.read(None, |state| {
            Ok(v1::MemberStatus {
                ring: "double".to_owned(),
                member: self.member,
                region: self.region.clone(),
                version: "0.0.0".to_owned(),
                uptime: Some(prost_types::Duration { seconds: 93_784, nanos: 0 }),
                mode: v1::region::Mode::Connected.into(),
                reason: String::new(),
                logs: state.logs.keys().map(|log| log_status(state, log, self.member)).collect(),
                refuses_writes: String::new(),
            })
        })
        .await
    }
}

fn region_of(state: &State, region: &str, member: u64) -> v1::Region {
    let (mode, reason) = state.modes.get(region).cloned().unwrap_or((v1::region::Mode::Connected, String::new()));
    let reachable = mode != v1::region::Mode::Unreachable;
    let last_answer = Some(prost_types::Duration { seconds: if reachable { 0 } else { 42 }, nanos: 300_000_000 });
    v1::Region {
        name: format!("locations/{region}"),
        mode: mode.into(),
        reason,
        members: vec![v1::Member { member, reachable, last_answer, leads: true }],
        log: Some(log_status(state, &format!("region/{region}"), member)),
    }
}

fn log_status(state: &State, log: &str, leader: u64) -> v1::LogStatus {
    v1::LogStatus {
        log: log.to_owned(),
        incarnation: 1,
        seq: state.head(log),
        voter: true,
        leader,
        term: 3,
        age: Some(prost_types::Duration { seconds: 0, nanos: 120_000_000 }),
        lag: 0,
        out_of_service: String::new(),
        hash: state.log_head(log).hash,
        state_digest: vec![7; 32].into(),
    }
}

/// Names are `organizations/{organization}/operations/{what it is of}.{uid}`.
fn operation(state: &State, name: &str) -> Result<v1::Operation, Status> {
    let parts = name.split_once("/operations/").and_then(|(_, operation)| operation.rsplit_once('.'));
    if parts.is_none_or(|(_, uid)| uid.parse::<crate::RequestId>().is_err()) {
        return Err(bad_field("name", "wanted organizations/{o}/operations/{operation}, as an answer gave it"));
    }
    state.operations.get(name).cloned().ok_or_else(|| not_found(name))
}

#[tonic::async_trait]
impl Operations for Service {
    async fn get_operation(&self, request: Request<v1::GetOperationRequest>) -> Answer<v1::Operation> {
        let r = request.into_inner();
        self.read(r.read, |state| operation(state, &r.name)).await
    }

    async fn list_operations(&self, request: Request<v1::ListOperationsRequest>) -> Answer<v1::ListOperationsResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let inside = format!("{}/operations/", r.parent);
            let listed = state.operations.values().filter(|one| one.name.starts_with(&inside) && !one.done);
            Ok(v1::ListOperationsResponse { operations: listed.cloned().collect(), next_page_token: String::new() })
        })
        .await
    }

    async fn wait_operation(&self, request: Request<v1::WaitOperationRequest>) -> Answer<v1::Operation> {
        let r = request.into_inner();
        self.enter(false).await?;
        let timeout = r.timeout.and_then(|timeout| timeout.try_into().ok()).unwrap_or(Duration::from_secs(60));
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            let changed = self.ring.inner.changed.notified();
            let operation = operation(&self.ring.state(), &r.name)?;
            if operation.done || tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Ok(self.answer(operation));
            }
        }
    }
}

#[tonic::async_trait]
impl Usage for Service {
    async fn query_usage(&self, request: Request<v1::QueryUsageRequest>) -> Answer<v1::QueryUsageResponse> {
        let r = request.into_inner();
        self.ring.state().usage_asked.push(r.clone());
        self.read(r.read.clone(), |state| {
            let (lines, next_page_token) = page(state.usage.clone(), r.page_size, &r.page_token);
            // A region that is behind knows less.
            let region = |region: &String| {
                let location = format!("locations/{region}");
                let behind = if state.unreachable.contains(&location) { 86_400 } else { 0 };
                let at = |seconds: i64| Some(prost_types::Timestamp { seconds: seconds - behind, nanos: 0 });
                v1::RegionUsage { location, as_of: at(state.began), closed_before: at(1_793_491_200) }
            };
            let regions = state.regions.keys().map(region).collect();
            Ok(v1::QueryUsageResponse { lines, next_page_token, regions, unreachable: state.unreachable.clone() })
        })
        .await
    }
}
