//! `atoll account`.

use client::v1::{self, cloud_account::State};

use super::{deleting::said, reading::list};
use crate::{
    args::{AccountCommand, Writing},
    fail::Fail,
    names::account,
    output::note,
    session::Session,
    watching::Scope,
};

pub async fn run(session: &Session, command: AccountCommand) -> Result<(), Fail> {
    match command {
        AccountCommand::Add { ids, writing } => add(session, &ids, &writing).await,
        AccountCommand::List(go_on) if go_on.watch => list(session, WHAT, scope(), true).await,
        AccountCommand::List(_) => show(session).await,
    }
}

const WHAT: &str = "list accounts";

/// One after the other, up to the first that is refused.
async fn add(session: &Session, ids: &[String], writing: &Writing) -> Result<(), Fail> {
    if writing.request_id.is_some() && ids.len() > 1 {
        let given = ids.len();
        return Err(Fail::usage(format!("add {given} accounts: a request id stands for one of them"))
            .next("repeat with --request-id and the one account whose outcome is not known"));
    }
    let ids = ids.iter().map(|id| account(id)).collect::<Result<Vec<_>, _>>()?;
    for (before, id) in ids.iter().enumerate() {
        let made = session.client.cloud_accounts().create(id, &session.write(writing)).await;
        let what = match before {
            0 => format!("add account {id}"),
            _ => format!("add account {id}, after {before} of {}", ids.len()),
        };
        let made = made.map_err(|error| session.failed(&what, &error))?;
        session.output.wrote(&said("added", writing.dry_run), &made)?;
    }
    Ok(())
}

/// The list, and below it how many are left to give away.
async fn show(session: &Session) -> Result<(), Fail> {
    let listed = (scope().list)(session).await.map_err(|error| session.failed(WHAT, &error))?;
    session.output.list(&listed)?;
    if !session.output.for_programs() {
        let ready = listed.items.iter().filter(|account| account.state() == State::Ready).count();
        note(format_args!("{ready} ready"));
        if ready == 0 {
            note("organizations that are made now get no account until some are added: `atoll account add ID`");
        }
    }
    Ok(())
}

fn scope() -> Scope<v1::CloudAccount> {
    Scope {
        list: Box::new(|session| Box::pin(session.client.cloud_accounts().list(0, &session.read()).collect())),
        holds: Box::new(|_| true),
        logs: vec!["global".to_owned()],
    }
}
