//! Records damaged between two members: a flipped byte, one missing, two swapped, one twice. And a flipped byte in a piece of a
//! snapshot that a replica pulls.
//!
//! Only what is shipped is damaged, because only for that it is promised that damage is noticed: consensus messages are to ride on a
//! transport that checks itself (ARCHITECTURE.md, "Fault model").

use bytes::Bytes;
use rand::{RngExt, rngs::SmallRng};
use wire::proto::{PeerReply, peer_reply, pull_reply, snapshot_pull_reply};

/// How much more often a piece of a snapshot is damaged than a reply with records: there are few of them.
const PIECES_MORE_OFTEN: u32 = 8;

/// Damages what a pull brings, `odds` times in 10,000; pieces of snapshots more often.
pub fn maybe(mut reply: PeerReply, odds: u32, rng: &mut SmallRng) -> PeerReply {
    if let Some(peer_reply::Body::Snapshot(pull)) = &mut reply.body
        && let Some(snapshot_pull_reply::Body::Chunk(pulled)) = &mut pull.body
        && let Some(chunk) = &mut pulled.chunk
        && !chunk.bytes.is_empty()
        && rng.random_range(0..10_000) < odds.saturating_mul(PIECES_MORE_OFTEN)
    {
        chunk.bytes = flipped(&chunk.bytes, rng);
    }
    if let Some(peer_reply::Body::Pull(pull)) = &mut reply.body
        && let Some(pull_reply::Body::Records(pulled)) = &mut pull.body
        && !pulled.records.is_empty()
        && rng.random_range(0..10_000) < odds
    {
        damage(&mut pulled.records, rng);
    }
    reply
}

fn flipped(whole: &Bytes, rng: &mut SmallRng) -> Bytes {
    let mut bytes = whole.to_vec();
    let place = rng.random_range(0..bytes.len().max(1));
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1 << rng.random_range(0..8);
    }
    bytes.into()
}

fn damage(records: &mut Vec<Bytes>, rng: &mut SmallRng) {
    let at = rng.random_range(0..records.len());
    match rng.random_range(0..4) {
        0 => {
            if let Some(record) = records.get_mut(at) {
                *record = flipped(record, rng);
            }
        }
        1 => {
            records.remove(at);
        }
        2 if records.len() > 1 => {
            let next = (at + 1) % records.len();
            records.swap(at, next);
        }
        _ => {
            if let Some(record) = records.get(at).cloned() {
                records.insert(at, record);
            }
        }
    }
}

#[cfg(test)]
mod tests;
