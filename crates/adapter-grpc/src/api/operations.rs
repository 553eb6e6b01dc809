//! `atoll.v1.Operations`: what takes its time, read off the rows that it changes.
//!
//! An operation has no row of its own. Its name says which resource it is of and what is done to it, so any region can tell how it stands:
//! [`deletion`] of a project by the global log, [`life`] of a cluster by its region's.

pub mod deletion;
pub mod life;

use std::slice;

use ::access::NodeName;
use api::v1::{
    GetOperationRequest, ListOperationsRequest, ListOperationsResponse, Operation, WaitOperationRequest,
    operations_server::Operations,
};
use domain::{Cluster, Project, View as _, query, sets};
use futures_util::future::join_all;
use ids::{Hlc, Label, Log, OrganizationName, RegionId, ResourceName, Subject, limits::PAGE_SIZE_MAX};
use ledger::LogState;
use ports::timeout;
use region::Consistency;
use tonic::{Request, Response, Status};

use self::{deletion::Deletion, life::Life};
use super::{
    call::{Answer, WITHIN, WITHIN_MAX},
    clusters::{part, show::status_of},
    front::Front,
    gate::Admitted,
    input::{name, page_size},
    read::{rejected, row, seen, span, unread, unreadable, wanted},
    status::Refusal,
};

/// Rows that one page of a list looks at; a page may be empty and not be the last.
const LOOKED_AT_MAX: usize = 2000;

/// What an operation's name says.
enum Named {
    Deletion(Deletion),
    Life(Life),
}

#[tonic::async_trait]
impl Operations for Front {
    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let named = Named::parse(&request.name)?;
            named.check_seen(&to)?;
            let view = call.read(&named.log(), &wanted(request.read)?).await?;
            Ok(Answer::new(named.stands(&view.state, call.now())?, view.token(), view.age))
        })
        .await
    }

    async fn list_operations(
        &self,
        request: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let parent = name("parent", &request.parent)?;
            to.check_sees_below(&NodeName::Organization(OrganizationName::clone(&parent)))?;
            let size = page_size(request.page_size)?;
            let from = From::parse(&request.page_token)?;
            let wanted = wanted(request.read)?;
            let view = call.read(&Log::Global, &wanted).await?;
            query::organization(&view.state, &parent).map_err(|why| rejected(&why, ""))?;
            let regions = call.regions().into_iter();
            let parts = join_all(regions.map(|location| part(&call, location, &wanted))).await;
            let views: Vec<_> = parts.iter().filter_map(|part| Some((&part.location, part.view.as_ref()?))).collect();
            let mut page = Page::of(size, call.now(), to);
            let next = page.fill(
                &parent,
                &view.state,
                &views.iter().map(|(at, of)| (*at, &of.state)).collect::<Vec<_>>(),
                from,
            )?;
            let token = seen(slice::from_ref(&view).iter().chain(views.into_iter().map(|(_, view)| view)));
            let body =
                ListOperationsResponse { operations: page.operations, next_page_token: next.unwrap_or_default() };
            Ok(Answer::new(body, token, view.age))
        })
        .await
    }

    async fn wait_operation(&self, request: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        self.serve_to(request, WITHIN_MAX, |call, to, request| async move {
            let named = Named::parse(&request.name)?;
            named.check_seen(&to)?;
            let log = named.log();
            let wanted = wanted(request.read)?;
            let most = request.timeout.map(|given| span("timeout", &given)).transpose()?;
            let until = call.env().now().plus(most.unwrap_or(WITHIN_MAX).min(call.left()));
            let mut view = call.read(&log, &wanted).await?;
            loop {
                let operation = named.stands(&view.state, call.now())?;
                let left = until.since(call.env().now());
                if operation.done || left.is_zero() {
                    return Ok(Answer::new(operation, view.token(), view.age));
                }
                // Whatever changed, the row tells how it stands now.
                if let Some(copy) = call.opened.region.ledger().copy(&log) {
                    let _ = timeout(call.env(), left, copy.cell.reached(view.state.seq.next())).await;
                }
                let local = call.opened.region.read(&log, &Consistency::Local, left).await;
                view = local.map_err(|refusal| unread(&call.opened, &log, refusal))?;
            }
        })
        .await
    }
}

impl Named {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (organization, operation) = text.split_once("/operations/")?;
            let organization: OrganizationName = organization.parse().ok()?;
            let parts: Vec<&str> = operation.split('.').collect();
            let deletion = Deletion::named(&organization, &parts).map(Self::Deletion);
            deletion.or_else(|| Life::named(&organization, &parts).map(Self::Life))
        };
        let wanted = "organizations/{o}/operations/{operation}, as an answer gave it";
        read().ok_or_else(|| Refusal::field("name", text, wanted))
    }

    /// Whoever has its name may see it of what is gone: nobody else has it.
    fn check_seen(&self, to: &Admitted) -> Result<(), Refusal> {
        let node: ResourceName = match self {
            Self::Deletion(deletion) => deletion.project.clone().into(),
            Self::Life(life) => life.cluster.clone().into(),
        };
        to.check_sees_if_there(&node.into())
    }

    /// The log that tells how it stands.
    fn log(&self) -> Log {
        match self {
            Self::Deletion(_) => Log::Global,
            Self::Life(life) => Log::Region(life.cluster.location.clone()),
        }
    }

    fn stands(&self, state: &LogState, now: Hlc) -> Result<Operation, Refusal> {
        match self {
            Self::Deletion(deletion) => deletion.stands(state),
            Self::Life(life) => life.stands(state, now),
        }
    }
}

/// The organization in the name of an operation.
pub fn organization(field: &str, text: &str) -> Result<OrganizationName, Refusal> {
    let wanted = || Refusal::field(field, text, "organizations/{o}/operations/{operation}, as an answer gave it");
    name(field, text.split_once("/operations/").ok_or_else(wanted)?.0)
}

/// Where a page of a list begins: after a project, or after a cluster (`project/cluster`) of a region. Projects come first.
enum From {
    Projects(String),
    Clusters(RegionId, String),
}

impl From {
    fn parse(token: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::field("page_token", token, "the token of the page before, or none");
        match token.split_once('/') {
            None if token.is_empty() || token.parse::<Label>().is_ok() => Ok(Self::Projects(token.to_owned())),
            None => Err(wrong()),
            Some((location, after)) => {
                let labels = after.split('/').all(|label| label.parse::<Label>().is_ok());
                let location = location.parse().map_err(|_| wrong())?;
                if labels { Ok(Self::Clusters(location, after.to_owned())) } else { Err(wrong()) }
            }
        }
    }
}

/// One page of what is under way in an organization.
struct Page {
    operations: Vec<Operation>,
    size: usize,
    looked_at: usize,
    now: Hlc,
    to: Admitted,
}

impl Page {
    fn of(size: usize, now: Hlc, to: Admitted) -> Self {
        let size = if size == 0 { PAGE_SIZE_MAX } else { size.min(PAGE_SIZE_MAX) };
        Self { operations: Vec::new(), size, looked_at: 0, now, to }
    }

    fn is_full(&self) -> bool {
        self.operations.len() == self.size || self.looked_at == LOOKED_AT_MAX
    }

    /// Looks on from where the page before ended; gives the token of the page after this one.
    fn fill(
        &mut self,
        parent: &OrganizationName,
        global: &LogState,
        regions: &[(&RegionId, &LogState)],
        from: From,
    ) -> Result<Option<String>, Refusal> {
        let (first, after) = match from {
            From::Clusters(location, after) => (Some(location), after),
            From::Projects(after) => match self.projects(parent, global, &after)? {
                Some(next) => return Ok(Some(next)),
                None => (None, String::new()),
            },
        };
        for (location, state) in regions {
            let after = match &first {
                Some(first) if *location < first => continue,
                Some(first) if *location == first => after.as_str(),
                _later => "",
            };
            if let Some(next) = self.clusters(parent, state, after)? {
                return Ok(Some(format!("{location}/{next}")));
            }
        }
        Ok(None)
    }

    /// Deletions of projects behind `after`; the last project that was looked at, where the page is full.
    fn projects(
        &mut self,
        parent: &OrganizationName,
        state: &LogState,
        after: &str,
    ) -> Result<Option<String>, Refusal> {
        let prefix = format!("{parent}/projects/");
        let wrong = |_| Refusal::field("page_token", after, "the token of the page before, or none");
        let from: Subject = format!("{prefix}{after}").parse().map_err(wrong)?;
        let mut last = None;
        let rows = state.rows_from(from).take_while(|(subject, _)| subject.as_str().starts_with(&prefix));
        for (subject, _) in rows {
            // A project's sets and their entries sort behind it.
            let label = subject.as_str().strip_prefix(&prefix).filter(|label| label.parse::<Label>().is_ok());
            let Some(label) = label.filter(|label| *label != after) else { continue };
            if self.is_full() {
                return Ok(Some(last.unwrap_or_default()));
            }
            self.looked_at += 1;
            last = Some(label.to_owned());
            let Some((_, row)) = row::<Project>(state, subject)? else { continue };
            if let Some(deletion) = Deletion::under_way(&row)
                && self.to.sees(&NodeName::Project(row.name.clone()))
            {
                self.operations.push(deletion.of(&row, state));
            }
        }
        Ok(None)
    }

    /// What is under way with clusters of a region behind `after`; the last that was looked at, where the page is full.
    fn clusters(
        &mut self,
        parent: &OrganizationName,
        state: &LogState,
        after: &str,
    ) -> Result<Option<String>, Refusal> {
        // Each cluster that becomes something has addresses.
        let set = sets::networks(parent);
        let after = Some(after).filter(|after| !after.is_empty());
        let mut last = None;
        for entry in state.entries(&set, after, LOOKED_AT_MAX + 1) {
            if self.is_full() {
                return Ok(Some(last.or_else(|| after.map(str::to_owned)).unwrap_or_default()));
            }
            self.looked_at += 1;
            let network = row::<domain::Network>(state, &set.entry(&entry))?;
            last = Some(entry);
            let Some((_, network)) = network else { continue };
            let Some((_, of)) = row::<Cluster>(state, &Subject::resource(&network.cluster.into()))? else { continue };
            let status = status_of(state, &of).map_err(unreadable)?;
            if let Some(life) = Life::under_way(&of, status.as_ref())
                && self.to.sees(&NodeName::Cluster(of.name.clone()))
            {
                self.operations.push(life.of(&of, status.as_ref(), self.now));
            }
        }
        Ok(None)
    }
}
