//! Decisions about quotas: how many vCPUs clusters of an organization may need, as slices, one for each region.
//!
//! A slice is a row of the global log; what a region enforces is its own row ([`crate::Allotment`]), which every creation guards on. So a
//! region that is cut off enforces what it knows. That is safe because a quota moves in one order only:
//!
//! ```text
//!   G      slice(e): held 10, target 4 ───────────────────────────▶ held 4
//!          slice(w): held 0,  target 6 ───────────────────────────▶ held 6
//!               │ shipped                                  ▲             │ shipped
//!   R(e)        └─▶ limit 4 (no creation above it) ──▶ used <= 4         │
//!   R(w)                                                                 └─▶ limit 6
//! ```
//!
//! What a slice says that is `held` is never less than what its region lets in: it is lowered only after the region has said that it holds
//! no more, and raised before the region hears of it. The sum of what is held grows beyond no quota. Slices have generations, which are
//! times of the global log, and a region takes over newer ones only: the copy of a new leader may be behind that of the last.
//!
//! Without a row there is no limit. A region's first limit is a shrinking, from no limit. A quota is in force as soon as every region has
//! said that it has a limit and no more is held than all slices together; from then on no more ever is.

use ids::{ClusterName, Hlc, OrganizationName, ResourceName, Revision, Subject};

use crate::{
    Allotment, Cluster, Context, FactKind, Limit, Organization, Quota, Rejection, Slice, Txn, check,
    cluster::organization_of,
    command::{AcknowledgeQuota, MirrorQuota, SetQuota},
    registry, sets,
};

/// The row of an organization's quota. In the global log.
pub fn subject(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "quota")
}

/// The row of what an organization holds in a region. In that region's log.
pub fn allotment(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "allotment")
}

/// What a cluster counts for: the vCPUs that it needs at least. Without a cloud it has no machines, and counts as one.
pub fn needed(cluster: &Cluster) -> u64 {
    cluster.basis.as_ref().map_or(1, |basis| basis.vcpus)
}

pub(crate) fn set(txn: &mut Txn<'_>, command: &SetQuota, ctx: &Context<'_>) -> Result<(), Rejection> {
    let organization = &command.organization;
    let _: Organization = check::active(txn, &Subject::resource(&organization.clone().into()), None)?;
    let regions = registry::regions(txn)?;
    if let Some(unknown) = command.slices.keys().find(|region| !regions.contains(*region)) {
        return Err(check::invalid("slices", unknown.as_str(), "regions that are registered".to_owned()));
    }
    let subject = subject(organization);
    let row = txn.get::<Quota>(&subject)?;
    let current = row.as_ref().map_or(Revision::ABSENT, |(revision, _)| *revision);
    if let Some(given) = command.etag.filter(|given| *given != current) {
        return Err(Rejection::EtagMismatch { subject, given, current });
    }
    let is_new = row.is_none();
    let mut slices = row.map(|(_, row)| row.slices).unwrap_or_default();
    for region in regions {
        let target = command.slices.get(&region).copied().unwrap_or_default();
        let slice = slices.entry(region).or_insert(Slice { target, held: None, generation: ctx.now });
        if slice.target != target {
            (slice.target, slice.generation) = (target, ctx.now);
        }
    }
    let mut row = Quota { organization: organization.clone(), slices, update_time: ctx.now };
    grow(&mut row, ctx.now);
    txn.write(FactKind::QuotaSet, subject, Some(row.into()))?;
    if is_new { txn.add_entry(&sets::quotas(), organization.organization.as_str()) } else { Ok(()) }
}

/// Gives what nobody holds to those who are to have more.
fn grow(quota: &mut Quota, now: Hlc) {
    let sum = |of: fn(&Slice) -> Option<u64>| {
        quota.slices.values().map(of).try_fold(0_u64, |sum, each| Some(sum.saturating_add(each?)))
    };
    // Where a region has no limit yet, nothing is known to be left.
    let (Some(held), Some(all)) = (sum(|slice| slice.held), sum(|slice| Some(slice.target))) else { return };
    let mut left = all.saturating_sub(held);
    for slice in quota.slices.values_mut() {
        let more = slice.target.saturating_sub(slice.limit()).min(left);
        if more > 0 {
            left -= more;
            (slice.held, slice.generation) = (slice.held.map(|held| held + more), now);
        }
    }
}

pub(crate) fn acknowledge(txn: &mut Txn<'_>, command: &AcknowledgeQuota, ctx: &Context<'_>) -> Result<(), Rejection> {
    let AcknowledgeQuota { organization, region, generation } = command;
    let subject = subject(organization);
    let row = txn.get::<Quota>(&subject)?;
    let Some((_, mut row)) = row else { return Err(Rejection::NotFound { subject }) };
    let awaited = row.slices.get_mut(region).filter(|slice| slice.generation == *generation && slice.is_shrinking());
    let Some(slice) = awaited else {
        return Err(Rejection::QuotaNotAwaited { organization: organization.clone(), region: region.clone() });
    };
    slice.held = Some(slice.limit());
    row.update_time = ctx.now;
    grow(&mut row, ctx.now);
    txn.write(FactKind::QuotaAcknowledged, subject, Some(row.into()))
}

/// The quota goes with its organization.
pub(crate) fn remove(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<(), Rejection> {
    let subject = subject(organization);
    if txn.get::<Quota>(&subject)?.is_none() {
        return Ok(());
    }
    txn.write(FactKind::QuotaRemoved, subject, None)?;
    txn.remove_entry(&sets::quotas(), organization.organization.as_str())
}

/// Takes over the region's slice as this leader's copy of the global log shows it, if that is newer than what was taken over last.
pub(crate) fn mirror(txn: &mut Txn<'_>, command: &MirrorQuota, ctx: &Context<'_>) -> Result<(), Rejection> {
    let MirrorQuota { organization, region } = command;
    let quota = ctx.global.row::<Quota>(&subject(organization))?;
    let slice = quota.and_then(|(_, quota)| quota.slices.get(region).copied());
    let Some(slice) = slice else { return Err(Rejection::NotFound { subject: subject(organization) }) };
    let mut row = held(txn, organization)?;
    if row.limit.is_some_and(|limit| limit.generation >= slice.generation) {
        return Err(Rejection::QuotaNotNewer { organization: organization.clone(), region: region.clone() });
    }
    row.limit = Some(Limit { vcpus: slice.limit(), generation: slice.generation });
    txn.write(FactKind::QuotaMirrored, allotment(organization), Some(row.into()))
}

/// What an organization holds in this region, guarded.
fn held(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<Allotment, Rejection> {
    let row = txn.get::<Allotment>(&allotment(organization))?;
    let nothing = || Allotment { organization: organization.clone(), used: 0, limit: None };
    Ok(row.map_or_else(nothing, |(_, row)| row))
}

/// What a cluster counted for, and is to count for.
pub(crate) struct Need<'a> {
    pub of: &'a ClusterName,
    pub before: u64,
    pub after: u64,
}

/// Counts what the cluster `subject` needs, where the limit allows it.
pub(crate) fn charge(txn: &mut Txn<'_>, subject: &Subject, need: Need<'_>, ctx: &Context<'_>) -> Result<(), Rejection> {
    let Need { of, before, after } = need;
    if before == after {
        return Ok(());
    }
    let organization = organization_of(of);
    let row = held(txn, &organization)?;
    // A limit from before the organization was made was that of another one of the name.
    let made = ctx.global.row::<Organization>(&Subject::resource(&organization.clone().into()))?;
    let limit = row.limit.filter(|limit| made.is_none_or(|(_, made)| made.create_time < limit.generation));
    let used = row.used.saturating_sub(before).saturating_add(after);
    if let Some(limit) = limit.filter(|limit| after > before && used > limit.vcpus) {
        return Err(Rejection::QuotaExceeded {
            subject: subject.clone(),
            organization,
            region: of.location.clone(),
            used: row.used,
            wanted: after - before,
            limit: limit.vcpus,
        });
    }
    txn.write(FactKind::AllotmentChanged, allotment(&organization), Some(Allotment { used, ..row }.into()))
}
