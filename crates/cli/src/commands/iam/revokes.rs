//! `atoll revoke`, `atoll iam revoke` and `atoll iam break-glass`.

use client::v1;

use crate::{
    args::{BreakGlassCommand, RevokeArgs, RevokeCommand, Writing},
    commands::deleting::said,
    fail::Fail,
    names::Names,
    output::note,
    session::Session,
};

pub async fn revoke(session: &Session, args: RevokeArgs) -> Result<(), Fail> {
    let RevokeArgs { member, on, reason, writing } = args;
    let node = on.map(|on| session.names.node(&on)).transpose()?.unwrap_or_default();
    let organization = match node.as_str() {
        "" => session.names.organization_or_set(None)?,
        node => Names::organization_of(node),
    };
    let what = format!("revoke {member} in {organization}");
    let revoke = v1::Revoke { member, node, reason, ..v1::Revoke::default() };
    let made = session.client.revokes().create(&organization, revoke, "", &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&what, &error))?;
    session.output.wrote(&said(&format!("counts in {} from now on", made.region), writing.dry_run), &made)
}

pub async fn run(session: &Session, command: RevokeCommand) -> Result<(), Fail> {
    match command {
        RevokeCommand::List { lifted, organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = session.client.revokes().list(&organization, lifted, 0, &session.read()).collect().await;
            let what = format!("list revokes of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        RevokeCommand::Lift { name, reason, writing } => {
            let name = session.names.revoke(&name)?;
            let made = session.client.revokes().lift(&name, &reason, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("lift {name}"), &error))?;
            session.output.wrote(&said("lifted", writing.dry_run), &made)
        }
    }
}

pub async fn break_glass(session: &Session, command: BreakGlassCommand) -> Result<(), Fail> {
    let name = format!("{}/breakGlass", session.names.organization_or_set(None)?);
    match command {
        BreakGlassCommand::Show => {
            let found = session.client.revokes().break_glass(&name, &session.read()).await;
            let found = found.map_err(|error| session.failed(&format!("get {name}"), &error))?;
            if found.value.member.is_empty() && !session.output.for_programs() {
                note("nobody breaks glass");
            }
            session.output.one(&found)
        }
        BreakGlassCommand::Set { member, etag, writing } => set(session, name, member, etag, &writing).await,
        BreakGlassCommand::Unset { writing } => set(session, name, String::new(), String::new(), &writing).await,
    }
}

async fn set(session: &Session, name: String, member: String, etag: String, writing: &Writing) -> Result<(), Fail> {
    let what = format!("set {name}");
    let done = if member.is_empty() { "is nobody now".to_owned() } else { format!("is {member} now") };
    let of = v1::BreakGlass { name, member, etag, ..v1::BreakGlass::default() };
    let made = session.client.revokes().set_break_glass(of, &session.write(writing)).await;
    let made = made.map_err(|error| session.failed(&what, &error))?;
    session.output.wrote(if writing.dry_run { "would be changed (dry run)" } else { &done }, &made)
}
