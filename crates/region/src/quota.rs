//! Quotas: a region takes over its slices, and says when it holds no more than it is to give up.
//!
//! Two steps for each organization, of which the second rests on the first: the region's row gets the limit that the global log says
//! (`domain::quota`), which every creation guards on; and when the region's clusters need no more than that, the region says so to the
//! global log, which only then lets others have more. What this copy of the region's log shows is committed, and below a limit once is
//! below it until the limit is another; so nobody need be asked whether it still holds.
//!
//! One worker per member (see [`crate::wish`]); it acts only while its member leads the region's group. The request id of a mirroring
//! names the term too, because a leader whose copy of the global log is behind refuses it, and a refusal may be remembered.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Allotment, Entity, Slice, View,
    command::{AcknowledgeQuota, MirrorQuota},
    quota,
};
use futures_util::future::{FutureExt, join_all, pending, select};
use ids::{Log, OrganizationName, RegionId};
use ledger::{Canary, LogState, group::Group};
use wire::entity::decode_entity;

use crate::{
    region::{Inner, Region},
    wish::{AT_ONCE, Pace, derived},
};

/// What the worker remembers between two looks; all of it can be lost.
struct Quotas {
    region: RegionId,
    /// The term in which this member led when it looked last: another one begins anew.
    term: Option<u64>,
    /// The global log as it was looked at last in this term.
    looked: LogState,
    /// This region's slices.
    slices: BTreeMap<OrganizationName, Slice>,
}

impl Region {
    pub(crate) fn spawn_quotas(&self) {
        let inner = Arc::clone(&self.inner);
        self.inner.env.tasks().spawn(async move { inner.keep_quotas().await });
    }
}

impl Inner {
    async fn keep_quotas(&self) {
        let region = self.ledger.config().region.clone();
        let own = Log::Region(region.clone());
        let (Some(global), Some(own)) = (self.ledger.group(&Log::Global), self.ledger.group(&own)) else { return };
        let mut quotas = Quotas { region, term: None, looked: LogState::new(Log::Global), slices: BTreeMap::new() };
        let mut pace = Pace::new(self.env.as_ref(), "quota");
        loop {
            let (global_seen, own_seen) = (global.cell().seq(), own.cell().seq());
            let granted = self.keep_quotas_once(&mut quotas, global, own).await;
            let global_changes = Box::pin(global.cell().reached(global_seen.next()));
            // What the region's clusters do matters only while something is to be given up.
            let own_changes = match quotas.slices.values().any(Slice::is_shrinking) {
                true => own.cell().reached(own_seen.next()).boxed(),
                false => pending().boxed(),
            };
            pace.rest(self.env.as_ref(), granted, select(global_changes, own_changes)).await;
        }
    }

    /// Does what is to be done, if this member leads its region's group. `false`: something was not granted.
    async fn keep_quotas_once(&self, quotas: &mut Quotas, global: &Group, own: &Group) -> bool {
        let term = own.is_leader().then(|| own.term());
        if term != quotas.term {
            (quotas.term, quotas.looked) = (term, LogState::new(Log::Global));
            quotas.slices.clear();
        }
        if term.is_none() || self.admission.closing() {
            return true;
        }
        quotas.take_in(&global.cell().state());
        let mirrored = self.mirror_quotas(quotas, &own.cell().state()).await;
        let acknowledged = self.acknowledge_quotas(quotas, &own.cell().state()).await;
        mirrored && acknowledged
    }

    async fn mirror_quotas(&self, quotas: &Quotas, own: &LogState) -> bool {
        let term = quotas.term.unwrap_or_default().to_be_bytes();
        let newer = quotas.slices.iter().filter(|(organization, slice)| {
            let held = held(own, organization).and_then(|row| row.limit);
            held.is_none_or(|limit| limit.generation < slice.generation)
        });
        let wishes = newer.take(AT_ONCE).map(|(organization, slice)| {
            let (name, region) = (organization.organization.as_str().as_bytes(), quotas.region.as_str().as_bytes());
            let request_id = derived("mirror quota", &[name, region, &slice.generation.0.to_be_bytes(), &term]);
            let command = MirrorQuota { organization: organization.clone(), region: quotas.region.clone() };
            self.wish(request_id, command.into())
        });
        join_all(wishes).await.into_iter().all(|granted| granted)
    }

    async fn acknowledge_quotas(&self, quotas: &Quotas, own: &LogState) -> bool {
        let hasty = self.ledger.config().canary.is(Canary::HastyQuota);
        let gave_up = quotas.slices.iter().filter(|(organization, slice)| {
            let row = held(own, organization);
            let limit = row.as_ref().and_then(|row| row.limit).filter(|limit| limit.generation == slice.generation);
            let below = row.zip(limit).is_some_and(|(row, limit)| row.used <= limit.vcpus);
            slice.is_shrinking() && (below || hasty)
        });
        let wishes = gave_up.take(AT_ONCE).map(|(organization, slice)| {
            let (name, region) = (organization.organization.as_str().as_bytes(), quotas.region.as_str().as_bytes());
            let generation = slice.generation;
            let request_id = derived("acknowledge quota", &[name, region, &generation.0.to_be_bytes()]);
            let (organization, region) = (organization.clone(), quotas.region.clone());
            self.wish(request_id, AcknowledgeQuota { organization, region, generation }.into())
        });
        join_all(wishes).await.into_iter().all(|granted| granted)
    }
}

/// What an organization holds here. A row that cannot be read says nothing: it is looked at again.
fn held(own: &LogState, organization: &OrganizationName) -> Option<Allotment> {
    let rows: &dyn View = own;
    rows.row::<Allotment>(&quota::allotment(organization)).ok().flatten().map(|(_, row)| row)
}

impl Quotas {
    /// Notes this region's slices, from the rows that are new since the last look. Those of an organization that is gone stay and do no
    /// harm: what they ask for is done, or refused.
    fn take_in(&mut self, global: &LogState) {
        for (_, row) in global.changed_since(&self.looked) {
            let Ok(Entity::Quota(quota)) = decode_entity(&row.value) else { continue };
            if let Some(slice) = quota.slices.get(&self.region) {
                self.slices.insert(quota.organization, *slice);
            }
        }
        self.looked = global.clone();
    }
}
