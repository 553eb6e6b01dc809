//! Who may do what, why, and what a change would do.

use api::v1;

use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    mutations::{give_request_id, request_id},
    pages::Page,
};

/// The service `Access`.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) client: Client,
}

impl Access {
    /// What a member may do on a node, or on it and everything below; page, token and what to hold are set here.
    pub fn effective(
        &self,
        question: v1::ListEffectiveRightsRequest,
        page_size: i32,
        options: &Read,
    ) -> Pages<v1::EffectiveRights> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListEffectiveRightsRequest { page_size, page_token, read, ..question.clone() };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(access_client::AccessClient, list_effective_rights));
                Ok(listed.await?.map(|list| Page {
                    items: list.nodes,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Who may do something to a node; as [`Self::effective`].
    pub fn who_can(&self, question: v1::ListMembersWhoCanRequest, page_size: i32, options: &Read) -> Pages<String> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListMembersWhoCanRequest { page_size, page_token, read, ..question.clone() };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(access_client::AccessClient, list_members_who_can));
                Ok(listed.await?.map(|list| Page {
                    items: list.members,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Whether a member may do something, and what that rests on.
    pub async fn explain(
        &self,
        question: v1::ExplainAccessRequest,
        options: &Read,
    ) -> Result<Answered<v1::ExplainAccessResponse>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::ExplainAccessRequest { read, ..question };
        self.client.unary(Plan::read(options), request, rpc!(access_client::AccessClient, explain_access)).await
    }

    /// What a change would do. Nothing is changed.
    pub async fn preview(
        &self,
        change: v1::mutation::Kind,
        options: &Read,
    ) -> Result<Answered<v1::PreviewChangeResponse>, Error> {
        let read = Some(options.out(&self.client.token()));
        let change = Some(v1::Mutation { kind: Some(change), retried: false });
        let request = v1::PreviewChangeRequest { change, read };
        self.client.unary(Plan::read(options), request, rpc!(access_client::AccessClient, preview_change)).await
    }

    /// Makes a change as it was previewed. Its request id is that of all tries; where it has none, it gets one.
    pub async fn commit(
        &self,
        change: v1::mutation::Kind,
        plan_token: &str,
        options: &Write,
    ) -> Result<Answered<v1::CommitChangeResponse>, Error> {
        let mut change = v1::Mutation { kind: Some(change), retried: options.retried };
        give_request_id(&mut change);
        let options = &Write { request_id: request_id(&mut change), ..options.clone() };
        let request = v1::CommitChangeRequest { change: Some(change), plan_token: plan_token.to_owned() };
        self.client.unary(Plan::write(options), request, rpc!(access_client::AccessClient, commit_change)).await
    }
}
