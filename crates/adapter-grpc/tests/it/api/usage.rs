//! Usage: what regions wrote down of machines, asked for through any member.

use std::sync::Arc;

use api::v1::{
    self, QueryUsageRequest, UsageAmount, cloud_accounts_client::CloudAccountsClient, clusters_client::ClustersClient,
    query_usage_request::GroupBy, usage_client::UsageClient,
};
use domain::{
    Basis, Command, Network, Planner, Rejection, Tenancy, View,
    command::Progress,
    held::{Edge, Health, Held, MachineEdge, State, Status, Time},
    planner::Ask,
    progress::Kept,
};
use ids::{Log, RequestId, Revision};
use prost_types::Timestamp;
use tonic::{Code, transport::Channel};
use wire::Submission;

use super::ring::{Ring, SOON, cluster_name, create_project, new_cluster, refusal};

/// Decides the same about every cluster. Machines of any type have 2 vCPUs and 8 GiB.
struct Fixed;

impl Planner for Fixed {
    fn settle(&self, ask: &Ask<'_>) -> Result<Basis, Rejection> {
        let cidr = |text: &str| text.parse().unwrap();
        let network = Network {
            cluster: ask.cluster.name.clone(),
            zones: Vec::new(),
            tenancy: Tenancy::Dedicated,
            vpc: cidr("10.0.0.0/16"),
            cluster_cidr: cidr("10.0.0.0/17"),
            pods: cidr("10.128.0.0/16"),
            pod_block: 24,
            services: cidr("10.64.0.0/20"),
        };
        let (edition, version) = ("2026-11".to_owned(), "1.36.1".parse().unwrap());
        Ok(Basis {
            account: ask.account,
            edition,
            version,
            network,
            delete_protection: false,
            vcpus: 2,
            decisions: [0; 32],
        })
    }

    fn capacity(&self, _: &dyn View, _: &str) -> Option<(u32, u64)> {
        Some((2, 8192))
    }
}

/// When a machine ran, in seconds before now; without an end it goes on.
type Ran = (u64, Option<u64>);

struct Story {
    ring: Ring,
    channel: Channel,
    /// When the story was told, in seconds.
    now: u64,
}

impl Story {
    /// Clusters `b/one` and `c/one` of the project `web`, `b/two` of `api`.
    async fn told() -> Self {
        let ring = Ring::with_planner(Arc::new(Fixed)).await;
        let channel = ring.connect(1).await;
        let account = v1::CreateCloudAccountRequest { cloud_account_id: "1".repeat(12), ..Default::default() };
        CloudAccountsClient::new(channel.clone()).create_cloud_account(account).await.unwrap();
        let ring = ring.with_project().await;
        create_project(&channel, "organizations/acme", "api").await.unwrap();
        let global = ring.region(1).ledger().copy(&Log::Global).unwrap().cell.state();
        for member in [2, 3] {
            ring.holds(member, &Log::Global, global.seq).await;
        }
        let now = global.hlc.unix_ms() / 1000;
        let story = Self { ring, channel, now };
        let day = 86_400;
        story.run("web", "b", "one", &[(7200, Some(3600)), (100 * day, Some(99 * day))]).await;
        story.run("web", "c", "one", &[(1800, Some(0))]).await;
        story.run("api", "b", "two", &[(600, None)]).await;
        story
    }

    async fn run(&self, project: &str, region: &str, id: &str, ran: &[Ran]) {
        let mut request = new_cluster(region, id);
        request.parent = request.parent.replace("projects/web", &format!("projects/{project}"));
        let made = ClustersClient::new(self.channel.clone()).create_cluster(request).await.unwrap().into_inner();
        let edges = ran.iter().zip(1..).flat_map(|((from, to), machine)| {
            let edge = |edge| MachineEdge {
                machine: format!("i-{machine}").as_str().into(),
                slot: "worker-1".parse().unwrap(),
                instance_type: "m7g.large".to_owned(),
                edge,
            };
            let at = |ago: u64| Time(self.now - ago);
            let started = edge(Edge::Started(at(*from)));
            [Some(started), to.map(|to| edge(Edge::Stopped(at(to))))].into_iter().flatten()
        });
        let status = Status {
            state: State::Running,
            health: Health::Healthy,
            conditions: Default::default(),
            constraints: Default::default(),
            phases: None,
        };
        let progress = Progress {
            of: Kept::Cluster(made.name.parse().unwrap()),
            uid: made.uid.parse().unwrap(),
            seen: Revision::ABSENT,
            held: Held { state: State::Running, ..Held::nothing() },
            status,
            deeds: Vec::new(),
            edges: edges.collect(),
            waited: Default::default(),
        };
        let submission = Submission {
            request_id: RequestId(std::array::from_fn(|at| made.name.as_bytes()[made.name.len() - 1 - at])),
            actor: format!("region:{region}"),
            command: Command::from(progress),
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        };
        let verdict = self.ring.region(1).submit(&submission, SOON).await;
        let ledger::Verdict::Done { seq, .. } = verdict else { panic!("{verdict:?}") };
        self.ring.holds(1, &Log::Region(region.parse().unwrap()), seq).await;
    }

    /// Usage of the last so many seconds, a while ago; `to` is later than anything that is known where it is 0.
    fn asked(&self, parent: &str, from: u64, to: u64, by: GroupBy) -> QueryUsageRequest {
        let at = |seconds: u64| Some(Timestamp { seconds: i64::try_from(seconds).unwrap(), nanos: 0 });
        let to = if to == 0 { self.now + 86_400 } else { self.now - to };
        QueryUsageRequest {
            parent: parent.to_owned(),
            start_time: at(self.now - from),
            end_time: at(to),
            group_by: by.into(),
            ..Default::default()
        }
    }

    async fn ask(&self, request: QueryUsageRequest) -> v1::QueryUsageResponse {
        UsageClient::new(self.channel.clone()).query_usage(request).await.unwrap().into_inner()
    }

    /// What is told of the time from two hours to ten minutes ago: nothing that still goes on.
    async fn past(&self, parent: &str, by: GroupBy) -> Vec<(String, i64)> {
        let answer = self.ask(self.asked(parent, 7200, 600, by)).await;
        assert!(answer.lines.iter().all(|line| line.adjusted == Some(UsageAmount::default())));
        answer.lines.into_iter().map(|line| (line.group, line.used.unwrap().vcpu_seconds)).collect()
    }
}

#[tokio::test]
async fn usage_of_all_regions_is_told_by_cluster_project_folder_organization_and_day() {
    let story = Story::told().await;
    let acme = "organizations/acme";
    let of = |group: &str, seconds: i64| (group.to_owned(), seconds * 2);
    let clusters = [of(&cluster_name("b", "one"), 3600), of(&cluster_name("c", "one"), 1200)];
    assert_eq!(story.past(acme, GroupBy::Cluster).await, clusters);
    assert_eq!(story.past(acme, GroupBy::Unspecified).await, clusters);
    assert_eq!(story.past(acme, GroupBy::Project).await, [of("organizations/acme/projects/web", 4800)]);
    assert_eq!(story.past(acme, GroupBy::Folder).await, [of(acme, 4800)]);
    assert_eq!(story.past(acme, GroupBy::Organization).await, [of(acme, 4800)]);
    let days = story.past(acme, GroupBy::Day).await;
    assert_eq!(days.iter().map(|(_, seconds)| seconds).sum::<i64>(), 9600);
    assert!(days.iter().all(|(day, _)| day.parse::<domain::Date>().is_ok()), "{days:?}");
    assert_eq!(story.past("organizations/acme/projects/web", GroupBy::Cluster).await, clusters);
    assert_eq!(story.past("organizations/acme/projects/api", GroupBy::Cluster).await, []);
    assert_eq!(story.past(&cluster_name("c", "one"), GroupBy::Cluster).await, clusters[1..]);
    assert_eq!(story.past(&cluster_name("c", "none"), GroupBy::Cluster).await, []);
}

#[tokio::test]
async fn what_still_runs_counts_until_what_is_known_and_what_is_learned_late_is_an_adjustment() {
    let story = Story::told().await;
    let answer = story.ask(story.asked("organizations/acme", 7200, 0, GroupBy::Cluster)).await;
    let adjusted: Vec<UsageAmount> = answer.lines.iter().map(|line| line.adjusted.unwrap()).collect();
    let day = UsageAmount { vcpu_seconds: 2 * 86_400, mib_seconds: 8192 * 86_400 };
    // Lines are in the order of region, project, cluster.
    assert_eq!(adjusted, [UsageAmount::default(), day, UsageAmount::default()]);
    let as_of = |location: &str| {
        let region = answer.regions.iter().find(|region| region.location == location).unwrap();
        (region.as_of.unwrap().seconds, region.closed_before.unwrap().seconds)
    };
    let (now, closed) = as_of("locations/b");
    let ran = now - i64::try_from(story.now).unwrap() + 600;
    assert_eq!(answer.lines[0].used.unwrap(), UsageAmount { vcpu_seconds: 2 * ran, mib_seconds: 8192 * ran });
    assert!(ran >= 600 && closed < now - 3 * 86_400 && closed % 86_400 == 0);
    let (then, until) = (story.asked("organizations/acme", 110 * 86_400, 90 * 86_400, GroupBy::Day), answer.regions);
    assert_eq!(story.ask(then).await.lines, [], "nothing was known of it when its month was closed");
    assert_eq!(until.len(), 3);
    assert!(!answer.lines.iter().any(|line| line.uid.is_empty()));
}

#[tokio::test]
async fn pages_hold_every_line_once() {
    let story = Story::told().await;
    for by in [GroupBy::Cluster, GroupBy::Project] {
        let all = story.ask(story.asked("organizations/acme", 7200, 0, by)).await.lines;
        let (mut groups, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = story.asked("organizations/acme", 7200, 0, by);
            let page = story.ask(QueryUsageRequest { page_size: 1, page_token, ..request }).await;
            assert_eq!(page.lines.len(), 1);
            groups.extend(page.lines.into_iter().map(|line| line.group));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(groups, all.into_iter().map(|line| line.group).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_region_that_is_away_is_named_and_what_is_known_of_it_is_told() {
    let story = Story::told().await;
    let before = story.past("organizations/acme", GroupBy::Cluster).await;
    story.ring.cut(1, 2);
    story.ring.cut(3, 2);
    let mut request = story.asked("organizations/acme", 7200, 600, GroupBy::Cluster);
    request.read =
        Some(v1::ReadOptions { max_staleness: Some(prost_types::Duration::default()), ..Default::default() });
    let answer = story.ask(request).await;
    assert!(answer.unreachable.contains(&"locations/b".to_owned()), "{:?}", answer.unreachable);
    let told: Vec<(String, i64)> =
        answer.lines.into_iter().map(|line| (line.group, line.used.unwrap().vcpu_seconds)).collect();
    assert_eq!(told, before);
}

#[tokio::test]
async fn what_does_not_read_is_named_and_what_never_was_is_not_found() {
    let story = Story::told().await;
    let mut client = UsageClient::new(story.channel.clone());
    let good = story.asked("organizations/acme", 7200, 600, GroupBy::Day);
    let time = |seconds: i64, nanos: i32| Some(Timestamp { seconds, nanos });
    let bad = [
        ("parent", QueryUsageRequest { parent: "acme".to_owned(), ..good.clone() }),
        ("start_time", QueryUsageRequest { start_time: None, ..good.clone() }),
        ("start_time", QueryUsageRequest { start_time: time(-1, 0), ..good.clone() }),
        ("end_time", QueryUsageRequest { end_time: time(1_800_000_000, 1), ..good.clone() }),
        ("end_time", QueryUsageRequest { end_time: time(i64::MAX, 0), ..good.clone() }),
        ("end_time", QueryUsageRequest { end_time: good.start_time, ..good.clone() }),
        ("group_by", QueryUsageRequest { group_by: 9, ..good.clone() }),
        ("page_size", QueryUsageRequest { page_size: -1, ..good.clone() }),
        ("page_token", QueryUsageRequest { page_token: "x".to_owned(), group_by: 1, ..good.clone() }),
    ];
    for (field, request) in bad {
        assert_eq!(refusal(client.query_usage(request).await).fields, [field]);
    }
    for parent in ["organizations/none", "organizations/acme/folders/none", "organizations/acme/projects/none"] {
        let refused =
            refusal(client.query_usage(QueryUsageRequest { parent: parent.to_owned(), ..good.clone() }).await);
        assert_eq!((refused.code, refused.metadata["subject"].as_str()), (Code::NotFound, parent));
    }
    let nowhere = QueryUsageRequest { parent: cluster_name("mars", "one"), ..good };
    assert_eq!(refusal(client.query_usage(nowhere).await).reason, "UNKNOWN_LOCATION");
}
