//! `atoll iam`.

mod asking;
mod changing;
mod groups;
pub mod keys;
mod policies;
mod providers;
mod revokes;
mod roles;
mod service_accounts;

use client::v1::{self, mutation::Kind};
use jiff::Timestamp;

pub use self::revokes::revoke;
use crate::{
    args::{Bound, IamCommand},
    fail::Fail,
    session::Session,
};

pub async fn run(session: &Session, command: IamCommand) -> Result<(), Fail> {
    match command {
        IamCommand::Grant { what, from, until, within, how } => {
            if within.is_some() && (how.preview || how.plan.is_some() || how.writing.request_id.is_some()) {
                return Err(Fail::usage(
                    "read --for beside --preview, --plan or --request-id: it is another end each time",
                )
                .next("--until TIME, such as --until 2026-12-01T18:00:00Z"));
            }
            let until = match within {
                Some(within) => Some(Timestamp::now().checked_add(within).map_err(|error| {
                    Fail::usage(format!("read the end of the binding, {within:?} from now: {error}"))
                })?),
                None => until,
            };
            let (name, binding) = bound(session, &what)?;
            let (start_time, end_time) = (from.map(timestamp), until.map(timestamp));
            let give = vec![v1::Binding { start_time, end_time, ..binding }];
            let request = v1::ModifyBindingsRequest { name: name.clone(), give, ..Default::default() };
            let said = format!(": {} has {} now", what.member, what.role);
            modify(session, request, &said, how).await
        }
        IamCommand::Ungrant { what, how } => {
            let (name, binding) = bound(session, &what)?;
            let request = v1::ModifyBindingsRequest { name: name.clone(), take: vec![binding], ..Default::default() };
            let said = format!(": {} does not have {} there any more", what.member, what.role);
            modify(session, request, &said, how).await
        }
        IamCommand::Effective { member, on, below } => asking::effective(session, member, &on, below).await,
        IamCommand::WhoCan { right, on } => asking::who_can(session, right, &on).await,
        IamCommand::Explain { member, right, on } => asking::explain(session, member, right, &on).await,
        IamCommand::Revoke(command) => revokes::run(session, command).await,
        IamCommand::BreakGlass(command) => revokes::break_glass(session, command).await,
        IamCommand::Policy(command) => policies::run(session, command).await,
        IamCommand::Group(command) => groups::run(session, command).await,
        IamCommand::Role(command) => roles::run(session, command).await,
        IamCommand::Provider(command) => providers::run(session, command).await,
        IamCommand::ServiceAccount(command) => service_accounts::run(session, command).await,
    }
}

/// The policy that a binding is in, and the binding.
fn bound(session: &Session, what: &Bound) -> Result<(String, v1::Binding), Fail> {
    let node = session.names.node(&what.on.on)?;
    let (role, member) = (what.role.clone(), what.member.clone());
    Ok((format!("{node}/accessPolicy"), v1::Binding { role, member, ..v1::Binding::default() }))
}

async fn modify(
    session: &Session,
    request: v1::ModifyBindingsRequest,
    said: &str,
    how: crate::args::How,
) -> Result<(), Fail> {
    let name = request.name.clone();
    let request = v1::ModifyBindingsRequest { etag: how.etag.clone(), ..request };
    let change = changing::Change { what: format!("change {name}"), noun: "access policy", said };
    let kind = |write: &client::Write, request_id| {
        let validate_only = write.validate_only;
        Kind::ModifyBindings(v1::ModifyBindingsRequest { request_id, validate_only, ..request.clone() })
    };
    let direct = |write| {
        let request = request.clone();
        async move { session.client.access_policies().modify(request, &write).await }
    };
    changing::make(session, &change, &how, kind, direct).await
}

fn timestamp(of: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: of.as_second(), nanos: of.subsec_nanosecond() / 1_000_000 * 1_000_000 }
}
