//! `atoll operation`.

use crate::{args::OperationCommand, fail::Fail, progress, session::Session};

pub async fn run(session: &Session, command: OperationCommand) -> Result<(), Fail> {
    let operations = session.client.operations();
    match command {
        OperationCommand::Get { name } => {
            let name = full(session, &name)?;
            let answer = operations.get(&name, &session.read()).await;
            session.output.one(&answer.map_err(|error| session.failed(&format!("get operation {name}"), &error))?)
        }
        OperationCommand::List { organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = operations.list(&organization, 0, &session.read()).collect().await;
            let what = format!("list operations of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        OperationCommand::Wait { name, within } => {
            let done = progress::wait(session, &full(session, &name)?, within).await?;
            session.output.one(&done)?;
            progress::outcome(&done.value)
        }
    }
}

/// `ID` or a full name.
fn full(session: &Session, name: &str) -> Result<String, Fail> {
    if name.contains('/') {
        return Ok(name.to_owned());
    }
    Ok(format!("{}/operations/{name}", session.names.organization_or_set(None)?))
}
