//! `atoll.v1.Access`: who may do what, why, and what a change would do.

use std::{collections::BTreeSet, sync::Arc};

use ::access::{Arena, Member, NodeName};
use api::v1::{
    CommitChangeRequest, CommitChangeResponse, EffectiveRights, ExplainAccessRequest, ExplainAccessResponse,
    ListEffectiveRightsRequest, ListEffectiveRightsResponse, ListMembersWhoCanRequest, ListMembersWhoCanResponse,
    PreviewChangeRequest, PreviewChangeResponse, ReadOptions, access_server::Access,
};
use domain::{Rejection, query::page_size};
use ids::{Hlc, Log, Subject, Token};
use prost_types::Timestamp;
use region::{Consistency, ReadView};
use tonic::{Request, Response, Status};

use super::{
    access_policies::{log_of, member, time},
    call::{Answer, Call, WITHIN},
    front::Front,
    input::{self, name},
    read::{Wanted, rejected, wanted},
    roles::{right, rights_out},
    status::Refusal,
};

mod explained;
mod planned;

#[tonic::async_trait]
impl Access for Front {
    async fn list_effective_rights(
        &self,
        request: Request<ListEffectiveRightsRequest>,
    ) -> Result<Response<ListEffectiveRightsResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let (of, node) = (member("member", &request.member)?, name::<NodeName>("node", &request.node)?);
            let size = page_size(input::page_size(request.page_size)?);
            let asked = call.ask(&node, request.read, request.at.as_ref()).await?;
            asked.check_there(&node)?;
            let (arena, now) = (&asked.arena, asked.now);
            let found = match request.below {
                true => arena.effective_below((&of).into(), &node, now),
                false => [(node.clone(), arena.effective((&of).into(), &node, now))].into(),
            };
            let seen = found.into_iter().filter(|(node, _)| to.sees_policy(node));
            let all = seen.map(|(node, rights)| (node.to_string(), rights));
            let mut all: Vec<_> = all.filter(|(node, _)| *node > request.page_token).collect();
            all.sort_by(|(one, _), (other, _)| one.cmp(other));
            let next_page_token = page_of(&mut all, size, |(node, _)| node.clone());
            let nodes = all.into_iter().map(|(node, rights)| EffectiveRights { node, rights: rights_out(rights) });
            let body = ListEffectiveRightsResponse { nodes: nodes.collect(), next_page_token };
            Ok(asked.answer(body))
        })
        .await
    }

    async fn list_members_who_can(
        &self,
        request: Request<ListMembersWhoCanRequest>,
    ) -> Result<Response<ListMembersWhoCanResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let (of, node) = (right("right", &request.right)?, name::<NodeName>("node", &request.node)?);
            let size = page_size(input::page_size(request.page_size)?);
            let asked = call.ask(&node, request.read, request.at.as_ref()).await?;
            asked.check_there(&node)?;
            if of.kind() != node.kind() {
                let wanted = format!("a right that is asked on nodes of the kind {}", node.kind());
                return Err(Refusal::field("right", &request.right, wanted));
            }
            let found = asked.arena.who_can(of, &node, asked.now);
            let mut members: Vec<String> = found.iter().map(Member::to_string).collect();
            members.sort();
            members.retain(|member| *member > request.page_token);
            let next_page_token = page_of(&mut members, size, String::clone);
            Ok(asked.answer(ListMembersWhoCanResponse { members, next_page_token }))
        })
        .await
    }

    async fn explain_access(
        &self,
        request: Request<ExplainAccessRequest>,
    ) -> Result<Response<ExplainAccessResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let (of, right) = (member("member", &request.member)?, right("right", &request.right)?);
            let node = name::<NodeName>("node", &request.node)?;
            let asked = call.ask(&node, request.read, request.at.as_ref()).await?;
            let told = asked.arena.explain((&of).into(), right, &node, asked.now);
            let explanation = match to.reader() {
                Some(reader) => told.shown_to(&asked.arena, reader),
                None => told,
            };
            Ok(asked.answer(explained::explained(explanation)))
        })
        .await
    }

    async fn preview_change(
        &self,
        request: Request<PreviewChangeRequest>,
    ) -> Result<Response<PreviewChangeResponse>, Status> {
        self.serve(request, WITHIN, |call, request| Box::pin(async move { call.preview(request).await })).await
    }

    async fn commit_change(
        &self,
        request: Request<CommitChangeRequest>,
    ) -> Result<Response<CommitChangeResponse>, Status> {
        let takes = self.writes.taken();
        let commit = |call: Arc<Call>, request| {
            Box::pin(async move {
                takes?;
                call.commit(request).await
            })
        };
        self.serve_write(request, WITHIN, commit).await
    }
}

/// The access of one organization, and as of when it is asked about.
struct Asked {
    arena: Arena,
    now: Hlc,
    views: Vec<ReadView>,
}

impl Asked {
    fn check_there(&self, node: &NodeName) -> Result<(), Refusal> {
        if self.arena.way(node).is_some() {
            return Ok(());
        }
        Err(Refusal::new("NOT_FOUND", format!("looked for {node}: it is not there, as far as is known here")))
    }

    fn answer<T>(&self, body: T) -> Answer<T> {
        // As old as the oldest of the logs that were read for it.
        let ages = self.views.iter().map(|view| view.age);
        let age = ages.reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other))).flatten();
        Answer::new(body, self.arena.positions().clone(), age)
    }
}

impl Call {
    /// The access of the organization of a node, which holds what `read` asks for.
    async fn ask(&self, node: &NodeName, read: Option<ReadOptions>, at: Option<&Timestamp>) -> Result<Asked, Refusal> {
        let now = at.map_or_else(|| Ok(self.now()), |at| time("at", at))?;
        let wanted = wanted(read)?;
        let mut views = vec![self.read(&Log::Global, &only(&Log::Global, &wanted)).await?];
        // What is bound on a cluster its region says.
        let mut others: BTreeSet<Log> = [log_of(node)].into();
        if let Consistency::AtLeast(token) = &wanted.consistency {
            others.extend(token.positions().map(|position| position.log));
        }
        for log in others.iter().filter(|log| **log != Log::Global) {
            views.push(self.read(log, &only(log, &wanted)).await?);
        }
        let organization = node.organization();
        let subject = || Subject::resource(&organization.clone().into());
        let arena = self.opened.region.access(&organization);
        let arena = arena.ok_or_else(|| rejected(&Rejection::NotFound { subject: subject() }, ""))?;
        Ok(Asked { arena: with_namespace(arena, node), now, views })
    }
}

/// Nothing says yet which namespaces there are: one that is asked about is there where its cluster is.
fn with_namespace(arena: Arena, node: &NodeName) -> Arena {
    let there = |cluster| arena.way(&NodeName::Cluster(cluster)).is_some();
    match node {
        NodeName::Namespace(name) if there(name.cluster.clone()) => gateway::authorize::with(arena, node),
        _ => arena,
    }
}

/// What is wanted of one log.
pub fn only(log: &Log, wanted: &Wanted) -> Wanted {
    let consistency = match &wanted.consistency {
        Consistency::AtLeast(token) => {
            let mut of_it = Token::default();
            token.positions().filter(|position| position.log == *log).for_each(|position| of_it.see(&position));
            Consistency::AtLeast(of_it)
        }
        other => other.clone(),
    };
    Wanted { consistency, max_staleness: wanted.max_staleness }
}

/// Cuts what is more than a page; the token of the next one.
pub fn page_of<T>(all: &mut Vec<T>, size: usize, key: impl Fn(&T) -> String) -> String {
    let more = all.len() > size;
    all.truncate(size);
    all.last().filter(|_| more).map(key).unwrap_or_default()
}
