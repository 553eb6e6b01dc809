//! The load: closed loops of callers, each with one call under way, and what they saw.
//!
//! All callers run on one thread, for either system alike: what the generator costs is measured and shown beside what the servers cost.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

/// What one run saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub done: u64,
    pub failed: u64,
    /// The first failure, for people.
    pub failure: Option<String>,
    /// Of every call that was done.
    pub micros: Vec<u32>,
}

impl Seen {
    /// Takes in one call.
    pub fn call(&mut self, since: Instant, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                self.done += 1;
                self.micros.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Err(failure) => {
                self.failed += 1;
                self.failure.get_or_insert(failure);
            }
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.micros.extend(other.micros);
        self.failure = self.failure.take().or(other.failure);
    }

    /// The latency that `share` of the calls did not pass, in milliseconds. Sorts on first use.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank below the length"
        )]
        let rank = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(rank).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Runs `callers` loops of `call(caller, n)` until `span` has passed; calls under way are waited for.
pub async fn closed_loops<C, F>(callers: usize, span: Duration, call: C) -> Seen
where
    C: Fn(usize, u64) -> F,
    F: Future<Output = Result<(), String>>,
{
    let end = Instant::now() + span;
    let call = &call;
    let one = |caller: usize| async move {
        let mut seen = Seen::default();
        let mut n = 0;
        while Instant::now() < end {
            let since = Instant::now();
            seen.call(since, call(caller, n).await);
            n += 1;
        }
        seen
    };
    let mut all = Seen::default();
    join_all((0..callers).map(one)).await.into_iter().for_each(|seen| all.merge(seen));
    all
}

/// Text that does not compress: a payload is a slice of it, another one for every call.
pub struct Payloads {
    pool: String,
}

/// Bytes of one payload.
pub const PAYLOAD_BYTES: usize = 1024;
const POOL_BYTES: usize = 1 << 20;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Payloads {
    pub fn new() -> Self {
        // xorshift64 (Marsaglia 2003): the same text in every run, and no pattern that a compressor finds.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let pool = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            LETTERS.get(usize::try_from(state % 64).unwrap_or(0)).map_or('A', |byte| char::from(*byte))
        });
        Self { pool: pool.take(POOL_BYTES).collect() }
    }

    pub fn get(&self, caller: usize, n: u64) -> &str {
        let step = usize::try_from(n).unwrap_or(0).wrapping_mul(131).wrapping_add(caller.wrapping_mul(7919));
        let at = step % (POOL_BYTES - PAYLOAD_BYTES);
        self.pool.get(at..at + PAYLOAD_BYTES).unwrap_or(&self.pool)
    }
}
