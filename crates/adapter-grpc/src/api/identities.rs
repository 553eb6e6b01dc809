//! Whom organizations trust, as the copy of the global log here has it.
//!
//! Nothing is read before somebody asks; then what changed since is. A row that cannot be read, and keys that cannot, make nobody known.

use std::{collections::BTreeMap, sync::Arc};

use domain::{Entity, IdentityProvider, State};
use identity::{Keys, Provider};
use ids::{Log, Subject};
use ledger::LogState;
use wire::entity::decode_entity;

/// As of one state of the global log.
#[derive(Default)]
pub struct Identities {
    providers: BTreeMap<Subject, Arc<Provider>>,
    by_issuer: BTreeMap<String, Vec<Subject>>,
    seen: Option<LogState>,
}

impl Identities {
    /// What organizations say about the tokens of an issuer.
    pub fn trusting(&self, issuer: &str) -> Vec<Arc<Provider>> {
        let rows = self.by_issuer.get(issuer).map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter_map(|row| self.providers.get(row)).cloned().collect()
    }

    /// Whether anything changed.
    pub fn catch_up(&mut self, state: LogState) -> bool {
        let older = self.seen.take().unwrap_or_else(|| LogState::new(Log::Global));
        let mut changed = false;
        if older.hash != state.hash || older.seq != state.seq {
            for (subject, row) in state.differences(&older).filter(|(subject, _)| is_provider(subject)) {
                changed = true;
                self.forget(subject);
                match row.map(|row| decode_entity(&row.value)) {
                    None => {}
                    Some(Ok(Entity::IdentityProvider(row))) => self.wrote(subject, row),
                    Some(_) => tracing::error!(%subject, "an identity provider cannot be read; nobody comes in by it"),
                }
            }
        }
        self.seen = Some(state);
        changed
    }

    fn wrote(&mut self, subject: &Subject, row: IdentityProvider) {
        let IdentityProvider { name, issuer, audience, user_claim, groups_claim, keys, state, .. } = row;
        let (State::Active, Ok(keys)) = (state, Keys::parse(&keys)) else { return };
        self.by_issuer.entry(issuer.clone()).or_default().push(subject.clone());
        let provider = Provider { organization: name.organization, issuer, audience, user_claim, groups_claim, keys };
        self.providers.insert(subject.clone(), Arc::new(provider));
    }

    fn forget(&mut self, subject: &Subject) {
        let Some(before) = self.providers.remove(subject) else { return };
        if let Some(rows) = self.by_issuer.get_mut(&before.issuer) {
            rows.retain(|row| row != subject);
        }
    }
}

fn is_provider(subject: &Subject) -> bool {
    subject.as_str().split_once('#').is_some_and(|(_, set)| set.starts_with("identity-providers/"))
}
