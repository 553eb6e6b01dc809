//! Who calls, and whether they may.
//!
//! ```text
//!   metadata ─▶ Bearer ─ who they are (verified once, remembered while it counts) ─┐
//!   request, command ─▶ Need ──────────────────────────────────────────────────────┼─▶ Admitted ─▶ submission, lists
//!   the copies here, as far as the caller has seen them ─▶ access ─────────────────┘
//! ```
//!
//! Whoever does something for a call needs an [`Admitted`], and only the gate makes one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::access::{Arena, Caller, NodeName, Rights};
use futures_util::future::join_all;
use gateway::{Authenticator, Denied, Need, Who, authorize::with, need::Verb};
use identity::{Operators, OwnTokens};
use ids::{Hlc, Log, OrganizationName, Position, RingId, Token};
use region::Consistency;
use tonic::metadata::MetadataMap;

use super::{call::Call, front::Opened, identities::Identities, needs::Needs, status::Refusal, token};

/// Callers that are remembered, and for how many seconds.
const REMEMBERED: usize = 10_000;
const REMEMBERED_FOR: u64 = 300;
/// How long a call waits for the copies here to have what its caller has seen; then they are asked as they are.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);
/// How the metadata begin that say who calls. RFC 6750, section 2.1.
const SCHEME: &str = "Bearer ";

/// Whom a member takes calls of.
pub struct Gate {
    /// None: nobody was named, and everybody may do everything.
    authenticator: Option<Authenticator>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    identities: Identities,
    /// How often trust changed.
    changes: u64,
    /// Until when each counts, in Unix seconds; by token and organization. As long as nobody's trust changes.
    verified: BTreeMap<Asked, (Who, u64)>,
}

impl Known {
    fn caught_up(&mut self, opened: &Opened) -> &Self {
        if let Some(copy) = opened.region.ledger().copy(&Log::Global)
            && self.identities.catch_up(copy.cell.state())
        {
            self.verified.clear();
            self.changes += 1;
        }
        self
    }

    /// Unless trust changed since it was looked at.
    fn remember(&mut self, asked: Asked, who: (Who, u64), changes: u64) {
        if self.changes != changes {
            return;
        }
        if self.verified.len() >= REMEMBERED {
            // Whoever calls again is verified again.
            self.verified.pop_first();
        }
        self.verified.insert(asked, who);
    }
}

type Asked = (Arc<str>, Option<OrganizationName>);

impl Gate {
    pub fn new(ring: &RingId, operators: Option<Operators>) -> Arc<Self> {
        let authenticator = operators.map(|operators| Authenticator {
            operators: Arc::new(operators),
            own: OwnTokens::new(&ring.to_string(), []),
        });
        Arc::new(Self { authenticator, known: Mutex::default() })
    }

    /// Who has this token, at `now` in Unix seconds.
    fn identify(
        &self,
        opened: &Opened,
        token: &Arc<str>,
        organization: Option<&OrganizationName>,
        now: u64,
    ) -> Result<Who, Refusal> {
        let Some(authenticator) = &self.authenticator else { return Ok(Who::Anybody) };
        let asked = (Arc::clone(token), organization.cloned());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (remembered, changes) = {
            let mut known = known();
            let known = known.caught_up(opened);
            (known.verified.get(&asked).cloned(), known.changes)
        };
        if let Some((who, until)) = remembered
            && now < until
        {
            return Ok(who);
        }
        // Nobody waits for a signature to be checked that is not theirs.
        let trusting = |issuer: &str| known().identities.trusting(issuer);
        let (who, until) = authenticator.identify(token, organization, now, trusting).map_err(|why| {
            // The caller is told no more than that: the rest says whom is trusted here.
            tracing::debug!(%why, "a token was refused");
            Refusal::new(why.reason(), format!("called with a token that is refused: {}", why.reason()))
        })?;
        known().remember(asked, (who.clone(), until.min(now + REMEMBERED_FOR)), changes);
        Ok(who)
    }
}

/// What a call says of who makes it.
#[derive(Clone)]
pub struct Bearer {
    gate: Arc<Gate>,
    token: Option<Arc<str>>,
}

impl Bearer {
    /// # Errors
    /// The metadata have something that is no bearer token.
    pub fn of(gate: &Arc<Gate>, metadata: &MetadataMap) -> Result<Self, Refusal> {
        let gate = Arc::clone(gate);
        let Some(value) = metadata.get(api::metadata::AUTHORIZATION) else { return Ok(Self { gate, token: None }) };
        let token = value.to_str().ok().and_then(|text| text.strip_prefix(SCHEME)).map(str::trim);
        let token = token.filter(|token| !token.is_empty());
        let wrong =
            || Refusal::new("TOKEN_REFUSED", format!("read the metadata authorization: wanted {SCHEME}{{token}}"));
        Ok(Self { gate, token: Some(token.ok_or_else(wrong)?.into()) })
    }

    fn who(&self, opened: &Opened, organization: Option<&OrganizationName>, now: u64) -> Result<Who, Refusal> {
        match &self.token {
            Some(token) => self.gate.identify(opened, token, organization, now),
            None if self.gate.authenticator.is_none() => Ok(Who::Anybody),
            None => {
                let message = "called without a token: wanted the metadata authorization, as `Bearer {token}`";
                Err(Refusal::new("UNAUTHENTICATED", message))
            }
        }
    }

    /// Lets a caller make a call that needs this, by what the copies here say, which hold what the caller has `seen` unless they are cut off.
    ///
    /// # Errors
    /// Nobody knows who they are, they may not, or there is no copy here that would say.
    pub async fn admit(
        &self,
        opened: &Opened,
        need: &Need,
        seen: &Token,
        within: Duration,
    ) -> Result<Admitted, Refusal> {
        let organization = need.organization();
        let ms = opened.env().wall_ms();
        let who = self.who(opened, organization.as_ref(), ms / 1000)?;
        if who == Who::Anybody {
            return Ok(Admitted { who, access: None, now: Hlc::at_unix_ms(ms), global: None });
        }
        if organization.is_some() {
            catch_up(opened, seen, within).await;
        }
        if organization.is_some() && opened.region.ledger().copy(&Log::Global).is_none() {
            return Err(Refusal::new(
                "NO_COPY",
                "looked for who may do what: no copy of the global log is in service here",
            ));
        }
        let access = organization.and_then(|organization| opened.region.access(&organization));
        let access = access.map(|access| need.nodes().fold(access, with));
        let positions = access.iter().flat_map(|access| access.positions().positions());
        let global = positions.into_iter().find(|position| position.log == Log::Global);
        let admitted = Admitted { who, access, now: Hlc::at_unix_ms(ms), global };
        admitted.who.may(need, admitted.access.as_ref(), admitted.now).map_err(|why| refused(&why))?;
        Ok(admitted)
    }
}

/// Waits a moment for the copies that say who may do what: of the global log and of this region's own. A region that is cut off goes on with
/// what it knows: a revoke there must not wait for what its caller has seen elsewhere.
async fn catch_up(opened: &Opened, seen: &Token, within: Duration) {
    let own = Log::Region(opened.region.ledger().config().region.clone());
    let of_here = seen.positions().filter(|position| position.log == Log::Global || position.log == own);
    let reads = of_here.map(|position| async move {
        let (log, wanted) = (position.log.clone(), Consistency::AtLeast(position.into()));
        let _behind = opened.region.read(&log, &wanted, within.min(CATCH_UP_WITHIN)).await;
    });
    join_all(reads).await;
}

fn refused(why: &Denied) -> Refusal {
    let refusal = Refusal::new(why.reason(), why.to_string());
    match why {
        Denied::Right { right, node, .. } => refusal.with("right", right).with("node", node),
        _ => refusal,
    }
}

/// Somebody who may do what was asked for.
#[derive(Clone)]
pub struct Admitted {
    pub who: Who,
    access: Option<Arena>,
    now: Hlc,
    /// How much of the global log it was decided by.
    pub global: Option<Position>,
}

impl Admitted {
    /// Whether they see a node of the organization that was asked about: for lists.
    pub fn sees(&self, node: &NodeName) -> bool {
        match (&self.access, node) {
            // Its region's log may have been read further than who may do what.
            (Some(access), NodeName::Cluster(_)) if access.way(node).is_none() => {
                self.who.sees(node, Some(&with(access.clone(), node)), self.now)
            }
            (access, _) => self.who.sees(node, access.as_ref(), self.now),
        }
    }

    /// By what is known now: what was read since then may be newer than what they were admitted by.
    #[must_use]
    pub fn again(self, call: &Call) -> Self {
        let organization = self.access.as_ref().map(|access| access.organization().clone());
        let access = organization.and_then(|organization| call.opened.region.access(&organization));
        Self { access: access.or(self.access), ..self }
    }

    /// Whether they see who may do what on a node.
    pub fn sees_policy(&self, node: &NodeName) -> bool {
        self.who.may(&Need::see_policy(node), self.access.as_ref(), self.now).is_ok()
    }

    /// As whom explanations are told; `None`: in full.
    pub fn reader(&self) -> Option<Caller<'_>> {
        if let Who::Member(of) = &self.who { Some(of.caller()) } else { None }
    }

    /// Whether they see a node that is there; one that is gone nobody sees.
    ///
    /// # Errors
    /// They do not.
    pub fn check_sees_if_there(&self, node: &NodeName) -> Result<(), Refusal> {
        let there = self.access.as_ref().is_some_and(|access| access.way(node).is_some());
        if there && !self.sees(node) { Err(not_there(node)) } else { Ok(()) }
    }

    /// Before a list: whether they see the node, or anything below it.
    ///
    /// # Errors
    /// They do not: to them it is not there.
    pub fn check_sees_below(&self, node: &NodeName) -> Result<(), Refusal> {
        match (&self.who, &self.access) {
            (Who::Member(of), Some(access)) if !self.sees(node) => {
                let below = access.effective_below(of.caller(), node, self.now);
                let sees = |(node, rights): (&NodeName, &Rights)| rights.contains(Verb::Get.on(node.kind()));
                if below.iter().any(sees) { Ok(()) } else { Err(not_there(node)) }
            }
            _ => Ok(()),
        }
    }
}

fn not_there(node: &NodeName) -> Refusal {
    refused(&Denied::NotFound { node: node.clone() })
}

impl Call {
    /// See [`Bearer::admit`].
    pub async fn admit(&self, need: &Need) -> Result<Admitted, Refusal> {
        // Seldom waits, and is large: it stands on the heap.
        Box::pin(self.bearer.admit(&self.opened, need, &self.seen, self.left())).await
    }

    /// The same for a question, whose answer must hold what it says.
    pub async fn admit_question(&self, question: &impl Needs) -> Result<Admitted, Refusal> {
        let mut seen = self.seen.clone();
        let read = question.read().map(|read| token::parse("read.token", &read.token)).transpose()?;
        read.iter().flat_map(Token::positions).for_each(|position| seen.see(&position));
        let need = question.need()?;
        Box::pin(self.bearer.admit(&self.opened, &need, &seen, self.left())).await
    }
}
