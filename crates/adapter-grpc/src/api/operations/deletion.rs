//! The deletion of a project, read off the project's row.
//!
//! Its operation is named by the project's id and uid, `{project}.{uid}`, so a project that takes the name later is told apart.

use api::v1::{Operation, OperationMetadata};
use domain::{Project, State, View as _, sets};
use ids::{Label, Log, OrganizationName, ProjectName, RegionId, RequestId, ResourceName, Subject, Token};
use ledger::{FeedItem, LogState};
use ports::timeout;
use region::Consistency;

use crate::api::{
    call::{Answer, Call},
    command::Write,
    read::unread,
    read::{rejected, row},
    resource::timestamp,
    status::Refusal,
    write::{Committed, unknown},
};

const KIND: &str = "projects.delete";

/// One deletion of one project.
pub struct Deletion {
    pub project: ProjectName,
    uid: RequestId,
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
    let view = read.map_err(|refusal| unread(&call.opened, &Log::Global, refusal))?;
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

impl Deletion {
    /// The one that these parts of an operation's name say.
    pub fn named(organization: &OrganizationName, parts: &[&str]) -> Option<Self> {
        let [project, uid] = parts else { return None };
        let project: Label = project.parse().ok()?;
        let uid = crate::api::input::request_id(uid).ok().flatten()?;
        Some(Self { project: organization.project(project), uid })
    }

    /// The one that is under way of a project.
    pub fn under_way(row: &Project) -> Option<Self> {
        (row.state == State::Deleting).then(|| Self { project: row.name.clone(), uid: row.uid })
    }

    fn name(&self) -> String {
        let organization = OrganizationName { organization: self.project.organization.clone() };
        format!("{organization}/operations/{}.{}", self.project.project, self.uid)
    }

    /// How it stands in a state of the global log.
    pub fn stands(&self, state: &LogState) -> Result<Operation, Refusal> {
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
    pub fn of(&self, row: &Project, state: &LogState) -> Operation {
        if row.state == State::Deleted {
            return self.done(timestamp(row.update_time));
        }
        let all = registered(state).len().max(row.awaiting.len()).max(1);
        let percent = (all - row.awaiting.len()) * 100 / all;
        let metadata = OperationMetadata {
            stage: "DRAINING".to_owned(),
            percent: i32::try_from(percent).unwrap_or(0),
            waiting_for: row.awaiting.iter().map(RegionId::to_string).collect(),
            update_time: timestamp(row.update_time),
            ..OperationMetadata::default()
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
