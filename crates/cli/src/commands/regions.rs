//! `atoll region`.

use client::{Answered, Error, Listed, Read, v1};
use futures_util::future::join_all;

use crate::{
    args::RegionCommand,
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{MemberRow, short},
};

pub async fn run(session: &Session, command: RegionCommand) -> Result<(), Fail> {
    if session.demands() {
        let what = "look at regions: --consistency and --max-staleness are for reads of logs and what is in them; a member says how \
                    regions look to it now";
        return Err(Fail::usage(what).next("leave them out; the column AGE says how old the copy of each region is"));
    }
    match command {
        RegionCommand::List => {
            let answer = session.client.regions().list(&session.aside()).await;
            let Answered { value, region, member, token, .. } =
                answer.map_err(|error| session.failed("list regions", &error))?;
            // Each row has an age of its own.
            session.output.list(&Listed {
                items: value.regions,
                unreachable: Vec::new(),
                region,
                member,
                age: None,
                token,
            })
        }
        RegionCommand::Status { region: None } => everywhere(session).await,
        RegionCommand::Status { region: Some(region) } => {
            let region = short(&region).to_owned();
            let row = member(session, &region).await;
            let row = row.map_err(|error| session.failed(&format!("ask a member of {region}"), &error))?;
            let logs = row.status.logs.clone();
            let answer = Answered {
                value: row,
                region,
                member: None,
                age: None,
                token: session.client.token(),
                partial: false,
                tries: 1,
            };
            session.output.one(&answer)?;
            if session.output.for_programs() {
                Ok(())
            } else {
                say(format_args!("\n{}", session.output.table(&logs, &[])))
            }
        }
    }
}

/// The regions of the ring, by the member that answers.
pub async fn names(session: &Session) -> Result<Vec<String>, Fail> {
    let answer = session.client.regions().list(&session.aside()).await;
    let answer = answer.map_err(|error| session.failed("list regions", &error))?;
    Ok(answer.value.regions.iter().map(|region| short(&region.name).to_owned()).collect())
}

/// One member of each region, asked at once; those that do not answer are named.
async fn everywhere(session: &Session) -> Result<(), Fail> {
    let mut regions: Vec<String> = session.client.endpoints().into_iter().map(|(one, _)| one.region).collect();
    regions.sort_unstable();
    regions.dedup();
    let answers = join_all(regions.iter().map(|region| member(session, region))).await;
    let (mut items, mut unreachable, mut last) = (Vec::new(), Vec::new(), None);
    for (region, answer) in regions.iter().zip(answers) {
        match answer {
            Ok(row) => items.push(row),
            Err(error) => {
                note(format_args!("warning: {region} did not answer: {}", error.message));
                unreachable.push(format!("locations/{region}"));
                last = Some(error);
            }
        }
    }
    if let Some(error) = last.filter(|_| items.is_empty()) {
        return Err(session.failed("ask the regions", &error));
    }
    let named = if session.output.for_programs() { unreachable } else { Vec::new() };
    let token = session.client.token();
    session.output.list(&Listed {
        items,
        unreachable: named,
        region: "each region".to_owned(),
        member: None,
        age: None,
        token,
    })
}

async fn member(session: &Session, region: &str) -> Result<MemberRow, Error> {
    let read = Read { timeout: Some(session.timeout()), ..Read::default().only(region) };
    let answer: Answered<v1::MemberStatus> = session.client.regions().member_status(&read).await?;
    Ok(MemberRow { name: format!("locations/{region}"), status: answer.value })
}
