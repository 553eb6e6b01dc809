//! Streams of chance, each from the run's seed and a purpose: one more draw for one purpose changes no other.

use rand::{SeedableRng, rngs::SmallRng};

/// The root of all chance of one run.
#[derive(Clone, Copy, Debug)]
pub struct Seeds(pub u64);

impl Seeds {
    /// The seed of a purpose.
    pub fn of(self, purpose: &str) -> u64 {
        let hashed = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        mix(self.0 ^ mix(hashed))
    }

    /// A generator of its own for a purpose.
    pub fn rng(self, purpose: &str) -> SmallRng {
        SmallRng::seed_from_u64(self.of(purpose))
    }
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
pub fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
