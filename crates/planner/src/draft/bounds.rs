//! Numbers that bound each other. A record is checked for that; policies may pull them apart again.

use domain::catalog::{Key, Value};

use super::{Computed, Draft};

/// What may not be more than what.
const AT_MOST: [(Key, Key); 5] = [
    (Key::WorkersMin, Key::WorkersMax),
    (Key::WorkersInitial, Key::WorkersMax),
    (Key::DrainGrace, Key::DrainForce),
    (Key::EtcdSnapshotEvery, Key::EtcdSnapshotKept),
    (Key::BackupEvery, Key::BackupKept),
];

impl Draft<'_> {
    /// Lowers what is above its bound; at the end, as many workers to begin with as there are at least.
    pub(super) fn decide_bounds(&mut self) {
        for (key, bound) in AT_MOST {
            self.bound(key, bound, self.number(key) > self.number(bound));
        }
        let (first, least) = (Key::WorkersInitial, Key::WorkersMin);
        self.bound(first, least, self.number(first) < self.number(least));
    }

    /// No more I/O operations per second than a volume of its type and size has
    /// (<https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html>).
    pub(super) fn decide_speed(&mut self) {
        let key = Key::MastersVolumeIops;
        let on = [Key::MastersVolume, Key::MastersVolumeSize];
        let (for_each, most) = if self.is(Key::MastersVolume, "io2") { (1000, 64_000) } else { (500, 16_000) };
        let limit = (self.number(Key::MastersVolumeSize) * for_each).min(most);
        let given = self.number(key);
        if given <= limit {
            return self.rest(key, &on);
        }
        self.compute(Computed {
            key,
            rule: "speed-of-volume",
            value: Value::count(limit),
            because: format!("the most that a volume of its type and size has; {given} without that"),
            alternatives: Vec::new(),
            from: &[key, Key::MastersVolume, Key::MastersVolumeSize],
        });
    }

    fn bound(&mut self, key: Key, bound: Key, broken: bool) {
        let (Some(Value::Number(given, unit)), Some(Value::Number(limit, _))) = (self.value(key), self.value(bound))
        else {
            return;
        };
        if !broken {
            return self.rest(key, &[bound]);
        }
        let (value, given) = (Value::Number(*limit, *unit), Value::Number(*given, *unit));
        self.compute(Computed {
            key,
            rule: "in-bounds",
            because: format!("what {bound} is; {given} without that"),
            value,
            alternatives: Vec::new(),
            from: &[key, bound],
        });
    }
}
