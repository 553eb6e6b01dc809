//! From the domain to the file.

use domain::{
    Cidr,
    catalog::{Catalog, ClusterTypeRecord, Image, InstanceType, KubernetesVersion, Region, Version},
};

use crate::document;

pub fn document(catalog: &Catalog) -> document::Document {
    let source = |source: &domain::catalog::Source| document::Source {
        facts: source.facts.clone(),
        from: source.from.clone(),
        date: source.date.to_string(),
    };
    document::Document {
        edition: catalog.edition.clone(),
        sources: catalog.sources.iter().map(source).collect(),
        regions: catalog.regions.iter().map(|(id, content)| (id.to_string(), region(content))).collect(),
        instance_types: catalog.instance_types.iter().map(instance_type).collect(),
        versions: catalog.versions.iter().map(version).collect(),
        images: catalog.images.iter().map(image).collect(),
        cluster_types: catalog.cluster_types.iter().map(cluster_type).collect(),
    }
}

fn region(region: &Region) -> document::Region {
    let ranges = |ranges: &[Cidr]| ranges.iter().map(Cidr::to_string).collect();
    let pools = &region.addresses;
    document::Region {
        zones: region
            .zones
            .iter()
            .map(|zone| document::Zone { id: zone.id.clone(), name: zone.name.clone() })
            .collect(),
        addresses: document::Addresses {
            clusters: ranges(&pools.clusters),
            pods: ranges(&pools.pods),
            services: ranges(&pools.services),
            shared_vpc_prefix: pools.shared_vpc_prefix,
        },
    }
}

fn instance_type((name, item): (&String, &InstanceType)) -> document::InstanceType {
    let offers = item.offers.iter().map(|(region, offer)| {
        let offer = document::Offer { price: offer.price, not_in: offer.not_in.iter().cloned().collect() };
        (region.to_string(), offer)
    });
    document::InstanceType {
        name: name.clone(),
        vcpus: item.vcpus,
        memory_mib: item.memory_mib,
        architecture: item.architecture.as_str().to_owned(),
        network: item.network.clone(),
        current_generation: item.current_generation,
        burstable: item.burstable,
        offers: offers.collect(),
    }
}

fn version((id, item): (&KubernetesVersion, &Version)) -> document::Version {
    document::Version {
        version: id.to_string(),
        channels: item.channels.iter().map(ToString::to_string).collect(),
        released: item.released.to_string(),
        standard_end: item.standard_end.to_string(),
        extended_end: item.extended_end.to_string(),
        published: item.published.iter().map(ToString::to_string).collect(),
        conformance: item.conformance.clone(),
    }
}

fn image(item: &Image) -> document::Image {
    document::Image {
        id: item.id.clone(),
        region: item.region.to_string(),
        architecture: item.architecture.as_str().to_owned(),
        version: item.version.to_string(),
        built: item.built.to_string(),
        critical: item.critical,
    }
}

fn cluster_type((id, record): (&String, &ClusterTypeRecord)) -> document::ClusterType {
    let decisions = record.decisions.iter().map(|(key, chosen)| {
        let decision =
            document::Decision { value: chosen.value.to_string(), why: chosen.why.clone(), fixed: chosen.fixed };
        (key.name().to_owned(), decision)
    });
    document::ClusterType { id: id.clone(), display_name: record.display_name.clone(), decisions: decisions.collect() }
}
