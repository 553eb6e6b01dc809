use rand::SeedableRng;
use wire::proto;

use super::*;

fn shipped(records: &[&'static str]) -> PeerReply {
    let records = records.iter().map(|text| Bytes::from_static(text.as_bytes())).collect();
    let records = pull_reply::Body::Records(proto::PulledRecords { records, last_hash: Bytes::new() });
    PeerReply { body: Some(peer_reply::Body::Pull(proto::PullReply { body: Some(records) })) }
}

#[test]
fn damage_always_changes_what_is_shipped() {
    let mut rng = SmallRng::seed_from_u64(1);
    for count in 1..=4 {
        let whole = shipped(&["first", "second", "third", "fourth"][..count]);
        for _ in 0..500 {
            assert_ne!(maybe(whole.clone(), 10_000, &mut rng), whole, "{count} records");
        }
    }
}

#[test]
fn a_damaged_piece_of_a_snapshot_is_as_long_and_does_not_fit_its_checksum() {
    let mut rng = SmallRng::seed_from_u64(5);
    let bytes = Bytes::from_static(&[7; 100]);
    let (checksum, crc) = (Bytes::from_static(&[1; 32]), wire::checked::crc(&bytes));
    let chunk = proto::SnapshotChunk { checksum, size: 300, offset: 0, crc, bytes };
    let pulled = proto::PulledSnapshot { chunk: Some(chunk.clone()), ..Default::default() };
    let body = Some(snapshot_pull_reply::Body::Chunk(pulled));
    let whole = PeerReply { body: Some(peer_reply::Body::Snapshot(proto::SnapshotPullReply { body })) };
    for _ in 0..500 {
        let damaged = maybe(whole.clone(), 10_000, &mut rng);
        assert_ne!(damaged, whole);
        let Some(peer_reply::Body::Snapshot(pull)) = damaged.body else { panic!("the same kind of reply") };
        let Some(snapshot_pull_reply::Body::Chunk(pulled)) = pull.body else { panic!("still a piece") };
        let piece = pulled.chunk.unwrap();
        assert_eq!((piece.bytes.len(), piece.crc), (chunk.bytes.len(), chunk.crc));
        assert_ne!(wire::checked::crc(&piece.bytes), piece.crc);
    }
}

#[test]
fn every_kind_of_damage_is_done() {
    let mut rng = SmallRng::seed_from_u64(2);
    let whole = shipped(&["first", "second"]);
    let kinds: std::collections::BTreeSet<usize> =
        (0..200).map(|_| wire::encode(&maybe(whole.clone(), 10_000, &mut rng)).len()).collect();
    assert!(kinds.len() >= 4, "some are as long, some lack a record, some have one twice: {kinds:?}");
}

#[test]
fn odds_are_per_ten_thousand() {
    let mut rng = SmallRng::seed_from_u64(3);
    let whole = shipped(&["first", "second"]);
    let mut damaged = |odds| (0..4_000).filter(|_| maybe(whole.clone(), odds, &mut rng) != whole).count();
    assert_eq!(damaged(0), 0);
    assert!((200..600).contains(&damaged(1_000)), "one in ten");
}

#[test]
fn only_shipped_records_are_damaged() {
    let mut rng = SmallRng::seed_from_u64(4);
    let body = |body| PeerReply { body: Some(body) };
    let others = [
        shipped(&[]),
        body(peer_reply::Body::Heads(proto::HeadsReply::default())),
        body(peer_reply::Body::Snapshot(proto::SnapshotPullReply::default())),
        body(peer_reply::Body::Submit(proto::SubmitReply::default())),
    ];
    for other in others {
        assert_eq!(maybe(other.clone(), 10_000, &mut rng), other);
    }
}
