//! Masters and workers: how many, of which type, in which zones, from which image.

use domain::catalog::{Architecture, Key, KubernetesVersion, Machine, Value, Zone};

use super::{Computed, Draft, words};
use crate::{Candidate, Need, Refusal, Sizing, addresses::ids, blueprint::WorkedMachines};

/// How many candidates a choice lists after the chosen one.
const NEXT: usize = 3;

impl<'a> Draft<'a> {
    pub(super) fn decide_masters(&mut self, version: KubernetesVersion) -> Result<WorkedMachines, Refusal> {
        let machines = self.inputs.workers.unwrap_or_else(|| self.number(Key::WorkersInitial));
        let machine = self.step(machines);
        let kept = self.kept_zones()?;
        let spread = usize::try_from(self.number(Key::MastersZones)).unwrap_or(usize::MAX);
        let need = Need {
            region: self.request.name.location.clone(),
            machine,
            families: self.words(Key::MastersFamilies),
            architectures: self.with_images(version, &Architecture::ALL),
            current_generation: true,
            within: kept.to_vec(),
            zones: spread,
        };
        let (chosen, others) = self.size(Key::MastersType, &need)?;
        let zones = if kept.is_empty() { chosen.zones.iter().take(spread).cloned().collect() } else { kept.to_vec() };
        let mut from = vec![Key::MastersSize, Key::MastersFamilies, Key::MastersZones, Key::VersionKubernetes];
        if self.inputs.workers.is_none() {
            from.push(Key::WorkersInitial);
        }
        let because = format!(
            "cheapest of the current generation with at least {machine} (workers: {machines}, zones: {spread})"
        );
        self.compute_type(Key::MastersType, &chosen, &others, because, &from);
        let masters = self.number(Key::MastersCount);
        let placed = zones.iter().cycle().take(usize::try_from(masters).unwrap_or(usize::MAX));
        from.push(Key::MastersCount);
        self.compute(Computed {
            key: Key::MastersPlaced,
            rule: "zones-in-order",
            value: words(placed.map(|zone| &zone.id)),
            because: if kept.is_empty() {
                format!("the first zones of the region that have {}, in turn", chosen.name)
            } else {
                "the zones that the cluster has, in turn".to_owned()
            },
            alternatives: ids(&chosen.zones),
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
        let image = self.decide_image(Key::ImageMasters, version, &chosen, &[Key::MastersType])?;
        Ok(WorkedMachines { need, chosen, zones, image })
    }

    pub(super) fn decide_workers(
        &mut self,
        version: KubernetesVersion,
        zones: &[Zone],
    ) -> Result<WorkedMachines, Refusal> {
        let machine = match self.value(Key::WorkersSize) {
            Some(Value::Machine(machine)) => *machine,
            _ => Machine { vcpus: 0, memory_gib: 0 },
        };
        let (architectures, among) = self.worker_architectures();
        let need = Need {
            region: self.request.name.location.clone(),
            machine,
            families: self.words(Key::WorkersFamilies),
            architectures: self.with_images(version, architectures),
            current_generation: self.flag(Key::WorkersCurrent),
            within: zones.to_vec(),
            zones: zones.len(),
        };
        let (chosen, others) = self.size(Key::WorkersType, &need)?;
        let from = [
            Key::WorkersSize,
            Key::WorkersFamilies,
            Key::WorkersCurrent,
            Key::WorkersArchitecture,
            Key::VersionKubernetes,
            Key::MastersType,
        ];
        let because = format!("cheapest in {} with at least {machine}{among}", ids(zones).join(", "));
        self.compute_type(Key::WorkersType, &chosen, &others, because, &from);
        self.compute(Computed {
            key: Key::WorkersPlaced,
            rule: "workers-beside-masters",
            value: words(ids(zones)),
            because: "the zones of the masters, so that what a lost zone takes is the same for both".to_owned(),
            alternatives: Vec::new(),
            from: &[Key::MastersType],
        });
        let image = self.decide_image(Key::ImageWorkers, version, &chosen, &[Key::WorkersType])?;
        Ok(WorkedMachines { need, chosen, zones: zones.to_vec(), image })
    }

    /// The zones of a cluster that was made; none before.
    fn kept_zones(&mut self) -> Result<&'a [Zone], Refusal> {
        let Some(current) = self.inputs.current else { return Ok(&[]) };
        let (key, zones) = (Key::MastersZones, current.network.zones.as_slice());
        let (given, has) = (self.number(key), u64::try_from(zones.len()).unwrap_or(u64::MAX));
        if given != has {
            self.object(Refusal::FixedAtCreation { key, given: given.to_string(), has: has.to_string() })?;
            self.keep(key, Value::count(has), "the cluster has them, and zones never change", &[key]);
        }
        Ok(zones)
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

    /// The cheapest that fits, and the next ones.
    fn size(&self, key: Key, need: &Need) -> Result<(Candidate, Vec<Candidate>), Refusal> {
        let mut fitting = need.cheapest(self.inputs.catalog, 1 + NEXT).into_iter();
        if let Some(chosen) = fitting.next() {
            return Ok((chosen, fitting.collect()));
        }
        let architectures: Vec<&str> = need.architectures.iter().map(|of| of.as_str()).collect();
        let (machine, families, zones) = (need.machine, need.families.join(", "), need.zones);
        let of = architectures.join(" or ");
        let needed = format!("at least {machine}, of the families {families}, for {of}, in {zones} zones");
        let nearest = nearest(&Sizing::of(need, self.inputs.catalog));
        let accepted = format!("more families, less, or fewer zones; nearest: {nearest}");
        Err(Refusal::NoInstanceTypeFits { key, region: need.region.clone(), needed, accepted })
    }

    fn compute_type(&mut self, key: Key, chosen: &Candidate, others: &[Candidate], because: String, from: &[Key]) {
        self.compute(Computed {
            key,
            rule: "cheapest-that-fits",
            value: Value::Word(chosen.name.clone()),
            because: format!("{because}: {chosen}"),
            alternatives: others.iter().map(ToString::to_string).collect(),
            from,
        });
    }

    fn decide_image(
        &mut self,
        key: Key,
        version: KubernetesVersion,
        chosen: &Candidate,
        from: &[Key],
    ) -> Result<String, Refusal> {
        let architecture = chosen.architecture;
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
fn nearest(sizing: &Sizing) -> String {
    let rejected = &sizing.rejected;
    let fewest = rejected.iter().map(|rejected| rejected.whys.len()).min().unwrap_or(0);
    let near = rejected.iter().filter(|rejected| rejected.whys.len() == fewest).take(NEXT);
    let text = |rejected: &crate::Rejected| {
        let whys: Vec<String> = rejected.whys.iter().map(ToString::to_string).collect();
        format!("{} ({})", rejected.name, whys.join(", "))
    };
    near.map(text).collect::<Vec<_>>().join(", ")
}
