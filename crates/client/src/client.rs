//! The client: what all calls share.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Config, Error, Token, TraceContext,
    access::Access,
    endpoint::Connections,
    logs::Logs,
    operations::Operations,
    regions::Regions,
    resources::{
        AccessPolicies, Catalog, CloudAccounts, ClusterPolicies, Clusters, Folders, Groups, IdentityProviders,
        Organizations, Projects, Quotas, Revokes, Roles, ServiceAccounts,
    },
    retry::Budget,
    steer::Steer,
    usage::Usage,
};

/// One client over all regions. Clones share connections, health and token.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    /// The trace that its calls are part of; each is one of its own otherwise.
    trace: Option<TraceContext>,
}

pub(crate) struct Shared {
    pub config: Config,
    pub steer: Steer,
    pub budget: Budget,
    token: Mutex<Token>,
}

impl Client {
    /// Checks the configuration. Connects to nobody: that happens at the first call, on the tokio runtime that the call runs on.
    pub fn connect(config: Config) -> Result<Self, Error> {
        let misconfigured =
            |message: String| Error::made(tonic::Code::InvalidArgument, crate::reason::MISCONFIGURED, message);
        config.check().map_err(misconfigured)?;
        let mut members = Vec::new();
        for endpoint in &config.endpoints {
            members.push(Connections::new(endpoint, &config).map_err(misconfigured)?);
        }
        let steer = Steer::new(members, config.preferred_region.clone());
        let shared = Shared { steer, budget: Budget::default(), token: Mutex::default(), config };
        Ok(Self { shared: Arc::new(shared), trace: None })
    }

    /// The same client, whose calls from here on are part of this trace.
    #[must_use]
    pub fn traced(&self, trace: TraceContext) -> Self {
        Self { shared: Arc::clone(&self.shared), trace: Some(trace) }
    }

    /// What a call that begins now sends with all its tries.
    pub(crate) fn trace(&self) -> TraceContext {
        self.trace.unwrap_or_else(TraceContext::unasked)
    }

    pub fn organizations(&self) -> Organizations {
        Organizations { client: self.clone() }
    }

    pub fn folders(&self) -> Folders {
        Folders { client: self.clone() }
    }

    pub fn projects(&self) -> Projects {
        Projects { client: self.clone() }
    }

    pub fn clusters(&self) -> Clusters {
        Clusters { client: self.clone() }
    }

    pub fn access_policies(&self) -> AccessPolicies {
        AccessPolicies { client: self.clone() }
    }

    pub fn groups(&self) -> Groups {
        Groups { client: self.clone() }
    }

    pub fn roles(&self) -> Roles {
        Roles { client: self.clone() }
    }

    pub fn revokes(&self) -> Revokes {
        Revokes { client: self.clone() }
    }

    pub fn identity_providers(&self) -> IdentityProviders {
        IdentityProviders { client: self.clone() }
    }

    pub fn service_accounts(&self) -> ServiceAccounts {
        ServiceAccounts { client: self.clone() }
    }

    pub fn access(&self) -> Access {
        Access { client: self.clone() }
    }

    pub fn cloud_accounts(&self) -> CloudAccounts {
        CloudAccounts { client: self.clone() }
    }

    pub fn catalog(&self) -> Catalog {
        Catalog { client: self.clone() }
    }

    pub fn cluster_policies(&self) -> ClusterPolicies {
        ClusterPolicies { client: self.clone() }
    }

    pub fn quotas(&self) -> Quotas {
        Quotas { client: self.clone() }
    }

    pub fn operations(&self) -> Operations {
        Operations { client: self.clone() }
    }

    pub fn regions(&self) -> Regions {
        Regions { client: self.clone() }
    }

    pub fn logs(&self) -> Logs {
        Logs { client: self.clone() }
    }

    pub fn usage(&self) -> Usage {
        Usage { client: self.clone() }
    }

    /// What the answers so far have seen.
    pub fn token(&self) -> Token {
        self.shared.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes later reads show no less than this: of an earlier run, or of another client.
    pub fn import_token(&self, token: &Token) {
        self.shared.token.lock().unwrap_or_else(PoisonError::into_inner).merge(token);
    }

    /// The addresses known by now, and whether each took its last call.
    pub fn endpoints(&self) -> Vec<(crate::Endpoint, bool)> {
        let members = self.shared.steer.members();
        members.iter().map(|member| (member.endpoint.clone(), !member.health.is_down())).collect()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoints", &self.shared.config.endpoints).finish_non_exhaustive()
    }
}
