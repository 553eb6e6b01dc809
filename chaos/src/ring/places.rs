//! Who listens where, and how each member reaches the others.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use ids::{MemberId, RegionId};
use rand::{SeedableRng, rngs::SmallRng};

use super::{
    FixedPorts, Node, Options,
    config::{self, Cloud, Data, Listen, Member, NodeConfig, Telemetry, Timing},
    ports::Ports,
};
use crate::proxy::Mesh;

/// Where one member listens.
pub struct Place {
    pub member: MemberId,
    region: RegionId,
    api: u16,
    peer: u16,
    telemetry: u16,
}

impl Place {
    /// The member, and a directory for it.
    pub fn node(&self, options: &Options) -> Result<Node> {
        let dir = dir_of(options, self.member);
        fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
        Ok(Node {
            member: self.member,
            region: self.region.clone(),
            api: self.api_address(options),
            telemetry: loopback(self.telemetry),
            config: dir.join("config.toml"),
            data: dir.join("data"),
            log: options.dir.join("logs").join(format!("{}-{}.log", self.member, self.region)),
            process: None,
        })
    }

    fn api_address(&self, options: &Options) -> String {
        format!("{}://{}", if options.tls { "https" } else { "http" }, loopback(self.api))
    }
}

/// A place for every member, region by region.
pub fn places(options: &Options) -> Result<Vec<Place>> {
    let mut rng = SmallRng::seed_from_u64(options.seed ^ u64::from(std::process::id()));
    let mut ports = Ports::new();
    let mut places = Vec::new();
    for region in &options.regions {
        for _ in 0..options.members_per_region {
            let number = u16::try_from(places.len())?;
            let fixed = |first: fn(&FixedPorts) -> u16| options.fixed_ports.as_ref().map(|fixed| first(fixed) + number);
            let (api, peer, telemetry) = (fixed(|f| f.api), fixed(|f| f.peer), fixed(|f| f.telemetry));
            places.push(Place {
                member: MemberId(u64::from(number) + 1),
                region: region.clone(),
                api: ports.take(api, &mut rng)?,
                peer: ports.take(peer, &mut rng)?,
                telemetry: ports.take(telemetry, &mut rng)?,
            });
        }
    }
    Ok(places)
}

/// The configuration of one member, with a link of its own to every member of another region.
pub async fn config_of(place: &Place, all: &[Place], options: &Options, mesh: &mut Mesh) -> Result<NodeConfig> {
    let mut members = Vec::new();
    for other in all {
        let direct = SocketAddr::from((Ipv4Addr::LOCALHOST, other.peer));
        let peer = if other.region == place.region {
            direct
        } else {
            mesh.listen(&place.region, &other.region, direct).await.context("open a link between two members")?
        };
        members.push(Member {
            id: other.member.0,
            region: other.region.to_string(),
            api: other.api_address(options),
            peer: peer.to_string(),
        });
    }
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    Ok(NodeConfig {
        ring: options.name.clone(),
        member: place.member.0,
        region: place.region.to_string(),
        data: Data { dir: dir_of(options, place.member).join("data") },
        listen: Listen { api: loopback(place.api), peer: loopback(place.peer), telemetry: loopback(place.telemetry) },
        tls: if options.tls { config::Tls::Development { dir: tls_dir(options), names } } else { config::Tls::Off },
        members,
        telemetry: Telemetry { log: options.log.clone(), format: "text".to_owned() },
        timing: Timing { multiplier: options.multiplier },
        cloud: Cloud {
            simulated: options.cloud.as_ref().map(|cloud| cloud.address.to_string()),
            survey_every: options.cloud.as_ref().map(|cloud| format!("{}s", cloud.survey_every.as_secs())),
        },
    })
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Everything of one member.
pub fn dir_of(options: &Options, member: MemberId) -> PathBuf {
    options.dir.join(member.to_string())
}

/// Certificates, shared by all.
pub fn tls_dir(options: &Options) -> PathBuf {
    options.dir.join("tls")
}
