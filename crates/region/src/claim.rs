//! Cloud accounts for organizations that were made while the pool was empty: as soon as there are some, each gets one.
//!
//! One worker per member (see [`crate::wish`]); it acts only while its member leads the global log. The request id of a claim names the
//! pool as it was seen, because what is refused while the pool is empty must be granted once an operator has filled it.

use std::{collections::BTreeMap, sync::Arc};

use domain::{Entity, State, View, command::ClaimAccount, sets};
use futures_util::future::join_all;
use ids::{Log, OrganizationName, RequestId};
use ledger::{LogState, group::Group};
use wire::entity::decode_entity;

use crate::{
    region::{Inner, Region},
    wish::{AT_ONCE, Pace, derived},
};

/// What the worker remembers between two looks; all of it can be lost.
struct Claims {
    /// The term in which this member led when it looked last: another one begins anew.
    term: Option<u64>,
    /// The global log as it was looked at last in this term.
    looked: LogState,
    /// Organizations that were seen to have no account, with their uids.
    without: BTreeMap<OrganizationName, RequestId>,
}

impl Region {
    pub(crate) fn spawn_claims(&self) {
        let inner = Arc::clone(&self.inner);
        self.inner.env.tasks().spawn(async move { inner.claim().await });
    }
}

impl Inner {
    async fn claim(&self) {
        let Some(global) = self.ledger.group(&Log::Global) else { return };
        let mut claims = Claims { term: None, looked: LogState::new(Log::Global), without: BTreeMap::new() };
        let mut pace = Pace::new(self.env.as_ref(), "claim");
        loop {
            let seen = global.cell().seq();
            let granted = self.claim_once(&mut claims, global).await;
            pace.rest(self.env.as_ref(), granted, global.cell().reached(seen.next())).await;
        }
    }

    /// Claims what can be claimed, if this member leads the global log. `false`: something was not granted.
    async fn claim_once(&self, claims: &mut Claims, global: &Group) -> bool {
        let term = global.is_leader().then(|| global.term());
        if term != claims.term {
            *claims = Claims { term, looked: LogState::new(Log::Global), without: BTreeMap::new() };
        }
        if term.is_none() || self.admission.closing() {
            return true;
        }
        let state = global.cell().state();
        claims.take_in(&state);
        let pool = sets::ready_accounts();
        let (ready, revision) = (state.entries(&pool, None, AT_ONCE).len(), state.revision(&pool));
        let wishes = claims.without.iter().take(ready).map(|(organization, uid)| {
            let request_id = derived("claim account", &[&uid.0, &revision.0.to_be_bytes()]);
            self.wish(request_id, ClaimAccount { organization: organization.clone() }.into())
        });
        join_all(wishes).await.into_iter().all(|granted| granted)
    }
}

impl Claims {
    /// Notes which organizations have no account, from the rows that are new since the last look.
    fn take_in(&mut self, global: &LogState) {
        for (_, row) in global.changed_since(&self.looked) {
            let Ok(Entity::Organization(organization)) = decode_entity(&row.value) else { continue };
            if organization.state == State::Active && organization.account.is_none() {
                self.without.insert(organization.name, organization.uid);
            } else {
                self.without.remove(&organization.name);
            }
        }
        self.looked = global.clone();
    }
}
