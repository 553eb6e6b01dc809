//! Looking at a change before it is made, and making exactly what was looked at.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use ids::{Hash, Hlc, Incarnation, Position, Seq, Token};
use sha2::{Digest, Sha256};

use crate::{Arena, Blast, Change, Member, Record, Refusal, blast::Totals};

/// What a set of changes would do.
pub struct Preview {
    /// At once, and then whenever a time box of one of the changed bindings begins or ends. What other time boxes do meanwhile is not told.
    pub stages: Vec<Stage>,
    pub token: PlanToken,
}

/// The difference that the changes make from a time on.
pub struct Stage {
    /// `None`: from now on.
    pub from: Option<Hlc>,
    pub blast: Blast,
}

/// Stands for a preview: for the changes, their result in full, and what it was computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanToken {
    pub positions: Token,
    pub digest: Hash,
}

/// Why a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Nothing is said about the plan: another copy has seen more.
    #[error("checked a plan that was made at {needed}, and this copy has not seen that yet")]
    Behind { needed: Position },
    #[error("checked a plan whose changes are refused by now")]
    Refused(#[source] Refusal),
    #[error("checked a plan that would do something else by now")]
    Changed,
}

impl Arena {
    /// What the changes would do if they were made now, one after the other.
    ///
    /// # Errors
    /// One of them would be refused.
    pub fn preview(&self, changes: &[Change], now: Hlc) -> Result<Preview, Refusal> {
        self.preview_at(changes, now, self.positions())
    }

    /// The plan may be carried out: what the changes do by now is what the preview showed, also where much else has changed since.
    ///
    /// The caller commits the changes at this arena's positions, or asks again.
    ///
    /// # Errors
    /// [`Stale`]
    pub fn confirm(&self, changes: &[Change], now: Hlc, token: &PlanToken) -> Result<Preview, Stale> {
        let seen = |position: &Position| {
            self.positions().get(&position.log).is_some_and(|place| place >= (position.incarnation, position.seq))
        };
        if let Some(needed) = token.positions.positions().find(|position| !seen(position)) {
            return Err(Stale::Behind { needed });
        }
        let preview = self.preview_at(changes, now, &token.positions).map_err(Stale::Refused)?;
        if preview.token == *token { Ok(preview) } else { Err(Stale::Changed) }
    }

    fn preview_at(&self, changes: &[Change], now: Hlc, positions: &Token) -> Result<Preview, Refusal> {
        let mut after = self.clone();
        for change in changes {
            // As it will be: behind all that is known.
            let log = change.log();
            let (incarnation, seq) = self.positions().get(&log).unwrap_or((Incarnation(0), Seq::ZERO));
            let position = Position { log, incarnation, seq: seq.next() };
            let record = Arc::new(Record { position, time: now, author: Arc::from("preview") });
            after.validate(change)?;
            after.apply(change, &record)?;
        }
        let later = self.edges_of(changes).into_iter().filter(|edge| *edge > now).map(Some);
        let stage = |from: Option<Hlc>| Stage { from, blast: Blast::of(self, &after, changes, from.unwrap_or(now)) };
        let stages: Vec<Stage> = std::iter::once(None).chain(later).map(stage).collect();
        let token = PlanToken { positions: positions.clone(), digest: digest(changes, &stages, positions) };
        Ok(Preview { stages, token })
    }

    /// At how many times the changes have effects: at once, and when their time boxes begin and end.
    pub fn stages_of(&self, changes: &[Change], now: Hlc) -> usize {
        1 + self.edges_of(changes).into_iter().filter(|edge| *edge > now).count()
    }

    /// When the time boxes of changed bindings begin and end, as they are and as they would be.
    fn edges_of(&self, changes: &[Change]) -> BTreeSet<Hlc> {
        let mut edges = BTreeSet::new();
        for change in changes {
            let (node, id) = match change {
                Change::Bind(binding) => {
                    edges.extend(binding.from.iter().chain(&binding.until));
                    (&binding.node, &binding.id)
                }
                Change::Unbind { node, id } => (node, id),
                _ => continue,
            };
            if let Some(bound) = self.nodes.row(node).and_then(|row| row.bindings.get(id)) {
                edges.extend(bound.binding.from.iter().chain(&bound.binding.until));
            }
        }
        edges
    }
}

/// Over what the result says in full, not over how it is told: a new cluster below a node on which nothing changes for clusters makes no
/// other plan of it.
fn digest(changes: &[Change], stages: &[Stage], positions: &Token) -> Hash {
    let mut hasher = Sha256::new();
    // Lines: no name and no number has a line break in it.
    let mut line = |text: String| hasher.update(text + "\n");
    line("atoll access plan 1".to_owned());
    positions.positions().for_each(|position| line(position.to_string()));
    changes.iter().for_each(|change| line(change.to_string()));
    for stage in stages {
        line(stage.from.map_or_else(|| "now".to_owned(), |from| from.to_string()));
        let mut full: BTreeMap<&Totals, BTreeSet<&Member>> = BTreeMap::new();
        for class in &stage.blast.classes {
            full.entry(&class.totals).or_default().extend(&class.members);
        }
        for (totals, members) in full {
            for ((gained, lost), sum) in totals {
                line(format!("gained {gained}; lost {lost}; on {sum}"));
            }
            members.into_iter().for_each(|member| line(member.to_string()));
        }
    }
    Hash(hasher.finalize().into())
}
