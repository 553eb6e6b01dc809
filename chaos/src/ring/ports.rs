//! Ports that nobody uses, for processes that are restarted.
//!
//! A port of the kernel's own range (what binding port 0 gives) may be taken by any outgoing connection while its process is down, and
//! the restart then fails. So these are drawn below that range, checked by binding them, and never given out twice.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::{Result, bail};
use rand::{RngExt, rngs::SmallRng};

/// Where Linux says which ports it gives to outgoing connections.
const RANGE_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const FIRST: u16 = 10_000;
/// When the kernel does not say.
const END_DEFAULT: u16 = 32_768;
const TRIES: u32 = 1_000;

/// Gives out ports of loopback.
#[derive(Debug)]
pub struct Ports {
    end: u16,
    given: BTreeSet<u16>,
}

impl Ports {
    pub fn new() -> Self {
        let range = fs::read_to_string(RANGE_FILE).unwrap_or_default();
        let kernel_first: Option<u16> = range.split_whitespace().next().and_then(|first| first.parse().ok());
        let end = kernel_first.filter(|end| *end > FIRST + 1_000).unwrap_or(END_DEFAULT);
        Self { end, given: BTreeSet::new() }
    }

    /// `wanted`, if it is free, else any that is.
    pub fn take(&mut self, wanted: Option<u16>, rng: &mut SmallRng) -> Result<u16> {
        let drawn = (0..TRIES).map(|_| rng.random_range(FIRST..self.end));
        for port in wanted.into_iter().chain(drawn) {
            if !self.given.contains(&port) && is_free(port) {
                self.given.insert(port);
                return Ok(port);
            }
        }
        bail!("looked for a free port on loopback: none of {TRIES} between {FIRST} and {} was", self.end)
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::new()
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over_and_none_is_given_twice() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut ports = Ports::new();
        let first = ports.take(None, &mut rng).unwrap();
        assert_ne!(ports.take(Some(first), &mut rng).unwrap(), first);
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        assert_ne!(ports.take(Some(taken), &mut rng).unwrap(), taken);
    }

    #[test]
    fn ports_are_outside_the_range_of_outgoing_connections() {
        let mut rng = SmallRng::seed_from_u64(2);
        let mut ports = Ports::new();
        for _ in 0..50 {
            assert!((FIRST..ports.end).contains(&ports.take(None, &mut rng).unwrap()));
        }
    }
}
