//! A change that is looked at before it is made, and made as it was looked at.

use ::access::{Blast, BlastClass, Change, Difference, Member, NodeName, PlanToken, Preview, Stage, Stale};
use api::v1::{
    CommitChangeRequest, CommitChangeResponse, Mutation, PreviewChangeRequest, PreviewChangeResponse, PreviewClass,
    PreviewDifference, PreviewStage,
};
use domain::{Command, query::organization_of};
use gateway::Need;
use ids::Hash;

use super::{Asked, only};
use crate::api::{
    call::{Answer, Call},
    command::{Write, Writes, public_name},
    input::present,
    read::Wanted,
    resource::timestamp,
    roles::rights_out,
    status::Refusal,
    token,
    write::{Committed, submission},
};

/// Of members, classes and differences, so many are told; how many there are is told in any case.
const TOLD: usize = 100;
/// Times at which a change has effects.
const STAGES_MAX: usize = 16;
/// A commit that others got ahead of is tried so often.
const TRIES: usize = 5;

impl Call {
    pub(super) async fn preview(
        &self,
        request: PreviewChangeRequest,
    ) -> Result<Answer<PreviewChangeResponse>, Refusal> {
        let write = planned_write(request.change)?;
        let asked = self.ask(&node_of(&write.command)?, request.read, None).await?;
        let changes = changes(&asked, &write.command)?;
        check_stages(&asked, &changes)?;
        let preview = asked.arena.preview(&changes, asked.now).map_err(|why| refused(&why))?;
        let Preview { stages, token } = &preview;
        let body = PreviewChangeResponse { stages: stages.iter().map(stage).collect(), plan_token: print(token) };
        Ok(asked.answer(body))
    }

    pub(super) async fn commit(&self, request: CommitChangeRequest) -> Result<Answer<CommitChangeResponse>, Refusal> {
        let mut write = planned_write(request.change)?;
        // Before anything is looked at that a refusal would tell of.
        self.admit(&Need::of(&write.command)).await?;
        let known_request = write.request_id.is_some();
        // All tries are one wish.
        write.request_id.get_or_insert_with(|| self.opened.request_id());
        let plan = parse("plan_token", &request.plan_token)?;
        let node = node_of(&write.command)?;
        for _ in 0..TRIES {
            write.planned = match self.confirmed(&write, &node, &plan).await {
                Ok(confirmed) => Some(confirmed),
                // An earlier try of this commit is what makes its plan look stale.
                Err(Unconfirmed::Stale(refusal)) if known_request => return self.done_before(write, refusal).await,
                Err(Unconfirmed::Stale(refusal) | Unconfirmed::Unknown(refusal)) => return Err(refusal),
            };
            match self.submit_planned(&write).await {
                Ok(committed) => return Ok(committed_answer(&write, committed)),
                // Somebody else changed something: whether that matters is looked at again.
                Err(refusal) if refusal.reason == "PLAN_STALE" => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Err(stale("others kept changing who may do what"))
    }

    /// The answer to an earlier try, if there was one that took effect; else why this one is refused.
    async fn done_before(&self, mut write: Write, why: Refusal) -> Result<Answer<CommitChangeResponse>, Refusal> {
        // Nothing is decided anew: no plan rests on the beginning of a log.
        write.planned = Some(ids::Seq::ZERO);
        match self.submit_planned(&write).await {
            Ok(committed) => Ok(committed_answer(&write, committed)),
            Err(refusal) if refusal.reason == "PLAN_STALE" => Err(why),
            Err(refusal) => Err(refusal),
        }
    }

    /// That a plan was stale once is no outcome of the wish: it is not recorded as one.
    async fn submit_planned(&self, write: &Write) -> Result<Committed, Refusal> {
        let by = self.admit(&Need::of(&write.command)).await?;
        let (write, traceparent) = (write.clone(), self.traceparent.clone());
        self.submit_as(&submission(&self.opened, &by, write, traceparent, &self.seen, false)).await
    }

    /// The plan holds here and now; as of which record of the log that decides about the change.
    async fn confirmed(&self, write: &Write, node: &NodeName, plan: &PlanToken) -> Result<ids::Seq, Unconfirmed> {
        let log = write.command.log();
        // What is confirmed must be what is decided on, or close to it.
        let newest = Wanted { consistency: region::Consistency::Linearizable, max_staleness: None };
        self.read(&log, &only(&log, &newest)).await.map_err(Unconfirmed::Unknown)?;
        let asked = self.ask(node, None, None).await.map_err(Unconfirmed::Unknown)?;
        let changes = changes(&asked, &write.command).map_err(Unconfirmed::Unknown)?;
        check_stages(&asked, &changes).map_err(Unconfirmed::Unknown)?;
        asked.arena.confirm(&changes, asked.now, plan).map_err(|why| match why {
            Stale::Behind { .. } => Unconfirmed::Unknown(Refusal::new("NOT_YET_REPLICATED", why.to_string())),
            Stale::Refused(why) => Unconfirmed::Stale(refused(&why)),
            Stale::Changed => Unconfirmed::Stale(stale("it would do something else by now")),
        })?;
        Ok(asked.arena.positions().get(&log).map_or(ids::Seq::ZERO, |(_, seq)| seq))
    }
}

/// Why a plan was not confirmed.
enum Unconfirmed {
    /// It would do something else by now, or nothing.
    Stale(Refusal),
    /// It may hold: that could not be told.
    Unknown(Refusal),
}

/// Each beginning and end of a binding that is changed is a stage, which is worked out for itself.
fn check_stages(asked: &Asked, changes: &[Change]) -> Result<(), Refusal> {
    let stages = asked.arena.stages_of(changes, asked.now);
    if stages <= STAGES_MAX {
        return Ok(());
    }
    let message = format!(
        "looked at a change that has effects at {stages} times: wanted {STAGES_MAX} at most, or to make it in parts"
    );
    Err(Refusal::new("ACCESS_CHANGE_REFUSED", message))
}

fn committed_answer(write: &Write, committed: Committed) -> Answer<CommitChangeResponse> {
    let etag = if committed.validated_only { String::new() } else { committed.position.seq.to_string() };
    let body = CommitChangeResponse { name: public_name(&write.command), etag };
    Answer { body, token: committed.position.into(), age: None, partial: false }
}

fn planned_write(change: Option<Mutation>) -> Result<Write, Refusal> {
    present("change", change)?.write()
}

/// The node that a command is about, or the organization whose access it changes.
fn node_of(command: &Command) -> Result<NodeName, Refusal> {
    if let Command::ChangePolicy(command) = command {
        return Ok(command.node.clone());
    }
    let subject = command.subject();
    let organization = organization_of(&subject);
    organization.map(NodeName::Organization).ok_or_else(|| unplannable(command))
}

fn changes(asked: &Asked, command: &Command) -> Result<Vec<Change>, Refusal> {
    region::proposed::changes(&asked.arena, command).ok_or_else(|| unplannable(command))
}

fn unplannable(command: &Command) -> Refusal {
    let wanted = "a change of an access policy, a group or a role, or a move of a folder or a project";
    Refusal::field("change", command.subject().as_str(), wanted)
}

fn refused(why: &::access::Refusal) -> Refusal {
    Refusal::new("ACCESS_CHANGE_REFUSED", why.to_string())
}

fn stale(why: &str) -> Refusal {
    Refusal::new("PLAN_STALE", format!("committed a change that was looked at before: {why}; wanted another look"))
}

/// `{digest}@{positions}`.
fn print(plan: &PlanToken) -> String {
    format!("{}@{}", plan.digest, token::print(&plan.positions))
}

fn parse(field: &str, text: &str) -> Result<PlanToken, Refusal> {
    let wanted = || Refusal::field(field, text, "the plan token of a preview");
    let (digest, positions) = text.split_once('@').ok_or_else(wanted)?;
    let digest: Hash = digest.parse().map_err(|_| wanted())?;
    Ok(PlanToken { digest, positions: token::parse(field, positions)? })
}

fn stage(of: &Stage) -> PreviewStage {
    let Stage { from, blast } = of;
    let pairs = |class: &BlastClass| count(class.members.len()).saturating_mul(count(class.nodes));
    PreviewStage {
        start_time: from.and_then(timestamp),
        classes: blast.classes.iter().take(TOLD).map(|of| class(blast, of)).collect(),
        class_count: count(blast.classes.len()),
        pair_count: blast.classes.iter().map(pairs).fold(0, u64::saturating_add),
    }
}

fn class(blast: &Blast, of: &BlastClass) -> PreviewClass {
    let differences = blast.differences(of);
    PreviewClass {
        members: of.members.iter().take(TOLD).map(Member::to_string).collect(),
        member_count: count(of.members.len()),
        differences: differences.iter().take(TOLD).map(difference).collect(),
        difference_count: count(differences.len()),
        node_count: count(of.nodes),
    }
}

fn difference(of: &Difference) -> PreviewDifference {
    PreviewDifference {
        node: of.node.to_string(),
        gained: rights_out(of.gained),
        lost: rights_out(of.lost),
        node_count: count(of.nodes),
        removed: of.removed,
    }
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}
