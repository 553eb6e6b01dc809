//! Commands as messages, and the submission that carries one from the member that was asked to the member that leads.
//!
//! A command is decided and then gone, so these bytes are read by other members and never kept. Reading checks shapes; whether the
//! command is allowed is for `domain::decide`.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::Command;
use ids::{Incarnation, RequestId, Seq};

use crate::{
    Error, encode,
    proto::{self, command::Kind},
    record::request_id_in,
};

mod access;
mod account;
mod cluster;
mod cluster_policy;
mod edition;
mod folder;
mod identity;
mod organization;
mod progress;
mod project;
mod quota;
mod region;
mod revoke;

/// One command, by whom, and under which id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    pub request_id: RequestId,
    /// Who asked, as the member that took the request authenticated them.
    pub actor: String,
    pub command: Command,
    /// Decide and tell, but replicate nothing.
    pub validate_only: bool,
    /// W3C trace context of the caller; may be empty.
    pub traceparent: String,
    /// What the caller has seen of the global log: a region waits a moment for its copy of that to come so far before it decides.
    pub seen_global: Option<(Incarnation, Seq)>,
    /// An earlier try of this request may still take effect. A rejection is then recorded, so that it holds for all tries.
    pub retried: bool,
    /// As [`domain::Context::planned`].
    pub planned: Option<Seq>,
}

/// Which command it is: the first 16 bytes of the SHA-256 of its message. Two commands with one digest are one wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandDigest(pub [u8; 16]);

impl CommandDigest {
    pub fn of(command: &Command) -> Self {
        let hash = digest(&SHA256, &encode(&command_out(command)));
        let mut digest = [0; 16];
        digest.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        Self(digest)
    }

    /// The field of a message.
    pub fn out(digest: Option<Self>) -> Bytes {
        digest.map_or_else(Bytes::new, |digest| Bytes::copy_from_slice(&digest.0))
    }

    /// Reads the field of a message; `None` where it is empty.
    pub fn read(what: &'static str, value: &Bytes) -> Result<Option<Self>, Error> {
        if value.is_empty() {
            return Ok(None);
        }
        let bytes = value.as_ref().try_into();
        let wrong = |_| Error::field(what, "command_digest", format!("{} bytes", value.len()), "16 bytes or none");
        bytes.map(|bytes| Some(Self(bytes))).map_err(wrong)
    }
}

/// The message of a submission.
pub fn submission_out(submission: &Submission) -> proto::Submission {
    let Submission { request_id, actor, command, validate_only, traceparent, seen_global, retried, planned } =
        submission;
    proto::Submission {
        request_id: Bytes::copy_from_slice(&request_id.0),
        actor: actor.clone(),
        command: Some(command_out(command)),
        validate_only: *validate_only,
        traceparent: traceparent.clone(),
        seen_global: seen_global.map(|(incarnation, seq)| proto::Seen { incarnation: incarnation.0, seq: seq.0 }),
        retried: *retried,
        planned: planned.map(|seq| seq.0),
    }
}

/// Reads and checks a submission.
///
/// # Errors
/// No request id of 16 bytes, or no command that this build knows.
pub fn submission_in(message: proto::Submission) -> Result<Submission, Error> {
    const WHAT: &str = "a submission";
    let proto::Submission { request_id, actor, command, validate_only, traceparent, seen_global, retried, planned } =
        message;
    let command = command.ok_or_else(|| Error::field(WHAT, "command", "not set", "a command"))?;
    Ok(Submission {
        request_id: request_id_in(WHAT, &request_id)?,
        actor,
        command: command_in(command)?,
        validate_only,
        traceparent,
        seen_global: seen_global.map(|seen| (Incarnation(seen.incarnation), Seq(seen.seq))),
        retried,
        planned: planned.map(Seq),
    })
}

/// The message of a command.
pub fn command_out(command: &Command) -> proto::Command {
    let kind = match command {
        Command::CreateOrganization(command) => Kind::CreateOrganization(command.into()),
        Command::UpdateOrganization(command) => Kind::UpdateOrganization(command.into()),
        Command::DeleteOrganization(command) => Kind::DeleteOrganization(command.into()),
        Command::CreateFolder(command) => Kind::CreateFolder(command.into()),
        Command::UpdateFolder(command) => Kind::UpdateFolder(command.into()),
        Command::MoveFolder(command) => Kind::MoveFolder(command.into()),
        Command::DeleteFolder(command) => Kind::DeleteFolder(command.into()),
        Command::CreateProject(command) => Kind::CreateProject(command.into()),
        Command::UpdateProject(command) => Kind::UpdateProject(command.into()),
        Command::MoveProject(command) => Kind::MoveProject(command.into()),
        Command::DeleteProject(command) => Kind::DeleteProject(command.into()),
        Command::AcknowledgeDrain(command) => Kind::AcknowledgeDrain(command.into()),
        Command::CloseGate(command) => Kind::CloseGate(command.into()),
        Command::CreateCluster(command) => Kind::CreateCluster(command.into()),
        Command::UpdateCluster(command) => Kind::UpdateCluster(command.into()),
        Command::DeleteCluster(command) => Kind::DeleteCluster(command.into()),
        Command::UndeleteCluster(command) => Kind::UndeleteCluster(command.into()),
        Command::HibernateCluster(command) => Kind::HibernateCluster(command.into()),
        Command::WakeCluster(command) => Kind::WakeCluster(command.into()),
        Command::Progress(command) => Kind::Progress(command.as_ref().into()),
        Command::RegisterRegion(command) => Kind::RegisterRegion(command.into()),
        Command::AddAccount(command) => Kind::AddAccount(command.into()),
        Command::ClaimAccount(command) => Kind::ClaimAccount(command.into()),
        Command::PublishCatalog(command) => Kind::PublishCatalog(command.into()),
        Command::HaltEdition(command) => Kind::HaltEdition(command.into()),
        Command::SetQuota(command) => Kind::SetQuota(command.into()),
        Command::MirrorQuota(command) => Kind::MirrorQuota(command.into()),
        Command::AcknowledgeQuota(command) => Kind::AcknowledgeQuota(command.into()),
        Command::SetClusterPolicy(command) => Kind::SetClusterPolicy(command.into()),
        Command::ChangePolicy(command) => Kind::ChangePolicy(command.into()),
        Command::CreateGroup(command) => Kind::CreateGroup(command.into()),
        Command::UpdateGroup(command) => Kind::UpdateGroup(command.into()),
        Command::DeleteGroup(command) => Kind::DeleteGroup(command.into()),
        Command::CreateRole(command) => Kind::CreateRole(command.into()),
        Command::UpdateRole(command) => Kind::UpdateRole(command.into()),
        Command::DeleteRole(command) => Kind::DeleteRole(command.into()),
        Command::CreateRevoke(command) => Kind::CreateRevoke(command.into()),
        Command::LiftRevoke(command) => Kind::LiftRevoke(command.into()),
        Command::SetBreakGlass(command) => Kind::SetBreakGlass(command.into()),
        Command::CreateIdentityProvider(command) => Kind::CreateIdentityProvider(command.into()),
        Command::UpdateIdentityProvider(command) => Kind::UpdateIdentityProvider(command.into()),
        Command::DeleteIdentityProvider(command) => Kind::DeleteIdentityProvider(command.into()),
        Command::CreateServiceAccount(command) => Kind::CreateServiceAccount(command.into()),
        Command::UpdateServiceAccount(command) => Kind::UpdateServiceAccount(command.into()),
        Command::DeleteServiceAccount(command) => Kind::DeleteServiceAccount(command.into()),
        Command::AddServiceAccountKey(command) => Kind::AddServiceAccountKey(command.into()),
        Command::RemoveServiceAccountKey(command) => Kind::RemoveServiceAccountKey(command.into()),
    };
    proto::Command { kind: Some(kind) }
}

/// Reads and checks a command.
///
/// # Errors
/// The message has no kind that this build knows, or a field of another shape.
pub fn command_in(message: proto::Command) -> Result<Command, Error> {
    let Some(kind) = message.kind else {
        return Err(Error::field("a command", "kind", "not set", "a command that this build knows"));
    };
    Ok(match kind {
        Kind::CreateOrganization(message) => Command::CreateOrganization(message.try_into()?),
        Kind::UpdateOrganization(message) => Command::UpdateOrganization(message.try_into()?),
        Kind::DeleteOrganization(message) => Command::DeleteOrganization(message.try_into()?),
        Kind::CreateFolder(message) => Command::CreateFolder(message.try_into()?),
        Kind::UpdateFolder(message) => Command::UpdateFolder(message.try_into()?),
        Kind::MoveFolder(message) => Command::MoveFolder(message.try_into()?),
        Kind::DeleteFolder(message) => Command::DeleteFolder(message.try_into()?),
        Kind::CreateProject(message) => Command::CreateProject(message.try_into()?),
        Kind::UpdateProject(message) => Command::UpdateProject(message.try_into()?),
        Kind::MoveProject(message) => Command::MoveProject(message.try_into()?),
        Kind::DeleteProject(message) => Command::DeleteProject(message.try_into()?),
        Kind::AcknowledgeDrain(message) => Command::AcknowledgeDrain(message.try_into()?),
        Kind::CloseGate(message) => Command::CloseGate(message.try_into()?),
        Kind::CreateCluster(message) => Command::CreateCluster(message.try_into()?),
        Kind::UpdateCluster(message) => Command::UpdateCluster(message.try_into()?),
        Kind::DeleteCluster(message) => Command::DeleteCluster(message.try_into()?),
        Kind::UndeleteCluster(message) => Command::UndeleteCluster(message.try_into()?),
        Kind::HibernateCluster(message) => Command::HibernateCluster(message.try_into()?),
        Kind::WakeCluster(message) => Command::WakeCluster(message.try_into()?),
        Kind::Progress(message) => Command::Progress(Box::new(message.try_into()?)),
        Kind::RegisterRegion(message) => Command::RegisterRegion(message.try_into()?),
        Kind::AddAccount(message) => Command::AddAccount(message.try_into()?),
        Kind::ClaimAccount(message) => Command::ClaimAccount(message.try_into()?),
        Kind::PublishCatalog(message) => Command::PublishCatalog(message.try_into()?),
        Kind::HaltEdition(message) => Command::HaltEdition(message.try_into()?),
        Kind::SetQuota(message) => Command::SetQuota(message.try_into()?),
        Kind::MirrorQuota(message) => Command::MirrorQuota(message.try_into()?),
        Kind::AcknowledgeQuota(message) => Command::AcknowledgeQuota(message.try_into()?),
        Kind::SetClusterPolicy(message) => Command::SetClusterPolicy(message.try_into()?),
        Kind::ChangePolicy(message) => Command::ChangePolicy(message.try_into()?),
        Kind::CreateGroup(message) => Command::CreateGroup(message.try_into()?),
        Kind::UpdateGroup(message) => Command::UpdateGroup(message.try_into()?),
        Kind::DeleteGroup(message) => Command::DeleteGroup(message.try_into()?),
        Kind::CreateRole(message) => Command::CreateRole(message.try_into()?),
        Kind::UpdateRole(message) => Command::UpdateRole(message.try_into()?),
        Kind::DeleteRole(message) => Command::DeleteRole(message.try_into()?),
        Kind::CreateRevoke(message) => Command::CreateRevoke(message.try_into()?),
        Kind::LiftRevoke(message) => Command::LiftRevoke(message.try_into()?),
        Kind::SetBreakGlass(message) => Command::SetBreakGlass(message.try_into()?),
        Kind::CreateIdentityProvider(message) => Command::CreateIdentityProvider(message.try_into()?),
        Kind::UpdateIdentityProvider(message) => Command::UpdateIdentityProvider(message.try_into()?),
        Kind::DeleteIdentityProvider(message) => Command::DeleteIdentityProvider(message.try_into()?),
        Kind::CreateServiceAccount(message) => Command::CreateServiceAccount(message.try_into()?),
        Kind::UpdateServiceAccount(message) => Command::UpdateServiceAccount(message.try_into()?),
        Kind::DeleteServiceAccount(message) => Command::DeleteServiceAccount(message.try_into()?),
        Kind::AddServiceAccountKey(message) => Command::AddServiceAccountKey(message.try_into()?),
        Kind::RemoveServiceAccountKey(message) => Command::RemoveServiceAccountKey(message.try_into()?),
    })
}
