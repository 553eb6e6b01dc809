//! What openraft is told: the settings that safety rests on.

use ids::Log;
use ledger::{Canary, Retention, Timing, group::raft_config};

#[test]
fn a_restarted_leader_never_resumes_its_term_except_in_the_canary() {
    let config = |canary| raft_config(&Log::Global, Timing::default().global, Retention::default(), canary);
    for canary in [Canary::None, Canary::SkipGuard, Canary::UncheckedChain] {
        assert_eq!(config(canary).enable_leader_restore, Some(false), "{canary:?}");
    }
    let with_canary = cfg!(feature = "canary");
    assert_eq!(config(Canary::LeaderRestore).enable_leader_restore, Some(with_canary));
    assert_eq!(config(Canary::None).enable_pre_vote, Some(true));
}

#[test]
fn the_default_settings_of_both_kinds_of_groups_are_accepted() {
    for timing in [Timing::default().global, Timing::default().region] {
        let config = raft_config(&Log::Global, timing, Retention::default(), Canary::None).validate().unwrap();
        // A follower first waits out the lease, which lasts for the longest election timeout.
        assert!(config.heartbeat_interval * 3 < config.election_timeout_max, "some heartbeats may be lost");
        // What they draw from must be wide beside a round trip, or the votes split again and again.
        assert!(config.election_timeout_min * 3 / 2 <= config.election_timeout_max);
    }
}
