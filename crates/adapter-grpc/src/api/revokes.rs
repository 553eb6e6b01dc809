//! `atoll.v1.Revokes`.

use std::collections::BTreeMap;

use ::access::{Member, NodeName};
use api::v1::{
    BreakGlass, CreateRevokeRequest, GetBreakGlassRequest, Lift, LiftRevokeRequest, ListRevokesRequest,
    ListRevokesResponse, Revoke, SetBreakGlassRequest, revokes_server::Revokes,
};
use domain::{
    Command, Rejection, View,
    command::{CreateRevoke, LiftRevoke, SetBreakGlass},
    query::{self, page_size},
    revoke, sets,
};
use gateway::Need;
use ids::{Log, OrganizationName, RequestId, Revision, RevokeName};
use tonic::{Request, Response, Status};

use super::{
    access::{only, page_of},
    access_policies::{member, policy_etag},
    call::{Answer, Call, WITHIN},
    command::{Write, Writes, write},
    front::Front,
    input::{self, name, present},
    quotas,
    read::{Wanted, rejected, row, unreadable, wanted},
    resource::{Resource, location_name, timestamp},
    status::Refusal,
};

#[tonic::async_trait]
impl Revokes for Front {
    async fn create_revoke(&self, request: Request<CreateRevokeRequest>) -> Result<Response<Revoke>, Status> {
        let (metadata, extensions, mut body) = request.into_parts();
        // The request is a part of the name, and so is who decides.
        let opened = self.lease().map_err(|refusal| self.signature.status(refusal))?;
        if body.request_id.is_empty() {
            body.request_id = opened.request_id().to_string();
        }
        if body.location.is_empty() {
            body.location = location_name(&opened.region.ledger().config().region);
        }
        self.write(Request::from_parts(metadata, extensions, body)).await
    }

    async fn list_revokes(
        &self,
        request: Request<ListRevokesRequest>,
    ) -> Result<Response<ListRevokesResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent: OrganizationName = name("parent", &request.parent)?;
            let size = page_size(input::page_size(request.page_size)?);
            let wanted = wanted(request.read)?;
            let global = call.read(&Log::Global, &only(&Log::Global, &wanted)).await?;
            let (_, organization) = query::organization(&global.state, &parent).map_err(|why| rejected(&why, ""))?;
            let mut found = call.revokes(&organization, &wanted).await?;
            for of in found.values_mut() {
                let revoke = name::<RevokeName>("name", &of.name)?;
                of.lift = row::<domain::Lift>(&global.state, &revoke::lift(&revoke))?
                    .map(|(revision, row)| Lift::show(revision, &row));
            }
            let mut revokes: Vec<Revoke> = found.into_values().collect();
            revokes.retain(|of| (request.show_lifted || of.lift.is_none()) && of.name > request.page_token);
            let next_page_token = page_of(&mut revokes, size, |of| of.name.clone());
            Ok(Answer::new(ListRevokesResponse { revokes, next_page_token }, global.token(), global.age))
        })
        .await
    }

    async fn lift_revoke(&self, request: Request<LiftRevokeRequest>) -> Result<Response<Lift>, Status> {
        let takes = self.writes.taken();
        self.serve_write(request, WITHIN, |call, request| async move {
            takes?;
            let write = request.write()?;
            call.admit(&Need::of(&write.command)).await?;
            if let Command::LiftRevoke(lift) = &write.command {
                call.check_seen(&lift.name).await?;
            }
            let committed = call.submit(&write).await?;
            Ok(call.result(&write, &committed).await)
        })
        .await
    }

    async fn get_break_glass(&self, request: Request<GetBreakGlassRequest>) -> Result<Response<BreakGlass>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let organization = break_glass_of("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (_, row_of_it) = query::organization(&view.state, &organization).map_err(|why| rejected(&why, ""))?;
            let found = row::<domain::BreakGlass>(&view.state, &revoke::break_glass(&organization))?;
            let found = found.filter(|(_, row)| row.organization_uid == row_of_it.uid);
            let none = || BreakGlass { name: request.name.clone(), etag: "0".to_owned(), ..BreakGlass::default() };
            let shown = found.map_or_else(none, |(revision, row)| BreakGlass::show(revision, &row));
            Ok(Answer::new(shown, view.token(), view.age))
        })
        .await
    }

    async fn set_break_glass(&self, request: Request<SetBreakGlassRequest>) -> Result<Response<BreakGlass>, Status> {
        self.write(request).await
    }
}

impl Call {
    /// Revokes that regions issued for an organization, by name.
    async fn revokes(
        &self,
        organization: &domain::Organization,
        wanted: &Wanted,
    ) -> Result<BTreeMap<String, Revoke>, Refusal> {
        let (mut found, set) = (BTreeMap::new(), sets::revokes(&organization.name));
        for region in self.regions() {
            let log = Log::Region(region);
            let view = self.read(&log, &only(&log, wanted)).await?;
            let state: &dyn View = &view.state;
            for id in state.entries(&set, None, usize::MAX) {
                let row = state.row::<domain::Revoke>(&set.entry(&id)).map_err(unreadable)?;
                let of_it = row.filter(|(_, row)| row.organization_uid == organization.uid);
                found.extend(of_it.map(|(revision, row)| (row.name.to_string(), Revoke::show(revision, &row))));
            }
        }
        Ok(found)
    }

    /// Whoever lifts a revoke has seen it: its region's log, as it is known here, has it.
    async fn check_seen(&self, name: &RevokeName) -> Result<(), Refusal> {
        let log = Log::Region(name.region.clone());
        self.known(&log)?;
        let view = self.here(&log).await?;
        match row::<domain::Revoke>(&view.state, &revoke::subject(name))? {
            Some(_) => Ok(()),
            None => Err(rejected(&Rejection::NotFound { subject: revoke::subject(name) }, "")),
        }
    }
}

pub fn break_glass_of(field: &str, text: &str) -> Result<OrganizationName, Refusal> {
    let wanted = || Refusal::field(field, text, "organizations/{organization}/breakGlass");
    name(field, text.strip_suffix("/breakGlass").ok_or_else(wanted)?)
}

impl Writes for CreateRevokeRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("revoke", self.revoke)?;
        let wanted =
            || Refusal::field("request_id", "", "32 hexadecimal digits or a UUID: they are a part of the name");
        let request = input::request_id(&self.request_id)?.ok_or_else(wanted)?;
        let (organization, region) = (name("parent", &self.parent)?, quotas::location("location", &self.location)?);
        let node = Some(given.node).filter(|node| !node.is_empty());
        let command = CreateRevoke {
            name: RevokeName { organization, region, request },
            member: member("revoke.member", &given.member)?,
            node: node.map(|node| name::<NodeName>("revoke.node", &node)).transpose()?,
            reason: given.reason,
        };
        write(command, &self.request_id, self.validate_only)
    }
}

impl Writes for LiftRevokeRequest {
    fn write(self) -> Result<Write, Refusal> {
        let command = LiftRevoke { name: name("name", &self.name)?, reason: self.reason };
        write(command, &self.request_id, self.validate_only)
    }
}

impl Writes for SetBreakGlassRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("break_glass", self.break_glass)?;
        let named = Some(given.member).filter(|member| !member.is_empty());
        let command = SetBreakGlass {
            organization: break_glass_of("break_glass.name", &given.name)?,
            member: named.map(|text| member("break_glass.member", &text)).transpose()?,
            etag: policy_etag("break_glass.etag", &given.etag)?,
        };
        write(command, &self.request_id, self.validate_only)
    }
}

fn text<T: ToString>(of: &Option<T>) -> String {
    of.as_ref().map(T::to_string).unwrap_or_default()
}

impl Resource for Revoke {
    type Row = domain::Revoke;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            member: row.member.to_string(),
            node: text(&row.node),
            reason: row.reason.clone(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            etag: revision.to_string(),
            lift: None,
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::CreateRevoke(create) = command {
            let (name, member, node) = (create.name.to_string(), create.member.to_string(), text(&create.node));
            *self = Self { name, member, node, reason: create.reason.clone(), ..Self::default() };
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.member.len() + self.node.len() + self.reason.len() + self.author.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.create_time)
    }
}

impl Resource for Lift {
    type Row = domain::Lift;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.revoke.to_string(),
            reason: row.reason.clone(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::LiftRevoke(lift) = command {
            (self.name, self.reason) = (lift.name.to_string(), lift.reason.clone());
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.reason.len() + self.author.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.create_time)
    }
}

impl Resource for BreakGlass {
    type Row = domain::BreakGlass;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: format!("{}/breakGlass", row.organization),
            member: text::<Member>(&row.member),
            update_time: timestamp(row.update_time),
            author: row.author.clone(),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::SetBreakGlass(set) = command {
            (self.name, self.member) = (format!("{}/breakGlass", set.organization), text(&set.member));
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.member.len() + self.author.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
