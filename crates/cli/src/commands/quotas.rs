//! `atoll quota`.

use client::v1;
use serde_json::{Value, json};

use super::{deleting::said, reading::rows};
use crate::{
    args::{Format, QuotaCommand, Writing},
    fail::Fail,
    names::Names,
    output::{note, say},
    session::Session,
    view::{Resource, short},
};

pub async fn run(session: &Session, command: QuotaCommand) -> Result<(), Fail> {
    match command {
        QuotaCommand::Set { organization, slices, etag, writing } => {
            set(session, &organization, slices, etag, &writing).await
        }
        QuotaCommand::List => list(session).await,
    }
}

async fn set(
    session: &Session,
    organization: &str,
    slices: Vec<(String, u64)>,
    etag: String,
    writing: &Writing,
) -> Result<(), Fail> {
    let name = format!("{}/quota", Names::organization(organization)?);
    let slice = |(region, vcpus)| v1::QuotaSlice {
        location: format!("locations/{region}"),
        vcpus,
        ..v1::QuotaSlice::default()
    };
    let slices = slices.into_iter().map(slice).collect();
    let quota = v1::Quota { name: name.clone(), slices, etag, ..v1::Quota::default() };
    let made = session.client.quotas().update(quota, &session.write(writing)).await;
    let made = made.map_err(|error| session.failed(&format!("set {name}"), &error))?;
    session.output.wrote(&said("set", writing.dry_run), &made)
}

/// One line for each region of each organization.
async fn list(session: &Session) -> Result<(), Fail> {
    let listed = session.client.quotas().list(0, &session.read()).collect().await;
    let listed = listed.map_err(|error| session.failed("list quotas", &error))?;
    let items: Vec<Value> = listed.items.iter().map(Resource::json).collect();
    if session.output.format == Format::Name {
        return listed.items.iter().try_for_each(|quota| say(&quota.name));
    }
    let lines: Vec<Vec<String>> = listed.items.iter().flat_map(lines).collect();
    if lines.is_empty() && !session.output.for_programs() {
        note("no quotas");
    } else {
        let headers = ["ORGANIZATION", "LOCATION", "VCPUS", "HELD", "USED"];
        rows(session, &headers, lines, json!({ "items": items, "unreachable": [] }))?;
    }
    session.output.origin(&listed.region, listed.member, Some(listed.age), None);
    Ok(())
}

fn lines(quota: &v1::Quota) -> Vec<Vec<String>> {
    let organization = quota.name.split('/').nth(1).unwrap_or_default();
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let line = |slice: &v1::QuotaSlice| {
        let (held, used) = (number(slice.held), number(slice.used));
        vec![organization.to_owned(), short(&slice.location).to_owned(), slice.vcpus.to_string(), held, used]
    };
    quota.slices.iter().map(line).collect()
}
