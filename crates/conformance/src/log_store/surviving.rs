//! Answers, and what a crash leaves: a prefix of all writes over all journals, each whole or not at all.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use ids::Log;
use ports::{Journal, LogStore, Op};
use wire::proto;

use super::{MAIN, append, entry, holds, refused, region, written};
use crate::{
    Broken, Provider,
    acks::Acks,
    broken::{given, same},
};

/// How often the plug is pulled in the middle of things.
pub const ROUNDS: u64 = 12;

/// What the prefix check writes in each round.
const UNITS: u64 = 40;

pub const SURVIVES: &str = "what was acknowledged survives a crash";

pub async fn answers_in_order(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "writes are answered once each, in the order in which they were taken";
    let acks = Acks::default();
    let mut promised = Vec::new();
    let mut next = 1;
    for number in 0..30_u64 {
        let continues = number % 7 != 3;
        let first = if continues { next } else { next + 5 };
        store.write(vec![append(&MAIN, first, [number])], acks.flushed(number));
        next += u64::from(continues);
        promised.push((number, continues));
        if number % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    acks.wait(promised.len()).await?;
    let came: Vec<_> = acks.came().into_iter().map(|(number, result)| (number, result.is_ok())).collect();
    same(PROMISE, &came, &promised)
}

pub async fn one_at_a_time(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    let mut store = provider.open().await;
    let mut numbers = Vec::new();
    for number in 1..=ROUNDS {
        written(&*store, vec![append(&MAIN, number, [number])]).await?;
        numbers.push(number);
        store = provider.crash_and_reopen(store).await;
        holds(&*store, SURVIVES, &MAIN, 1, &numbers)?;
    }
    Ok(())
}

pub async fn cuts(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    let store = provider.open().await;
    written(&*store, vec![append(&MAIN, 1, 1..=9)]).await?;
    written(&*store, vec![Op::Truncate { journal: MAIN, last: 6 }, append(&MAIN, 7, [77])]).await?;
    written(&*store, vec![Op::Purge { journal: MAIN, through: 4 }]).await?;
    refused(&*store, "a gap is refused", vec![append(&MAIN, 99, [99])]).await?;
    let store = provider.crash_and_reopen(store).await;
    holds(&*store, SURVIVES, &MAIN, 5, &[5, 6, 77])?;
    written(&*store, vec![Op::Purge { journal: MAIN, through: 20 }]).await?;
    let store = provider.crash_and_reopen(store).await;
    holds(&*store, SURVIVES, &MAIN, 21, &[])
}

pub async fn vote(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    let store = provider.open().await;
    written(&*store, vec![Op::Meta { journal: MAIN, key: "vote", value: vote_of(4) }]).await?;
    let store = provider.crash_and_reopen(store).await;
    same(SURVIVES, &store.meta(&MAIN, "vote"), &Ok(Some(vote_of(4))))
}

/// Writes units that each touch several journals, waits for some of them, pulls the plug while others are under way, and looks for
/// the one prefix that explains what is left.
pub async fn prefix(provider: &mut impl Provider<Store = dyn LogStore>, round: u64) -> Result<(), Broken> {
    const PROMISE: &str = "after a crash a store holds a prefix of its writes, each whole or not at all";
    let journals = [MAIN, Journal::Records(Log::Global), Journal::Records(region()?)];
    let store = provider.open().await;
    let acks = Acks::default();
    let mut model = Model::default();
    let mut prefixes = vec![model.clone()];
    for unit in 1..=UNITS {
        let ops = model.unit(&journals, unit);
        // Some are not waited for: in the order they are like all others.
        match (unit + round) % 4 {
            0 | 1 => store.write_later(ops, acks.flushed(unit)),
            _ => store.write(ops, acks.flushed(unit)),
        }
        prefixes.push(model.clone());
        if unit == round * 3 {
            acks.wait(usize::try_from(unit).unwrap_or(usize::MAX)).await?;
        }
        if unit % 16 == 5 {
            tokio::time::sleep(Duration::from_millis(round % 4)).await;
        }
    }
    // Read before the crash: what is acknowledged later is not yet promised.
    let acknowledged = acks.acknowledged();
    let store = provider.crash_and_reopen(store).await;
    let left = Model::read(PROMISE, &*store, &journals)?;
    let Some(survived) = (0_u64..).zip(&prefixes).find_map(|(units, prefix)| (*prefix == left).then_some(units)) else {
        return Err(Broken::new(PROMISE, format!("{UNITS} written, {acknowledged} acknowledged, left is {left:?}")));
    };
    if survived < acknowledged {
        return Err(Broken::new(SURVIVES, format!("{survived} survived of {acknowledged} that were acknowledged")));
    }
    goes_on(provider, store, &journals, left).await
}

/// What is left can be continued, and survives again.
async fn goes_on(
    provider: &mut impl Provider<Store = dyn LogStore>,
    store: Arc<dyn LogStore>,
    journals: &[Journal; 3],
    mut model: Model,
) -> Result<(), Broken> {
    const PROMISE: &str = "a store that was opened after a crash goes on from what is left";
    for unit in UNITS + 1..UNITS + 4 {
        written(&*store, model.unit(journals, unit)).await?;
    }
    let store = provider.crash_and_reopen(store).await;
    same(PROMISE, &Model::read(PROMISE, &*store, journals)?, &model)
}

/// What the journals of the prefix check should hold: entries of each, and the vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    entries: [Vec<Bytes>; 3],
    vote: Option<Bytes>,
}

impl Model {
    /// Takes in one unit: an entry for one journal, two for another, none for the third, and a vote.
    fn unit(&mut self, journals: &[Journal; 3], unit: u64) -> Vec<Op> {
        let mut ops = Vec::new();
        for (at, (journal, entries)) in (0_u64..).zip(journals.iter().zip(&mut self.entries)) {
            let added = vec![entry(unit); usize::try_from((unit + at) % 3).unwrap_or(0)];
            if !added.is_empty() {
                let first = u64::try_from(entries.len()).unwrap_or(u64::MAX).saturating_add(1);
                entries.extend(added.iter().cloned());
                ops.push(Op::Append { journal: journal.clone(), first, entries: added });
            }
        }
        self.vote = Some(vote_of(unit));
        ops.push(Op::Meta { journal: MAIN, key: "vote", value: vote_of(unit) });
        ops
    }

    fn read(promise: &'static str, store: &dyn LogStore, journals: &[Journal; 3]) -> Result<Self, Broken> {
        let mut model = Self { vote: given(promise, store.meta(&MAIN, "vote"))?, ..Self::default() };
        for (journal, entries) in journals.iter().zip(&mut model.entries) {
            *entries = given(promise, store.read(journal, 1, u64::MAX, usize::MAX))?;
        }
        Ok(model)
    }
}

fn vote_of(term: u64) -> Bytes {
    wire::encode(&proto::RaftVote { term, candidate: 1, committed: false })
}
