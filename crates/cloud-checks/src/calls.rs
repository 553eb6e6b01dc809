//! That every call was intended before, made once, and fenced where it takes something away.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cloud_sim::{Audit, Entry, Fault, Told, What};
use planner::plan::{CloudId, Time};
use ports::cloud::{ClientToken, CloudRegion, CloudRequest};

use crate::{Log, token};

/// How old the proof may be that goes before a call which takes something away.
const FENCE_MS: u64 = 30_000;
/// How long a call is on its way, at most; one that the cloud takes later is told apart by its fault.
const WAY_MS: u64 = 5_000;

/// At most one resource came of each intent.
pub fn once(audit: &Audit) -> Vec<String> {
    // A call without a token that arrived twice is nobody's fault; what it made beside is taken away again.
    let arrived_twice: BTreeSet<(&str, &str)> = calls(audit)
        .filter(|(_, _, request, fault)| *fault == Some(Fault::Duplicate) && client_token(request).is_none())
        .filter_map(|(_, cause, request, _)| Some((request.name(), &**cause?)))
        .collect();
    let made_twice = audit.made_twice();
    let made_twice = made_twice.into_iter().filter(|of| !arrived_twice.contains(&(of.wish.action, &*of.wish.by)));
    audit
        .launched_twice()
        .into_iter()
        .chain(made_twice)
        .map(|doubled| format!("{:?} made {:?}", doubled.wish, doubled.made))
        .collect()
}

/// Every creation was called for an intent that was committed before, with the token that is derived from it.
pub fn intended(audit: &Audit, log: Log<'_>) -> Vec<String> {
    let mut since: BTreeMap<String, u64> = BTreeMap::new();
    for written in log.written {
        for (part, intent) in &written.entry.held.intents {
            since.entry(token(written.uid, part, intent)).or_insert(written.at);
        }
    }
    let mut broken = Vec::new();
    for (at, cause, request, _) in calls(audit).filter(|(_, _, request, _)| creates(request)) {
        let name = request.name();
        let Some(cause) = cause else {
            broken.push(format!("{name} at {at} was called for nothing"));
            continue;
        };
        match since.get(&**cause) {
            None => broken.push(format!("{name} at {at} for {cause}: no such intent was ever committed")),
            Some(committed) if *committed > at => {
                broken.push(format!("{name} at {at} for {cause}: its intent was committed at {committed}"));
            }
            Some(_) => {}
        }
        if client_token(request).is_some_and(|token| token.as_str() != &**cause) {
            broken.push(format!("{name} at {at} for {cause}: with another client token"));
        }
    }
    broken
}

/// No client token was used for two different launches.
pub fn one_token_one_call(audit: &Audit) -> Vec<String> {
    let mut used: BTreeMap<&ClientToken, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (_, _, request, _) in calls(audit) {
        if let CloudRequest::RunInstances(run) = request {
            let launch = (run.instance_type.as_str(), run.subnet.as_str());
            used.entry(&run.client_token).or_default().insert(launch);
        }
    }
    let twice = used.into_iter().filter(|(_, launches)| launches.len() > 1);
    twice.map(|(token, launches)| format!("the token {token} served for {launches:?}")).collect()
}

/// Before every call that takes something away it was proved, lately enough, that the log is current.
pub fn fenced(audit: &Audit, log: Log<'_>) -> Vec<String> {
    let mut proved: BTreeMap<&CloudRegion, BTreeSet<u64>> = BTreeMap::new();
    for fence in log.fences {
        proved.entry(&fence.region).or_default().insert(fence.at);
    }
    let taking = audit.entries().filter_map(|entry| Some((&entry.place.region, call(entry)?)));
    let mut broken = Vec::new();
    for (region, (at, _, request, _)) in taking.filter(|(_, (_, _, request, _))| takes_away(request)) {
        let last = proved.get(region).and_then(|all| all.range(..=at).next_back());
        if last.is_none_or(|last| last + FENCE_MS + WAY_MS < at) {
            broken.push(format!("{} in {region} at {at} without a fence", request.name()));
        }
    }
    broken
}

/// The end of a machine that is held is marked before it is called for.
pub fn marked(audit: &Audit, log: Log<'_>) -> Vec<String> {
    let mut marked: BTreeMap<CloudId, u64> = BTreeMap::new();
    let mut held: BTreeSet<CloudId> = BTreeSet::new();
    for written in log.written {
        for (id, machine) in &written.entry.held.machines {
            held.insert(id.clone());
            if machine.ending.is_some_and(|_: Time| true) {
                marked.entry(id.clone()).or_insert(written.at);
            }
        }
    }
    let mut broken = Vec::new();
    for (at, _, request, _) in calls(audit) {
        let CloudRequest::TerminateInstances(ask) = request else { continue };
        for id in ask.ids.iter().map(|id| CloudId::from(id.as_str())).filter(|id| held.contains(id)) {
            if marked.get(&id).is_none_or(|since| *since > at) {
                broken.push(format!("{id} was ended at {at} without a mark"));
            }
        }
    }
    broken
}

type Call<'a> = (u64, Option<&'a Arc<str>>, &'a CloudRequest, Option<Fault>);

/// Calls as they were made; not those that the cloud took much later.
fn calls(audit: &Audit) -> impl Iterator<Item = Call<'_>> {
    audit.entries().filter_map(call)
}

fn call(entry: &Entry) -> Option<Call<'_>> {
    match &entry.what {
        What::Call { cause, request, fault, told, .. } => {
            // Whether it still has an effect by then or not: what is told of it tells the delivery from the call.
            let late = *fault == Some(Fault::LateEffect) && *told == Told::Nothing;
            (!late).then_some((entry.at, cause.as_ref(), &**request, *fault))
        }
        What::State { .. } | What::Tampered(_) => None,
    }
}

fn creates(request: &CloudRequest) -> bool {
    use CloudRequest as Is;
    matches!(
        request,
        Is::RunInstances(_)
            | Is::CreateVpc(_)
            | Is::CreateSubnet(_)
            | Is::CreateInternetGateway(_)
            | Is::AllocateAddress(_)
            | Is::CreateNatGateway(_)
            | Is::CreateRouteTable(_)
            | Is::CreateSecurityGroup(_)
            | Is::CreateVolume(_)
            | Is::CreateLaunchTemplate(_)
            | Is::CreateLoadBalancer(_)
            | Is::CreateTargetGroup(_)
    )
}

fn takes_away(request: &CloudRequest) -> bool {
    use CloudRequest as Is;
    let name = request.name();
    // Replacing a route takes the old one away for a moment, and what is wished at once in its place.
    let routes = matches!(request, Is::DeleteRoute(_));
    let ends = matches!(
        request,
        Is::TerminateInstances(_)
            | Is::StopInstances(_)
            | Is::ReleaseAddress(_)
            | Is::DetachInternetGateway(_)
            | Is::DetachVolume(_)
            | Is::DisassociateRouteTable(_)
    );
    ends || name.starts_with("Delete") && !routes
}

fn client_token(request: &CloudRequest) -> Option<&ClientToken> {
    match request {
        CloudRequest::RunInstances(of) => Some(&of.client_token),
        CloudRequest::CreateNatGateway(of) => Some(&of.client_token),
        CloudRequest::CreateRouteTable(of) => Some(&of.client_token),
        CloudRequest::CreateVolume(of) => Some(&of.client_token),
        CloudRequest::CreateLaunchTemplate(of) => Some(&of.client_token),
        _ => None,
    }
}
