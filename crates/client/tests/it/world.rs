//! Three regions of the double and a client of them.

use std::time::Duration;

use client::{
    Client, Config, Endpoint,
    double::{Ring, Server},
    v1,
};
use tokio::time::{Instant, sleep};

pub struct World {
    pub ring: Ring,
    pub servers: Vec<Server>,
}

/// Hashes of the double's records say nothing; they only differ.
fn hash(record: &v1::Record) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&record.seq.to_be_bytes());
    hash
}

impl World {
    pub fn start() -> Self {
        let ring = Ring::new(hash);
        let regions = ["us-east-1", "us-west-2", "eu-west-1"];
        let servers = regions.iter().zip(1..).map(|(region, member)| ring.serve(region, member).unwrap()).collect();
        Self { ring, servers }
    }

    pub fn config(&self) -> Config {
        let endpoints: Vec<Endpoint> = self.servers.iter().map(Server::endpoint).collect();
        Config::new(endpoints).prefer("us-east-1")
    }

    pub fn client(&self) -> Client {
        Client::connect(self.config()).unwrap()
    }

    /// Request ids that were executed, in order.
    pub fn executed(&self) -> Vec<String> {
        self.ring.state().executed.iter().map(|executed| executed.request_id.clone()).collect()
    }
}

pub fn organization(display_name: &str) -> v1::Organization {
    v1::Organization { display_name: display_name.to_owned(), ..v1::Organization::default() }
}

/// Waits until something holds, at most 10 s.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
