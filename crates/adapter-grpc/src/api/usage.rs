//! `atoll.v1.Usage`: what machines used, from the copies of all regions' logs here.

use api::v1::{
    QueryUsageRequest, QueryUsageResponse, RegionUsage, UsageAmount, UsageLine, query_usage_request::GroupBy,
    usage_server::Usage,
};
use domain::{
    Date, Folder, MachineRun, Organization, Project,
    held::Time,
    usage::{
        Amount, DAY_SECONDS, Within, closed_before,
        report::{By, Group, Line, Report, Runs, cluster_key},
        second,
    },
};
use futures_util::future::join_all;
use ids::{Hlc, Log, RegionId, ResourceName, Subject, limits::PAGE_SIZE_MAX};
use prost_types::Timestamp;
use region::ReadView;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN},
    clusters::{Part, part},
    front::Front,
    input::name,
    read::{Wanted, paging, rejected, row, seen, wanted},
    status::Refusal,
};

/// Runs that are read at once: other calls get their turn in between.
const READ_RUNS: usize = 500;
/// 9999-12-31, the last day that has a name.
const LAST_DAY: u64 = 2_932_896;

/// What is asked.
struct Question {
    parent: ResourceName,
    within: Within,
    by: By,
    size: usize,
    /// The page before ended with this; empty for the first.
    after: String,
}

#[tonic::async_trait]
impl Usage for Front {
    async fn query_usage(&self, request: Request<QueryUsageRequest>) -> Result<Response<QueryUsageResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let wanted = wanted(request.read.clone())?;
            let question = question(request)?;
            // The tree serves no more than to find the way: as it is known here, but no less than the caller has seen.
            let tree = call.read(&Log::Global, &Wanted { max_staleness: None, ..wanted.clone() }).await?;
            known(&tree, &question.parent)?;
            let locations = match &question.parent {
                ResourceName::Cluster(cluster) => vec![cluster.location.clone()],
                _in_any => call.regions(),
            };
            for location in &locations {
                call.known(&Log::Region(location.clone()))?;
            }
            let parts = join_all(locations.into_iter().map(|location| part(&call, location, &wanted))).await;
            answer(&call, &question, &tree, &parts).await
        })
        .await
    }
}

fn question(request: QueryUsageRequest) -> Result<Question, Refusal> {
    let paging = paging(request.page_size, request.page_token)?;
    let within = Within {
        from: time("start_time", request.start_time.as_ref())?,
        to: time("end_time", request.end_time.as_ref())?,
    };
    if within.from >= within.to {
        let given = within.to.0.to_string();
        return Err(Refusal::field("end_time", &given, "a time that is later than start_time"));
    }
    let by = match GroupBy::try_from(request.group_by) {
        Ok(GroupBy::Unspecified | GroupBy::Cluster) => By::Cluster,
        Ok(GroupBy::Project) => By::Project,
        Ok(GroupBy::Folder) => By::Folder,
        Ok(GroupBy::Organization) => By::Organization,
        Ok(GroupBy::Day) => By::Day,
        Err(_) => {
            let wanted = "CLUSTER (1), PROJECT (2), FOLDER (3), ORGANIZATION (4) or DAY (5)";
            return Err(Refusal::field("group_by", &request.group_by.to_string(), wanted));
        }
    };
    let size = if paging.size == 0 { PAGE_SIZE_MAX } else { paging.size.min(PAGE_SIZE_MAX) };
    Ok(Question { parent: name("parent", &request.parent)?, within, by, size, after: paging.token })
}

/// Reads a time of whole seconds from 1970 to 9999.
fn time(field: &str, given: Option<&Timestamp>) -> Result<Time, Refusal> {
    let seconds = given.filter(|given| given.nanos == 0).and_then(|given| u64::try_from(given.seconds).ok());
    let seconds = seconds.filter(|seconds| *seconds <= (LAST_DAY + 1) * DAY_SECONDS);
    let shown = given.map(|given| format!("{} s {} ns", given.seconds, given.nanos)).unwrap_or_default();
    seconds.map(Time).ok_or_else(|| Refusal::field(field, &shown, "a time of whole seconds, from 1970 to 9999"))
}

/// Whether there is such a thing, or was: usage outlives what used. Of clusters that are gone no row is left, so none is looked for.
fn known(tree: &ReadView, parent: &ResourceName) -> Result<(), Refusal> {
    let subject = Subject::resource(parent);
    let found = match parent {
        ResourceName::Organization(_) => row::<Organization>(&tree.state, &subject)?.is_some(),
        ResourceName::Folder(_) => row::<Folder>(&tree.state, &subject)?.is_some(),
        ResourceName::Project(_) => row::<Project>(&tree.state, &subject)?.is_some(),
        ResourceName::Cluster(cluster) => {
            let project = ResourceName::Project(cluster.project.clone());
            return known(tree, &project);
        }
    };
    if found { Ok(()) } else { Err(rejected(&domain::Rejection::NotFound { subject }, "")) }
}

async fn answer(
    call: &Call,
    question: &Question,
    tree: &ReadView,
    parts: &[Part],
) -> Result<Answer<QueryUsageResponse>, Refusal> {
    let by_cluster = question.by == By::Cluster;
    let begin = if by_cluster { begin(&question.after)? } else { None };
    let mut report = Report::new(question.parent.clone(), question.within, question.by);
    let (mut regions, mut next, mut last) = (Vec::new(), None, String::new());
    for part in parts {
        let as_of = part.view.as_ref().map(|view| as_of(call, view));
        regions.push(shown(part, as_of));
        let (Some(view), Some(as_of), None) = (&part.view, as_of, &next) else { continue };
        let mut runs = match &begin {
            Some((location, _)) if part.location < *location => continue,
            Some((location, cluster)) if part.location == *location => Runs::of(&question.parent).behind(cluster),
            _later => Runs::of(&question.parent),
        };
        'region: loop {
            let read = runs.next(&view.state, READ_RUNS).map_err(|why| rejected(&why.into(), ""))?;
            if read.is_empty() {
                break;
            }
            for run in read.iter().filter(|run| run.cluster.location == part.location) {
                if by_cluster && full(&report, question, run, &mut last) {
                    next = Some(last.clone());
                    break 'region;
                }
                report.add(run, as_of, &tree.state).map_err(|why| rejected(&why.into(), ""))?;
            }
            tokio::task::yield_now().await;
        }
    }
    let mut lines: Vec<Line> = report.into_lines().collect();
    if !by_cluster {
        lines.retain(|line| line.key > question.after);
        let more = lines.len() > question.size;
        lines.truncate(question.size);
        next = lines.last().filter(|_| more).map(|line| line.key.clone());
    }
    let views = parts.iter().filter_map(|part| part.view.as_ref());
    let ages = parts.iter().map(|part| part.view.as_ref().and_then(|view| view.age)).collect::<Option<Vec<_>>>();
    let unreachable = parts.iter().filter(|part| part.unreachable);
    let body = QueryUsageResponse {
        lines: lines.iter().map(line).collect(),
        next_page_token: next.unwrap_or_default(),
        regions,
        unreachable: unreachable.map(|part| format!("locations/{}", part.location)).collect(),
    };
    Ok(Answer::new(body, seen(views.chain([tree])), ages.and_then(|ages| ages.into_iter().max())))
}

/// Whether a page of clusters ends before this run. A page ends between two names; `last` is the name of the run before.
fn full(report: &Report, question: &Question, run: &MachineRun, last: &mut String) -> bool {
    let name = cluster_key(&run.cluster);
    if name != *last {
        if report.len() >= question.size {
            return true;
        }
        *last = name;
    }
    false
}

/// Where a page of clusters begins: in which region, and behind which `project/cluster`.
fn begin(token: &str) -> Result<Option<(RegionId, &str)>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = token.split_once('/').and_then(|(location, rest)| Some((location.parse().ok()?, rest)));
    read.map(Some).ok_or_else(|| Refusal::field("page_token", token, "the token of the page before, or none"))
}

/// Until when machines that run are counted: the copy holds everything that was acknowledged before its age, and has the time of its last
/// record at least.
fn as_of(call: &Call, view: &ReadView) -> Hlc {
    let proven = view.age.map(|age| {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Hlc::at_unix_ms(call.env().wall_ms().saturating_sub(age))
    });
    proven.map_or(view.state.hlc, |proven| proven.max(view.state.hlc))
}

fn shown(part: &Part, as_of: Option<Hlc>) -> RegionUsage {
    let closed = part.view.as_ref().map(|view| closed_before(view.state.hlc));
    RegionUsage {
        location: format!("locations/{}", part.location),
        as_of: as_of.map(|as_of| timestamp(second(as_of))),
        closed_before: closed.map(timestamp),
    }
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp { seconds: i64::try_from(time.0).unwrap_or(i64::MAX), nanos: 0 }
}

fn line(line: &Line) -> UsageLine {
    let (group, uid) = match &line.group {
        Group::Cluster { name, uid } => (name.to_string(), uid.to_string()),
        Group::Project(name) => (name.to_string(), String::new()),
        Group::Container(name) => (name.to_string(), String::new()),
        Group::Day(day) => (Date::from_days_since_1970(day.0 / DAY_SECONDS).to_string(), String::new()),
    };
    UsageLine { group, uid, used: Some(amount(line.tally.used)), adjusted: Some(amount(line.tally.adjusted)) }
}

/// The integers of the API are smaller than the domain's.
fn amount(amount: Amount) -> UsageAmount {
    let fit = |value: i128| i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX });
    UsageAmount { vcpu_seconds: fit(amount.vcpu_seconds), mib_seconds: fit(amount.mib_seconds) }
}
