//! `atoll.v1.Operations`: how a project's deletion stands, read off the project's row.
//!
//! An operation has no row of its own. Its name holds the project's id and uid, `{project}.{uid}`, so any region can tell how it stands,
//! and a project that takes the name later is told apart.

use api::v1::{
    GetOperationRequest, ListOperationsRequest, ListOperationsResponse, Operation, OperationMetadata,
    WaitOperationRequest, operations_server::Operations,
};
use domain::{Project, State, View as _, sets};
use ids::{Label, Log, OrganizationName, ProjectName, RegionId, RequestId, ResourceName, Subject, Token};
use ledger::{FeedItem, LogState};
use ports::timeout;
use region::Consistency;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN, WITHIN_MAX},
    command::Write,
    front::Front,
    input::{name, page_size},
    read::{rejected, row, span, wanted},
    resource::timestamp,
    status::Refusal,
    write::{Committed, unknown},
};

const KIND: &str = "projects.delete";
/// Rows that one page of a list looks at; a page may be empty and not be the last.
const LOOKED_AT_MAX: usize = 2000;

/// One deletion of one project.
struct Deletion {
    project: ProjectName,
    uid: RequestId,
}

#[tonic::async_trait]
impl Operations for Front {
    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let deletion = parse(&request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            Ok(Answer::new(deletion.stands(&view.state)?, view.token(), view.age))
        })
        .await
    }

    async fn list_operations(
        &self,
        request: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent = name("parent", &request.parent)?;
            let size = page_size(request.page_size)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            Ok(Answer::new(list(&view.state, &parent, size, &request.page_token)?, view.token(), view.age))
        })
        .await
    }

    async fn wait_operation(&self, request: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        self.serve(request, WITHIN_MAX, |call, request| async move {
            let deletion = parse(&request.name)?;
            let wanted = wanted(request.read)?;
            let most = request.timeout.map(|given| span("timeout", &given)).transpose()?;
            let until = call.env().now().plus(most.unwrap_or(WITHIN_MAX).min(call.left()));
            let mut view = call.read(&Log::Global, &wanted).await?;
            loop {
                let operation = deletion.stands(&view.state)?;
                let left = until.since(call.env().now());
                if operation.done || left.is_zero() {
                    return Ok(Answer::new(operation, view.token(), view.age));
                }
                // Whatever changed, the row tells how it stands now.
                if let Some(copy) = call.opened.region.ledger().copy(&Log::Global) {
                    let _ = timeout(call.env(), left, copy.cell.reached(view.state.seq.next())).await;
                }
                let local = call.opened.region.read(&Log::Global, &Consistency::Local, left).await;
                view = local.map_err(|refusal| call.unread(&Log::Global, refusal))?;
            }
        })
        .await
    }
}

/// The operation that a deletion began. Where the copy here does not show it in time, the caller does not learn its name, and asks again.
pub async fn begun(call: &Call, write: &Write, committed: &Committed) -> Result<Answer<Operation>, Refusal> {
    let looked = call.opened.unless_closing(look(call, write, committed)).await.and_then(|looked| looked);
    looked.map_err(|why| match committed.validated_only {
        true => why,
        // It was done, so nothing that says "not done" may be said.
        false => unknown(committed.request_id, format!("began a deletion and did not see it here: {}", why.message)),
    })
}

async fn look(call: &Call, write: &Write, committed: &Committed) -> Result<Answer<Operation>, Refusal> {
    let consistency = Consistency::AtLeast(Token::from(committed.position.clone()));
    let read = call.opened.region.read(&Log::Global, &consistency, call.left()).await;
    // The name needs the project's uid, which only the row tells.
    let view = read.map_err(|refusal| call.unread(&Log::Global, refusal))?;
    let subject = write.command.subject();
    let row = row::<Project>(&view.state, &subject)?;
    let (_, mut row) = row.ok_or_else(|| rejected(&domain::Rejection::NotFound { subject: subject.clone() }, ""))?;
    if committed.validated_only {
        row.state = State::Deleting;
        row.awaiting = registered(&view.state);
    } else if let Some(uid) = deleted_uid(call, committed, &subject).await {
        // The name may have been taken by another project since.
        let deletion = Deletion { project: row.name, uid };
        return Ok(Answer::new(deletion.stands(&view.state)?, view.token(), view.age));
    }
    let deletion = Deletion { project: row.name.clone(), uid: row.uid };
    Ok(Answer::new(deletion.of(&row, &view.state), view.token(), view.age))
}

/// The uid of the project that a deletion is about, from its record; `None` when that is no longer kept.
async fn deleted_uid(call: &Call, committed: &Committed, subject: &Subject) -> Option<RequestId> {
    let before = ids::Seq(committed.position.seq.0.checked_sub(1)?);
    let mut feed = call.opened.region.watch(&Log::Global, before)?;
    let FeedItem::Record { proposal, .. } = timeout(call.env(), call.left(), feed.next()).await?.ok()? else {
        return None;
    };
    let fact = proposal.facts.iter().find(|fact| fact.subject == *subject)?;
    match wire::decode_entity(fact.after.as_ref()?).ok()? {
        domain::Entity::Project(row) => Some(row.uid),
        _another_kind => None,
    }
}

fn parse(text: &str) -> Result<Deletion, Refusal> {
    let read = || {
        let (organization, operation) = text.split_once("/operations/")?;
        let organization: OrganizationName = organization.parse().ok()?;
        let (project, uid) = operation.split_once('.')?;
        let project: Label = project.parse().ok()?;
        let uid = super::input::request_id(uid).ok().flatten()?;
        Some(Deletion { project: organization.project(project), uid })
    };
    read().ok_or_else(|| Refusal::field("name", text, "organizations/{o}/operations/{operation}, as an answer gave it"))
}

impl Deletion {
    fn name(&self) -> String {
        let organization = OrganizationName { organization: self.project.organization.clone() };
        format!("{organization}/operations/{}.{}", self.project.project, self.uid)
    }

    /// How it stands in a state of the global log.
    fn stands(&self, state: &LogState) -> Result<Operation, Refusal> {
        let subject = Subject::resource(&ResourceName::Project(self.project.clone()));
        let row = row::<Project>(state, &subject)?;
        match row {
            Some((_, row)) if row.uid != self.uid => Ok(self.done(None)),
            Some((_, row)) if row.state != State::Active => Ok(self.of(&row, state)),
            _not_begun => {
                let message = format!("looked for {}: no deletion of that project has begun", self.name());
                Err(Refusal::new("NOT_FOUND", message).with("subject", self.name()))
            }
        }
    }

    /// How it stands by the row of its project.
    fn of(&self, row: &Project, state: &LogState) -> Operation {
        if row.state == State::Deleted {
            return self.done(timestamp(row.update_time));
        }
        let all = registered(state).len().max(row.awaiting.len()).max(1);
        let percent = (all - row.awaiting.len()) * 100 / all;
        let metadata = OperationMetadata {
            stage: "DRAINING".to_owned(),
            percent: i32::try_from(percent).unwrap_or(0),
            waiting_for: row.awaiting.iter().map(RegionId::to_string).collect(),
            create_time: None,
            update_time: timestamp(row.update_time),
        };
        self.operation(false, metadata)
    }

    fn done(&self, update_time: Option<prost_types::Timestamp>) -> Operation {
        let stage = "DONE".to_owned();
        self.operation(true, OperationMetadata { stage, percent: 100, update_time, ..OperationMetadata::default() })
    }

    fn operation(&self, done: bool, metadata: OperationMetadata) -> Operation {
        Operation {
            name: self.name(),
            kind: KIND.to_owned(),
            target: self.project.to_string(),
            done,
            metadata: Some(metadata),
            error: None,
        }
    }
}

fn registered(state: &LogState) -> std::collections::BTreeSet<RegionId> {
    let regions = state.entries(&sets::regions(), None, domain::REGIONS_MAX);
    regions.iter().filter_map(|region| region.parse().ok()).collect()
}

/// Those of an organization that are not done: a look at its projects, from where the page before ended.
fn list(
    state: &LogState,
    parent: &OrganizationName,
    size: usize,
    after: &str,
) -> Result<ListOperationsResponse, Refusal> {
    domain::query::organization(state, parent).map_err(|why| rejected(&why, ""))?;
    let size = if size == 0 { ids::limits::PAGE_SIZE_MAX } else { size.min(ids::limits::PAGE_SIZE_MAX) };
    let prefix = format!("{parent}/projects/");
    let wrong = || Refusal::field("page_token", after, "the token of the page before, or none");
    if !after.is_empty() && after.parse::<Label>().is_err() {
        return Err(wrong());
    }
    let from: Subject = format!("{prefix}{after}").parse().map_err(|_| wrong())?;
    let (mut operations, mut looked_at, mut last) = (Vec::new(), 0, None);
    let rows = state.rows_from(from).take_while(|(subject, _)| subject.as_str().starts_with(&prefix));
    for (subject, _) in rows {
        // A project's sets and their entries sort behind it.
        let Some(label) = subject.as_str().strip_prefix(&prefix).filter(|label| label.parse::<Label>().is_ok()) else {
            continue;
        };
        if label == after {
            continue;
        }
        if operations.len() == size || looked_at == LOOKED_AT_MAX {
            let next_page_token = last.unwrap_or_default();
            return Ok(ListOperationsResponse { operations, next_page_token });
        }
        looked_at += 1;
        last = Some(label.to_owned());
        let row = row::<Project>(state, subject)?;
        if let Some((_, row)) = row.filter(|(_, row)| row.state == State::Deleting) {
            let deletion = Deletion { project: row.name.clone(), uid: row.uid };
            operations.push(deletion.of(&row, state));
        }
    }
    Ok(ListOperationsResponse { operations, next_page_token: String::new() })
}
