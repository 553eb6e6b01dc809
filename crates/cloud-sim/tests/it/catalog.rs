//! A cloud made of an edition of the catalogue has what the edition says, and nothing else.

use cloud_sim::{Options, Sim};
use ports::cloud::*;

use crate::world::{START, call, code, site, tags};

/// A subnet in each zone of a region.
fn subnets(sim: &mut Sim, options: &Options, site: &CallSite) -> Vec<(ZoneId, SubnetId)> {
    let range: Cidr = "10.0.0.0/16".parse().unwrap();
    let vpc = call(sim, START, site, CreateVpc { cidr: range, tags: Tags::default() }).unwrap().id;
    let zones = options.regions[&site.region].zones.iter().zip(0..);
    let made = zones.map(|((name, id), number)| {
        let cidr = Cidr::around(range.first() + number * 4096, 20);
        let create = CreateSubnet { vpc: vpc.clone(), zone: name.clone(), cidr, tags: Tags::default() };
        (id.clone(), call(sim, START, site, create).unwrap().id)
    });
    made.collect()
}

#[test]
fn every_type_of_the_first_edition_is_launched_from_its_image_where_it_is_offered_and_nowhere_else() {
    let catalog = catalog::first().unwrap();
    let options = Options::of(&catalog, 1, 12);
    assert_eq!((options.accounts.len(), options.types.len()), (12, catalog.instance_types.len()));
    let mut sim = Sim::new(options.clone());
    let (mut launched, mut refused) = (0, 0);
    for region in catalog.regions.keys() {
        let site = site(12, &region.to_string());
        let subnets = subnets(&mut sim, &options, &site);
        assert_eq!(subnets.len(), catalog.regions[region].zones.len());
        for (name, of) in &catalog.instance_types {
            let image = catalog
                .images
                .iter()
                .find(|image| image.region == *region && image.architecture.as_str() == of.architecture.as_str());
            for (zone, subnet) in &subnets {
                let run = RunInstances {
                    client_token: ClientToken::new(format!("{name}-{zone}")),
                    image: ImageId::new(image.unwrap().id.as_str()),
                    instance_type: InstanceType::new(name.as_str()),
                    subnet: subnet.clone(),
                    security_groups: Vec::new(),
                    launch_template: None,
                    user_data: None,
                    hibernation: false,
                    public_address: false,
                    tags: tags(&[]),
                };
                let answer = call(&mut sim, START, &site, run);
                if of.offers.get(region).is_some_and(|offer| !offer.not_in.contains(zone.as_str())) {
                    answer.unwrap();
                    launched += 1;
                } else {
                    assert_eq!(code(answer), ErrorCode::Unsupported, "{name} in {zone}");
                    refused += 1;
                }
            }
        }
    }
    assert!(launched > 600 && refused > 20, "{launched} launched, {refused} refused: this shows little");
}

#[test]
fn instances_cost_what_the_edition_says() {
    let catalog = catalog::first().unwrap();
    let mut sim = Sim::new(Options::of(&catalog, 1, 1));
    let site = site(1, "eu-west-1");
    let options = sim.options().clone();
    let (_, subnet) = subnets(&mut sim, &options, &site).remove(0);
    let run = RunInstances {
        client_token: ClientToken::new("t"),
        image: ImageId::new("ami-simulated-1-37-2-arm64-eu-west-1"),
        instance_type: InstanceType::new("t4g.small"),
        subnet,
        security_groups: Vec::new(),
        launch_template: None,
        user_data: None,
        hibernation: false,
        public_address: false,
        tags: tags(&[("cluster", "api")]),
    };
    let id = call(&mut sim, START, &site, run).unwrap().id;
    sim.advance(START + 7_200_000);
    let line = sim.bill(site.account).remove(&id).unwrap();
    assert_eq!((line.what.price, line.what.tags.get("cluster")), (18_400, Some("api")));
    assert_eq!(line.charge(), 18_400 * line.seconds / 3600);
}
