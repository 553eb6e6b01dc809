//! Editions of the catalogue in the double: published in order, halted, and what is in use. The double has no clock, so an edition is in use
//! only where its wave waits for nothing.

use std::collections::{BTreeMap, BTreeSet};

use api::v1::{self, fact::After, offered_version::Support};
use prost_types::{Duration, Timestamp};
use tonic::{Code, Status};

use super::state::{Done, State, check_etag, not_found, refusal};

const GLOBAL: &str = "global";
const SOAK_SECONDS: i64 = 3600;

pub(super) fn publish(state: &mut State, r: v1::PublishEditionRequest) -> Result<Done, Status> {
    let contents = r.contents.unwrap_or_default();
    let name = format!("editions/{}", contents.edition);
    if let Some(newest) = state.editions.keys().next_back().filter(|newest| **newest >= name) {
        let (edition, newest) = (contents.edition, newest.replace("editions/", ""));
        let message = format!("published the edition {edition} after {newest}: wanted a name that sorts behind it");
        let values = [("edition", edition.as_str()), ("newest", newest.as_str())];
        return Err(refusal(Code::FailedPrecondition, "EDITION_NOT_NEWER", message, &values));
    }
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let usual = if state.editions.is_empty() { 0 } else { SOAK_SECONDS };
    let plan = r.waves.unwrap_or_else(|| v1::WavePlan { order: Vec::new(), soak: Some(seconds(usual)) });
    let soak = plan.soak.unwrap_or_else(|| seconds(SOAK_SECONDS));
    let mut order = plan.order;
    let regions: Vec<String> = state.regions.keys().map(|region| format!("locations/{region}")).collect();
    let others = regions.into_iter().filter(|region| !order.contains(region)).collect::<Vec<_>>();
    order.extend(others);
    let wave = |(place, location): (i64, String)| {
        let at = |time: Timestamp| Timestamp { seconds: time.seconds + place * soak.seconds, ..time };
        v1::Wave { location, start_time: stamp.time.map(at).filter(|_| place * soak.seconds > 0) }
    };
    let made = v1::Edition {
        name: name.clone(),
        waves: (0..).zip(order).map(wave).collect(),
        soak: Some(soak),
        publish_time: stamp.time,
        update_time: stamp.time,
        etag: stamp.etag.clone(),
        ..v1::Edition::default()
    };
    state.editions.insert(name.clone(), v1::Edition { contents: Some(contents), ..made.clone() });
    state.append(GLOBAL, &r.request_id, "edition-published", &name, Some(After::Edition(made.clone())));
    Ok(Done::Edition(made))
}

pub(super) fn halt(state: &mut State, r: &v1::HaltEditionRequest) -> Result<Done, Status> {
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let edition = state.editions.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
    check_etag(&r.name, &r.etag, &edition.etag)?;
    if edition.halt_time.is_some() {
        let edition = r.name.replace("editions/", "");
        let message = format!("halted the edition {edition}: it is halted, wanted one that is not");
        return Err(refusal(Code::FailedPrecondition, "EDITION_HALTED", message, &[("edition", &edition)]));
    }
    (edition.halt_time, edition.update_time, edition.etag) = (stamp.time, stamp.time, stamp.etag);
    let made = v1::Edition { contents: None, ..edition.clone() };
    state.append(GLOBAL, &r.request_id, "edition-halted", &r.name, Some(After::Edition(made.clone())));
    Ok(Done::Edition(made))
}

fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

/// Locations by the edition that they use.
fn used(state: &State) -> BTreeMap<&str, BTreeSet<String>> {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for location in state.regions.keys().map(|region| format!("locations/{region}")) {
        let reached = |edition: &v1::Edition| {
            let waits = edition.waves.iter().any(|wave| wave.location == location && wave.start_time.is_some());
            edition.halt_time.is_none() && !waits
        };
        if let Some((name, _)) = state.editions.iter().rev().find(|(_, edition)| reached(edition)) {
            used.entry(name).or_default().insert(location);
        }
    }
    used
}

/// An edition as it is shown, with where it is in use.
pub(super) fn shown(state: &State, edition: &v1::Edition, with_contents: bool) -> v1::Edition {
    let locations = used(state).remove(edition.name.as_str()).unwrap_or_default();
    let contents = edition.contents.clone().filter(|_| with_contents);
    v1::Edition { locations: locations.into_iter().collect(), contents, ..edition.clone() }
}

pub(super) fn locations(state: &State) -> Vec<v1::Location> {
    let used = used(state);
    let location = |region: &String| {
        let name = format!("locations/{region}");
        let edition = used.iter().find(|(_, locations)| locations.contains(&name)).map(|(edition, _)| *edition);
        let contents = edition.and_then(|edition| state.editions.get(edition)?.contents.as_ref());
        let zones = contents.and_then(|contents| contents.regions.iter().find(|one| one.id == *region));
        v1::Location {
            edition: edition.unwrap_or_default().to_owned(),
            zones: zones.map(|one| one.zones.clone()).unwrap_or_default(),
            name,
        }
    };
    state.regions.keys().map(location).collect()
}

/// The editions that a list is over, the newest first, each cut down to the locations asked about.
fn parts(
    state: &State,
    parent: &str,
    location: &str,
) -> Result<Vec<(String, Vec<String>, v1::CatalogContents)>, Status> {
    let asked = |one: &String| location.is_empty() || one == location;
    let over: BTreeMap<&str, BTreeSet<String>> = match parent {
        "editions/-" => used(state),
        named => [(named, state.regions.keys().map(|region| format!("locations/{region}")).collect())].into(),
    };
    let mut parts = Vec::new();
    for (name, locations) in over.into_iter().rev() {
        let locations: Vec<String> = locations.into_iter().filter(asked).collect();
        let edition = state.editions.get(name).ok_or_else(|| not_found(name))?;
        let mut contents = edition.contents.clone().unwrap_or_default();
        let here = |region: &str| locations.iter().any(|location| location.ends_with(&format!("/{region}")));
        contents.instance_types.iter_mut().for_each(|kind| kind.offers.retain(|offer| here(&offer.region)));
        contents.instance_types.retain(|kind| !kind.offers.is_empty());
        contents.versions.iter_mut().for_each(|version| version.published.retain(|region| here(region)));
        if !locations.is_empty() {
            parts.push((name.to_owned(), locations, contents));
        }
    }
    Ok(parts)
}

pub(super) fn cluster_types(state: &State, parent: &str, at: &str) -> Result<Vec<v1::OfferedClusterType>, Status> {
    let of = |(edition, locations, contents): (String, Vec<String>, v1::CatalogContents)| {
        contents.cluster_types.into_iter().map(move |cluster_type| v1::OfferedClusterType {
            name: format!("{edition}/clusterTypes/{}", cluster_type.id),
            locations: locations.clone(),
            cluster_type: Some(cluster_type),
        })
    };
    Ok(parts(state, parent, at)?.into_iter().flat_map(of).collect())
}

/// All of them in standard support, whatever day it is.
pub(super) fn versions(state: &State, parent: &str, at: &str) -> Result<Vec<v1::OfferedVersion>, Status> {
    let of = |(edition, _, contents): (String, Vec<String>, v1::CatalogContents)| {
        contents.versions.into_iter().rev().map(move |version| v1::OfferedVersion {
            name: format!("{edition}/versions/{}", version.version),
            support: Support::Standard.into(),
            version: Some(version),
        })
    };
    Ok(parts(state, parent, at)?.into_iter().flat_map(of).collect())
}

pub(super) fn instance_types(state: &State, parent: &str, at: &str) -> Result<Vec<v1::OfferedInstanceType>, Status> {
    let of = |(edition, _, contents): (String, Vec<String>, v1::CatalogContents)| {
        contents.instance_types.into_iter().map(move |kind| v1::OfferedInstanceType {
            name: format!("{edition}/instanceTypes/{}", kind.name),
            instance_type: Some(kind),
        })
    };
    Ok(parts(state, parent, at)?.into_iter().flat_map(of).collect())
}
