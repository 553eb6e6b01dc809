//! One region is cut off from all others for a day, and goes on with its job: it makes clusters, replaces machines and meters them. That
//! is what it is a region of its own for, so its day is judged by itself.

use std::collections::BTreeSet;

use cloud_sim::{SimCloud, Tamper};
use domain::held::CloudId;
use ids::{Log, MemberId, RegionId, RequestId, Seq};
use ports::cloud::CloudRegion;
use rand::{RngExt, rngs::SmallRng};

use super::books::{Story, cloud_ms};
use crate::{run::final_state, world::World};

/// Of a region that is alone, hours.
const A_DAY: u64 = 24;

/// See the module.
pub struct Alone {
    region: RegionId,
    begins: u64,
    ends: u64,
    /// Where its log was when the cut came, and when that was, in nanoseconds from the beginning.
    cut: Option<(Seq, u64)>,
    /// When the cut was mended.
    mended: Option<u64>,
}

impl Alone {
    /// For a day, where the run is longer than that; else for a third of it.
    pub fn draw(world: &World, hours: u64, rng: &mut SmallRng) -> Option<Self> {
        let regions = &world.plan.regions;
        let region = regions.get(rng.random_range(0..regions.len()))?.clone();
        let lasts = if hours >= A_DAY + 8 { A_DAY } else { hours / 3 };
        // Not before there are clusters, nor so late that nothing follows.
        let begins = rng.random_range(hours.min(4)..=(hours - lasts).saturating_sub(2).max(hours.min(4)));
        Some(Self { region, begins, ends: begins + lasts, cut: None, mended: None })
    }

    /// At the beginning of each hour.
    pub fn hour(&mut self, world: &World, cloud: &SimCloud, hour: u64) {
        if hour == self.begins {
            self.set_cut(world, true);
            self.cut = final_state(world, &self.log()).map(|state| (state.seq, world.trace.now()));
            self.lose_a_machine(cloud);
        }
        if hour == self.ends {
            self.mended = Some(world.trace.now());
            self.nobody_else_knows(world);
            self.set_cut(world, false);
        }
    }

    fn set_cut(&self, world: &World, cut: bool) {
        let is_inside = |member: &MemberId| world.region_of(*member).as_ref() == Some(&self.region);
        let (inside, outside): (Vec<_>, Vec<_>) = world.members().into_iter().partition(is_inside);
        world.net.cut(&inside, &outside, cut);
        world.net.cut(&outside, &inside, cut);
    }

    fn log(&self) -> Log {
        Log::Region(self.region.clone())
    }

    /// So that there is something to repair for certain.
    fn lose_a_machine(&self, cloud: &SimCloud) {
        cloud.with(|sim, now| {
            let here = CloudRegion::new(self.region.as_str());
            let mut machines = sim.instances().filter(|(place, of)| place.region == here && !of.state.ending());
            let Some((place, id)) = machines.next().map(|(place, of)| (place.clone(), of.id.clone())) else { return };
            drop(machines);
            sim.tamper(now, &place, Tamper::Kill(id));
        });
    }

    /// That it was alone at all.
    fn nobody_else_knows(&self, world: &World) {
        let Some((cut, _)) = self.cut else { return };
        for member in world.members().into_iter().filter(|of| world.region_of(*of).as_ref() != Some(&self.region)) {
            let copy = world.region(member).and_then(|(region, _)| region.ledger().copy(&self.log()));
            if copy.is_some_and(|copy| copy.cell.seq() > cut) {
                world.trace.violate("alone", format!("{member} heard of {} while it was cut off", self.region));
            }
        }
    }

    /// Clusters that it made, machines that it launched in the place of others and that joined, and times that machines ran which it wrote
    /// down from beginning to end, all of that while it was alone. None of them may be none, in a day.
    pub fn judge(&self, world: &World, cloud: &SimCloud, stories: &[Story]) -> Option<[usize; 3]> {
        let (from, until) = (cloud_ms(world, cloud, self.cut?.1), cloud_ms(world, cloud, self.mended?));
        let story = stories.iter().find(|story| story.region == self.region)?;
        let (mut known, mut made) = (BTreeSet::<RequestId>::new(), BTreeSet::new());
        let (mut joined, mut replaced) = (BTreeSet::<CloudId>::new(), BTreeSet::new());
        for written in story.written.iter().filter(|written| written.at < until) {
            let alone = written.at >= from;
            if written.entry.held.made.is_some() && known.insert(written.uid) && alone {
                made.insert(written.uid);
            }
            for (id, machine) in written.entry.held.machines.iter().filter(|(_, of)| of.joined.is_some()) {
                if joined.insert(id.clone()) && alone && machine.generation > 1 {
                    replaced.insert(id.clone());
                }
            }
        }
        let inside = |ms: u64| (from..until).contains(&ms);
        let metered = story.runs.values().flat_map(|runs| runs.values());
        let metered = metered
            .filter(|run| run.stopped.is_some_and(|(at, _)| inside(run.started.0 * 1000) && inside(at.0 * 1000)));
        let counts = [made.len(), replaced.len(), metered.count()];
        if self.ends - self.begins >= A_DAY && counts.contains(&0) {
            let [made, replaced, metered] = counts;
            let what = format!(
                "{} made {made} clusters, replaced {replaced} machines and metered {metered} times in its day alone",
                self.region
            );
            world.trace.violate("alone", what);
        }
        Some(counts)
    }
}
