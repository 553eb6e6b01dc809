//! Clusters, their machines, what is decided about them.

use client::v1::{self, cluster_condition::Truth, cluster_status::Health, cluster_status::State, fact::After};
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, Watched, age, enum_name, json::Object, or_dash, short, span};

impl Resource for v1::Cluster {
    const NOUN: &'static str = "cluster";
    const HEADERS: &'static [&'static str] =
        &["NAME", "LOCATION", "TYPE", "STATE", "HEALTH", "VERSION", "MACHINES", "AGE"];
    const WIDE: &'static [&'static str] = &["DISPLAY NAME", "EDITION", "ETAG", "UID", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .text("clusterType", &self.cluster_type)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .value("options", self.options.as_ref().map(options).unwrap_or_default())
            .value("status", self.status.as_ref().map(status).unwrap_or_default())
            .text("operation", &self.operation)
            .text("edition", &self.edition)
            .text("version", &self.version)
            .value("network", self.network.as_ref().map(network).unwrap_or_default())
            .value("deleteProtection", Value::from(self.delete_protection))
            .time("purgeTime", self.purge_time.as_ref())
            .bytes("decisionsHash", &self.decisions_hash)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        vec![
            short(&self.name).to_owned(),
            location(&self.name).to_owned(),
            or_dash(&self.cluster_type),
            standing(self, now),
            health(self),
            or_dash(&self.version),
            machines(self),
            age(self.create_time.as_ref(), now),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![
            or_dash(&self.display_name),
            or_dash(&self.edition),
            self.etag.clone(),
            self.uid.clone(),
            or_dash(&self.description),
        ]
    }
}

impl Watched for v1::Cluster {
    fn etag(&self) -> &str {
        &self.etag
    }

    fn log(name: &str) -> String {
        format!("region/{}", location(name))
    }

    fn after(after: After) -> Option<Self> {
        if let After::Cluster(found) = after { Some(found) } else { None }
    }

    fn is_deleted(&self) -> bool {
        false
    }

    fn keep(&mut self, known: &Self) {
        self.status.clone_from(&known.status);
    }

    fn amended(&self, fact: &v1::Fact) -> Option<Self> {
        let Some(After::ClusterStatus(status)) = &fact.after else { return None };
        let mine = fact.subject.strip_suffix("#status") == Some(&self.name);
        // Which operation that leaves the fact does not say.
        let changed = Self { status: Some(status.clone()), operation: String::new(), ..self.clone() };
        (mine && self.status != changed.status).then_some(changed)
    }
}

/// The location in a cluster's name.
pub fn location(name: &str) -> &str {
    name.split("/locations/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("-")
}

/// As it is typed: `LOCATION/ID`.
pub fn typed(name: &str) -> String {
    format!("{}/{}", location(name), short(name))
}

/// Its state; one that nobody has begun is PENDING.
pub fn state(cluster: &v1::Cluster) -> State {
    cluster.status.as_ref().map_or(State::Pending, v1::ClusterStatus::state)
}

/// Its state, and when it goes for good where that is set.
fn standing(cluster: &v1::Cluster, now: Timestamp) -> String {
    let state = state(cluster).as_str_name().to_owned();
    match cluster.purge_time.map(|purge| purge.seconds.saturating_sub(now.as_second())) {
        Some(left) if left > 0 => format!("{state}, gone in {}", span(left.unsigned_abs())),
        _now_or_never => state,
    }
}

fn health(cluster: &v1::Cluster) -> String {
    let health = cluster.status.as_ref().map(v1::ClusterStatus::health).filter(|is| *is != Health::Unknown);
    health.map_or_else(|| "-".to_owned(), |health| health.as_str_name().to_owned())
}

/// Machines that have joined, of those that are there.
fn machines(cluster: &v1::Cluster) -> String {
    let of = cluster.status.as_ref().map(|status| status.machines.as_slice()).unwrap_or_default();
    match of.iter().fold((0, 0), |(joined, all), of| (joined + of.joined, all + of.count)) {
        (_, 0) => "-".to_owned(),
        (joined, all) => format!("{joined}/{all}"),
    }
}

fn list(values: impl Iterator<Item = Value>) -> Value {
    Value::from(values.collect::<Vec<Value>>())
}

fn options(of: &v1::ClusterOptions) -> Value {
    let made = Object::default()
        .text("version", &of.version)
        .text("clusterCidr", &of.cluster_cidr)
        .text("podCidr", &of.pod_cidr)
        .text("serviceCidr", &of.service_cidr)
        .texts("allowList", &of.allow_list)
        .text("maintenanceWindow", &of.maintenance_window);
    // Set to false is not the same as not set.
    made.set("deleteProtection", of.delete_protection).set("privileged", of.privileged).done()
}

fn network(of: &v1::ClusterNetwork) -> Value {
    Object::default()
        .word("tenancy", Ok::<_, ()>(of.tenancy().as_str_name()))
        .text("vpcCidr", &of.vpc_cidr)
        .text("clusterCidr", &of.cluster_cidr)
        .text("podCidr", &of.pod_cidr)
        .text("serviceCidr", &of.service_cidr)
        .texts("zones", &of.zones)
        .done()
}

/// What became of a cluster, as JSON.
pub fn status(of: &v1::ClusterStatus) -> Value {
    let condition = |of: &v1::ClusterCondition| {
        Object::default()
            .text("name", &of.name)
            .word("truth", Ok::<_, ()>(of.truth().as_str_name()))
            .text("reason", &of.reason)
            .done()
    };
    let constraint = |of: &v1::ClusterConstraint| {
        let made = Object::default().text("name", &of.name).value("possible", Value::from(of.possible));
        made.text("reason", &of.reason).done()
    };
    let count = |of: &v1::MachineCount| {
        let made = Object::default().text("role", &of.role).value("count", Value::from(of.count));
        made.value("joined", Value::from(of.joined)).done()
    };
    Object::default()
        .word("state", Ok::<_, ()>(of.state().as_str_name()))
        .word("health", Ok::<_, ()>(of.health().as_str_name()))
        .value("conditions", list(of.conditions.iter().map(condition)))
        .value("constraints", list(of.constraints.iter().map(constraint)))
        .value("creation", list(of.creation.iter().map(phase)))
        .time("readyTime", of.ready_time.as_ref())
        .value("machines", list(of.machines.iter().map(count)))
        .texts("heldUpBy", &of.held_up_by)
        .value("waits", list(of.waits.iter().map(wait)))
        .done()
}

/// A phase of a creation, as JSON.
pub fn phase(of: &v1::CreationPhase) -> Value {
    let made = Object::default().text("name", &of.name).time("beginTime", of.begin_time.as_ref());
    made.time("endTime", of.end_time.as_ref()).done()
}

/// What the cloud was waited for, as JSON.
pub fn wait(of: &v1::CloudWait) -> Value {
    let made = Object::default().text("part", &of.part).time("beginTime", of.begin_time.as_ref());
    made.time("endTime", of.end_time.as_ref()).done()
}

/// A condition for people: name, whether it holds, why.
pub fn condition(of: &v1::ClusterCondition) -> Vec<String> {
    let truth = match of.truth() {
        Truth::True => "yes",
        Truth::False => "no",
        Truth::Unknown | Truth::Unspecified => "unknown",
    };
    vec![of.name.clone(), truth.to_owned(), of.reason.clone()]
}

impl Resource for v1::Machine {
    const NOUN: &'static str = "machine";
    const HEADERS: &'static [&'static str] = &["SLOT", "TYPE", "VCPU", "MEMORY", "ZONE", "STATE", "SINCE", "ID"];
    const WIDE: &'static [&'static str] = &["IMAGE", "LAUNCHED", "CAUSE"];

    fn name(&self) -> &str {
        &self.slot
    }

    fn json(&self) -> Value {
        Object::default()
            .text("id", &self.id)
            .text("slot", &self.slot)
            .text("role", &self.role)
            .text("instanceType", &self.instance_type)
            .value("vcpus", Value::from(self.vcpus))
            .number("memoryMib", self.memory_mib.unsigned_abs())
            .text("zone", &self.zone)
            .text("image", &self.image)
            .word("state", Ok::<_, ()>(self.state().as_str_name()))
            .time("stateTime", self.state_time.as_ref())
            .time("launchTime", self.launch_time.as_ref())
            .text("cause", &self.cause)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let known = |number: i64, text: String| if number == 0 { "-".to_owned() } else { text };
        vec![
            self.slot.clone(),
            self.instance_type.clone(),
            known(self.vcpus.into(), self.vcpus.to_string()),
            known(self.memory_mib, memory(self.memory_mib)),
            self.zone.clone(),
            enum_name(Ok::<_, ()>(self.state().as_str_name()), ""),
            age(self.state_time.as_ref(), now),
            or_dash(&self.id),
        ]
    }

    fn wide(&self, now: Timestamp) -> Vec<String> {
        vec![self.image.clone(), age(self.launch_time.as_ref(), now), or_dash(&self.cause)]
    }
}

/// In GiB where it is a whole number of them.
fn memory(mib: i64) -> String {
    if mib % 1024 == 0 { format!("{} GiB", mib / 1024) } else { format!("{mib} MiB") }
}

/// A decision, as JSON.
pub fn decision(of: &v1::Decision) -> Value {
    Object::default()
        .value("number", Value::from(of.number))
        .text("key", &of.key)
        .text("what", &of.what)
        .text("value", &of.value)
        .texts("alternatives", &of.alternatives)
        .text("reason", &of.reason)
        .text("source", &of.source)
        .text("sourceKind", &of.source_kind)
        .texts("restsOn", &of.rests_on)
        .done()
}

/// Something that was done, as JSON.
pub fn deed(of: &v1::Deed) -> Value {
    let made = Object::default().time("time", of.time.as_ref()).text("part", &of.part).text("did", &of.did);
    made.text("cause", &of.cause).done()
}

/// A time that a machine ran, as JSON.
pub fn machine_run(of: &v1::MachineRun) -> Value {
    Object::default()
        .text("cluster", &of.cluster)
        .text("machine", &of.machine)
        .text("slot", &of.slot)
        .text("instanceType", &of.instance_type)
        .value("vcpus", Value::from(of.vcpus))
        .number("memoryMib", of.memory_mib.unsigned_abs())
        .time("startTime", of.start_time.as_ref())
        .time("stopTime", of.stop_time.as_ref())
        .done()
}

/// What a fact says beyond its kind and subject, in a few words.
pub fn said(fact: &v1::Fact) -> Option<String> {
    match fact.after.as_ref()? {
        After::ClusterStatus(status) => {
            let phases = status.creation.iter().filter(|phase| phase.end_time.is_none());
            let phases: Vec<&str> = phases.map(|phase| phase.name.as_str()).collect();
            let under_way = if phases.is_empty() { String::new() } else { format!(": {}", phases.join(", ")) };
            Some(format!("{} {}{under_way}", status.state().as_str_name(), status.health().as_str_name()))
        }
        After::Deeds(deeds) => deeds.deeds.last().map(|deed| format!("{}: {}; {}", deed.part, deed.did, deed.cause)),
        After::MachineRun(run) => Some(format!("{} {} {}", run.slot, run.machine, run.instance_type)),
        _a_resource => None,
    }
}
