//! Cloud accounts: every organization gets one in the end, whoever leads, and none gets that of another.

use domain::{Command, command as c};
use ids::Log;
use sim::{checks, owner};

use crate::support::{Ring, calm, play};

fn create(number: u64) -> Command {
    let name = owner::passing_organization(number).unwrap();
    c::CreateOrganization { name, display_name: String::new(), description: String::new() }.into()
}

fn waiting(ring: &Ring) -> Vec<String> {
    checks::unclaimed(&ring.state(ring.leaders(&Log::Global)[0], &Log::Global))
}

/// What `claims_end` looks at: it shows organizations that wait although there are accounts, and nothing when all have theirs.
#[test]
fn a_leader_that_is_lost_right_after_the_pool_was_filled_leaves_no_organization_without_an_account() {
    play(calm(3), async |ring| {
        let mut caller = ring.caller(0, "operator");
        // More than the pool has accounts from the start.
        for number in 0..14 {
            ring.done(&mut caller, create(number)).await;
        }
        assert_eq!(waiting(ring), Vec::<String>::new(), "nothing is left to wait for");
        let leader = ring.leader(&Log::Global).await;
        for number in 100..104 {
            ring.done(&mut caller, c::AddAccount { account: owner::account(number).unwrap() }.into()).await;
        }
        ring.crash(leader);
        ring.start(leader).await;
        ring.leader(&Log::Global).await;
        ring.until("every organization has an account", || {
            let leaders = ring.leaders(&Log::Global);
            leaders.len() == 1 && waiting(ring).is_empty()
        })
        .await;
    });
}
