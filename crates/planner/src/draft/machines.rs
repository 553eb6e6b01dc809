//! Masters and workers: how many, of which type, in which zones, from which image.

use domain::catalog::{Architecture, Key, KubernetesVersion, Machine, Region, Value, Zone};

use super::{Computed, Draft, words};
use crate::{
    Refusal, Rejected, Sizing,
    addresses::ids,
    blueprint::WorkedMachines,
    sizing::{Need, cheapest},
};

/// How many candidates a choice lists after the chosen one.
const NEXT: usize = 3;

impl Draft<'_> {
    pub(super) fn decide_masters(
        &mut self,
        region: &Region,
        version: KubernetesVersion,
    ) -> Result<WorkedMachines, Refusal> {
        let machines = self.inputs.workers.unwrap_or_else(|| self.number(Key::WorkersInitial));
        let machine = self.step(machines);
        let spread = usize::try_from(self.number(Key::MastersZones)).unwrap_or(usize::MAX);
        let need = Need {
            machine,
            families: &self.words(Key::MastersFamilies),
            architectures: &self.with_images(version, &Architecture::ALL),
            current_generation: true,
            within: &[],
            zones: spread,
        };
        let sizing = self.size(Key::MastersType, region, &need)?;
        let zones: Vec<Zone> = sizing.chosen.zones.iter().take(spread).cloned().collect();
        let mut from = vec![Key::MastersSize, Key::MastersFamilies, Key::MastersZones, Key::VersionKubernetes];
        if self.inputs.workers.is_none() {
            from.push(Key::WorkersInitial);
        }
        let because = format!("cheapest in {spread} zones with at least {machine}, for {machines} workers");
        self.compute_type(Key::MastersType, &sizing, because, &from);
        let masters = self.number(Key::MastersCount);
        let placed = zones.iter().cycle().take(usize::try_from(masters).unwrap_or(usize::MAX));
        from.push(Key::MastersCount);
        self.compute(Computed {
            key: Key::MastersPlaced,
            rule: "zones-in-order",
            value: words(placed.map(|zone| &zone.id)),
            because: format!("the first zones of the region that have {}, in turn", sizing.chosen.name),
            alternatives: ids(&sizing.chosen.zones),
            from: &from,
        });
        self.compute(Computed {
            key: Key::EtcdMembers,
            rule: "etcd-on-masters",
            value: Value::count(masters),
            because: "one on each master".to_owned(),
            alternatives: Vec::new(),
            from: &[Key::MastersCount],
        });
        let image = self.decide_image(Key::ImageMasters, version, &sizing, &[Key::MastersType])?;
        Ok(WorkedMachines { sizing, zones, image })
    }

    pub(super) fn decide_workers(
        &mut self,
        region: &Region,
        version: KubernetesVersion,
        zones: &[Zone],
    ) -> Result<WorkedMachines, Refusal> {
        let machine = match self.value(Key::WorkersSize) {
            Some(Value::Machine(machine)) => *machine,
            _ => Machine { vcpus: 0, memory_gib: 0 },
        };
        let (architectures, among) = self.worker_architectures();
        let need = Need {
            machine,
            families: &self.words(Key::WorkersFamilies),
            architectures: &self.with_images(version, architectures),
            current_generation: self.flag(Key::WorkersCurrent),
            within: zones,
            zones: zones.len(),
        };
        let sizing = self.size(Key::WorkersType, region, &need)?;
        let from = [
            Key::WorkersSize,
            Key::WorkersFamilies,
            Key::WorkersCurrent,
            Key::WorkersArchitecture,
            Key::VersionKubernetes,
            Key::MastersType,
        ];
        let because = format!("cheapest in {} with at least {machine}{among}", ids(zones).join(", "));
        self.compute_type(Key::WorkersType, &sizing, because, &from);
        self.compute(Computed {
            key: Key::WorkersPlaced,
            rule: "workers-beside-masters",
            value: words(ids(zones)),
            because: "the zones of the masters, so that what a lost zone takes is the same for both".to_owned(),
            alternatives: Vec::new(),
            from: &[Key::MastersType],
        });
        let image = self.decide_image(Key::ImageWorkers, version, &sizing, &[Key::WorkersType])?;
        Ok(WorkedMachines { sizing, zones: zones.to_vec(), image })
    }

    /// What a master must have in a cluster of so many workers.
    fn step(&self, machines: u64) -> Machine {
        let steps = match self.value(Key::MastersSize) {
            Some(Value::Steps(steps)) => steps.as_slice(),
            _ => &[],
        };
        let reached = steps.iter().rev().find(|step| step.machines <= machines);
        reached.map_or(Machine { vcpus: 0, memory_gib: 0 }, |step| step.need)
    }

    fn worker_architectures(&self) -> (&'static [Architecture], &'static str) {
        if self.is(Key::WorkersArchitecture, "by-images") {
            return (&[Architecture::X86_64], ", x86_64 until the cluster's images are known to run elsewhere");
        }
        if self.is(Key::WorkersArchitecture, "x86-64") {
            return (&[Architecture::X86_64], "");
        }
        if self.is(Key::WorkersArchitecture, "arm64") {
            return (&[Architecture::Arm64], "");
        }
        (&Architecture::ALL, "")
    }

    /// Those for which there is an image.
    fn with_images(&self, version: KubernetesVersion, architectures: &[Architecture]) -> Vec<Architecture> {
        let region = &self.request.name.location;
        let has = |of: &Architecture| self.inputs.catalog.image(region, *of, version).is_some();
        architectures.iter().copied().filter(has).collect()
    }

    fn size(&self, key: Key, region: &Region, need: &Need<'_>) -> Result<Sizing, Refusal> {
        let id = &self.request.name.location;
        cheapest(&self.inputs.catalog.instance_types, id, region, need).map_err(|rejected| {
            let architectures: Vec<&str> = need.architectures.iter().map(|of| of.as_str()).collect();
            let families = need.families.join(", ");
            let needed = format!(
                "at least {}, of the families {families}, for {}, in {} zones",
                need.machine,
                architectures.join(" or "),
                need.zones
            );
            let accepted = format!("more families, less, or fewer zones; nearest: {}", nearest(&rejected));
            Refusal::NoInstanceTypeFits { key, region: id.clone(), needed, accepted }
        })
    }

    fn compute_type(&mut self, key: Key, sizing: &Sizing, because: String, from: &[Key]) {
        let alternatives = sizing.fitting.iter().take(NEXT).map(ToString::to_string).collect();
        let value = Value::Word(sizing.chosen.name.clone());
        let because = format!("{because}: {}", sizing.chosen);
        self.compute(Computed { key, rule: "cheapest-that-fits", value, because, alternatives, from });
    }

    fn decide_image(
        &mut self,
        key: Key,
        version: KubernetesVersion,
        sizing: &Sizing,
        from: &[Key],
    ) -> Result<String, Refusal> {
        let architecture = sizing.chosen.architecture;
        let image = self.inputs.catalog.image(&self.request.name.location, architecture, version);
        let image = image.ok_or_else(|| Refusal::CatalogIncomplete {
            what: format!("an image of {version} for {}", architecture.as_str()),
            edition: self.inputs.catalog.edition.clone(),
        })?;
        let from: Vec<Key> = from.iter().copied().chain([Key::VersionKubernetes]).collect();
        self.compute(Computed {
            key,
            rule: "newest-image",
            value: Value::Word(image.id.clone()),
            because: format!("the newest of {version} for {}, built on {}", architecture.as_str(), image.built),
            alternatives: Vec::new(),
            from: &from,
        });
        Ok(image.id.clone())
    }
}

/// Those with the fewest reasons against them.
fn nearest(rejected: &[Rejected]) -> String {
    let fewest = rejected.iter().map(|rejected| rejected.whys.len()).min().unwrap_or(0);
    let near = rejected.iter().filter(|rejected| rejected.whys.len() == fewest).take(NEXT);
    let text = |rejected: &Rejected| {
        let whys: Vec<String> = rejected.whys.iter().map(ToString::to_string).collect();
        format!("{} ({})", rejected.name, whys.join(", "))
    };
    near.map(text).collect::<Vec<_>>().join(", ")
}
