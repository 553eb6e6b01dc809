//! Decisions about revokes: what takes effect at once in the region that is asked, also while it is cut off, and how it ends.
//!
//! A revoke is a row of the region that issued it, so nothing that others decide meanwhile undoes it. A lift is a row of the global log and names
//! the revoke: whoever lifts one has seen it. Both stay, for either may be known first.

use access::{Member, NodeName};
use ids::{
    Log, OrganizationName, ResourceName, RevokeName, Subject,
    limits::{REASON_BYTES_MAX, REVOKES_MAX},
};

use crate::{
    BreakGlass, Cluster, Context, FactKind, Folder, Lift, Organization, Project, Rejection, Revoke, Row, State, Txn,
    View, ViewError, check,
    command::{CreateRevoke, LiftRevoke, SetBreakGlass},
    group, policy, sets,
};

/// The row of a revoke.
pub fn subject(name: &RevokeName) -> Subject {
    sets::revokes(&name.organization).entry(&name.request.to_string())
}

/// The row of its lift.
pub fn lift(name: &RevokeName) -> Subject {
    sets::lifts(&name.organization).entry(&name.id())
}

/// The row that says who breaks glass.
pub fn break_glass(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "break-glass")
}

pub(crate) fn create(txn: &mut Txn<'_>, command: &CreateRevoke, ctx: &Context<'_>) -> Result<(), Rejection> {
    let CreateRevoke { name, member, node, reason } = command;
    check_reason(reason)?;
    let organization: Organization = active(ctx.global, &name.organization.clone().into())?;
    if let Some(node) = node {
        check_node(txn.unguarded(), node, &name.organization, ctx)?;
    }
    if breaks_glass(ctx.global, &organization)?.as_ref() == Some(member) {
        return Err(Rejection::BreaksGlass { member: member.to_string() });
    }
    let (subject, set) = (subject(name), sets::revokes(&name.organization));
    check::name_is_free::<Revoke>(txn, &subject)?;
    if txn.unguarded().entries(&set, None, REVOKES_MAX).len() == REVOKES_MAX {
        return Err(Rejection::TooManyRevokes { organization: name.organization.clone() });
    }
    let row = Revoke {
        name: name.clone(),
        organization_uid: organization.uid,
        member: member.clone(),
        node: node.clone(),
        reason: reason.clone(),
        seen: ctx.global_seq,
        author: ctx.actor.to_owned(),
        create_time: ctx.now,
    };
    txn.write(FactKind::RevokeIssued, subject, Some(row.into()))?;
    txn.bump(&set)?;
    txn.bump(&sets::policies(&name.organization))
}

/// It is of the organization; and where this log or the copy of the global one would know it, it is there.
fn check_node(
    own: &dyn View,
    node: &NodeName,
    organization: &OrganizationName,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    if !node.is_of(organization) {
        return Err(check::invalid("node", &node.to_string(), format!("a node of {organization}")));
    }
    let here = |name: &ids::ClusterName| *ctx.log == Log::Region(name.location.clone());
    match node {
        NodeName::Organization(name) => active::<Organization>(ctx.global, &name.clone().into()).map(drop),
        NodeName::Folder(name) => active::<Folder>(ctx.global, &name.clone().into()).map(drop),
        NodeName::Project(name) => active::<Project>(ctx.global, &name.clone().into()).map(drop),
        NodeName::Cluster(name) if here(name) => active::<Cluster>(own, &name.clone().into()).map(drop),
        NodeName::Namespace(name) if here(&name.cluster) => {
            active::<Cluster>(own, &name.cluster.clone().into()).map(drop)
        }
        NodeName::Cluster(_) | NodeName::Namespace(_) => Ok(()),
    }
}

fn active<T: Row>(view: &dyn View, name: &ResourceName) -> Result<T, Rejection> {
    let subject = Subject::resource(name);
    match view.row::<T>(&subject)? {
        Some((_, row)) if row.state() != State::Deleted => Ok(row),
        _ => Err(Rejection::NotFound { subject }),
    }
}

fn check_reason(reason: &str) -> Result<(), Rejection> {
    if reason.len() <= REASON_BYTES_MAX {
        return Ok(());
    }
    Err(check::invalid("reason", reason, format!("at most {REASON_BYTES_MAX} bytes, not {}", reason.len())))
}

/// Who breaks glass in an organization.
///
/// # Errors
/// [`ViewError`] when the row cannot be read.
pub fn breaks_glass(view: &dyn View, organization: &Organization) -> Result<Option<Member>, ViewError> {
    let row = view.row::<BreakGlass>(&break_glass(&organization.name))?.map(|(_, row)| row);
    Ok(row.filter(|row| row.organization_uid == organization.uid).and_then(|row| row.member))
}

pub(crate) fn end(txn: &mut Txn<'_>, command: &LiftRevoke, ctx: &Context<'_>) -> Result<(), Rejection> {
    let LiftRevoke { name, reason } = command;
    check_reason(reason)?;
    let _: Organization = check::active(txn, &Subject::resource(&name.organization.clone().into()), None)?;
    let subject = lift(name);
    check::name_is_free::<Lift>(txn, &subject)?;
    let (author, create_time) = (ctx.actor.to_owned(), ctx.now);
    let row = Lift { revoke: name.clone(), reason: reason.clone(), author, create_time };
    txn.write(FactKind::RevokeLifted, subject, Some(row.into()))?;
    txn.bump(&sets::lifts(&name.organization))?;
    txn.bump(&sets::policies(&name.organization))
}

pub(crate) fn set_break_glass(txn: &mut Txn<'_>, command: &SetBreakGlass, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.organization, break_glass(&command.organization));
    let organization: Organization = check::active(txn, &Subject::resource(&name.clone().into()), None)?;
    let current = txn.revision(&subject);
    if let Some(given) = command.etag.filter(|given| *given != current) {
        return Err(Rejection::EtagMismatch { subject, given, current });
    }
    if breaks_glass(txn.unguarded(), &organization)? == command.member {
        return Err(Rejection::PolicyUnchanged { subject });
    }
    if let Some(member) = &command.member {
        check_administrator(txn, &organization, member, ctx)?;
    }
    let (author, update_time) = (ctx.actor.to_owned(), ctx.now);
    let (organization_uid, member) = (organization.uid, command.member.clone());
    let row = BreakGlass { organization: name.clone(), organization_uid, member, author, update_time };
    txn.write(FactKind::BreakGlassNamed, subject, Some(row.into()))?;
    txn.bump(&sets::policies(name))
}

/// Whoever breaks glass can put things right: an identity that administers the organization for good. Guards what says so.
fn check_administrator(
    txn: &mut Txn<'_>,
    organization: &Organization,
    member: &Member,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    if member.is_group() {
        return Err(check::invalid("member", &member.to_string(), "a user or a service account".to_owned()));
    }
    txn.revision(&sets::bindings(&NodeName::Organization(organization.name.clone())));
    txn.revision(&sets::groups(&organization.name));
    let administrators = policy::administrators(txn.unguarded(), organization, ctx.now)?;
    if group::is_among(txn.unguarded(), &organization.name, &administrators, member)? {
        return Ok(());
    }
    Err(Rejection::NotAdministrator { organization: organization.name.clone(), member: member.to_string() })
}
