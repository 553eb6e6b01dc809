//! From the file to the domain: every text becomes what it must be, or is refused with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use domain::{
    Cidr,
    catalog::{
        AddressPools, Architecture, Catalog, Chosen, ClusterTypeRecord, Image, InstanceType, Key, Offer, Region,
        Source, Version, Zone,
    },
};

use crate::{ReadError, document};

/// Text that is not one of a few words.
#[derive(Debug, thiserror::Error)]
#[error("parsed {input:?}: wanted {wanted}")]
struct WordError {
    input: String,
    wanted: &'static str,
}

pub fn catalog(document: document::Document) -> Result<Catalog, ReadError> {
    let source = |source: document::Source| {
        let date = parse(|| "the date of a source".to_owned(), &source.date)?;
        Ok(Source { facts: source.facts, from: source.from, date })
    };
    let regions = document.regions.into_iter().map(|(id, content)| {
        let region = parse(|| format!("the region {id}"), &id)?;
        Ok((region, self::region(&id, content)?))
    });
    Ok(Catalog {
        edition: document.edition,
        sources: document.sources.into_iter().map(source).collect::<Result<_, ReadError>>()?,
        regions: regions.collect::<Result<_, ReadError>>()?,
        instance_types: keyed("the instance types", document.instance_types, instance_type)?,
        versions: keyed("the versions", document.versions, version)?,
        images: document.images.into_iter().map(image).collect::<Result<_, ReadError>>()?,
        cluster_types: keyed("the cluster types", document.cluster_types, cluster_type)?,
    })
}

/// A list whose items have ids, each once.
fn keyed<Item, K: Ord + ToString, V>(
    place: &'static str,
    items: Vec<Item>,
    read: impl Fn(Item) -> Result<(K, V), ReadError>,
) -> Result<BTreeMap<K, V>, ReadError> {
    let mut all = BTreeMap::new();
    for item in items {
        let (key, value) = read(item)?;
        let id = key.to_string();
        if all.insert(key, value).is_some() {
            return Err(ReadError::Twice { place, id });
        }
    }
    Ok(all)
}

fn region(id: &str, content: document::Region) -> Result<Region, ReadError> {
    let document::Addresses { clusters, pods, services, shared_vpc_prefix } = content.addresses;
    let ranges = |pool: &str, ranges: &[String]| -> Result<Vec<Cidr>, ReadError> {
        ranges.iter().map(|range| parse(|| format!("the addresses for {pool} of {id}"), range)).collect()
    };
    let addresses = AddressPools {
        clusters: ranges("clusters", &clusters)?,
        pods: ranges("pods", &pods)?,
        services: ranges("services", &services)?,
        shared_vpc_prefix,
    };
    let zones = content.zones.into_iter().map(|zone| Zone { id: zone.id, name: zone.name }).collect();
    Ok(Region { zones, addresses })
}

fn instance_type(item: document::InstanceType) -> Result<(String, InstanceType), ReadError> {
    let name = item.name;
    let offers = item.offers.into_iter().map(|(region, offer)| {
        let region = parse(|| format!("the offers of {name}"), &region)?;
        Ok((region, Offer { price: offer.price, not_in: offer.not_in.into_iter().collect() }))
    });
    let instance_type = InstanceType {
        vcpus: item.vcpus,
        memory_mib: item.memory_mib,
        architecture: architecture(&name, &item.architecture)?,
        network: item.network,
        current_generation: item.current_generation,
        burstable: item.burstable,
        offers: offers.collect::<Result<_, ReadError>>()?,
    };
    Ok((name, instance_type))
}

fn version(item: document::Version) -> Result<(domain::catalog::KubernetesVersion, Version), ReadError> {
    let place = || format!("the version {}", item.version);
    let version = Version {
        channels: set(place, &item.channels)?,
        released: parse(place, &item.released)?,
        standard_end: parse(place, &item.standard_end)?,
        extended_end: parse(place, &item.extended_end)?,
        published: set(place, &item.published)?,
        conformance: item.conformance.clone(),
    };
    Ok((parse(place, &item.version)?, version))
}

fn image(item: document::Image) -> Result<Image, ReadError> {
    let place = || format!("the image {}", item.id);
    Ok(Image {
        region: parse(place, &item.region)?,
        architecture: architecture(&item.id, &item.architecture)?,
        version: parse(place, &item.version)?,
        built: parse(place, &item.built)?,
        critical: item.critical,
        id: item.id,
    })
}

fn cluster_type(item: document::ClusterType) -> Result<(String, ClusterTypeRecord), ReadError> {
    let id = item.id;
    let decisions = item.decisions.into_iter().map(|(name, decision)| {
        let place = || format!("{name} of the cluster type {id}");
        let key = Key::named(&name).filter(|key| !key.is_computed()).ok_or_else(|| ReadError::Value {
            place: place(),
            cause: Box::new(WordError { input: name.clone(), wanted: "the name of a decision that is not computed" }),
        })?;
        let value = key.shape().read(&decision.value);
        let value = value.map_err(|cause| ReadError::Value { place: place(), cause: Box::new(cause) })?;
        Ok((key, Chosen { value, why: decision.why, fixed: decision.fixed }))
    });
    let decisions = decisions.collect::<Result<_, ReadError>>()?;
    Ok((id, ClusterTypeRecord { display_name: item.display_name, decisions }))
}

fn architecture(of: &str, text: &str) -> Result<Architecture, ReadError> {
    let known = Architecture::ALL.into_iter().find(|architecture| architecture.as_str() == text);
    known.ok_or_else(|| ReadError::Value {
        place: format!("the architecture of {of}"),
        cause: Box::new(WordError { input: text.to_owned(), wanted: "x86_64 or arm64" }),
    })
}

fn set<T>(place: impl Fn() -> String, texts: &[String]) -> Result<BTreeSet<T>, ReadError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Ord,
{
    texts.iter().map(|text| parse(&place, text)).collect()
}

fn parse<T>(place: impl Fn() -> String, text: &str) -> Result<T, ReadError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|cause| ReadError::Value { place: place(), cause: Box::new(cause) })
}
