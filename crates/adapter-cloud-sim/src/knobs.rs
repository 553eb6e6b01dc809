//! Turning knobs while the cloud runs: `key=value`, as people write it.
//!
//! Keys are the fields of [`Vices`] and [`Delays`]: numbers, or `off`. Three are not:
//!
//! ```text
//!   character = off | mild | harsh           every vice at once
//!   capacity  = ZONE/TYPE:COUNT              so many instances of a type fit into a zone; off: no bounds
//!   outages   = REGION|ZONE[/TYPE]:SECONDS   nothing is launched there for so long, from now on; off: none
//! ```

use cloud_sim::{Capacity, Delays, Options, Outage, Vices};
use ports::cloud::{CloudRegion, InstanceType, Zone};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::protocol::Knobs;

/// A knob that is not, or a place that it cannot be turned to.
#[derive(Debug, thiserror::Error)]
#[error("turned {key} to {value:?}: wanted {wanted}")]
pub struct KnobError {
    pub key: String,
    pub value: String,
    pub wanted: String,
}

const OFF: &str = "off";

/// The knobs of a cloud after these turns, one after the other. `now` is in Unix milliseconds.
///
/// # Errors
/// [`KnobError`] of the first turn that makes no sense.
pub fn turned(options: &Options, now: u64, turns: &[(String, String)]) -> Result<Knobs, KnobError> {
    let mut knobs = Knobs::of(options);
    for (key, value) in turns {
        turn(&mut knobs, options, now, key, value).map_err(|wanted| KnobError {
            key: key.clone(),
            value: value.clone(),
            wanted,
        })?;
    }
    Ok(knobs)
}

/// Turns one, or says what was wanted.
fn turn(knobs: &mut Knobs, options: &Options, now: u64, key: &str, value: &str) -> Result<(), String> {
    match (key, value) {
        ("character", OFF) => knobs.vices = Vices::off(),
        ("character", "mild") => knobs.vices = Vices::mild(),
        ("character", "harsh") => knobs.vices = Vices::harsh(),
        ("character", _) => return Err("off, mild or harsh".to_owned()),
        ("capacity", OFF) => knobs.vices.capacity.clear(),
        ("outages", OFF) => knobs.vices.outages.clear(),
        ("capacity", _) => {
            let bound = capacity(options, value)?;
            let same = |old: &Capacity| old.zone == bound.zone && old.instance_type == bound.instance_type;
            knobs.vices.capacity.retain(|old| !same(old));
            knobs.vices.capacity.push(bound);
        }
        ("outages", _) => knobs.vices.outages.push(outage(options, now, value)?),
        _ => {
            let (mut vices, mut delays) = (fields(&knobs.vices)?, fields(&knobs.delays)?);
            if vices.contains_key(key) {
                knobs.vices = with::<Vices>(&mut vices, key, value)?;
            } else if delays.contains_key(key) {
                knobs.delays = with::<Delays>(&mut delays, key, value)?;
            } else {
                let keys: Vec<_> = vices.keys().chain(delays.keys()).map(String::as_str).collect();
                return Err(format!("one of character, {}", keys.join(", ")));
            }
        }
    }
    Ok(())
}

fn fields(of: &impl Serialize) -> Result<Map<String, Value>, String> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => Ok(fields),
        other => Err(format!("fields, found {other:?}")),
    }
}

/// The same with one number changed.
fn with<T: DeserializeOwned>(fields: &mut Map<String, Value>, key: &str, value: &str) -> Result<T, String> {
    let number = match value {
        // What has no number is off without one, all else at zero.
        OFF if fields.get(key).is_some_and(Value::is_null) || key == "throttle_percent" => Value::Null,
        OFF => Value::from(0),
        _ => Value::from(value.parse::<u64>().map_err(|_| "a whole number, or off".to_owned())?),
    };
    fields.insert(key.to_owned(), number);
    serde_json::from_value(Value::Object(std::mem::take(fields)))
        .map_err(|error| format!("a number that fits: {error}"))
}

fn capacity(options: &Options, value: &str) -> Result<Capacity, String> {
    let wanted = || "ZONE/TYPE:COUNT, such as eu-west-1a/m7g.large:0".to_owned();
    let (place, instances) = value.rsplit_once(':').ok_or_else(wanted)?;
    let (zone, instance_type) = place.split_once('/').ok_or_else(wanted)?;
    let instances = instances.parse().map_err(|_| wanted())?;
    let (_, zone) = zone_named(options, zone).ok_or_else(|| no_place(options))?;
    Ok(Capacity { zone, instance_type: type_named(options, instance_type)?, instances })
}

fn outage(options: &Options, now: u64, value: &str) -> Result<Outage, String> {
    let wanted = || "REGION or ZONE, perhaps /TYPE, and :SECONDS, such as eu-west-1:600".to_owned();
    let (place, seconds) = value.rsplit_once(':').ok_or_else(wanted)?;
    let seconds: u64 = seconds.parse().map_err(|_| wanted())?;
    let (place, instance_type) = place.split_once('/').map_or((place, None), |(place, of)| (place, Some(of)));
    let whole = options.regions.keys().find(|region| region.as_str() == place).map(|region| (region.clone(), None));
    let part = || zone_named(options, place).map(|(region, zone)| (region, Some(zone)));
    let (region, zone) = whole.or_else(part).ok_or_else(|| no_place(options))?;
    let instance_type = instance_type.map(|named| type_named(options, named)).transpose()?;
    Ok(Outage { region, zone, instance_type, from: now, until: now.saturating_add(seconds.saturating_mul(1000)) })
}

fn zone_named(options: &Options, name: &str) -> Option<(CloudRegion, Zone)> {
    let zones = options.regions.iter().flat_map(|(region, of)| of.zones.iter().map(move |(zone, _)| (region, zone)));
    zones.map(|(region, zone)| (region.clone(), zone.clone())).find(|(_, zone)| zone.as_str() == name)
}

fn type_named(options: &Options, name: &str) -> Result<InstanceType, String> {
    let named = InstanceType::new(name);
    let there = options.types.contains_key(&named);
    there.then_some(named).ok_or_else(|| format!("an instance type of this cloud, which {name:?} is not"))
}

fn no_place(options: &Options) -> String {
    let places = options.regions.iter().flat_map(|(region, of)| {
        [region.to_string()].into_iter().chain(of.zones.iter().map(|(zone, _)| zone.to_string()))
    });
    format!("one of the places {}", places.collect::<Vec<_>>().join(", "))
}
