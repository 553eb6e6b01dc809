//! Chance from one seed: each purpose draws from its own stream, so that one more draw for one purpose changes no other.

use serde::{Deserialize, Serialize};

/// What a draw is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Id,
    Delay,
    Death,
    Impairment,
    Joining,
    Lag,
    Replica,
    Fault,
    Late,
    Latency,
}

const PURPOSES: usize = 10;

#[derive(Serialize, Deserialize)]
pub(crate) struct Chance {
    seed: u64,
    drawn: [u64; PURPOSES],
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: [0; PURPOSES] }
    }

    pub fn draw(&mut self, purpose: Purpose) -> u64 {
        let stream = purpose as usize;
        let count = self.drawn.get_mut(stream).map_or(0, |count| {
            *count += 1;
            *count
        });
        splitmix(splitmix(splitmix(self.seed) ^ (stream as u64)).wrapping_add(count))
    }

    /// One of `0..bound`; zero where `bound` is.
    pub fn below(&mut self, purpose: Purpose, bound: u64) -> u64 {
        self.draw(purpose).checked_rem(bound).unwrap_or(0)
    }

    pub fn permille(&mut self, purpose: Purpose, share: u16) -> bool {
        share > 0 && self.below(purpose, 1000) < u64::from(share)
    }

    /// Three to five quarters of `usual`.
    pub fn about(&mut self, purpose: Purpose, usual: u64) -> u64 {
        usual - usual / 4 + self.below(purpose, usual / 2 + 1)
    }

    /// How long until something happens that happens once in `mean` on average, as likely in every moment: the geometric distribution in
    /// steps of a thirty-second of `mean`, whole numbers only, so that it is the same on every machine.
    pub fn once_in(&mut self, purpose: Purpose, mean: u64) -> u64 {
        let step = (mean / 32).max(1);
        let mut steps = 0;
        while steps < 32 * 20 && self.below(purpose, 32) != 0 {
            steps += 1;
        }
        steps * step + self.below(purpose, step)
    }

    /// A number that belongs to `parts` and the seed, and is no draw: what is true of an hour does not depend on who asks.
    pub fn of(&self, parts: &[&[u8]]) -> u64 {
        let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0]));
        splitmix(bytes.fold(self.seed, |mixed, byte| splitmix(mixed ^ u64::from(*byte))))
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring inputs over all 64 bits.
fn splitmix(input: u64) -> u64 {
    let mut mixed = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
