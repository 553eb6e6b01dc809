//! How long a creation took, and whose time that was.

use std::time::Duration;

use api::v1;
use prost_types::Timestamp;

/// Of a cluster that was made: times of its region's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// From the request until it ran.
    pub took: Duration,
    /// Of that, waiting for the cloud.
    pub cloud: Duration,
    /// The rest: Atoll's own time, at most.
    pub own: Duration,
}

impl Creation {
    /// From the report that a cluster carries. `None`: it has not run yet, or what the cloud was waited for is not on record.
    pub fn of(cluster: &v1::Cluster) -> Option<Self> {
        let status = cluster.status.as_ref()?;
        let asked = nanos(cluster.create_time.as_ref()?);
        let ends: Option<Vec<i128>> = status.creation.iter().map(|of| of.end_time.as_ref().map(nanos)).collect();
        let ran = ends?.into_iter().max()?;
        let waited = |wait: &v1::CloudWait| Some(nanos(wait.end_time.as_ref()?) - nanos(wait.begin_time.as_ref()?));
        let waits: Option<Vec<i128>> = status.waits.iter().map(waited).collect();
        let cloud = waits.filter(|waits| !waits.is_empty())?.into_iter().sum::<i128>();
        let length = |nanos: i128| u64::try_from(nanos).ok().map(Duration::from_nanos);
        Some(Self { took: length(ran - asked)?, cloud: length(cloud)?, own: length(ran - asked - cloud)? })
    }
}

fn nanos(at: &Timestamp) -> i128 {
    i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds: ms / 1000, nanos: i32::try_from(ms % 1000).unwrap() * 1_000_000 })
    }

    fn cluster(waits: &[(i64, i64)], ends: &[Option<i64>]) -> v1::Cluster {
        let phase =
            |end: &Option<i64>| v1::CreationPhase { end_time: end.and_then(at), ..v1::CreationPhase::default() };
        let wait = |(from, to): &(i64, i64)| v1::CloudWait {
            part: "nat".to_owned(),
            begin_time: at(*from),
            end_time: at(*to),
        };
        let status = v1::ClusterStatus {
            creation: ends.iter().map(phase).collect(),
            waits: waits.iter().map(wait).collect(),
            ..v1::ClusterStatus::default()
        };
        v1::Cluster { create_time: at(1_000), status: Some(status), ..v1::Cluster::default() }
    }

    #[test]
    fn what_was_not_waited_for_the_cloud_is_our_own_time() {
        let made = Creation::of(&cluster(&[(1_100, 21_100), (21_900, 46_900)], &[Some(21_500), Some(47_300)])).unwrap();
        assert_eq!((made.took.as_millis(), made.cloud.as_millis(), made.own.as_millis()), (46_300, 45_000, 1_300));
    }

    #[test]
    fn nothing_is_told_of_a_creation_that_goes_on_or_whose_waits_are_not_on_record() {
        assert_eq!(Creation::of(&cluster(&[(1_100, 2_000)], &[Some(2_000), None])), None);
        assert_eq!(Creation::of(&cluster(&[], &[Some(2_000)])), None);
        assert_eq!(Creation::of(&cluster(&[(1_100, 2_000)], &[])), None);
        assert_eq!(Creation::of(&cluster(&[(900, 9_000)], &[Some(2_000)])), None, "more than there was");
    }
}
