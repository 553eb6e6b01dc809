//! What makes an edition unpublishable: one pass over everything in it, all defects at once.
//!
//! It compares the edition with itself. Whether its facts are true nobody can tell here.

use std::collections::BTreeSet;

use ids::RegionId;

use super::{Architecture, Catalog, Channel, Defect, InstanceType, Key, Value};

mod addresses;
mod cluster_types;

impl Catalog {
    /// Whether the edition can be published.
    ///
    /// # Errors
    /// Every [`Defect`] that it has, in the order of its parts.
    pub fn check(&self) -> Result<(), Vec<Defect>> {
        let mut defects = Vec::new();
        if !is_edition(&self.edition) {
            defects.push(Defect::EditionName { given: self.edition.clone() });
        }
        let parts = [
            ("regions", self.regions.is_empty()),
            ("instance types", self.instance_types.is_empty()),
            ("versions", self.versions.is_empty()),
            ("cluster types", self.cluster_types.is_empty()),
        ];
        defects.extend(parts.into_iter().filter(|(_, empty)| *empty).map(|(what, _)| Defect::Empty { what }));
        self.check_regions(&mut defects);
        self.check_addresses(&mut defects);
        for (name, instance_type) in &self.instance_types {
            self.check_instance_type(name, instance_type, &mut defects);
        }
        self.check_versions(&mut defects);
        self.check_images(&mut defects);
        self.check_cluster_types(&mut defects);
        if defects.is_empty() { Ok(()) } else { Err(defects) }
    }

    fn check_regions(&self, defects: &mut Vec<Defect>) {
        for (id, region) in &self.regions {
            let mut seen = BTreeSet::new();
            for text in region.zones.iter().flat_map(|zone| [&zone.id, &zone.name]) {
                if !seen.insert(text) {
                    defects.push(Defect::ZoneTwice { region: id.clone(), zone: text.clone() });
                }
            }
            for (name, record) in &self.cluster_types {
                let wanted = record.decisions.get(&Key::MastersZones).and_then(|chosen| chosen.value.number());
                let zones = region.zones.len();
                if let Some(wanted) = wanted.filter(|wanted| u64::try_from(zones).is_ok_and(|zones| zones < *wanted)) {
                    defects.push(Defect::FewZones { region: id.clone(), zones, cluster_type: name.clone(), wanted });
                }
            }
        }
    }

    fn check_instance_type(&self, name: &str, instance_type: &InstanceType, defects: &mut Vec<Defect>) {
        let of = || name.to_owned();
        if instance_type.vcpus == 0 || instance_type.memory_mib == 0 {
            defects.push(Defect::InstanceTypeEmpty { instance_type: of() });
        }
        for (id, offer) in &instance_type.offers {
            let Some(region) = self.regions.get(id) else {
                defects.push(self.unknown_region(name, id));
                continue;
            };
            if offer.price == 0 {
                defects.push(Defect::PriceMissing { instance_type: of(), region: id.clone() });
            }
            let known = join(region.zones.iter().map(|zone| &zone.id));
            for zone in offer.not_in.iter().filter(|zone| !region.zones.iter().any(|known| known.id == **zone)) {
                let (zone, known) = (zone.clone(), known.clone());
                defects.push(Defect::UnknownZone { instance_type: of(), region: id.clone(), zone, known });
            }
            if region.zones.iter().all(|zone| offer.not_in.contains(&zone.id)) {
                defects.push(Defect::OfferWithoutZone { instance_type: of(), region: id.clone() });
            }
        }
    }

    fn check_versions(&self, defects: &mut Vec<Defect>) {
        for (id, version) in &self.versions {
            let windows = [
                ("its release", version.released),
                ("the end of standard support", version.standard_end),
                ("the end of extended support", version.extended_end),
            ];
            for pair in windows.windows(2) {
                if let [(earlier, from), (later, to)] = *pair
                    && from >= to
                {
                    defects.push(Defect::WindowTurned { version: *id, earlier, from, later, to });
                }
            }
            if version.conformance.trim().is_empty() {
                defects.push(Defect::ConformanceMissing { version: *id });
            }
            for region in version.published.iter().filter(|region| !self.regions.contains_key(region)) {
                defects.push(self.unknown_region(&id.to_string(), region));
            }
        }
        for (name, record) in &self.cluster_types {
            let Some(Value::Word(word)) = record.decisions.get(&Key::VersionChannel).map(|chosen| &chosen.value) else {
                continue;
            };
            let Ok(channel) = word.parse::<Channel>() else { continue };
            for region in self.regions.keys() {
                let mut versions = self.versions.values();
                if !versions.any(|version| version.channels.contains(&channel) && version.published.contains(region)) {
                    let (region, cluster_type) = (region.clone(), name.clone());
                    defects.push(Defect::NoVersion { region, channel, cluster_type });
                }
            }
        }
    }

    fn check_images(&self, defects: &mut Vec<Defect>) {
        let mut seen = BTreeSet::new();
        for image in &self.images {
            if !seen.insert(&image.id) {
                defects.push(Defect::ImageTwice { image: image.id.clone() });
            }
            if !self.regions.contains_key(&image.region) {
                defects.push(self.unknown_region(&image.id, &image.region));
            }
            if !self.versions.contains_key(&image.version) {
                let known = join(self.versions.keys());
                let (image, version) = (image.id.clone(), image.version);
                defects.push(Defect::ImageOfUnknownVersion { image, version, known });
            }
        }
        let published = self.versions.iter().flat_map(|(id, version)| version.published.iter().map(move |at| (id, at)));
        for ((version, region), architecture) in
            published.flat_map(|at| Architecture::ALL.map(|architecture| (at, architecture)))
        {
            let machines = |kind: &&InstanceType| kind.architecture == architecture && kind.offers.contains_key(region);
            let has_machines = self.instance_types.values().any(|kind| machines(&kind));
            if has_machines && self.image(region, architecture, *version).is_none() {
                defects.push(Defect::ImageMissing { version: *version, region: region.clone(), architecture });
            }
        }
    }

    fn unknown_region(&self, what: &str, region: &RegionId) -> Defect {
        Defect::UnknownRegion { what: what.to_owned(), region: region.clone(), known: join(self.regions.keys()) }
    }
}

/// Whether it is a name that an edition can have: a month, and perhaps a suffix.
pub fn is_edition(name: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.splitn(3, '-').collect();
    let (month, suffix) = match *parts {
        [year, month] if digits(year, 4) => (month, "a"),
        [year, month, suffix] if digits(year, 4) => (month, suffix),
        _ => return false,
    };
    let named = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    digits(month, 2) && ("01"..="12").contains(&month) && named(suffix) && suffix.len() <= 20
}

fn join(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
