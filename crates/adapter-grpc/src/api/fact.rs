//! Records and facts as messages.

use api::v1::{self, fact::After};
use bytes::Bytes;
use domain::{Entity, FactKind};
use ids::{Hash, Revision};
use wire::{Proposal, RawFact, Record, decode_entity};

use super::{
    access_policies,
    clusters::show,
    read::with_details,
    resource::{Resource, timestamp},
    status::Refusal,
};

/// A record as the API shows it.
pub fn record(record: &Record, hash: Hash, proposal: &Proposal, with_proposal: bool) -> v1::Record {
    let revision = Revision::from(record.seq);
    v1::Record {
        log: record.log.to_string(),
        incarnation: record.incarnation.0,
        seq: record.seq.0,
        time: timestamp(record.hlc),
        hlc: record.hlc.0,
        actor: proposal.actor.clone(),
        request_id: proposal.request_id.to_string(),
        traceparent: proposal.traceparent.clone(),
        observed_global_seq: proposal.observed_global_seq.0,
        facts: proposal.facts.iter().map(|raw| fact(raw, revision)).collect(),
        prev_hash: Bytes::copy_from_slice(&record.prev_hash.0),
        hash: Bytes::copy_from_slice(&hash.0),
        proposal: if with_proposal { record.proposal.clone() } else { Bytes::new() },
        rejected: proposal.rejected.as_ref().map(|rejected| {
            let refusal = Refusal::rejected(&rejected.reason, rejected.message.clone());
            with_details(refusal, rejected.details.clone(), "").into_message()
        }),
    }
}

/// What the row holds is shown where this version reads it; a newer one's is shown by kind and subject only.
fn fact(raw: &RawFact, revision: Revision) -> v1::Fact {
    let entity = raw.after.as_ref().and_then(|bytes| decode_entity(bytes).ok());
    let kind = FactKind::from_number(raw.kind);
    v1::Fact {
        kind: kind.map_or_else(|| format!("kind-{}", raw.kind), |kind| kind_name(kind).to_owned()),
        subject: raw.subject.to_string(),
        after: entity.and_then(|entity| after(&entity, kind, revision)),
        removed: raw.after.is_none(),
    }
}

fn after(entity: &Entity, kind: Option<FactKind>, revision: Revision) -> Option<After> {
    match entity {
        Entity::Organization(row) => Some(After::Organization(v1::Organization::show(revision, row))),
        Entity::Folder(row) => Some(After::Folder(v1::Folder::show(revision, row))),
        Entity::Project(row) => Some(After::Project(v1::Project::show(revision, row))),
        Entity::Cluster(row) => Some(After::Cluster(v1::Cluster::show(revision, row))),
        Entity::Account(row) => Some(After::CloudAccount(v1::CloudAccount::show(revision, row))),
        // Of a VPC that clusters share it says nothing that a customer could use.
        Entity::ClusterStatus(row) if kind == Some(FactKind::ClusterProgressed) => {
            Some(After::ClusterStatus(show::status(row)))
        }
        Entity::Deeds(row) => Some(After::Deeds(v1::Deeds { deeds: row.0.iter().map(show::deed).collect() })),
        Entity::MachineRun(row) => Some(After::MachineRun(show::machine_run(row))),
        Entity::Edition(row) => Some(After::Edition(v1::Edition::show(revision, row))),
        Entity::AccessPolicy(row) => Some(After::AccessPolicy(v1::AccessPolicy::show(revision, row))),
        Entity::Binding(row) => Some(After::Binding(access_policies::binding(row))),
        Entity::Group(row) => Some(After::Group(v1::Group::show(revision, row))),
        Entity::CustomRole(row) => Some(After::Role(v1::Role::show(revision, row))),
        Entity::Revoke(row) => Some(After::Revoke(v1::Revoke::show(revision, row))),
        Entity::Lift(row) => Some(After::Lift(v1::Lift::show(revision, row))),
        Entity::BreakGlass(row) => Some(After::BreakGlass(v1::BreakGlass::show(revision, row))),
        Entity::IdentityProvider(row) => Some(After::IdentityProvider(v1::IdentityProvider::show(revision, row))),
        Entity::ServiceAccount(row) => Some(After::ServiceAccount(v1::ServiceAccount::show(revision, row))),
        Entity::ClusterPolicy(row) => Some(After::ClusterPolicy(v1::ClusterPolicy::show(revision, row))),
        // As large as a page of records.
        Entity::Catalog(_) => None,
        Entity::ClusterStatus(_)
        | Entity::Network(_)
        | Entity::SharedVpc(_)
        | Entity::Gate(_)
        | Entity::Quota(_)
        | Entity::Allotment(_)
        | Entity::Marker => None,
    }
}

/// The public name of a kind: stable, whatever the variant is called.
fn kind_name(kind: FactKind) -> &'static str {
    match kind {
        FactKind::OrganizationCreated => "organization-created",
        FactKind::OrganizationUpdated => "organization-updated",
        FactKind::OrganizationDeleted => "organization-deleted",
        FactKind::FolderCreated => "folder-created",
        FactKind::FolderUpdated => "folder-updated",
        FactKind::FolderMoved => "folder-moved",
        FactKind::FolderDeleted => "folder-deleted",
        FactKind::ProjectCreated => "project-created",
        FactKind::ProjectUpdated => "project-updated",
        FactKind::ProjectMoved => "project-moved",
        FactKind::ProjectDeletionStarted => "project-deletion-started",
        FactKind::ProjectRegionDrained => "project-region-drained",
        FactKind::ProjectDeleted => "project-deleted",
        FactKind::ClusterCreated => "cluster-created",
        FactKind::ClusterUpdated => "cluster-updated",
        FactKind::ClusterDeleted => "cluster-deleted",
        FactKind::ClusterProgressed => "cluster-progressed",
        FactKind::DeedsNoted => "deeds-noted",
        FactKind::ClusterDeletionWished => "cluster-deletion-wished",
        FactKind::ClusterUndeleted => "cluster-undeleted",
        FactKind::ClusterHibernationWished => "cluster-hibernation-wished",
        FactKind::ClusterWakingWished => "cluster-waking-wished",
        FactKind::AddressesTaken => "addresses-taken",
        FactKind::AddressesReleased => "addresses-released",
        FactKind::SharedVpcUsed => "shared-vpc-used",
        FactKind::SharedVpcProgressed => "shared-vpc-progressed",
        FactKind::SharedVpcGone => "shared-vpc-gone",
        FactKind::MachineStarted => "machine-started",
        FactKind::MachineStopped => "machine-stopped",
        FactKind::SetChanged => "set-changed",
        FactKind::EntryAdded => "entry-added",
        FactKind::EntryRemoved => "entry-removed",
        FactKind::RegionRegistered => "region-registered",
        FactKind::GateClosed => "gate-closed",
        FactKind::AccountAdded => "cloud-account-added",
        FactKind::AccountClaimed => "cloud-account-claimed",
        FactKind::AccountRetired => "cloud-account-retired",
        FactKind::CatalogPublished => "catalog-published",
        FactKind::EditionPublished => "edition-published",
        FactKind::EditionHalted => "edition-halted",
        FactKind::QuotaSet => "quota-set",
        FactKind::QuotaAcknowledged => "quota-acknowledged",
        FactKind::QuotaRemoved => "quota-removed",
        FactKind::QuotaMirrored => "quota-mirrored",
        FactKind::AllotmentChanged => "allotment-changed",
        FactKind::PolicyChanged => "policy-changed",
        FactKind::RoleBound => "role-bound",
        FactKind::RoleUnbound => "role-unbound",
        FactKind::GroupCreated => "group-created",
        FactKind::GroupUpdated => "group-updated",
        FactKind::GroupDeleted => "group-deleted",
        FactKind::RoleCreated => "role-created",
        FactKind::RoleUpdated => "role-updated",
        FactKind::RoleDeleted => "role-deleted",
        FactKind::RevokeIssued => "revoke-issued",
        FactKind::RevokeLifted => "revoke-lifted",
        FactKind::BreakGlassNamed => "break-glass-named",
        FactKind::IdentityProviderCreated => "identity-provider-created",
        FactKind::IdentityProviderUpdated => "identity-provider-updated",
        FactKind::IdentityProviderDeleted => "identity-provider-deleted",
        FactKind::ServiceAccountCreated => "service-account-created",
        FactKind::ServiceAccountUpdated => "service-account-updated",
        FactKind::ServiceAccountDeleted => "service-account-deleted",
        FactKind::ServiceAccountKeyAdded => "service-account-key-added",
        FactKind::ServiceAccountKeyRemoved => "service-account-key-removed",
        FactKind::ClusterPolicySet => "cluster-policy-set",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_of_a_newer_version_is_shown_by_kind_and_subject() {
        let subject = || "organizations/acme".parse().unwrap();
        let raw = |kind, after| RawFact { kind, subject: subject(), after, detail: Bytes::new() };
        let shown = fact(&raw(9999, Some(Bytes::from_static(&[0xff, 0x01]))), Revision(3));
        assert_eq!((shown.kind.as_str(), shown.subject.as_str()), ("kind-9999", "organizations/acme"));
        assert!(shown.after.is_none() && !shown.removed);
        assert!(fact(&raw(32, None), Revision(3)).removed);
    }
}
