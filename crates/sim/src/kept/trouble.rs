//! What goes wrong: in the cloud, behind our back, and with members and links.

use std::{sync::Arc, time::Duration};

use cloud_sim::{Capacity, Outage, Place, Sim, SimCloud, Tamper, Vices};
use fakes::DiskWeather;
use ids::MemberId;
use ports::{
    TaskScope,
    cloud::{InstanceId, InternetGatewayId, SecurityGroupId, VolumeId},
};
use rand::{RngExt, rngs::SmallRng, seq::IndexedRandom};
use reconcile::mark;

use crate::{
    plan::{ms, span},
    world::World,
};

const HOUR_MS: u64 = 3_600_000;

/// What the cloud does to its callers in the next hour: little, what is usual, or its worst. Now and then it has no room, or launches
/// nothing in a region for hours.
pub fn vices(sim: &Sim, now: u64, rng: &mut SmallRng) -> Vices {
    let mut vices = match rng.random_range(0..100) {
        0..30 => Vices { lag: 2_000, stale: 100, ..Vices::off() },
        30..80 => Vices::mild(),
        _ => Vices::harsh(),
    };
    vices.late_by = rng.random_range(1_000..=300_000);
    if rng.random_range(0..100) < 25 {
        vices.capacity_outage = rng.random_range(50..=400);
    }
    let regions: Vec<_> = sim.options().regions.iter().collect();
    let Some((region, of)) = regions.choose(rng) else { return vices };
    if rng.random_range(0..100) < 4 {
        let until = now + rng.random_range(1..=4) * HOUR_MS;
        vices.outages.push(Outage { region: (*region).clone(), zone: None, instance_type: None, from: now, until });
    }
    let types: Vec<_> = sim.options().types.keys().collect();
    if let (Some((zone, _)), Some(instance_type), 0..20) =
        (of.zones.choose(rng), types.choose(rng), rng.random_range(0..100))
    {
        let (zone, instance_type) = (zone.clone(), (*instance_type).clone());
        vices.capacity.push(Capacity { zone, instance_type, instances: rng.random_range(0..4) });
    }
    vices
}

/// Somebody does something behind our back, now and then.
pub fn meddle(cloud: &SimCloud, rng: &mut SmallRng) {
    if rng.random_range(0..100) >= 30 {
        return;
    }
    cloud.with(|sim, now| {
        let Some((place, tamper)) = draw(sim, rng) else { return };
        sim.tamper(now, &place, tamper);
    });
}

fn draw(sim: &Sim, rng: &mut SmallRng) -> Option<(Place, Tamper)> {
    let machines = sim.instances().filter(|(_, of)| !of.state.ending());
    let machines: Vec<(&Place, &InstanceId)> = machines.map(|(place, of)| (place, &of.id)).collect();
    let (place, id) = machines.choose(rng).map(|(place, id)| ((*place).clone(), (*id).clone()))?;
    let tagged = sim.tagged(mark::PART);
    let mut another = |prefix: &str| {
        let all: Vec<&str> = tagged
            .iter()
            .filter(|(at, id, _)| **at == place && id.starts_with(prefix))
            .map(|(_, id, _)| id.as_str())
            .collect();
        all.choose(rng).map(|id| (*id).to_owned())
    };
    let (group, volume, gateway) = (another("sg-"), another("vol-"), another("igw-"));
    let tamper = match rng.random_range(0..100) {
        0..28 => Tamper::Kill(id),
        28..43 => Tamper::Impair(id),
        43..55 => Tamper::Stop(id),
        55..72 => Tamper::MakePublic(id),
        72..75 => Tamper::SwapRoot(id),
        75..83 => Tamper::OpenGroup(SecurityGroupId::new(group?)),
        83..91 => Tamper::CloseGroup(SecurityGroupId::new(group?)),
        91..95 => Tamper::DestroyVolume(VolumeId::new(volume?)),
        _ => Tamper::DetachGateway(InternetGatewayId::new(gateway?)),
    };
    Some((place, tamper))
}

/// A member crashes and loses what its disk had not flushed, or stands still; a link is cut. All of it passes.
pub async fn strike(world: &Arc<World>, scope: &TaskScope, rng: &mut SmallRng) {
    let members = world.members();
    let Some(member) = members.choose(rng).copied() else { return };
    match rng.random_range(0..100) {
        0..8 => crash(world, scope, member, rng).await,
        8..12 => {
            let (held, span) = (Arc::clone(world), span(rng, 1_000, 90_000));
            held.hold(member, true);
            scope.spawn(async move {
                tokio::time::sleep(span).await;
                held.hold(member, false);
            });
        }
        12..18 => {
            let regions = world.plan.regions.sample(rng, 2).map(|region| world.members_of(region));
            let sides: Vec<Vec<MemberId>> = regions.collect();
            let both = rng.random_bool(0.7);
            if let [one, other] = sides.as_slice() {
                cut(world, scope, one.clone(), other.clone(), both, span(rng, 10_000, 2_400_000));
            }
        }
        18..21 => {
            let others = members.iter().copied().filter(|other| *other != member).collect();
            cut(world, scope, vec![member], others, true, span(rng, 10_000, 600_000));
        }
        _ => {}
    }
}

/// The disk stalls before: only then is there something to lose.
async fn crash(world: &Arc<World>, scope: &TaskScope, member: MemberId, rng: &mut SmallRng) {
    let Some(disk) = world.disk(member).filter(|_| world.is_up(member)) else { return };
    disk.set_weather(DiskWeather { stalled: true, ..world.fair_weather() });
    tokio::time::sleep(span(rng, 20, 2_000)).await;
    world.crash(member);
    disk.set_weather(world.fair_weather());
    let (world, down) = (Arc::clone(world), if rng.random_bool(0.5) { ms(100) } else { span(rng, 1_000, 300_000) });
    scope.spawn(async move {
        tokio::time::sleep(down).await;
        if !world.is_up(member) {
            world.start(member, false);
        }
    });
}

fn cut(world: &Arc<World>, scope: &TaskScope, one: Vec<MemberId>, other: Vec<MemberId>, both: bool, span: Duration) {
    let world = Arc::clone(world);
    let set = move |cut: bool| {
        world.net.cut(&one, &other, cut);
        if both {
            world.net.cut(&other, &one, cut);
        }
    };
    set(true);
    scope.spawn(async move {
        tokio::time::sleep(span).await;
        set(false);
    });
}
