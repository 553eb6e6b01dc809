//! How a client reaches the ring: calls one member, gives up after a while, and tries again elsewhere with the same request id.

use std::{future::Future, sync::Arc, time::Duration};

use domain::{
    Command,
    command::{UpdateCluster, UpdateFolder},
};
use ids::{ClusterName, Log, MemberId, Position, RegionId, RequestId, Seq, Token};
use invariants::{Observation, ReuseTold};
use ledger::Verdict;
use rand::{RngExt, rngs::SmallRng};
use region::{Consistency, ReadView, Region};
use wire::command::Submission;

use crate::{
    client::{organization, shop},
    plan::{ms, span},
    world::World,
};

/// How a command ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(Position),
    /// The rules of the domain refuse it, for this reason; in the record where one is said to hold that, and in these words.
    Rejected {
        reason: String,
        record: Option<(Seq, String)>,
    },
    /// Not done, because of the state of the ring.
    Refused,
    Unknown,
}

/// One client's way to the ring.
pub struct Caller {
    pub world: Arc<World>,
    pub region: RegionId,
    pub rng: SmallRng,
    pub name: String,
    /// A client inside an isolated region reaches no other.
    pub stays: bool,
}

/// How long one member may take.
const WITHIN: Duration = Duration::from_secs(4);
/// Tries of one command.
const TRIES: u32 = 3;

/// All that is told of why.
fn words(reason: &str, message: &str, details: &[(String, String)]) -> String {
    format!("{reason}: {message} {details:?}")
}

/// A command for a log that no client ever sends.
fn another(log: &Log) -> Option<Command> {
    let description = Some("under an id that was used".to_owned());
    Some(match log {
        Log::Global => {
            let name = organization()?.folder("reg-0".parse().ok()?);
            UpdateFolder { name, display_name: None, description, etag: None }.into()
        }
        Log::Region(location) => {
            let name = ClusterName { project: shop()?, location: location.clone(), cluster: "c0".parse().ok()? };
            UpdateCluster {
                name,
                display_name: None,
                description,
                allow_list: None,
                delete_protection: None,
                maintenance_window: None,
                etag: None,
            }
            .into()
        }
    })
}

impl Caller {
    fn new_request_id(&mut self) -> RequestId {
        let mut id = [0; 16];
        self.rng.fill(&mut id);
        RequestId(id)
    }

    /// A member that is up: of the own region first, later of any.
    pub fn pick(&mut self, attempt: u32) -> Option<MemberId> {
        let home = self.world.members_of(&self.region);
        let anywhere = attempt > 0 && !self.stays;
        let pool = if anywhere { self.world.members() } else { home };
        let up: Vec<MemberId> = pool.into_iter().filter(|member| self.world.region(*member).is_some()).collect();
        if up.is_empty() { None } else { up.get(self.rng.random_range(0..up.len())).copied() }
    }

    /// Does `work` at a member, as its own task. `None`: the member ended or did not answer in time.
    pub async fn at<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        member: MemberId,
        within: Duration,
        work: impl FnOnce(Region) -> F,
    ) -> Option<T> {
        let (region, scope) = self.world.region(member)?;
        let task = scope.spawn(work(region));
        tokio::time::timeout(within + ms(500), task).await.ok()?.ok()
    }

    /// Sends a command until its outcome is known, or the tries are used up.
    pub async fn command(&mut self, command: Command) -> Outcome {
        let log = command.log();
        let request_id = self.new_request_id();
        let submission = Submission {
            request_id,
            actor: self.name.clone(),
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        };
        self.world.trace.observe(&Observation::Invoked { request_id, log: log.clone() });
        // Some callers send the same request twice at once: the second must change nothing.
        let twin = self.rng.random_range(0..100) < 5 && !self.stays;
        if twin {
            self.send_twin(submission.clone());
        }
        let outcome = match self.tries(&submission, twin).await {
            // The twin may still take effect.
            Outcome::Rejected { record: None, .. } | Outcome::Refused if twin => Outcome::Unknown,
            outcome => outcome,
        };
        if let Outcome::Rejected { record: Some((seq, words)), .. } = &outcome {
            let (log, seq, words) = (log, *seq, words.clone());
            self.world.trace.observe(&Observation::RejectedOnRecord { request_id, log, seq, words });
            if self.rng.random_range(0..100) < 50 {
                self.send_rejected(submission.clone());
            }
        }
        // Some callers give one id to two wishes, by mistake.
        if matches!(outcome, Outcome::Done(_)) && self.rng.random_range(0..100) < 4 {
            self.send_reused(&submission);
        }
        self.world.trace.observe(&match &outcome {
            Outcome::Done(position) => Observation::Acknowledged {
                request_id,
                log: position.log.clone(),
                incarnation: position.incarnation,
                seq: position.seq,
            },
            Outcome::Rejected { .. } | Outcome::Refused => Observation::Refused { request_id, reason: "refused" },
            Outcome::Unknown => Observation::Unknown { request_id },
        });
        outcome
    }

    /// Uses the request id once more, for another command of the same log.
    fn send_reused(&mut self, first: &Submission) {
        let Some((member, command)) = self.pick(1).zip(another(&first.command.log())) else { return };
        let Some((region, scope)) = self.world.region(member) else { return };
        let (request_id, log) = (first.request_id, first.command.log());
        let submission = Submission { command, ..first.clone() };
        let trace = Arc::clone(&self.world.trace);
        scope.spawn(async move {
            let told = match region.submit(&submission, WITHIN).await {
                Verdict::Done { seq, .. } => ReuseTold::Done(seq),
                Verdict::Rejected { reason, .. } if reason == "REQUEST_ID_REUSED" => ReuseTold::Refused,
                Verdict::Rejected { reason, .. } => ReuseTold::Judged(reason),
                Verdict::NotLeader { .. } | Verdict::Unavailable { .. } | Verdict::Unsettled { .. } => {
                    ReuseTold::Nothing
                }
            };
            trace.observe(&Observation::Reused { request_id, log, told });
        });
    }

    /// Sends what was rejected on record once more, a while later and as if it were the first time: the answer must be the same.
    fn send_rejected(&mut self, submission: Submission) {
        let Some(member) = self.pick(u32::from(!self.stays)) else { return };
        let Some((region, scope)) = self.world.region(member) else { return };
        let (after, trace) = (span(&mut self.rng, 0, 3_000), Arc::clone(&self.world.trace));
        scope.spawn(async move {
            tokio::time::sleep(after).await;
            let (request_id, log) = (submission.request_id, submission.command.log());
            let told = match region.submit(&submission, WITHIN).await {
                Verdict::Done { incarnation, seq, .. } => {
                    Observation::Acknowledged { request_id, log, incarnation, seq }
                }
                Verdict::Rejected { reason, message, details, record } => {
                    let (seq, words) = (record.unwrap_or(Seq::ZERO), words(&reason, &message, &details));
                    Observation::RejectedOnRecord { request_id, log, seq, words }
                }
                Verdict::NotLeader { .. } | Verdict::Unavailable { .. } | Verdict::Unsettled { .. } => return,
            };
            trace.observe(&told);
        });
    }

    fn send_twin(&mut self, submission: Submission) {
        if let Some(member) = self.pick(1)
            && let Some((region, scope)) = self.world.region(member)
        {
            scope.spawn(async move { region.submit(&submission, WITHIN).await });
        }
    }

    /// `twin`: another try is under way from the start.
    async fn tries(&mut self, submission: &Submission, twin: bool) -> Outcome {
        let tries = if self.stays { 1 } else { TRIES };
        let log = submission.command.log();
        let (mut unsettled, mut last) = (false, Outcome::Refused);
        for attempt in 0..tries {
            let Some(member) = self.pick(attempt) else {
                tokio::time::sleep(ms(200)).await;
                continue;
            };
            let sent = Submission { retried: twin || unsettled, ..submission.clone() };
            let verdict =
                self.at(member, WITHIN, move |region| async move { region.submit(&sent, WITHIN).await }).await;
            match verdict {
                Some(Verdict::Done { incarnation, seq, .. }) => {
                    return Outcome::Done(Position { log, incarnation, seq });
                }
                // A refusal is final only when no earlier try can still take effect.
                Some(Verdict::Rejected { record: None, .. }) if unsettled => return Outcome::Unknown,
                Some(Verdict::Rejected { reason, message, details, record }) => {
                    let record = record.map(|seq| (seq, words(&reason, &message, &details)));
                    return Outcome::Rejected { reason, record };
                }
                Some(Verdict::NotLeader { .. } | Verdict::Unavailable { .. }) => last = Outcome::Refused,
                Some(Verdict::Unsettled { .. }) | None => unsettled = true,
            }
        }
        if unsettled { Outcome::Unknown } else { last }
    }

    /// Reads a log at a member of the own region; tells how old the member said its state may be.
    pub async fn read(&mut self, log: &ids::Log, consistency: Consistency) -> Option<ReadView> {
        let member = self.pick(0)?;
        let (log, trace) = (log.clone(), Arc::clone(&self.world.trace));
        let read = self.at(member, WITHIN, move |region| async move {
            let read = region.read(&log, &consistency, WITHIN).await;
            let view = read.inspect_err(|refusal| tracing::info!(at_ms = trace.now() / 1_000_000, %member, %refusal, "a read was not served")).ok()?;
            if let Some(age) = view.age {
                trace.observe(&Observation::ReadServed {
                    member,
                    log: view.state.log.clone(),
                    incarnation: view.state.incarnation,
                    seq: view.state.seq,
                    age_ns: u64::try_from(age.as_nanos()).unwrap_or(u64::MAX),
                });
            }
            Some(view)
        });
        read.await.flatten()
    }

    /// Reads what the token has seen, or later.
    pub async fn read_seen(&mut self, log: &ids::Log, token: &Token) -> Option<ReadView> {
        self.read(log, Consistency::AtLeast(token.clone())).await
    }
}
