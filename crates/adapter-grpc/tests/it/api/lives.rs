//! Clusters in regions with a cloud: what is settled when they are asked for, what becomes of them, what is shown of it.

use api::v1::{
    self, cluster_network::Tenancy, cluster_status::State as Is, clusters_client::ClustersClient, fact::After,
    log_client::LogClient, machine, operations_client::OperationsClient,
};
use domain::held::{CreationPhase, PhaseState, State};
use tonic::{Status, transport::Channel};

use super::{
    reconciler::{Reconciler, deed, machine, phases, refused},
    ring::{Ring, cluster_name, eventually, new_cluster, refusal},
};

const HOME: &str = "eu-west-1";

/// Calls by one client.
struct Caller {
    clusters: ClustersClient<Channel>,
    operations: OperationsClient<Channel>,
}

impl Caller {
    async fn at(ring: &Ring, id: u64) -> Self {
        let channel = ring.connect(id).await;
        Self { clusters: ClustersClient::new(channel.clone()), operations: OperationsClient::new(channel) }
    }

    async fn create(&mut self, id: &str, options: v1::ClusterOptions) -> Result<v1::Cluster, Status> {
        let mut request = new_cluster(HOME, id);
        request.cluster.as_mut().unwrap().options = Some(options);
        self.clusters.create_cluster(request).await.map(tonic::Response::into_inner)
    }

    async fn get(&mut self, id: &str) -> v1::Cluster {
        let get = v1::GetClusterRequest { name: cluster_name(HOME, id), read: None };
        self.clusters.get_cluster(get).await.unwrap().into_inner()
    }

    async fn operation(&mut self, name: &str) -> v1::Operation {
        let get = v1::GetOperationRequest { name: name.to_owned(), read: None };
        self.operations.get_operation(get).await.unwrap().into_inner()
    }

    /// What is under way in the organization.
    async fn under_way(&mut self) -> Vec<String> {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let parent = "organizations/acme".to_owned();
            let list = v1::ListOperationsRequest { parent, page_size: 1, page_token, read: None };
            let page = self.operations.list_operations(list).await.unwrap().into_inner();
            names.extend(page.operations.into_iter().map(|operation| operation.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return names;
            }
        }
    }
}

fn unprotected() -> v1::ClusterOptions {
    v1::ClusterOptions { delete_protection: Some(false), ..Default::default() }
}

fn stage(operation: &v1::Operation) -> (&str, i32) {
    operation.metadata.as_ref().map(|metadata| (metadata.stage.as_str(), metadata.percent)).unwrap()
}

#[tokio::test]
async fn a_creation_is_settled_at_once_and_goes_on_as_an_operation_until_it_runs() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 1).await;
    let made = caller.create("demo", v1::ClusterOptions::default()).await.unwrap();
    let network = made.network.clone().unwrap();
    assert_eq!((network.tenancy(), network.zones.len()), (Tenancy::Dedicated, 3));
    assert_eq!((made.edition.as_str(), made.delete_protection, made.decisions_hash.len()), ("2026-11", true, 32));
    assert!(made.version.starts_with("1.") && made.options.is_none(), "{made:?}");
    assert_eq!(made.status.as_ref().unwrap().state(), Is::Pending);
    let operation = format!("organizations/acme/operations/web.{HOME}.demo.create.{}", made.uid);
    assert_eq!(made.operation, operation);
    let begun = caller.operation(&operation).await;
    assert_eq!((begun.kind.as_str(), begun.target.clone(), begun.done), ("clusters.create", made.name.clone(), false));
    assert_eq!((stage(&begun), begun.metadata.as_ref().unwrap().create_time), (("PENDING", 0), made.create_time));
    assert_eq!(caller.under_way().await, [operation.as_str()]);

    let mut region = Reconciler::of(&ring, HOME, "demo");
    let (network, masters) = (CreationPhase::Network, CreationPhase::Masters);
    region
        .step(State::Provisioning, |step| {
            phases(step, &[(network, PhaseState::Done), (masters, PhaseState::UnderWay)]);
            refused(step, "machine master-2", 3, "InsufficientInstanceCapacity");
        })
        .await;
    let going = caller.operation(&operation).await;
    let metadata = going.metadata.clone().unwrap();
    assert_eq!(stage(&going), ("PROVISIONING", 30));
    assert_eq!(metadata.phases.iter().map(|phase| phase.name.as_str()).collect::<Vec<_>>(), ["network", "masters"]);
    assert!(metadata.phases[0].end_time.is_some() && metadata.phases[1].end_time.is_none());
    let held_up = ["machine master-2: refused 3 times, last with InsufficientInstanceCapacity"];
    assert_eq!(metadata.held_up_by, held_up);

    // Whoever waits in another region is told when it runs.
    let mut elsewhere = Caller::at(&ring, 2).await;
    let wait = v1::WaitOperationRequest { name: operation.clone(), timeout: None, read: None };
    let (waited, ()) = tokio::join!(
        elsewhere.operations.wait_operation(wait),
        region.step(State::Running, |step| {
            step.held.refused.clear();
            machine(step, "i-1", "master-1", 100, true);
            machine(step, "i-2", "worker-1", 100, false);
        })
    );
    let waited = waited.unwrap().into_inner();
    assert!(waited.done && waited.error.is_none() && stage(&waited) == ("DONE", 100), "{waited:?}");
    let runs = caller.get("demo").await;
    let status = runs.status.clone().unwrap();
    assert_eq!((runs.operation.as_str(), status.state(), status.held_up_by.len()), ("", Is::Running, 0));
    assert_eq!(runs.etag, made.etag, "nobody asked for anything else");
    assert!(status.creation.iter().all(|phase| phase.end_time.is_some()), "{status:?}");
    let counted: Vec<_> = status.machines.iter().map(|of| (of.role.as_str(), of.joined, of.count)).collect();
    assert_eq!(counted, [("master", 1, 1), ("worker", 0, 1)]);
    assert_eq!((status.conditions[0].name.as_str(), status.conditions[0].reason.as_str()), ("EtcdQuorum", "3 of 3"));
    assert_eq!(caller.under_way().await, [] as [&str; 0]);
    let list = v1::ListClustersRequest {
        parent: "organizations/acme/projects/web/locations/-".to_owned(),
        ..Default::default()
    };
    let listed = elsewhere.clusters.list_clusters(list).await.unwrap().into_inner().clusters;
    assert_eq!(listed, [runs]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_would_be_accepted_and_nothing_is_touched() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 1).await;
    let options = v1::ClusterOptions::default;
    let unread = [
        (v1::ClusterOptions { version: "newest".into(), ..options() }, "cluster.options.version"),
        (v1::ClusterOptions { pod_cidr: "10.0.0.1/8".into(), ..options() }, "cluster.options.pod_cidr"),
        (v1::ClusterOptions { allow_list: vec!["all".into()], ..options() }, "cluster.options.allow_list"),
        (v1::ClusterOptions { maintenance_window: "now".into(), ..options() }, "cluster.options.maintenance_window"),
    ];
    for (options, field) in unread {
        let refused = refusal(caller.create("demo", options).await);
        assert_eq!((refused.reason.as_str(), refused.fields), ("INVALID_ARGUMENT", vec![field.to_owned()]));
    }
    let refused_by_rules = [
        (v1::ClusterOptions { version: "1.20.0".into(), ..options() }, "UNKNOWN_VERSION", "1.3"),
        (v1::ClusterOptions { pod_cidr: "8.0.0.0/16".into(), ..options() }, "CIDR_NOT_PRIVATE", "10.0.0.0/8"),
        (v1::ClusterOptions { pod_cidr: "10.9.0.0/24".into(), ..options() }, "CIDR_TOO_SMALL", "/"),
        (v1::ClusterOptions { privileged: Some(true), ..options() }, "OVERRIDE_FORBIDDEN", "off"),
    ];
    for (options, reason, accepted) in refused_by_rules {
        let refused = refusal(caller.create("demo", options.clone()).await);
        assert_eq!(refused.reason, reason);
        assert!(refused.metadata["accepted"].contains(accepted), "{refused:?}");
        let preview = v1::PreviewDecisionsRequest {
            parent: format!("organizations/acme/projects/web/locations/{HOME}"),
            cluster_type: "PRODUCTION".to_owned(),
            options: Some(options),
            read: None,
        };
        let previewed = refusal(caller.clusters.preview_decisions(preview).await);
        assert_eq!((previewed.reason.as_str(), previewed.code), (reason, refused.code));
        assert_eq!(previewed.metadata["accepted"], refused.metadata["accepted"]);
    }
    let mut unknown = new_cluster(HOME, "demo");
    unknown.cluster.as_mut().unwrap().cluster_type = "HUGE".to_owned();
    let refused = refusal(caller.clusters.create_cluster(unknown).await);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["accepted"].as_str()),
        ("UNKNOWN_CLUSTER_TYPE", "DEVELOPMENT, PRODUCTION")
    );
    let log = ids::Log::Region(HOME.parse().unwrap());
    assert_eq!(ring.region(3).ledger().copy(&log).unwrap().cell.seq(), ids::Seq(0), "nothing was written");
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names_and_nothing_else() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 3).await;
    let asked = v1::ClusterOptions { allow_list: vec!["192.0.2.0/24".into()], ..Default::default() };
    let made = caller.create("demo", asked).await.unwrap();
    let update = |paths: &[&str], options: v1::ClusterOptions| v1::UpdateClusterRequest {
        cluster: Some(v1::Cluster {
            name: cluster_name(HOME, "demo"),
            display_name: "Demo".to_owned(),
            options: Some(options),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..Default::default()
    };
    let window = v1::ClusterOptions { maintenance_window: "sunday 03:00 4h".into(), ..unprotected() };
    let paths = ["options.maintenance_window", "options.delete_protection"];
    let changed = caller.clusters.update_cluster(update(&paths, window.clone())).await.unwrap().into_inner();
    let options = changed.options.clone().unwrap();
    assert_eq!(
        (options.allow_list, options.maintenance_window.as_str()),
        (vec!["192.0.2.0/24".to_owned()], "sunday 03:00 4h")
    );
    assert_eq!((changed.display_name.as_str(), changed.delete_protection), ("", false));
    assert_ne!(changed.decisions_hash, made.decisions_hash);
    assert_eq!(changed.network, made.network, "addresses stay");

    let emptied = caller.clusters.update_cluster(update(&["options.allow_list"], window.clone())).await.unwrap();
    assert_eq!(emptied.into_inner().options.unwrap().allow_list, [] as [&str; 0], "set as it is, also empty");
    // Without a mask: what is set.
    let all = caller.clusters.update_cluster(update(&[], unprotected())).await.unwrap().into_inner();
    assert_eq!(
        (all.display_name.as_str(), all.options.unwrap().maintenance_window.as_str()),
        ("Demo", "sunday 03:00 4h")
    );
    for (path, field) in [
        ("options.pod_cidr", "update_mask"),
        ("options", "update_mask"),
        ("options.delete_protection", "cluster.options.delete_protection"),
        ("options.maintenance_window", "cluster.options.maintenance_window"),
    ] {
        let refused = refusal(caller.clusters.update_cluster(update(&[path], v1::ClusterOptions::default())).await);
        assert_eq!(refused.fields, [field], "{path}");
    }
}

#[tokio::test]
async fn a_deletion_is_refused_while_protected_can_be_taken_back_while_retained_and_ends_with_the_row() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 1).await;
    let name = cluster_name(HOME, "demo");
    let delete = |days: Option<i64>| v1::DeleteClusterRequest {
        name: cluster_name(HOME, "demo"),
        retain: days.map(|days| prost_types::Duration { seconds: days * 86_400, nanos: 0 }),
        ..Default::default()
    };
    caller.create("demo", v1::ClusterOptions::default()).await.unwrap();
    assert_eq!(refusal(caller.clusters.delete_cluster(delete(None)).await).reason, "DELETE_PROTECTED");
    let cluster = v1::Cluster { name: name.clone(), options: Some(unprotected()), ..Default::default() };
    let update = v1::UpdateClusterRequest { cluster: Some(cluster), ..Default::default() };
    caller.clusters.update_cluster(update).await.unwrap();
    assert_eq!(refusal(caller.clusters.delete_cluster(delete(Some(8))).await).fields, ["retain"]);

    let mut region = Reconciler::of(&ring, HOME, "demo");
    region.step(State::Running, |_| ()).await;
    let going = caller.clusters.delete_cluster(delete(Some(7))).await.unwrap().into_inner();
    assert!(going.purge_time.is_some() && going.operation.contains(".demo.delete."), "{going:?}");
    region.step(State::Hibernated, |_| ()).await;
    let retained = caller.operation(&going.operation).await;
    assert_eq!((stage(&retained).0, retained.done), ("RETAINED", false));
    assert_eq!(retained.metadata.unwrap().purge_time, going.purge_time);

    let undelete = || v1::UndeleteClusterRequest { name: cluster_name(HOME, "demo"), ..Default::default() };
    let back = caller.clusters.undelete_cluster(undelete()).await.unwrap().into_inner();
    assert!(back.purge_time.is_none() && back.operation.contains(".demo.wake."), "{back:?}");
    let superseded = caller.operation(&going.operation).await;
    assert_eq!((superseded.done, superseded.error.unwrap().reason.as_str()), (true, "SUPERSEDED"));
    region.step(State::Running, |_| ()).await;
    assert!(caller.operation(&back.operation).await.error.is_none());
    assert_eq!(refusal(caller.clusters.undelete_cluster(undelete()).await).reason, "NOTHING_TO_UNDELETE");

    let gone = caller.clusters.delete_cluster(delete(None)).await.unwrap().into_inner();
    assert_eq!(refusal(caller.clusters.undelete_cluster(undelete()).await).reason, "UNDELETE_TOO_LATE");
    region.step(State::Deleting, |_| ()).await;
    assert!(!caller.operation(&gone.operation).await.done);
    region.step(State::Deleted, |_| ()).await;
    let done = caller.operation(&gone.operation).await;
    assert!(done.done && done.error.is_none(), "{done:?}");
    let get = v1::GetClusterRequest { name, read: None };
    assert_eq!(refusal(caller.clusters.get_cluster(get).await).reason, "NOT_FOUND");
    // Another one of the name has nothing of it.
    let other = caller.create("demo", unprotected()).await.unwrap();
    assert_eq!(other.status.unwrap().state(), Is::Pending);
    assert!(caller.operation(&gone.operation).await.done);
    let wake = v1::GetOperationRequest { name: back.operation, read: None };
    assert_eq!(refusal(caller.operations.get_operation(wake).await).reason, "NOT_FOUND");
}

#[tokio::test]
async fn a_running_cluster_goes_to_sleep_and_is_woken() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 2).await;
    caller.create("demo", unprotected()).await.unwrap();
    let name = || cluster_name(HOME, "demo");
    let hibernate = || v1::HibernateClusterRequest { name: name(), ..Default::default() };
    let wake = || v1::WakeClusterRequest { name: name(), ..Default::default() };
    let refused = refusal(caller.clusters.hibernate_cluster(hibernate()).await);
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("STATE_FORBIDS", "PENDING"));
    let mut region = Reconciler::of(&ring, HOME, "demo");
    region.step(State::Running, |step| machine(step, "i-1", "master-1", 100, true)).await;
    let sleeping = caller.clusters.hibernate_cluster(hibernate()).await.unwrap().into_inner();
    assert_eq!(caller.under_way().await, [sleeping.operation.as_str()]);
    assert_eq!(stage(&caller.operation(&sleeping.operation).await), ("RUNNING", 0));
    region
        .step(State::Hibernating, |step| {
            step.held.machines.values_mut().for_each(|machine| machine.stopped = Some(domain::held::Time(200)));
        })
        .await;
    assert_eq!(stage(&caller.operation(&sleeping.operation).await), ("HIBERNATING", 99), "all are stopped");
    region.step(State::Hibernated, |_| ()).await;
    assert!(caller.operation(&sleeping.operation).await.done);
    assert_eq!(caller.get("demo").await.operation, "");
    let waking = caller.clusters.wake_cluster(wake()).await.unwrap().into_inner();
    assert!(waking.operation.contains(".demo.wake."), "{waking:?}");
    region.step(State::Running, |_| ()).await;
    assert!(caller.operation(&waking.operation).await.done);
    assert_eq!(refusal(caller.clusters.wake_cluster(wake()).await).reason, "STATE_FORBIDS");
}

#[tokio::test]
async fn machines_are_shown_with_why_they_are_there_and_deeds_with_their_causes() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 1).await;
    caller.create("demo", unprotected()).await.unwrap();
    let mut region = Reconciler::of(&ring, HOME, "demo");
    region
        .step(State::Running, |step| {
            for (id, slot, at) in [("i-3", "worker-10", 100), ("i-2", "worker-2", 100), ("i-1", "master-1", 100)] {
                machine(step, id, slot, at, slot != "worker-2");
            }
        })
        .await;
    let deeds = [
        (300, "machine worker-2", "launch m7g.large in use1-az1 from ami-1", "the one before is gone"),
        (301, "security-group worker", "change sg-1: close port 22", "open to 0.0.0.0/0"),
        (302, "machine worker-2", "terminate i-2", "impaired for 5m"),
    ];
    region
        .step(State::Repairing, |step| {
            step.held.machines.remove(&"i-2".into());
            machine(step, "i-4", "worker-2", 320, false);
            deeds.iter().for_each(|(at, part, did, cause)| deed(step, *at, part, did, cause));
        })
        .await;
    let list = |page_size, page_token: String| v1::ListMachinesRequest {
        parent: cluster_name(HOME, "demo"),
        page_size,
        page_token,
        read: None,
    };
    let all = caller.clusters.list_machines(list(0, String::new())).await.unwrap().into_inner();
    let shown: Vec<_> =
        all.machines.iter().map(|of| (of.slot.as_str(), of.id.as_str(), of.state(), of.cause.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("master-1", "i-1", machine::State::Joined, ""),
            ("worker-2", "i-4", machine::State::Started, "the one before is gone"),
            ("worker-10", "i-3", machine::State::Joined, ""),
        ]
    );
    assert_eq!((all.machines[0].vcpus, all.machines[0].memory_mib), (2, 8192));
    assert_eq!(all.machines[1].state_time.as_ref().unwrap().seconds, 320);
    let (mut paged, mut token) = (Vec::new(), String::new());
    loop {
        let page = caller.clusters.list_machines(list(1, token)).await.unwrap().into_inner();
        paged.extend(page.machines);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all.machines);
    assert_eq!(refusal(caller.clusters.list_machines(list(1, "x".into())).await).fields, ["page_token"]);

    let explain = |machine: &str| v1::ExplainClusterRequest {
        name: cluster_name(HOME, "demo"),
        machine: machine.to_owned(),
        read: None,
    };
    for (machine, wanted) in
        [("", vec![300, 301, 302]), ("worker-2", vec![300, 302]), ("i-4", vec![300, 302]), ("i-2", vec![302])]
    {
        let deeds = caller.clusters.explain_cluster(explain(machine)).await.unwrap().into_inner().deeds;
        let times: Vec<i64> = deeds.iter().map(|deed| deed.time.as_ref().unwrap().seconds).collect();
        assert_eq!(times, wanted, "{machine}");
    }
    let whole = caller.clusters.explain_cluster(explain("worker-2")).await.unwrap().into_inner().deeds;
    let last = (whole[1].part.as_str(), whole[1].did.as_str(), whole[1].cause.as_str());
    assert_eq!(last, ("machine worker-2", "terminate i-2", "impaired for 5m"));
}

#[tokio::test]
async fn every_decision_is_told_with_its_reason_before_and_after_a_cluster_is_made() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 2).await;
    let preview = |cluster_type: &str| v1::PreviewDecisionsRequest {
        parent: format!("organizations/acme/projects/web/locations/{HOME}"),
        cluster_type: cluster_type.to_owned(),
        options: Some(unprotected()),
        read: None,
    };
    let previewed = caller.clusters.preview_decisions(preview("PRODUCTION")).await.unwrap().into_inner();
    let numbers: std::collections::BTreeSet<i32> = previewed.decisions.iter().map(|of| of.number).collect();
    assert_eq!(numbers, (1..=64).collect());
    let told =
        |of: &v1::Decision| !of.what.is_empty() && of.reason.starts_with(&of.source) && !of.source_kind.is_empty();
    assert!(previewed.decisions.iter().all(told));
    let made = caller.create("demo", unprotected()).await.unwrap();
    assert_eq!(made.decisions_hash, previewed.hash, "what was previewed is what it came to");
    let list = v1::ListDecisionsRequest { parent: made.name, read: None };
    let listed = caller.clusters.list_decisions(list).await.unwrap().into_inner();
    assert_eq!(
        (listed.hash, listed.edition.as_str(), listed.cluster_type.as_str()),
        (previewed.hash.clone(), "2026-11", "PRODUCTION")
    );
    let protection = listed.decisions.iter().find(|of| of.key == "protection.delete").unwrap();
    assert_eq!((protection.value.as_str(), protection.source_kind.as_str()), ("off", "request"));
    // The next one gets other addresses.
    let next = caller.clusters.preview_decisions(preview("PRODUCTION")).await.unwrap().into_inner();
    assert_ne!(next.hash, previewed.hash);
    // By the wall clock of these members the channel of this type has no supported version yet.
    let version = v1::ClusterOptions { version: "1.35.9".to_owned(), ..Default::default() };
    let other = v1::PreviewDecisionsRequest { options: Some(version), ..preview("DEVELOPMENT") };
    let other = caller.clusters.preview_decisions(other).await.unwrap().into_inner();
    let masters = |of: &v1::Decisions| of.decisions.iter().find(|of| of.key == "masters.count").unwrap().value.clone();
    assert_eq!((masters(&other), masters(&next)), ("1".to_owned(), "3".to_owned()));
}

#[tokio::test]
async fn in_a_region_without_a_cloud_a_cluster_is_a_wish_only() {
    let ring = Ring::formed().await.with_project().await;
    let mut clusters = ClustersClient::new(ring.connect(1).await);
    let made = clusters.create_cluster(new_cluster("b", "demo")).await.unwrap().into_inner();
    assert_eq!((made.status.unwrap().state(), made.operation.as_str(), made.edition.as_str()), (Is::Pending, "", ""));
    let list = v1::ListDecisionsRequest { parent: made.name.clone(), read: None };
    assert_eq!(refusal(clusters.list_decisions(list).await).reason, "CATALOG_MISSING");
    let machines = v1::ListMachinesRequest { parent: made.name.clone(), ..Default::default() };
    assert_eq!(clusters.list_machines(machines).await.unwrap().into_inner().machines, []);
    let hibernate = v1::HibernateClusterRequest { name: made.name, ..Default::default() };
    assert_eq!(refusal(clusters.hibernate_cluster(hibernate).await).reason, "STATE_FORBIDS");
}

#[tokio::test]
async fn what_became_of_a_cluster_is_in_the_records_of_its_region() {
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 3).await;
    let made = caller.create("demo", unprotected()).await.unwrap();
    let mut region = Reconciler::of(&ring, HOME, "demo");
    region
        .step(State::Running, |step| {
            machine(step, "i-1", "master-1", 100, true);
            deed(step, 90, "machine master-1", "launch m7g.large", "the one before is gone");
        })
        .await;
    let log = LogClient::new(ring.connect(1).await);
    let list = v1::ListRecordsRequest { log: format!("region/{HOME}"), ..Default::default() };
    let records = eventually(|| {
        let (mut log, list) = (log.clone(), list.clone());
        async move { Some(log.list_records(list).await.unwrap().into_inner().records).filter(|all| all.len() == 2) }
    })
    .await;
    let facts = &records[1].facts;
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind.as_str()).collect();
    assert_eq!(kinds, ["cluster-progressed", "deeds-noted", "machine-started"]);
    assert_eq!(facts[0].subject, format!("{}#status", made.name));
    let Some(After::ClusterStatus(status)) = &facts[0].after else { panic!("{facts:?}") };
    assert_eq!(status.state(), Is::Running);
    let Some(After::Deeds(deeds)) = &facts[1].after else { panic!("{facts:?}") };
    assert_eq!(deeds.deeds[0].cause, "the one before is gone");
    let Some(After::MachineRun(run)) = &facts[2].after else { panic!("{facts:?}") };
    assert_eq!((run.cluster.clone(), run.machine.as_str(), run.vcpus), (made.name, "i-1", 2));
    let Some(After::Cluster(cluster)) = &records[0].facts[0].after else { panic!("{records:?}") };
    assert!(cluster.status.is_none() && cluster.network.is_some());
}

#[tokio::test]
async fn what_the_organization_says_holds_for_new_clusters_and_for_those_that_are_there() {
    use v1::{cluster_policies_client::ClusterPoliciesClient, cluster_rule::Says};
    let ring = Ring::with_cloud().await;
    let mut caller = Caller::at(&ring, 2).await;
    let mut policies = ClusterPoliciesClient::new(ring.connect(3).await);
    let before = caller.create("before", unprotected()).await.unwrap();
    let rule = |decision: &str, says: Says, values: &[&str]| v1::ClusterRule {
        decision: decision.to_owned(),
        says: says.into(),
        values: values.iter().map(ToString::to_string).collect(),
        node: String::new(),
    };
    let write = |node: &str, rules: Vec<v1::ClusterRule>| v1::UpdateClusterPolicyRequest {
        policy: Some(v1::ClusterPolicy { name: format!("{node}/clusterPolicy"), rules, ..Default::default() }),
        ..Default::default()
    };
    let (top, project) = ("organizations/acme", "organizations/acme/projects/web");
    let strict = write(top, vec![rule("protection.delete", Says::Require, &["on"])]);
    policies.update_cluster_policy(strict).await.unwrap();
    // What was read is written back with its etag, also where nothing was ever said.
    let name = format!("{project}/clusterPolicy");
    let read = v1::GetClusterPolicyRequest { name, read: None };
    let mut policy = policies.get_cluster_policy(read).await.unwrap().into_inner();
    assert_eq!(policy.etag, "0");
    policy.rules.push(rule("workers.max", Says::AtMost, &["40"]));
    let seen = v1::UpdateClusterPolicyRequest { policy: Some(policy), ..Default::default() };
    policies.update_cluster_policy(seen.clone()).await.unwrap();
    let stale = refusal(policies.update_cluster_policy(seen).await);
    assert_eq!(stale.reason, "ETAG_MISMATCH");
    let get = v1::GetClusterPolicyRequest { name: format!("{project}/clusterPolicy"), read: None };
    let shown = policies.get_cluster_policy(get).await.unwrap().into_inner();
    assert_eq!((shown.rules.len(), shown.inherited.len(), shown.inherited[0].node.as_str()), (1, 1, top));

    // The region's copy of the global log hears of it a moment later.
    let refused = eventually(|| async {
        let mut other = Caller::at(&ring, 1).await;
        match other.create("after", unprotected()).await {
            Err(refused) => Some(refusal::<()>(Err(refused))),
            Ok(made) => {
                let delete = v1::DeleteClusterRequest { name: made.name, ..Default::default() };
                other.clusters.delete_cluster(delete).await.unwrap();
                None
            }
        }
    })
    .await;
    assert_eq!(refused.reason, "OVERRIDE_FORBIDDEN");
    assert_eq!(refused.metadata["accepted"], "on");
    let list = v1::ListDecisionsRequest { parent: before.name, read: None };
    let listed = caller.clusters.list_decisions(list).await.unwrap().into_inner();
    let of = |key: &str| listed.decisions.iter().find(|of| of.key == key).unwrap().clone();
    assert_eq!(of("protection.delete").value, "on", "off was asked for before that was forbidden");
    assert_eq!(of("workers.max").value, "40");

    let wrong = write(top, vec![rule("masters.instance-type", Says::Default, &["m7g.large"])]);
    let refused = refusal(policies.update_cluster_policy(wrong).await);
    assert_eq!(refused.reason, "INVALID_ARGUMENT");
    let wrong = write(top, vec![rule("workers.max", Says::AtMost, &["many"])]);
    assert_eq!(refusal(policies.update_cluster_policy(wrong).await).reason, "INVALID_ARGUMENT");
}
