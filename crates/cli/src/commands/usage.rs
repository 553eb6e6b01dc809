//! `atoll usage`.

use client::v1::{QueryUsageRequest, query_usage_request::GroupBy};
use jiff::Timestamp;

use crate::{
    args::{By, Format, Place, UsageArgs},
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{Report, json},
};

pub async fn run(session: &Session, args: &UsageArgs) -> Result<(), Fail> {
    let parent = parent(session, args)?;
    let now = Timestamp::now();
    let from = args.from.or_else(|| month_of(now)).unwrap_or_default();
    let to = args.to.unwrap_or(now);
    if from >= to {
        return Err(Fail::usage(format!("ask for usage from {from} to {to}: wanted a later end than beginning")));
    }
    let by = match args.by {
        By::Cluster => GroupBy::Cluster,
        By::Project => GroupBy::Project,
        By::Folder => GroupBy::Folder,
        By::Organization => GroupBy::Organization,
        By::Day => GroupBy::Day,
    };
    let request = QueryUsageRequest {
        parent: parent.clone(),
        start_time: Some(prost_types::Timestamp { seconds: from.as_second(), nanos: 0 }),
        end_time: Some(prost_types::Timestamp { seconds: to.as_second(), nanos: 0 }),
        group_by: by.into(),
        ..QueryUsageRequest::default()
    };
    let answer = session.client.usage().query_all(request, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&format!("ask for usage of {parent}"), &error))?;
    let (region, member, age, tries) = (answer.region, answer.member, answer.age, answer.tries);
    print(session, &Report { by, of: answer.value })?;
    session.output.origin(&region, member, Some(age), Some(tries));
    Ok(())
}

fn print(session: &Session, report: &Report) -> Result<(), Fail> {
    match session.output.format {
        Format::Json | Format::Yaml => session.output.value(&report.json())?,
        Format::Name => report.of.lines.iter().try_for_each(|line| say(&line.group))?,
        Format::Csv => say(report.csv())?,
        Format::Table | Format::Wide if report.of.lines.is_empty() => note("no usage"),
        Format::Table | Format::Wide => say(report.table(session.output.format == Format::Wide))?,
    }
    if !session.output.for_programs() {
        let regions = || report.of.regions.iter();
        let as_of = regions().filter_map(|region| region.as_of.as_ref()).min_by_key(|time| time.seconds);
        let closed = regions().filter_map(|region| region.closed_before.as_ref()).min_by_key(|time| time.seconds);
        if let (Some(as_of), Some(closed)) = (as_of, closed) {
            let (as_of, closed) = (json::time(as_of), json::time(closed));
            note(format_args!(
                "as of {as_of}; what machines ran before {} does not change any more",
                closed.replace("T00:00:00Z", "")
            ));
        }
    }
    for location in &report.of.unreachable {
        let region = report.of.regions.iter().find(|region| region.location == *location);
        let known = region.and_then(|region| region.as_of.as_ref()).map_or_else(
            || "nothing is known of it here".to_owned(),
            |as_of| format!("its machines are counted as known here, until {}", json::time(as_of)),
        );
        note(format_args!("warning: {location} is unreachable, or its copy here is older than asked: {known}"));
    }
    Ok(())
}

/// What usage is asked of: the whole organization unless something in it is named.
fn parent(session: &Session, args: &UsageArgs) -> Result<String, Fail> {
    let names = &session.names;
    if let Some(cluster) = &args.cluster {
        let place = Place { project: args.project.clone(), location: None };
        return names.cluster("show the usage of", cluster, &place);
    }
    match (&args.project, &args.folder) {
        (Some(project), _) => names.project(project),
        (None, Some(folder)) => names.folder(folder),
        (None, None) => names.organization_or_set(args.organization.as_deref()),
    }
}

/// When the month of a time began, in UTC.
fn month_of(time: Timestamp) -> Option<Timestamp> {
    let text = time.to_string();
    crate::args::time(text.get(..7)?).ok()
}
