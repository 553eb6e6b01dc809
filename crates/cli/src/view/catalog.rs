//! Editions of the catalogue, and what is to be had of them.

use client::v1::{self, offered_version::Support};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Resource, age, enum_name,
    json::{Object, time},
    list_or_dash, or_dash, short, span,
};

impl Resource for v1::Edition {
    const NOUN: &'static str = "edition";
    const HEADERS: &'static [&'static str] = &["EDITION", "STATE", "IN USE IN", "AGE"];
    const WIDE: &'static [&'static str] = &["SOAK", "ORDER", "ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let wave = |wave: &v1::Wave| {
            Object::default().text("location", &wave.location).time("startTime", wave.start_time.as_ref()).done()
        };
        Object::default()
            .text("name", &self.name)
            .value("waves", self.waves.iter().map(wave).collect())
            .duration("soak", self.soak.as_ref())
            .time("publishTime", self.publish_time.as_ref())
            .time("haltTime", self.halt_time.as_ref())
            .texts("locations", &self.locations)
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .value("contents", self.contents.as_ref().map_or(Value::Null, contents))
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = if self.halt_time.is_some() { "HALTED" } else { "PUBLISHED" };
        vec![
            short(&self.name).to_owned(),
            state.to_owned(),
            shorts(&self.locations),
            age(self.publish_time.as_ref(), now),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let order: Vec<String> = self.waves.iter().map(|wave| wave.location.clone()).collect();
        let soak = self.soak.and_then(|soak| u64::try_from(soak.seconds).ok()).unwrap_or(0);
        vec![span(soak), shorts(&order), self.etag.clone()]
    }
}

/// What is in an edition, as its file says it; nothing where it does not read.
fn contents(contents: &v1::CatalogContents) -> Value {
    let read = wire::catalog::read_as(contents).ok();
    read.and_then(|read| serde_json::to_value(catalog::as_written(&read)).ok()).unwrap_or_default()
}

/// How much of what is in an edition.
pub fn counts(contents: &v1::CatalogContents) -> String {
    format!(
        "{} regions, {} instance types, {} Kubernetes versions, {} images, {} cluster types",
        contents.regions.len(),
        contents.instance_types.len(),
        contents.versions.len(),
        contents.images.len(),
        contents.cluster_types.len()
    )
}

/// A wave in words, by the time from the publication.
pub fn reaches(edition: &v1::Edition, wave: &v1::Wave) -> String {
    let (from, to) = (edition.publish_time.as_ref(), wave.start_time.as_ref());
    let waits = from.zip(to).and_then(|(from, to)| u64::try_from(to.seconds.saturating_sub(from.seconds)).ok());
    let when = waits.map_or_else(|| "at once".to_owned(), |waits| format!("after {}", span(waits)));
    format!("{} {when}", short(&wave.location))
}

/// From when on.
pub fn start(wave: &v1::Wave) -> String {
    wave.start_time.as_ref().map_or_else(|| "at once".to_owned(), time)
}

fn shorts(names: &[String]) -> String {
    list_or_dash(&names.iter().map(|name| short(name).to_owned()).collect::<Vec<_>>())
}

/// The edition that something is of.
fn edition_of(name: &str) -> String {
    name.split('/').nth(1).unwrap_or_default().to_owned()
}

impl Resource for v1::Location {
    const NOUN: &'static str = "location";
    const HEADERS: &'static [&'static str] = &["LOCATION", "EDITION", "ZONES"];
    const WIDE: &'static [&'static str] = &["ZONE IDS"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let zone = |zone: &v1::CatalogZone| Object::default().text("id", &zone.id).text("name", &zone.name).done();
        Object::default()
            .text("name", &self.name)
            .text("edition", &self.edition)
            .value("zones", self.zones.iter().map(zone).collect())
            .done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let zones: Vec<String> = self.zones.iter().map(|zone| zone.name.clone()).collect();
        vec![short(&self.name).to_owned(), or_dash(short(&self.edition)), list_or_dash(&zones)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![list_or_dash(&self.zones.iter().map(|zone| zone.id.clone()).collect::<Vec<_>>())]
    }
}

impl Resource for v1::OfferedClusterType {
    const NOUN: &'static str = "cluster type";
    const HEADERS: &'static [&'static str] = &["TYPE", "NAME", "DECISIONS", "FIXED", "LOCATIONS", "EDITION"];
    const WIDE: &'static [&'static str] = &[];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let of = self.cluster_type.clone().unwrap_or_default();
        let decision = |one: &v1::CatalogDecision| {
            let fixed = Value::from(one.fixed);
            let made = Object::default().text("key", &one.key).text("value", &one.value);
            made.text("why", &one.why).value("fixed", fixed).done()
        };
        let shown = Object::default()
            .text("id", &of.id)
            .text("displayName", &of.display_name)
            .value("decisions", of.decisions.iter().map(decision).collect());
        Object::default()
            .text("name", &self.name)
            .texts("locations", &self.locations)
            .value("clusterType", shown.done())
            .done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let of = self.cluster_type.clone().unwrap_or_default();
        let fixed = of.decisions.iter().filter(|decision| decision.fixed).count();
        vec![
            of.id,
            or_dash(&of.display_name),
            of.decisions.len().to_string(),
            fixed.to_string(),
            shorts(&self.locations),
            edition_of(&self.name),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        Vec::new()
    }
}

impl Resource for v1::OfferedVersion {
    const NOUN: &'static str = "version";
    const HEADERS: &'static [&'static str] =
        &["VERSION", "CHANNELS", "SUPPORT", "STANDARD UNTIL", "EXTENDED UNTIL", "LOCATIONS", "EDITION"];
    const WIDE: &'static [&'static str] = &["RELEASED", "CONFORMANCE"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let of = self.version.clone().unwrap_or_default();
        let shown = Object::default()
            .text("version", &of.version)
            .texts("channels", &of.channels)
            .text("released", &of.released)
            .text("standardEnd", &of.standard_end)
            .text("extendedEnd", &of.extended_end)
            .texts("published", &of.published)
            .text("conformance", &of.conformance);
        Object::default()
            .text("name", &self.name)
            .word("support", Support::try_from(self.support).map(|support| support.as_str_name()))
            .value("version", shown.done())
            .done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let of = self.version.clone().unwrap_or_default();
        vec![
            of.version,
            list_or_dash(&of.channels),
            enum_name(Support::try_from(self.support).map(|support| support.as_str_name()), ""),
            of.standard_end,
            of.extended_end,
            list_or_dash(&of.published),
            edition_of(&self.name),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let of = self.version.clone().unwrap_or_default();
        vec![of.released, or_dash(&of.conformance)]
    }
}

impl Resource for v1::OfferedInstanceType {
    const NOUN: &'static str = "instance type";
    const HEADERS: &'static [&'static str] = &["TYPE", "VCPUS", "MEMORY", "ARCHITECTURE", "NETWORK", "$/H", "EDITION"];
    const WIDE: &'static [&'static str] = &["BURSTABLE", "CURRENT", "NOT IN"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let of = self.instance_type.clone().unwrap_or_default();
        let offer = |offer: &v1::CatalogOffer| {
            let made = Object::default().text("region", &offer.region).number("price", offer.price);
            made.texts("notIn", &offer.not_in).done()
        };
        let shown = Object::default()
            .text("name", &of.name)
            .value("vcpus", Value::from(of.vcpus))
            .number("memoryMib", of.memory_mib)
            .text("architecture", &of.architecture)
            .text("network", &of.network)
            .value("currentGeneration", Value::from(of.current_generation))
            .value("burstable", Value::from(of.burstable))
            .value("offers", of.offers.iter().map(offer).collect());
        Object::default().text("name", &self.name).value("instanceType", shown.done()).done()
    }

    fn row(&self, _: Timestamp) -> Vec<String> {
        let of = self.instance_type.clone().unwrap_or_default();
        let price = match of.offers.as_slice() {
            [only] => dollars(only.price),
            several => list_or_dash(
                &several.iter().map(|offer| format!("{}={}", offer.region, dollars(offer.price))).collect::<Vec<_>>(),
            ),
        };
        let memory = memory(of.memory_mib);
        vec![of.name, of.vcpus.to_string(), memory, of.architecture, of.network, price, edition_of(&self.name)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let of = self.instance_type.clone().unwrap_or_default();
        let word = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let without: Vec<String> = of.offers.iter().flat_map(|offer| offer.not_in.clone()).collect();
        vec![word(of.burstable), word(of.current_generation), list_or_dash(&without)]
    }
}

/// Millionths of a dollar, with at least four digits behind the point.
fn dollars(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let cut = text.strip_suffix("00").or_else(|| text.strip_suffix('0'));
    cut.unwrap_or(&text).to_owned()
}

fn memory(mib: u64) -> String {
    if mib.is_multiple_of(1024) { format!("{} GiB", mib / 1024) } else { format!("{mib} MiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_four_digits_behind_the_point_or_as_many_as_they_need() {
        let cases =
            [(81_600, "0.0816"), (16_800, "0.0168"), (1_536_000, "1.5360"), (115_920, "0.11592"), (1, "0.000001")];
        for (micros, text) in cases {
            assert_eq!(dollars(micros), text);
        }
        assert_eq!([512, 1024, 1536, 8192].map(memory), ["512 MiB", "1 GiB", "1536 MiB", "8 GiB"]);
    }
}
