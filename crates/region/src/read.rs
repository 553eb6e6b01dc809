//! Reading a log's state: at once, not before a token, or linearizable; always with a place and an age.

use std::time::Duration;

use ids::{Log, MemberId, Position, RegionId, Seq, Token};
use ledger::{LogState, group::Group, heads::Head};
use ports::{
    BoxFuture, timeout,
    trace::{
        TARGET,
        tracing::{Instrument, Span, info_span},
    },
};
use wire::proto::{self, head_reply, peer_reply, peer_request};

use crate::{
    ask::{Asked, Question, Tried, left},
    region::{Inner, Region},
};

/// A copy that takes in nothing for so long stands still: records come to every region in reach in a fraction of it.
const STILL: Duration = Duration::from_millis(500);

/// What a read must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// What this member has, now.
    Local,
    /// Everything the token has seen. The default of clients.
    AtLeast(Token),
    /// Everything that anyone was told, anywhere, before the read began.
    Linearizable,
}

/// A state with its place, and how old it may be.
#[derive(Clone, Debug)]
pub struct ReadView {
    pub state: LogState,
    /// Everything that was acknowledged so long ago is in it. `None`: not known yet.
    pub age: Option<Duration>,
}

impl ReadView {
    /// The token of someone who has seen this.
    pub fn token(&self) -> Token {
        Token::from(self.state.position())
    }
}

/// Why a read was not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadRefusal {
    #[error("read {log}: no copy of it is in service here")]
    NoCopy { log: Log },
    #[error("read {log} at {wanted} or later: this copy holds {here} and got no further in time")]
    NotYetReplicated { log: Log, wanted: Position, here: Seq },
    #[error("read {log} at {wanted} or later: this copy follows another incarnation of it, {here}")]
    OtherIncarnation { log: Log, wanted: Position, here: ids::Incarnation },
    #[error("read {log} linearizably: {message}")]
    NotConfirmed { log: Log, reason: String, message: String },
}

/// The question: how far is the log, at least.
struct HowFar<'a> {
    log: &'a Log,
}

impl Question for HowFar<'_> {
    type Answer = Position;

    fn request(&self, to: Option<MemberId>, _within: Duration, _doubtful: bool) -> peer_request::Body {
        let to = to.map_or(0, |member| member.0);
        peer_request::Body::Head(proto::HeadRequest { log: self.log.to_string(), via: Vec::new(), to })
    }

    fn reply(&self, body: peer_reply::Body) -> Tried<Position> {
        let unreadable = || Tried::Maybe("read the reply to a head request: it does not answer it".to_owned());
        let peer_reply::Body::Head(proto::HeadReply { body: Some(body) }) = body else { return unreadable() };
        match body {
            head_reply::Body::Head(head) => Head::from_proto(&head).map_or_else(
                |_| unreadable(),
                |head| Tried::Answer(Position { log: head.log, incarnation: head.incarnation, seq: head.seq }),
            ),
            head_reply::Body::NotLeader(other) => {
                Tried::NotLeader((other.leader != 0).then_some(MemberId(other.leader)))
            }
            head_reply::Body::Unavailable(why) => Tried::NotDone { reason: why.reason, message: why.message },
        }
    }

    fn here<'a>(&'a self, group: &'a Group, within: Duration, _doubtful: bool) -> BoxFuture<'a, Tried<Position>> {
        Box::pin(async move {
            group.confirmed(within).await.map_or_else(Tried::NotLeader, |state| Tried::Answer(state.position()))
        })
    }
}

impl Region {
    /// Reads one log, waiting at most `within` for what `consistency` asks.
    pub async fn read(&self, log: &Log, consistency: &Consistency, within: Duration) -> Result<ReadView, ReadRefusal> {
        match consistency {
            Consistency::Local => {}
            Consistency::AtLeast(token) => self.inner.reach_token(log, token, within).instrument(span(log)).await?,
            Consistency::Linearizable => self.inner.prove_fresh(log, within).instrument(span(log)).await?,
        }
        self.inner.local(log)
    }

    /// Reads the logs of all regions at once. It never fails because a region is away: its last known state is among the views, and
    /// its name in the second part when its copy is missing or older than `fresh`.
    pub fn read_regions(&self, fresh: Duration) -> (Vec<ReadView>, Vec<RegionId>) {
        let (mut views, mut unreachable) = (Vec::new(), Vec::new());
        for region in self.inner.registry.topology().regions.into_keys() {
            let view = self.inner.local(&Log::Region(region.clone())).ok();
            if view.as_ref().and_then(|view| view.age).is_none_or(|age| age > fresh) {
                unreachable.push(region);
            }
            views.extend(view);
        }
        (views, unreachable)
    }
}

/// A read that waits is a step of its caller's span, where the caller has one.
fn span(log: &Log) -> Span {
    if Span::current().is_none() { Span::none() } else { info_span!(target: TARGET, "region.read", log = %log) }
}

impl Inner {
    pub(crate) fn local(&self, log: &Log) -> Result<ReadView, ReadRefusal> {
        let copy = self.ledger.copy(log).ok_or_else(|| ReadRefusal::NoCopy { log: log.clone() })?;
        // First the proof, then the state: the state may be newer than what was proven, never older.
        let proven = self.freshness.proven(log);
        let state = copy.cell.state();
        let age = proven.map(|at| self.freshness.age(at));
        Ok(ReadView { state, age })
    }

    async fn reach_token(&self, log: &Log, token: &Token, within: Duration) -> Result<(), ReadRefusal> {
        let Some((incarnation, seq)) = token.get(log) else { return Ok(()) };
        self.reach(&Position { log: log.clone(), incarnation, seq }, within).await
    }

    /// Waits until the copy here holds `wanted`, while there is a reason to.
    pub(crate) async fn reach(&self, wanted: &Position, within: Duration) -> Result<(), ReadRefusal> {
        let log = wanted.log.clone();
        let copy = self.ledger.copy(&log).ok_or_else(|| ReadRefusal::NoCopy { log: log.clone() })?;
        let here = copy.cell.state().incarnation;
        if here != wanted.incarnation {
            return Err(ReadRefusal::OtherIncarnation { log, wanted: wanted.clone(), here });
        }
        let deadline = self.env.now().plus(within);
        let mut stood_at = copy.cell.seq();
        loop {
            let patience = left(self.env.now(), deadline).min(STILL);
            if timeout(self.env.as_ref(), patience, copy.cell.reached(wanted.seq)).await.is_some() {
                return Ok(());
            }
            let here = copy.cell.seq();
            let stands = std::mem::replace(&mut stood_at, here) == here;
            let pointless = stands && self.cut_off_from_leader(&log) && self.ledger.held_elsewhere(&log, wanted.seq);
            if pointless || left(self.env.now(), deadline).is_zero() {
                return Err(ReadRefusal::NotYetReplicated { log, wanted: wanted.clone(), here });
            }
        }
    }

    /// Whether the copy here is a voter's, whose only source is the leader, and the leader does not answer.
    fn cut_off_from_leader(&self, log: &Log) -> bool {
        let leader = self.ledger.group(log).and_then(|group| group.leader());
        leader.is_some_and(|leader| leader != self.member() && self.ledger.peers().silent(leader))
    }

    /// Proves that the copy here holds everything that was acknowledged before this call, and remembers it.
    pub(crate) async fn prove_fresh(&self, log: &Log, within: Duration) -> Result<(), ReadRefusal> {
        let asked = self.env.now();
        let deadline = asked.plus(within);
        let wanted = match self.ask(log, &HowFar { log }, within).await {
            Asked::Answer { answer, .. } => answer,
            Asked::NotDone { reason, message } => {
                return Err(ReadRefusal::NotConfirmed { log: log.clone(), reason, message });
            }
            Asked::Maybe(message) => {
                let reason = "NO_ANSWER".to_owned();
                return Err(ReadRefusal::NotConfirmed { log: log.clone(), reason, message });
            }
        };
        let answered = self.env.now();
        self.reach(&wanted, left(answered, deadline)).await?;
        self.freshness.prove(log, asked, answered);
        Ok(())
    }

    /// Answers another member's question how far a log is.
    pub(crate) async fn serve_head(&self, request: &proto::HeadRequest) -> proto::HeadReply {
        let not_leader = |leader: Option<MemberId>| {
            head_reply::Body::NotLeader(proto::NotLeader { leader: leader.map_or(0, |leader| leader.0) })
        };
        let group = request.log.parse().ok().and_then(|log: Log| self.ledger.group(&log));
        let body = match group {
            None => not_leader(None),
            Some(group) if !group.is_leader() => not_leader(group.leader()),
            Some(group) => match group.confirmed(crate::freshness::CONFIRM_WITHIN).await {
                Err(leader) => not_leader(leader),
                Ok(state) => head_reply::Body::Head(
                    Head {
                        incarnation: state.incarnation,
                        seq: state.seq,
                        hash: state.hash,
                        state_digest: state.digest(),
                        voter: true,
                        log: state.log,
                    }
                    .to_proto(),
                ),
            },
        };
        proto::HeadReply { body: Some(body) }
    }
}
