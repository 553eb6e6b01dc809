//! One action, or one thing that happens by itself: what it sees of the cloud, and what it may do to it.

use std::{collections::BTreeMap, sync::Arc};

use ports::cloud::{CallSite, CloudError, CloudRequest, ErrorCode, Filter, Tag, Tags};
use serde::{Deserialize, Serialize};

use crate::{
    Effect, Options, Place, SIMULATED,
    audit::Audit,
    balancers,
    bill::Bills,
    chance::{Chance, Purpose},
    gateways,
    instances::{self, Placed},
    place::Site,
    table::{Lag, View},
    tokens::TokenKey,
    volumes,
};

/// What all places share.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    pub options: Options,
    pub now: u64,
    pub chance: Chance,
    /// What happens by itself, by its time and the order in which it was settled.
    #[serde(with = "crate::pairs")]
    pub due: BTreeMap<(u64, u64), (Place, Due)>,
    due_count: u64,
    pub audit: Audit,
    pub bills: Bills,
    pub placed: Placed,
}

/// What happens by itself, later.
#[derive(Serialize, Deserialize)]
pub(crate) enum Due {
    Instance(instances::Due),
    NatGateway(gateways::Due),
    Balancer(balancers::Due),
    Volume(volumes::Due),
    Token(TokenKey),
    /// A call that arrives after it was given up.
    Call(Box<(CallSite, CloudRequest)>),
}

/// One action, or one thing that happens by itself, in one place.
pub(crate) struct Call<'a> {
    pub now: u64,
    pub stale: bool,
    pub place: &'a Place,
    pub site: &'a mut Site,
    pub world: &'a mut World,
    pub effects: Vec<Effect>,
}

impl World {
    pub fn new(options: Options) -> Self {
        Self {
            now: 0,
            chance: Chance::new(options.seed),
            due: BTreeMap::new(),
            due_count: 0,
            audit: Audit::new(options.audit_max),
            bills: Bills::default(),
            placed: Placed::default(),
            options,
        }
    }

    pub fn later(&mut self, place: Place, at: u64, due: Due) {
        self.due_count += 1;
        self.due.insert((at, self.due_count), (place, due));
    }
}

impl Call<'_> {
    pub fn view(&self) -> View {
        View { now: self.now, stale: self.stale }
    }

    /// Until when some replicas do not know of what is written now.
    pub fn lag(&mut self) -> Lag {
        let most = self.world.options.vices.lag;
        (most > 0).then(|| self.now + self.world.chance.below(Purpose::Lag, most) + 1)
    }

    pub fn later(&mut self, after: u64, due: Due) {
        self.world.later(self.place.clone(), self.now + after, due);
    }

    /// About `usual` milliseconds from now.
    pub fn later_about(&mut self, usual: u64, due: Due) {
        let after = self.world.chance.about(Purpose::Delay, usual);
        self.later(after, due);
    }

    /// An id that looks like one of EC2's.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.world.chance.draw(Purpose::Id))
    }

    pub fn created(&mut self, id: &str) {
        self.effects.push(Effect::Created(id.into()));
    }

    pub fn changed(&mut self, id: &str) {
        self.effects.push(Effect::Changed(id.into()));
    }

    pub fn deleted(&mut self, id: &str) {
        self.effects.push(Effect::Deleted(id.into()));
    }

    pub fn repeated(&mut self, id: &Arc<str>) {
        self.effects.push(Effect::Repeated(id.clone()));
    }

    /// The tags of something new: those given, and ours.
    pub fn tags(&self, mut given: Tags) -> Result<Tags, CloudError> {
        check_tags(&given, &Tags::default())?;
        given.set(Tag { key: SIMULATED.into(), value: "true".into() });
        Ok(given)
    }

    /// A token whose resource has ended is known for a while longer.
    pub fn token_ends(&mut self, key: TokenKey) {
        let after = self.world.options.delays.token;
        self.site.tokens.ended(&key, self.now + after);
        self.later(after, Due::Token(key));
    }
}

/// Whether a resource with the tags `old` may have `new` as well.
pub(crate) fn check_tags(new: &Tags, old: &Tags) -> Result<(), CloudError> {
    let too_long = |tag: &&Tag| tag.key.is_empty() || tag.key.chars().count() > 128 || tag.value.chars().count() > 256;
    if let Some(tag) = new.iter().find(too_long) {
        let message =
            format!("tagged with the key {:?}: wanted 1 to 128 characters, and at most 256 in the value", tag.key);
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    let more = new.iter().filter(|tag| old.get(&tag.key).is_none()).count();
    // One of the fifty is ours.
    if old.len().max(1) + more > 50 {
        return Err(CloudError::refused(
            ErrorCode::TagLimitExceeded,
            format!("added {more} tags to {}: at most 50", old.len()),
        ));
    }
    Ok(())
}

/// A filter that the kind does not have.
pub(crate) fn no_such_filter(filter: &Filter) -> CloudError {
    CloudError::refused(
        ErrorCode::InvalidParameterValue,
        format!("filtered by {filter:?}: this kind has no such filter"),
    )
}
