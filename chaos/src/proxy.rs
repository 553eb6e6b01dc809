//! Links between regions, in user space: every connection between processes of two regions goes through a listener here, which
//! delays it, stalls it, resets it or leaves it half open.
//!
//! It exists because a kernel without netem can simulate no distance, and because a link must be cut while both ends are alive.
//! It works on bytes of connections and knows nothing of what they say; it loses nothing in the middle, because TCP would not.
//!
//! Map: [`way`] the conditions of one direction · `link` listeners and connections · `pump` bytes in time.

mod link;
mod pump;
pub mod way;

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use ids::RegionId;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::sleep};

pub use way::{Mode, Way};

/// All ways between regions, and the listeners on them. Everything ends when it is dropped.
pub struct Mesh {
    ways: BTreeMap<(RegionId, RegionId), watch::Sender<Way>>,
    links: JoinSet<()>,
}

impl Mesh {
    /// A way each way between any two regions.
    pub fn new(regions: &[RegionId]) -> Self {
        let mut ways = BTreeMap::new();
        for from in regions {
            for to in regions.iter().filter(|to| *to != from) {
                ways.insert((from.clone(), to.clone()), watch::Sender::new(Way::default()));
            }
        }
        Self { ways, links: JoinSet::new() }
    }

    /// Listens for a process of `from` that wants to reach `target` in `to`. Returns the address to give to that process.
    pub async fn listen(&mut self, from: &RegionId, to: &RegionId, target: SocketAddr) -> io::Result<SocketAddr> {
        let way = |from: &RegionId, to: &RegionId| {
            let way = self.ways.get(&(from.clone(), to.clone())).map(watch::Sender::subscribe);
            way.ok_or_else(|| io::Error::other(format!("link {from} to {to}: not two regions of this mesh")))
        };
        let ways = link::Ways { forward: way(from, to)?, backward: way(to, from)? };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        self.links.spawn(link::serve(listener, target, ways));
        Ok(address)
    }

    /// Changes one direction between two regions.
    pub fn change(&self, from: &RegionId, to: &RegionId, change: impl FnOnce(&mut Way)) {
        if let Some(way) = self.ways.get(&(from.clone(), to.clone())) {
            way.send_modify(change);
        }
    }

    /// Sets both directions between two regions.
    pub fn set_between(&self, one: &RegionId, other: &RegionId, mode: Mode) {
        self.change(one, other, |way| way.mode = mode);
        self.change(other, one, |way| way.mode = mode);
    }

    /// Sets every way from and to a region.
    pub fn set_around(&self, region: &RegionId, mode: Mode) {
        for ((from, to), way) in &self.ways {
            if from == region || to == region {
                way.send_modify(|way| way.mode = mode);
            }
        }
    }

    /// Opens every way.
    pub fn heal(&self) {
        self.ways.values().for_each(|way| way.send_modify(|way| way.mode = Mode::Pass));
    }

    /// Stalls and opens both directions between two regions in turn, and leaves them open.
    pub async fn flap(&self, one: &RegionId, other: &RegionId, period: Duration, times: u32) {
        for _ in 0..times {
            self.set_between(one, other, Mode::BlackHole);
            sleep(period).await;
            self.set_between(one, other, Mode::Pass);
            sleep(period).await;
        }
    }
}

#[cfg(test)]
mod tests;
