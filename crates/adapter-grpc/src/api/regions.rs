//! `atoll.v1.Regions`: the ring as this member sees it. Asks nobody.

use api::v1::{
    GetMemberStatusRequest, GetRegionRequest, GetTopologyRequest, ListRegionsRequest, ListRegionsResponse, LogStatus,
    Member, MemberAddress, MemberStatus, Region, RegionAddresses, Topology, region::Mode, regions_server::Regions,
};
use bytes::Bytes;
use ids::{Log, MemberId, RegionId, Token};
use region::{CopyKind, RegionStatus, Status as Seen, status::CATCHING_UP_AFTER};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    front::{About, Front},
    input::name,
    resource::duration,
    status::Refusal,
};

#[tonic::async_trait]
impl Regions for Front {
    async fn get_topology(&self, request: Request<GetTopologyRequest>) -> Result<Response<Topology>, Status> {
        let topology = topology(&self.about);
        self.serve(request, WITHIN, |_call, _request| async move { Ok(plain(topology)) }).await
    }

    async fn list_regions(
        &self,
        request: Request<ListRegionsRequest>,
    ) -> Result<Response<ListRegionsResponse>, Status> {
        self.serve(request, WITHIN, |call, _request| async move {
            let seen = call.opened.region.status();
            let regions = seen.regions.iter().map(|region| shown(&seen, region)).collect();
            Ok(plain(ListRegionsResponse { regions, served_by: seen.region.to_string() }))
        })
        .await
    }

    async fn get_region(&self, request: Request<GetRegionRequest>) -> Result<Response<Region>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let wanted = || Refusal::field("name", &request.name, "locations/{location}");
            let wanted: RegionId = name("name", request.name.strip_prefix("locations/").ok_or_else(wanted)?)?;
            let seen = call.opened.region.status();
            call.known(&Log::Region(wanted.clone()))?;
            let found = seen.regions.iter().find(|region| region.region == wanted);
            let found =
                found.ok_or_else(|| Refusal::new("UNKNOWN_LOCATION", format!("looked for the region {wanted}")))?;
            Ok(plain(shown(&seen, found)))
        })
        .await
    }

    async fn get_member_status(
        &self,
        request: Request<GetMemberStatusRequest>,
    ) -> Result<Response<MemberStatus>, Status> {
        let refuses = self.writes.taken().err().map(|why| why.reason.into_owned()).unwrap_or_default();
        let version = self.about.version.clone();
        self.serve(request, WITHIN, |call, _request| async move {
            let seen = call.opened.region.status();
            let shutting_down = if seen.shutting_down { "SHUTTING_DOWN" } else { "" };
            Ok(plain(MemberStatus {
                ring: seen.ring.to_string(),
                member: seen.member.0,
                region: seen.region.to_string(),
                version,
                uptime: Some(duration(seen.uptime)),
                mode: mode(seen.mode).into(),
                logs: seen.logs.iter().map(log_status).collect(),
                refuses_writes: if refuses.is_empty() { shutting_down.to_owned() } else { refuses },
                reason: seen.reason,
            }))
        })
        .await
    }
}

/// An answer that shows no log.
fn plain<T>(body: T) -> Answer<T> {
    Answer::new(body, Token::default(), None)
}

fn topology(about: &About) -> Topology {
    let members = |members: &[(MemberId, String)]| {
        members.iter().map(|(member, api)| MemberAddress { member: member.0, api: api.clone() }).collect()
    };
    let regions = about.topology.iter();
    let regions = regions.map(|(region, of)| RegionAddresses { region: region.to_string(), members: members(of) });
    Topology { ring: about.ring.to_string(), regions: regions.collect() }
}

/// A region as this member sees it. Whether another region can write is for that region to say; from here it is in reach or not.
fn shown(seen: &Seen, region: &RegionStatus) -> Region {
    let log = seen.logs.iter().find(|status| status.log == Log::Region(region.region.clone()));
    let behind =
        log.is_none_or(|log| log.out_of_service.is_some() || log.age.is_none_or(|age| age > CATCHING_UP_AFTER));
    let (mode, reason) = if region.region == seen.region {
        (mode(seen.mode), seen.reason.clone())
    } else if !region.reachable {
        let since =
            region.answered.map_or_else(|| "since the start".to_owned(), |ago| format!("for {} ms", ago.as_millis()));
        (Mode::Unreachable, format!("no member of it answered {since}"))
    } else if behind {
        (Mode::CatchingUp, "the copy of its log here is behind".to_owned())
    } else {
        (Mode::Connected, String::new())
    };
    let leader = log.and_then(|log| log.leader);
    let members = region.members.iter().map(|member| Member {
        member: member.member.0,
        reachable: member.reachable,
        last_answer: member.answered.map(duration),
        leads: leader == Some(member.member),
    });
    Region {
        name: format!("locations/{}", region.region),
        mode: mode.into(),
        reason,
        members: members.collect(),
        log: log.map(log_status),
    }
}

fn mode(mode: region::Mode) -> Mode {
    match mode {
        region::Mode::Connected => Mode::Connected,
        region::Mode::Isolated => Mode::Isolated,
        region::Mode::Island => Mode::Island,
        region::Mode::CatchingUp => Mode::CatchingUp,
    }
}

fn log_status(status: &region::LogStatus) -> LogStatus {
    LogStatus {
        log: status.log.to_string(),
        incarnation: status.position.incarnation.0,
        seq: status.position.seq.0,
        voter: status.copy == CopyKind::Voter,
        leader: status.leader.map_or(0, |leader| leader.0),
        term: status.term.unwrap_or(0),
        age: status.age.map(duration),
        lag: status.lag,
        out_of_service: status.out_of_service.clone().unwrap_or_default(),
        hash: Bytes::copy_from_slice(&status.hash.0),
        state_digest: Bytes::copy_from_slice(&status.state_digest.0),
    }
}
