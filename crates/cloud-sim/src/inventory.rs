//! What is there, whatever replicas show of it: for checks of orphans and doubles, not for callers of a cloud.

use std::{collections::BTreeSet, sync::Arc};

use ports::cloud::{Instance, InstanceId, InstanceState, NatGateway, NatGatewayState, SecurityGroup};

use crate::{
    Place, SIMULATED, Sim, groups,
    instances::Machine,
    place::Site,
    table::{Resource, Table},
};

impl Sim {
    /// Every instance that is listed somewhere, as it is.
    pub fn instances(&self) -> impl Iterator<Item = (&Place, &Instance)> {
        self.sites.iter().flat_map(|(place, site)| site.machines.all().map(move |machine| (place, &machine.told)))
    }

    /// Where the resource of an id is, if there is one that has not ended or is still listed.
    pub fn place_of(&self, id: &str) -> Option<&Place> {
        fn has<T: Resource>(table: &Table<T>, id: &str) -> bool {
            table.get(&T::parse(id)).is_some()
        }
        let holds = |site: &Site| {
            has(&site.machines, id)
                || has(&site.vpcs, id)
                || has(&site.subnets, id)
                || has(&site.gateways, id)
                || has(&site.addresses, id)
                || has(&site.nats, id)
                || has(&site.routes, id)
                || has(&site.groups, id)
                || has(&site.volumes, id)
                || has(&site.templates, id)
                || has(&site.balancers, id)
                || has(&site.targets, id)
        };
        self.sites.iter().find(|(_, site)| holds(site)).map(|(place, _)| place)
    }

    /// Those of [`Self::instances`] that fail their status checks.
    pub fn impaired(&self) -> impl Iterator<Item = &InstanceId> {
        let machines = self.sites.values().flat_map(|site| site.machines.all());
        let ill = |machine: &&Machine| machine.impaired && machine.told.state == InstanceState::Running;
        machines.filter(ill).map(|machine| &machine.told.id)
    }

    /// Those of [`Self::instances`] whose root volume is not encrypted.
    pub fn unencrypted(&self) -> impl Iterator<Item = &Instance> {
        self.sites.values().flat_map(|site| {
            let open = |of: &&Instance| {
                of.root_volume().and_then(|id| site.volumes.get(id)).is_some_and(|volume| !volume.encrypted)
            };
            site.machines.all().map(|machine| &machine.told).filter(open)
        })
    }

    /// Every security group, as it is.
    pub fn groups(&self) -> impl Iterator<Item = &SecurityGroup> {
        self.sites.values().flat_map(|site| site.groups.all())
    }

    /// Those of a place whose guests have joined and answer.
    pub fn answering(&self, place: &Place) -> impl Iterator<Item = &Instance> {
        let machines = self.sites.get(place).into_iter().flat_map(|site| site.machines.all());
        machines.filter(|machine| machine.answers()).map(|machine| &machine.told)
    }

    /// Every resource that has not ended, was asked for, and carries no tag of this key. The default group and the main route table of a
    /// VPC come along with it.
    pub fn untagged(&self, key: &str) -> Vec<(&Place, String)> {
        let mut tagged: BTreeSet<String> = self.tagged(key).into_iter().map(|(_, id, _)| id).collect();
        for site in self.sites.values() {
            let groups = site.groups.all().filter(|group| &*group.name == groups::DEFAULT);
            tagged.extend(groups.map(|group| group.id.to_string()));
            tagged.extend(site.routes.all().filter(|table| table.main).map(|table| table.id.to_string()));
        }
        let all = self.tagged(SIMULATED).into_iter().map(|(place, id, _)| (place, id));
        all.filter(|(_, id)| !tagged.contains(id)).collect()
    }

    /// Every resource that has not ended and carries a tag of this key: where it is, its id, and the tag's value. The root volume of a
    /// machine is none of its own.
    pub fn tagged(&self, key: &str) -> Vec<(&Place, String, String)> {
        let key: Arc<str> = key.into();
        let mut found = Vec::new();
        for (place, site) in &self.sites {
            let mut there = carrying(&site.machines, &key, |machine| machine.told.state != InstanceState::Terminated);
            there.extend(carrying(&site.vpcs, &key, |_| true));
            there.extend(carrying(&site.subnets, &key, |_| true));
            there.extend(carrying(&site.gateways, &key, |_| true));
            there.extend(carrying(&site.addresses, &key, |_| true));
            there.extend(carrying(&site.nats, &key, lives));
            there.extend(carrying(&site.routes, &key, |_| true));
            there.extend(carrying(&site.groups, &key, |_| true));
            there.extend(carrying(&site.volumes, &key, |volume| !site.is_root(volume)));
            there.extend(carrying(&site.templates, &key, |_| true));
            there.extend(carrying(&site.balancers, &key, |_| true));
            there.extend(carrying(&site.targets, &key, |_| true));
            found.extend(there.into_iter().map(|(id, value)| (place, id, value)));
        }
        found
    }
}

fn lives(nat: &NatGateway) -> bool {
    !matches!(nat.state, NatGatewayState::Deleted | NatGatewayState::Failed)
}

fn carrying<T: Resource>(table: &Table<T>, key: &Arc<str>, lives: impl Fn(&T) -> bool) -> Vec<(String, String)> {
    let value = |item: &T| item.tags().get(key).unwrap_or_default().to_owned();
    table.with_key(key).filter(|item| lives(item)).map(|item| (T::text(item.id()).to_owned(), value(item))).collect()
}
