//! What is in editions of the catalogue, to messages and back.
//!
//! There is one conversion. The public API has a message of the same shape in a package of its own, because its crate knows nothing
//! of the domain; it goes through the same bytes ([`read_as`], [`shown_as`]).
//!
//! A value of a decision is kept as its one text and read by the shape that its key has, so a value that does not fit its decision is
//! refused here. Whether the edition can be published is for the domain to say.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use domain::{
    Cidr,
    catalog::{
        self, AddressPools, Architecture, Catalog, Chosen, ClusterTypeRecord, Image, InstanceType, Key,
        KubernetesVersion, Offer, Region, Source, Version, Zone,
    },
};
use ids::RegionId;
use prost::Message;

use crate::{Error, decode, encode, field::name_in, proto};

const CATALOG: &str = "a catalogue";
const REGION: &str = "a region of a catalogue";
const INSTANCE_TYPE: &str = "an instance type";
const VERSION: &str = "a Kubernetes version";
const IMAGE: &str = "a machine image";
const CLUSTER_TYPE: &str = "a cluster type";

const DAY: &str = "YYYY-MM-DD";
const RANGE: &str = "an address range in CIDR notation";
const NUMBERS: &str = "1.MINOR.PATCH";

impl From<&Catalog> for proto::Catalog {
    fn from(catalog: &Catalog) -> Self {
        let Catalog { edition, sources, regions, instance_types, versions, images, cluster_types } = catalog;
        Self {
            edition: edition.clone(),
            sources: sources.iter().map(source_out).collect(),
            regions: regions.iter().map(region_out).collect(),
            instance_types: instance_types.iter().map(instance_type_out).collect(),
            versions: versions.iter().map(version_out).collect(),
            images: images.iter().map(image_out).collect(),
            cluster_types: cluster_types.iter().map(cluster_type_out).collect(),
        }
    }
}

impl TryFrom<proto::Catalog> for Catalog {
    type Error = Error;

    fn try_from(message: proto::Catalog) -> Result<Self, Error> {
        let proto::Catalog { edition, sources, regions, instance_types, versions, images, cluster_types } = message;
        Ok(Self {
            edition,
            sources: sources.into_iter().map(source_in).collect::<Result<_, _>>()?,
            regions: keyed("regions", regions, region_in)?,
            instance_types: keyed("instance_types", instance_types, instance_type_in)?,
            versions: keyed("versions", versions, version_in)?,
            images: images.into_iter().map(image_in).collect::<Result<_, _>>()?,
            cluster_types: keyed("cluster_types", cluster_types, cluster_type_in)?,
        })
    }
}

/// What is in an edition, from a message of the same shape as ours.
///
/// # Errors
/// A field of another shape.
pub fn read_as(message: &impl Message) -> Result<Catalog, Error> {
    decode::<proto::Catalog>(CATALOG, encode(message))?.try_into()
}

/// What is in an edition, as a message of the same shape as ours.
///
/// # Errors
/// The message has another shape: a defect.
pub fn shown_as<M: Message + Default>(catalog: &Catalog) -> Result<M, Error> {
    decode(CATALOG, encode(&proto::Catalog::from(catalog)))
}

/// What is listed by a key has each key once.
fn keyed<Message, K: Ord + Display, V>(
    field: &'static str,
    messages: Vec<Message>,
    read: impl Fn(Message) -> Result<(K, V), Error>,
) -> Result<BTreeMap<K, V>, Error> {
    let mut all = BTreeMap::new();
    for message in messages {
        let (key, value) = read(message)?;
        let shown = key.to_string();
        if all.insert(key, value).is_some() {
            return Err(Error::field(CATALOG, field, shown, "each once"));
        }
    }
    Ok(all)
}

fn text_in<T: FromStr>(what: &'static str, field: &'static str, value: &str, wanted: &'static str) -> Result<T, Error> {
    value.parse().map_err(|_| Error::field(what, field, value, wanted))
}

pub(crate) fn texts_out<T: Display>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

pub(crate) fn regions_in<C: FromIterator<RegionId>>(
    what: &'static str,
    field: &'static str,
    names: &[String],
) -> Result<C, Error> {
    names.iter().map(|name| name_in(what, field, name)).collect()
}

/// Reads the name of an edition, which becomes part of a row's.
pub(crate) fn edition_in(what: &'static str, field: &'static str, name: String) -> Result<String, Error> {
    if catalog::is_edition(&name) {
        return Ok(name);
    }
    Err(Error::field(what, field, name, "a month, such as 2026-11 or 2026-11-b"))
}

fn architecture_in(what: &'static str, value: &str) -> Result<Architecture, Error> {
    let known = Architecture::ALL.into_iter().find(|architecture| architecture.as_str() == value);
    known.ok_or_else(|| Error::field(what, "architecture", value, "x86_64 or arm64"))
}

fn source_out(source: &Source) -> proto::CatalogSource {
    proto::CatalogSource { facts: source.facts.clone(), from: source.from.clone(), date: source.date.to_string() }
}

fn source_in(message: proto::CatalogSource) -> Result<Source, Error> {
    let date = text_in(CATALOG, "sources.date", &message.date, DAY)?;
    Ok(Source { facts: message.facts, from: message.from, date })
}

fn region_out((id, region): (&RegionId, &Region)) -> proto::CatalogRegion {
    let zone = |zone: &Zone| proto::CatalogZone { id: zone.id.clone(), name: zone.name.clone() };
    let AddressPools { clusters, pods, services, shared_vpc_prefix } = &region.addresses;
    proto::CatalogRegion {
        id: id.to_string(),
        zones: region.zones.iter().map(zone).collect(),
        clusters: texts_out(clusters),
        pods: texts_out(pods),
        services: texts_out(services),
        shared_vpc_prefix: (*shared_vpc_prefix).into(),
    }
}

fn region_in(message: proto::CatalogRegion) -> Result<(RegionId, Region), Error> {
    let proto::CatalogRegion { id, zones, clusters, pods, services, shared_vpc_prefix } = message;
    let ranges = |field, ranges: &[String]| -> Result<Vec<Cidr>, Error> {
        ranges.iter().map(|range| text_in(REGION, field, range, RANGE)).collect()
    };
    let prefix = u8::try_from(shared_vpc_prefix).ok().filter(|prefix| *prefix <= 32);
    let addresses = AddressPools {
        clusters: ranges("clusters", &clusters)?,
        pods: ranges("pods", &pods)?,
        services: ranges("services", &services)?,
        shared_vpc_prefix: prefix
            .ok_or_else(|| Error::field(REGION, "shared_vpc_prefix", shared_vpc_prefix, "0 to 32"))?,
    };
    let zones = zones.into_iter().map(|zone| Zone { id: zone.id, name: zone.name }).collect();
    Ok((name_in(REGION, "id", &id)?, Region { zones, addresses }))
}

fn instance_type_out((name, instance_type): (&String, &InstanceType)) -> proto::InstanceType {
    let offer = |(region, offer): (&RegionId, &Offer)| proto::InstanceOffer {
        region: region.to_string(),
        price: offer.price,
        not_in: offer.not_in.iter().cloned().collect(),
    };
    proto::InstanceType {
        name: name.clone(),
        vcpus: instance_type.vcpus,
        memory_mib: instance_type.memory_mib,
        architecture: instance_type.architecture.as_str().to_owned(),
        network: instance_type.network.clone(),
        current_generation: instance_type.current_generation,
        burstable: instance_type.burstable,
        offers: instance_type.offers.iter().map(offer).collect(),
    }
}

fn instance_type_in(message: proto::InstanceType) -> Result<(String, InstanceType), Error> {
    let offer = |offer: proto::InstanceOffer| {
        let region: RegionId = name_in(INSTANCE_TYPE, "offers.region", &offer.region)?;
        Ok((region, Offer { price: offer.price, not_in: offer.not_in.into_iter().collect() }))
    };
    let instance_type = InstanceType {
        vcpus: message.vcpus,
        memory_mib: message.memory_mib,
        architecture: architecture_in(INSTANCE_TYPE, &message.architecture)?,
        network: message.network,
        current_generation: message.current_generation,
        burstable: message.burstable,
        offers: keyed("instance_types.offers", message.offers, offer)?,
    };
    Ok((message.name, instance_type))
}

fn version_out((id, version): (&KubernetesVersion, &Version)) -> proto::OfferedVersion {
    proto::OfferedVersion {
        version: id.to_string(),
        channels: texts_out(&version.channels),
        released: version.released.to_string(),
        standard_end: version.standard_end.to_string(),
        extended_end: version.extended_end.to_string(),
        published: texts_out(&version.published),
        conformance: version.conformance.clone(),
    }
}

fn version_in(message: proto::OfferedVersion) -> Result<(KubernetesVersion, Version), Error> {
    let channel = |text: &String| text_in(VERSION, "channels", text, "rapid, regular or stable");
    let version = Version {
        channels: message.channels.iter().map(channel).collect::<Result<_, _>>()?,
        released: text_in(VERSION, "released", &message.released, DAY)?,
        standard_end: text_in(VERSION, "standard_end", &message.standard_end, DAY)?,
        extended_end: text_in(VERSION, "extended_end", &message.extended_end, DAY)?,
        published: regions_in(VERSION, "published", &message.published)?,
        conformance: message.conformance,
    };
    Ok((text_in(VERSION, "version", &message.version, NUMBERS)?, version))
}

fn image_out(image: &Image) -> proto::MachineImage {
    proto::MachineImage {
        id: image.id.clone(),
        region: image.region.to_string(),
        architecture: image.architecture.as_str().to_owned(),
        version: image.version.to_string(),
        built: image.built.to_string(),
        critical: image.critical,
    }
}

fn image_in(message: proto::MachineImage) -> Result<Image, Error> {
    Ok(Image {
        region: name_in(IMAGE, "region", &message.region)?,
        architecture: architecture_in(IMAGE, &message.architecture)?,
        version: text_in(IMAGE, "version", &message.version, NUMBERS)?,
        built: text_in(IMAGE, "built", &message.built, DAY)?,
        critical: message.critical,
        id: message.id,
    })
}

fn cluster_type_out((id, record): (&String, &ClusterTypeRecord)) -> proto::ClusterTypeRecord {
    let decision = |(key, chosen): (&Key, &Chosen)| proto::TypeDecision {
        key: key.name().to_owned(),
        value: chosen.value.to_string(),
        why: chosen.why.clone(),
        fixed: chosen.fixed,
    };
    proto::ClusterTypeRecord {
        id: id.clone(),
        display_name: record.display_name.clone(),
        decisions: record.decisions.iter().map(decision).collect(),
    }
}

fn cluster_type_in(message: proto::ClusterTypeRecord) -> Result<(String, ClusterTypeRecord), Error> {
    let mut decisions = BTreeMap::new();
    for decision in message.decisions {
        let known = Key::named(&decision.key).filter(|key| !key.is_computed());
        let key = known.ok_or_else(|| {
            Error::field(CLUSTER_TYPE, "decisions.key", &decision.key, "the name of a decision that is not computed")
        })?;
        let value = key.shape().read(&decision.value).map_err(|_| {
            Error::field(CLUSTER_TYPE, "decisions.value", &decision.value, "a value that the decision can have")
        })?;
        let chosen = Chosen { value, why: decision.why, fixed: decision.fixed };
        if decisions.insert(key, chosen).is_some() {
            return Err(Error::field(CLUSTER_TYPE, "decisions.key", &decision.key, "each once"));
        }
    }
    Ok((message.id, ClusterTypeRecord { display_name: message.display_name, decisions }))
}
