//! The catalogue: editions, which operators publish and halt, and what there is to be had of those in use.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Catalog`.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) client: Client,
}

/// What a list is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// `editions/{edition}`; or `editions/-`: those in use now.
    pub parent: String,
    /// `locations/{location}`, or nothing: everywhere.
    pub location: String,
}

impl Default for Offered {
    /// Everything that is in use anywhere.
    fn default() -> Self {
        Self { parent: "editions/-".to_owned(), location: String::new() }
    }
}

macro_rules! offered {
    ($($(#[$doc:meta])* $method:ident, $rpc:ident, $request:ident, $item:ident;)+) => {$(
        $(#[$doc])*
        /// A `page_size` of 0 means the server's.
        pub fn $method(&self, of: &Offered, page_size: i32, options: &Read) -> Pages<v1::$item> {
            let (client, of, options) = (self.client.clone(), of.clone(), options.clone());
            Pages::new(move |page_token| {
                let (Offered { parent, location }, read) = (of.clone(), Some(options.out(&client.token())));
                let request = v1::$request { parent, location, page_size, page_token, read };
                let (client, plan) = (client.clone(), Plan::read(&options));
                Box::pin(async move {
                    let listed = client.unary(plan, request, rpc!(catalog_client::CatalogClient, $rpc)).await?;
                    Ok(listed.map(|list| Page {
                        items: list.$method,
                        unreachable: Vec::new(),
                        next_page_token: list.next_page_token,
                    }))
                })
            })
        }
    )+};
}

impl Catalog {
    /// An edition with what is in it.
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Edition>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetEditionRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(catalog_client::CatalogClient, get_edition)).await
    }

    /// All editions, halted ones too, in the order of their names, without what is in them. A `page_size` of 0 means the server's.
    pub fn list(&self, page_size: i32, options: &Read) -> Pages<v1::Edition> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListEditionsRequest { page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(catalog_client::CatalogClient, list_editions)).await?;
                Ok(listed.map(|list| Page {
                    items: list.editions,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Publishes an edition. Without `waves` it spreads as the ring sees fit: the first at once, later ones by name, an hour apart.
    pub async fn publish(
        &self,
        contents: v1::CatalogContents,
        waves: Option<v1::WavePlan>,
        options: &Write,
    ) -> Result<Answered<v1::Edition>, Error> {
        let (options, request_id) = settled(options);
        let validate_only = options.validate_only;
        let request = v1::PublishEditionRequest { contents: Some(contents), waves, request_id, validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(catalog_client::CatalogClient, publish_edition)).await
    }

    /// Stops an edition for good.
    pub async fn halt(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Edition>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::HaltEditionRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(catalog_client::CatalogClient, halt_edition)).await
    }

    /// All locations, by name, and which edition each uses.
    pub async fn locations(&self, options: &Read) -> Result<Answered<v1::ListLocationsResponse>, Error> {
        let request = v1::ListLocationsRequest { read: Some(options.out(&self.client.token())) };
        self.client.unary(Plan::read(options), request, rpc!(catalog_client::CatalogClient, list_locations)).await
    }

    offered! {
        /// Cluster types, each with its decisions.
        cluster_types, list_cluster_types, ListClusterTypesRequest, OfferedClusterType;
        /// Kubernetes versions, where they are, and how each is supported today.
        versions, list_versions, ListVersionsRequest, OfferedVersion;
        /// Machines, and what they cost where.
        instance_types, list_instance_types, ListInstanceTypesRequest, OfferedInstanceType;
    }
}
