//! The edition that is shipped.

use domain::catalog::{Architecture, Key, class_of};

#[test]
fn the_first_edition_can_be_published() {
    let catalog = catalog::first().unwrap();
    assert_eq!(catalog.check(), Ok(()));
}

#[test]
fn it_has_the_three_regions_and_at_least_sixty_types_with_a_price_in_each() {
    let catalog = catalog::first().unwrap();
    let regions: Vec<String> = catalog.regions.keys().map(ToString::to_string).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1", "us-west-2"]);
    let everywhere = catalog.instance_types.values().filter(|kind| kind.offers.len() == 3).count();
    assert!(everywhere >= 60, "{everywhere}");
    for class in ["t", "c", "m", "r"] {
        for architecture in Architecture::ALL {
            let fits = |(name, kind): (&String, &domain::catalog::InstanceType)| {
                class_of(name) == class && kind.architecture == architecture && kind.current_generation
            };
            assert!(catalog.instance_types.iter().any(fits), "{class} for {architecture:?}");
        }
    }
}

#[test]
fn a_machine_of_twice_the_size_costs_twice_as_much() {
    let catalog = catalog::first().unwrap();
    let region = "us-east-1".parse().unwrap();
    let price = |name: &str| catalog.instance_types[name].offers[&region].price;
    for family in ["m7g", "c7g", "r7g", "m7i", "t4g"] {
        assert_eq!(price(&format!("{family}.xlarge")), 2 * price(&format!("{family}.large")), "{family}");
    }
}

#[test]
fn its_sources_are_named_and_its_images_say_that_they_are_simulated() {
    let catalog = catalog::first().unwrap();
    assert!(catalog.sources.len() >= 5 && catalog.sources.iter().all(|source| !source.from.is_empty()));
    assert!(catalog.images.iter().all(|image| image.id.contains("simulated")));
    assert!(catalog.versions.values().all(|version| version.conformance.starts_with("none on record")));
}

#[test]
fn its_cluster_types_differ_where_they_are_meant_to() {
    let catalog = catalog::first().unwrap();
    let value = |id: &str, key: Key| catalog.cluster_types[id].decisions[&key].value.to_string();
    assert_eq!([value("DEVELOPMENT", Key::MastersCount), value("PRODUCTION", Key::MastersCount)], ["1", "3"]);
    assert_eq!(
        [value("DEVELOPMENT", Key::NetworkTenancy), value("PRODUCTION", Key::NetworkTenancy)],
        ["shared", "dedicated"]
    );
    assert_eq!(value("PRODUCTION", Key::WorkersSpot), "0%");
}
