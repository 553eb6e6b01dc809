//! How many calls a cloud takes from us, per account.
//!
//! A cloud gives each account buckets of tokens and answers `RequestLimitExceeded` when one is empty, to whoever calls then: also to
//! the call that a person waits for, and to the customer's own tools in that account. So calls are held back before that, with
//! buckets of our own that are smaller than the cloud's. When the cloud says that it is too much all the same, somebody else is
//! drinking from the same bucket: ours is emptied and fills at half the speed, and wins its speed back little by little.
//!
//! It reads no clock and never waits: it says how long to wait.

use std::{collections::BTreeMap, time::Duration};

use ports::Instant;

/// A bucket: how much it holds, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls at once, at most.
    pub burst: f64,
    /// Calls per second, in the long run.
    pub per_second: f64,
}

/// Of its speed, what a bucket keeps when the cloud refused a call of it.
const SLOWED: f64 = 0.5;
/// Of its speed, what a bucket keeps at least.
const SLOWEST: f64 = 1.0 / 16.0;
/// A bucket is back at full speed so long after it was slowed to a standstill.
const RECOVERS_IN: Duration = Duration::from_secs(60);

/// Buckets by what they are for: an account and a kind of call, say.
#[derive(Debug)]
pub struct Budgets<K> {
    buckets: BTreeMap<K, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    /// Between [`SLOWEST`] and 1.
    speed: f64,
    at: Instant,
}

impl<K: Clone + Ord> Default for Budgets<K> {
    fn default() -> Self {
        Self { buckets: BTreeMap::new() }
    }
}

impl<K: Clone + Ord> Budgets<K> {
    /// Takes one call out of a bucket, which is made full when it is asked for first.
    ///
    /// # Errors
    /// How long until there is one. Nothing is taken then.
    pub fn take(&mut self, key: &K, rate: Rate, now: Instant) -> Result<(), Duration> {
        let bucket = self.bucket(key, rate, now);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(bucket.wait())
    }

    /// Takes one call out of a bucket ahead of time, behind those that were booked before; gives how long until it may be made. `None`:
    /// longer than `ahead`, and nothing is taken.
    pub fn book(&mut self, key: &K, rate: Rate, ahead: Duration, now: Instant) -> Option<Duration> {
        let bucket = self.bucket(key, rate, now);
        let wait = bucket.wait();
        let booked = wait <= ahead;
        if booked {
            bucket.tokens -= 1.0;
        }
        booked.then_some(wait)
    }

    /// The cloud refused a call of this bucket as one too many.
    pub fn refused(&mut self, key: &K, rate: Rate, now: Instant) {
        let bucket = self.bucket(key, rate, now);
        bucket.tokens = bucket.tokens.min(0.0);
        bucket.speed = (bucket.speed * SLOWED).max(SLOWEST);
    }

    fn bucket(&mut self, key: &K, rate: Rate, now: Instant) -> &mut Bucket {
        let full = || Bucket { rate, tokens: rate.burst, speed: 1.0, at: now };
        let bucket = self.buckets.entry(key.clone()).or_insert_with(full);
        bucket.fill(now);
        bucket
    }
}

impl Bucket {
    /// Until there is a call in it.
    fn wait(&self) -> Duration {
        let seconds = (1.0 - self.tokens).max(0.0) / (self.rate.per_second * self.speed);
        Duration::try_from_secs_f64(seconds).unwrap_or(RECOVERS_IN)
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.speed = (self.speed + passed / RECOVERS_IN.as_secs_f64()).min(1.0);
        self.tokens = (self.tokens + passed * self.rate.per_second * self.speed).min(self.rate.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3.0, per_second: 2.0 };

    fn at(ms: u64) -> Instant {
        Instant(ms * 1_000_000)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds_and_each_key_has_its_own() {
        let mut budgets = Budgets::default();
        assert!((0..3).all(|_| budgets.take(&"a", RATE, at(0)).is_ok()));
        assert_eq!(budgets.take(&"a", RATE, at(0)), Err(Duration::from_millis(500)));
        assert!(budgets.take(&"b", RATE, at(0)).is_ok());
        assert!(budgets.take(&"a", RATE, at(500)).is_ok());
        assert!(budgets.take(&"a", RATE, at(600)).is_err());
        let passed = (0..1_000).filter(|tick| budgets.take(&"a", RATE, at(1_000 + tick * 10)).is_ok()).count();
        assert!((19..=22).contains(&passed), "{passed} calls in ten seconds at two per second");
    }

    #[test]
    fn whoever_waits_as_long_as_was_said_gets_a_call() {
        let mut budgets = Budgets::default();
        let mut now = at(0);
        for round in 0..50 {
            if round % 7 == 3 {
                budgets.refused(&"a", RATE, now);
            }
            if let Err(wait) = budgets.take(&"a", RATE, now) {
                // Rounded up: a nanosecond too early is too early.
                now = now.plus(wait + Duration::from_nanos(1));
                assert!(budgets.take(&"a", RATE, now).is_ok(), "round {round}: waited {wait:?}");
            }
        }
    }

    #[test]
    fn calls_are_booked_one_behind_the_other_and_not_too_far_ahead() {
        let mut budgets = Budgets::default();
        let mut book = |ms| budgets.book(&"a", RATE, Duration::from_secs(1), at(ms));
        let waits: Vec<_> = (0..6).map(|_| book(0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(0), ms(0), ms(0), ms(500), ms(1000), None]);
        assert_eq!(book(500), ms(1000), "two calls are ahead of it, one of which may be made now");
        assert!(budgets.take(&"a", RATE, at(1000)).is_err(), "those that are due are somebody's");
        assert!(budgets.take(&"a", RATE, at(2000)).is_ok());
    }

    #[test]
    fn a_refusal_slows_a_bucket_down_which_comes_back_to_its_speed() {
        let mut budgets = Budgets::default();
        (0..10).for_each(|_| budgets.refused(&"a", RATE, at(0)));
        let wait = budgets.take(&"a", RATE, at(0)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(8), "a sixteenth of two calls per second");
        assert!((0..3).all(|_| budgets.take(&"a", RATE, at(120_000)).is_ok()), "full again");
        assert_eq!(budgets.take(&"a", RATE, at(120_000)), Err(Duration::from_millis(500)));
    }
}
