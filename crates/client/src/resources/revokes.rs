//! Revokes: what takes everything from a member at once, also in a region that is cut off.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Revokes`.
#[derive(Clone, Debug)]
pub struct Revokes {
    pub(crate) client: Client,
}

impl Revokes {
    /// Of `revoke`, `member`, `node` and `reason` are sent. The region in `location` decides, or, where that is empty, the one that is asked.
    pub async fn create(
        &self,
        organization: &str,
        revoke: v1::Revoke,
        location: &str,
        options: &Write,
    ) -> Result<Answered<v1::Revoke>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateRevokeRequest {
            parent: organization.to_owned(),
            revoke: Some(revoke),
            location: location.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(revokes_client::RevokesClient, create_revoke)).await
    }

    /// Those of an organization, of all regions as far as they are known where it is asked. A `page_size` of 0 means the server's.
    pub fn list(&self, organization: &str, show_lifted: bool, page_size: i32, options: &Read) -> Pages<v1::Revoke> {
        let (client, options, parent) = (self.client.clone(), options.clone(), organization.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListRevokesRequest { parent: parent.clone(), show_lifted, page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(revokes_client::RevokesClient, list_revokes)).await?;
                Ok(listed.map(|list| Page {
                    items: list.revokes,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Ends a revoke.
    pub async fn lift(&self, name: &str, reason: &str, options: &Write) -> Result<Answered<v1::Lift>, Error> {
        let (options, request_id) = settled(options);
        let (name, reason, validate_only) = (name.to_owned(), reason.to_owned(), options.validate_only);
        let request = v1::LiftRevokeRequest { name, reason, request_id, validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(revokes_client::RevokesClient, lift_revoke)).await
    }

    /// Who breaks glass: `organizations/{organization}/breakGlass`.
    pub async fn break_glass(&self, name: &str, options: &Read) -> Result<Answered<v1::BreakGlass>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetBreakGlassRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(revokes_client::RevokesClient, get_break_glass)).await
    }

    /// Names who breaks glass, or nobody, at `break_glass.etag` if set.
    pub async fn set_break_glass(
        &self,
        break_glass: v1::BreakGlass,
        options: &Write,
    ) -> Result<Answered<v1::BreakGlass>, Error> {
        let (options, request_id) = settled(options);
        let validate_only = options.validate_only;
        let request = v1::SetBreakGlassRequest { break_glass: Some(break_glass), request_id, validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(revokes_client::RevokesClient, set_break_glass)).await
    }
}
