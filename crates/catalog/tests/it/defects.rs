//! An edition with one thing wrong: exactly that is found, and said with what would be accepted.

use std::collections::BTreeSet;

use domain::catalog::{Architecture, Catalog, Defect, Key, Value};
use ids::RegionId;

/// What is found after the first edition was changed, as text.
fn defects(change: impl FnOnce(&mut Catalog)) -> Vec<String> {
    let mut catalog = catalog::first().unwrap();
    change(&mut catalog);
    catalog.check().unwrap_err().iter().map(Defect::to_string).collect()
}

fn region(name: &str) -> RegionId {
    name.parse().unwrap()
}

fn one(change: impl FnOnce(&mut Catalog), wanted: &[&str]) {
    let found = defects(change);
    assert_eq!(found.len(), 1, "{found:#?}");
    for part in wanted {
        assert!(found[0].contains(part), "{part}: {}", found[0]);
    }
}

#[test]
fn names_and_what_is_empty() {
    for name in ["2026", "2026-13", "november", "2026-11-", "2026-11-B"] {
        one(|catalog| catalog.edition = name.to_owned(), &[name, "wanted a month"]);
    }
    one(|catalog| catalog.edition.push_str("-b-c"), &["2026-11-b-c"]);
    let found = defects(|catalog| catalog.cluster_types.clear());
    assert_eq!(found, ["counted the cluster types: there is none, wanted at least one"]);
}

#[test]
fn regions_and_zones() {
    one(
        |catalog| catalog.regions.get_mut(&region("eu-west-1")).unwrap().zones.truncate(2),
        &["2", "wanted 3", "PRODUCTION"],
    );
    let twice = |catalog: &mut Catalog| {
        let zones = &mut catalog.regions.get_mut(&region("us-west-2")).unwrap().zones;
        zones[1].name = zones[0].name.clone();
    };
    one(twice, &["us-west-2a", "each id and name once"]);
}

#[test]
fn instance_types() {
    let change = |change: fn(&mut domain::catalog::InstanceType)| {
        move |catalog: &mut Catalog| change(catalog.instance_types.get_mut("m7g.large").unwrap())
    };
    one(
        change(|kind| kind.offers.get_mut(&region("us-west-2")).unwrap().price = 0),
        &["m7g.large", "us-west-2", "wanted"],
    );
    one(change(|kind| kind.memory_mib = 0), &["m7g.large", "is 0"]);
    let nowhere = change(|kind| {
        let offer = kind.offers.get_mut(&region("eu-west-1")).unwrap();
        offer.not_in = ["euw1-az1", "euw1-az2", "euw1-az3"].map(String::from).into();
    });
    one(nowhere, &["there is none", "eu-west-1"]);
    let zone = change(|kind| {
        kind.offers.get_mut(&region("eu-west-1")).unwrap().not_in.insert("use1-az1".to_owned());
    });
    one(zone, &["use1-az1", "euw1-az3, euw1-az1, euw1-az2"]);
    let unknown = change(|kind| {
        let offer = kind.offers[&region("eu-west-1")].clone();
        kind.offers.insert(region("moon-1"), offer);
    });
    one(unknown, &["moon-1", "eu-west-1, us-east-1, us-west-2"]);
}

#[test]
fn versions_and_images() {
    let newest = "1.37.2".parse().unwrap();
    let turned = |catalog: &mut Catalog| {
        let version = catalog.versions.get_mut(&newest).unwrap();
        std::mem::swap(&mut version.released, &mut version.standard_end);
    };
    one(turned, &["1.37.2", "its release 2027-10-28 is not before the end of standard support 2026-08-26"]);
    one(|catalog| catalog.versions.get_mut(&newest).unwrap().conformance.clear(), &["1.37.2", "conformance"]);
    let withdrawn = |catalog: &mut Catalog| {
        catalog.versions.get_mut(&newest).unwrap().published.remove(&region("eu-west-1"));
    };
    one(withdrawn, &["rapid", "eu-west-1", "DEVELOPMENT wants one"]);
    let found = defects(|catalog| {
        catalog.versions.get_mut(&newest).unwrap().published = BTreeSet::from([region("moon-1")]);
    });
    assert!(found.iter().any(|defect| defect.contains("moon-1")), "{found:?}");
    let is_it = |image: &domain::catalog::Image| {
        image.version == newest && image.architecture == Architecture::Arm64 && image.region == region("us-east-1")
    };
    one(|catalog| catalog.images.retain(|image| !is_it(image)), &["1.37.2", "arm64", "us-east-1"]);
    let unknown = |catalog: &mut Catalog| {
        let mut image = catalog.images[0].clone();
        image.version = "1.99.0".parse().unwrap();
        image.id.push_str("-x");
        catalog.images.push(image);
    };
    one(unknown, &["1.99.0", "1.34.11, 1.35.9, 1.36.5, 1.37.2"]);
    one(|catalog| catalog.images.push(catalog.images[0].clone()), &["there twice"]);
}

#[test]
fn cluster_types() {
    let decisions = |change: fn(&mut domain::catalog::ClusterTypeRecord)| {
        move |catalog: &mut Catalog| change(catalog.cluster_types.get_mut("PRODUCTION").unwrap())
    };
    one(decisions(|record| drop(record.decisions.remove(&Key::EtcdQuota))), &["etcd.quota", "missing", "2GiB to 8GiB"]);
    let text = decisions(|record| record.decisions.get_mut(&Key::EtcdQuota).unwrap().value = Value::Flag(true));
    one(text, &["etcd.quota", "on", "2GiB to 8GiB"]);
    let computed = decisions(|record| {
        let chosen = record.decisions[&Key::StorageClass].clone();
        record.decisions.insert(Key::MastersType, chosen);
    });
    one(computed, &["masters.instance-type", "worked out from other decisions"]);
    one(decisions(|record| record.decisions.get_mut(&Key::EtcdQuota).unwrap().why.clear()), &["why", "a reason"]);
    let even = decisions(|record| record.decisions.get_mut(&Key::MastersCount).unwrap().value = Value::count(4));
    one(even, &["masters.count", "4", "an odd number"]);
    let few = decisions(|record| record.decisions.get_mut(&Key::WorkersInitial).unwrap().value = Value::count(2));
    one(few, &["workers.min", "3", "at most workers.initial, 2"]);
    let none =
        decisions(|record| record.decisions.get_mut(&Key::WorkersFamilies).unwrap().value = Value::Words(vec![]));
    one(none, &["workers.families", "at least one"]);
    let renamed = |catalog: &mut Catalog| {
        let record = catalog.cluster_types["PRODUCTION"].clone();
        catalog.cluster_types.insert("Edge".to_owned(), record);
    };
    one(renamed, &["\"Edge\"", "A-Z"]);
}

#[test]
fn address_pools() {
    let change = |change: fn(&mut domain::catalog::AddressPools)| {
        move |catalog: &mut Catalog| change(&mut catalog.regions.get_mut(&region("us-east-1")).unwrap().addresses)
    };
    one(change(|pools| pools.shared_vpc_prefix = 15), &["/15", "/16 to /28"]);
    one(change(|pools| pools.services.clear()), &["services of us-east-1", "wanted a range"]);
    one(
        change(|pools| pools.services.push("10.96.0.0/12".parse().unwrap())),
        &["pods of us-west-2", "overlaps 10.96.0.0/12 for services of us-east-1"],
    );
    one(change(|pools| pools.services = vec!["11.0.0.0/14".parse().unwrap()]), &["11.0.0.0/14", "10.0.0.0/8"]);
    one(change(|pools| pools.services = vec!["192.168.0.0/21".parse().unwrap()]), &["PRODUCTION", "/20 or larger"]);
}

#[test]
fn a_range_stays_with_its_region_from_one_edition_to_the_next() {
    let first = catalog::first().unwrap();
    let mut next = first.clone();
    let pools = |catalog: &mut Catalog, name: &str, range: &str| {
        let pools = &mut catalog.regions.get_mut(&region(name)).unwrap().addresses;
        pools.clusters = vec![range.parse().unwrap()];
    };
    pools(&mut next, "us-east-1", "10.192.0.0/11");
    assert_eq!((next.check(), next.check_after(&first)), (Ok(()), Ok(())), "what was spare may be given");
    pools(&mut next, "us-west-2", "10.0.0.0/12");
    assert_eq!(next.check(), Ok(()));
    let defects = next.check_after(&first).unwrap_err();
    assert_eq!(defects.len(), 1, "{defects:?}");
    assert!(defects[0].to_string().contains("10.0.0.0/12 for clusters of us-west-2"), "{}", defects[0]);
}
