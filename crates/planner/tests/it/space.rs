//! Addresses: random clusters come and go in regions that know nothing of each other, and nothing overlaps.

use domain::{Cidr, catalog::Key};
use planner::{ClusterOptions, Network, Request, Tenancy};
use proptest::prelude::*;

use crate::world::{REGIONS, World, cluster, request};

#[test]
fn the_first_block_is_given_and_a_block_that_was_given_back_is_given_again() {
    let mut world = World::new();
    let blocks: Vec<String> = (0..3)
        .map(|n| {
            let request = Request::new(cluster("us-west-2", &format!("c{n}")), "PRODUCTION");
            world.create(&request).unwrap().network.addresses.cluster_cidr.to_string()
        })
        .collect();
    assert_eq!(blocks, ["10.64.0.0/16", "10.65.0.0/16", "10.66.0.0/16"]);
    world.networks.remove(1);
    let again = world.create(&Request::new(cluster("us-west-2", "c4"), "PRODUCTION")).unwrap();
    assert_eq!(again.network.addresses.cluster_cidr.to_string(), "10.65.0.0/16");
}

#[test]
fn a_region_that_is_full_has_room_again_when_a_cluster_goes() {
    let mut world = World::new();
    let name = |n: usize| Request::new(cluster("eu-west-1", &format!("c{n}")), "PRODUCTION");
    let made = (0..).find(|n| world.create(&name(*n)).is_err()).unwrap();
    assert_eq!(made, 32, "as many as 10.128.0.0/11 has of /16");
    world.networks.remove(7);
    world.create(&name(99)).unwrap();
    assert_eq!(world.decide(&name(100)).unwrap_err().reason(), "ADDRESS_SPACE_USED_UP");
}

#[test]
fn development_clusters_of_a_project_share_a_vpc_while_there_is_room() {
    let mut world = World::new();
    let vpcs: Vec<Cidr> = (0..5)
        .map(|n| {
            let request = Request::new(cluster("us-east-1", &format!("c{n}")), "DEVELOPMENT");
            world.create(&request).unwrap().network.addresses.vpc
        })
        .collect();
    assert!(vpcs[..4].iter().all(|vpc| *vpc == vpcs[0]), "{vpcs:?}");
    assert_ne!(vpcs[4], vpcs[0], "four of /20 fill a /18");
    let other = "organizations/acme/projects/other/locations/us-east-1/clusters/c".parse().unwrap();
    let other = world.create(&Request::new(other, "DEVELOPMENT")).unwrap();
    assert!(!vpcs.contains(&other.network.addresses.vpc), "another project has its own");
}

#[test]
fn ranges_that_are_given_are_taken_as_they_are() {
    let given = Request {
        options: ClusterOptions {
            cluster_cidr: Some("192.168.0.0/19".parse().unwrap()),
            pod_cidr: Some("172.28.0.0/15".parse().unwrap()),
            service_cidr: Some("192.168.64.0/22".parse().unwrap()),
            ..ClusterOptions::default()
        },
        ..request("PRODUCTION", "eu-west-1")
    };
    let addresses = World::new().decide(&given).unwrap().network.addresses;
    assert_eq!(Some(addresses.cluster_cidr), given.options.cluster_cidr);
    assert_eq!((addresses.vpc, Some(addresses.pods)), (addresses.cluster_cidr, given.options.pod_cidr));
    assert_eq!(Some(addresses.services), given.options.service_cidr);
    let blueprint = World::new().decide(&given).unwrap();
    assert_eq!(blueprint.choice(Key::PodCidr).unwrap().source, planner::Source::Request);
}

#[derive(Clone, Debug)]
enum Step {
    Create { region: &'static str, production: bool, project: u8, given: Option<u8> },
    Delete(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let given = prop::option::weighted(0.2, 0..8_u8);
    let create = (prop::sample::select(REGIONS.to_vec()), any::<bool>(), 0..3_u8, given)
        .prop_map(|(region, production, project, given)| Step::Create { region, production, project, given });
    prop_oneof![3 => create, 2 => any::<prop::sample::Index>().prop_map(Step::Delete)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn clusters_that_come_and_go_in_regions_that_cannot_talk_never_overlap(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        let mut all: Vec<Network> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Create { region, production, project, given } => {
                    // A region knows its own clusters, and nothing of the others.
                    world.networks = all.iter().filter(|network| network.cluster.location.as_str() == region).cloned().collect();
                    let organization = if project == 2 { "other" } else { "acme" };
                    let name = format!("organizations/{organization}/projects/p{project}/locations/{region}/clusters/c{n}");
                    let mut request = Request::new(name.parse().unwrap(), if production { "PRODUCTION" } else { "DEVELOPMENT" });
                    // Inside the region's own pool: such ranges no other region gives out.
                    let base = world.catalog.regions[&region.parse().unwrap()].addresses.clusters[0].first();
                    request.options.cluster_cidr = given.map(|given| Cidr::around(base + (u32::from(given) << 17), 18));
                    match world.decide(&request) {
                        Ok(blueprint) => {
                            if production {
                                let mut zones: Vec<&str> = blueprint.masters.zones.iter().map(|zone| zone.id.as_str()).collect();
                                zones.sort_unstable();
                                zones.dedup();
                                prop_assert_eq!(zones.len(), 3, "masters of a production cluster are in three zones");
                            }
                            all.push(blueprint.network.addresses);
                        }
                        Err(refusal) => prop_assert_eq!(refusal.reason(), "CIDR_OVERLAP", "{}", refusal),
                    }
                }
                Step::Delete(_) if all.is_empty() => {}
                Step::Delete(which) => drop(all.swap_remove(which.index(all.len()))),
            }
            apart(&all)?;
        }
    }
}

/// Nothing of one organization overlaps, but clusters of a project in the VPC that they share.
fn apart(all: &[Network]) -> Result<(), TestCaseError> {
    for (place, a) in all.iter().enumerate() {
        prop_assert!(a.vpc.contains(a.cluster_cidr));
        let own = [a.vpc, a.pods, a.services];
        prop_assert!(own.iter().enumerate().all(|(n, range)| own[..n].iter().all(|other| !other.overlaps(*range))));
        for b in all[..place].iter().filter(|b| b.cluster.project.organization == a.cluster.project.organization) {
            let shared = a.vpc == b.vpc;
            if shared {
                prop_assert_eq!((a.tenancy, b.tenancy), (Tenancy::Shared, Tenancy::Shared), "production never shares");
                prop_assert_eq!((&a.cluster.project, &a.cluster.location), (&b.cluster.project, &b.cluster.location));
                prop_assert!(!a.cluster_cidr.overlaps(b.cluster_cidr), "{:?} {:?}", a, b);
            } else {
                prop_assert!(!a.vpc.overlaps(b.vpc), "{:?} {:?}", a, b);
            }
            for range in [a.pods, a.services] {
                prop_assert!([b.vpc, b.pods, b.services].iter().all(|other| !other.overlaps(range)), "{:?} {:?}", a, b);
            }
            prop_assert!([b.pods, b.services].iter().all(|other| !other.overlaps(a.vpc)));
        }
    }
    Ok(())
}
