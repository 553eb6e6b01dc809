//! An orderly end: a member is shut down, ends, and is started again later.
//!
//! Its process ends as in a crash, so what its disk has not flushed by then is lost: an orderly end must not rest on a last flush.
//! Whoever waited for an answer has one by then; that is the rule `shutdown_answers`.

use std::{sync::Arc, time::Duration};

use ids::MemberId;
use rand::RngExt;
use region::ShutdownReport;

use super::Nemesis;
use crate::{
    plan::{Bug, Fault, ms, span},
    world::World,
};

/// Longer than any command may take, so that every answer is due before the end.
const WITHIN: Duration = Duration::from_secs(6);

impl Nemesis {
    pub(super) fn shut_down(&mut self) {
        let Some(member) = self.target_leader() else { return };
        let down = if self.rng.random_range(0..100) < 50 { (5, 200) } else { (200, 6_000) };
        let down = span(&mut self.rng, down.0, down.1);
        let world = Arc::clone(&self.world);
        self.scope.spawn(async move {
            if shut_down(&world, member).await {
                tokio::time::sleep(down).await;
                if !world.is_up(member) {
                    world.start(member, false);
                }
            }
        });
    }
}

/// Shuts a member down and ends it. `false`: it was not up, or ended otherwise meanwhile.
pub async fn shut_down(world: &Arc<World>, member: MemberId) -> bool {
    let Some((region, scope)) = world.region(member) else { return false };
    if region.status().shutting_down {
        return false;
    }
    let within = if world.plan.bug == Bug::HastyShutdown { ms(1) } else { WITHIN };
    let Ok(report) = scope.spawn(async move { region.shutdown(within).await }).await else { return false };
    world.trace.note(format_args!("{member} shut down: {report}"));
    // A process that stands still answers nobody, and finds its time over when it goes on.
    if let Some(detail) = unanswered(&report).filter(|_| !world.plan.faults.contains(&Fault::Pause)) {
        world.trace.violate("shutdown_answers", format!("{member}: {detail}"));
    }
    world.crash(member);
    true
}

/// Who was left without an answer.
fn unanswered(report: &ShutdownReport) -> Option<String> {
    (report.cut_off > 0).then(|| format!("{} commands were not answered: {report}", report.cut_off))
}
