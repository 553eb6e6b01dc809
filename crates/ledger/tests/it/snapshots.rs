//! Snapshots between members, in pieces: lost, damaged and doubled ones are sent again, and a start in the middle costs no more than
//! the pieces that went with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{
    ClusterOptions, Command,
    command::{CreateCluster, CreateProject},
};
use ids::{Log, MemberId, Seq};
use ledger::{
    Retention,
    shipping::{SNAPSHOT_KEPT, SnapshotsOut},
};
use ports::Env;
use wire::proto::{
    self, SnapshotChunk, peer_reply, peer_request, raft_reply, raft_request,
    snapshot_pull_reply::Body::{Chunk, Gone},
};

use crate::{
    ring::{Ring, described, done, organization, until},
    script::{Holder, Script, log},
};

const G: Log = Log::Global;
const TIGHT: Retention = Retention { snapshot_every: 20, log_bytes: u64::MAX, entries_kept: 2, records_kept: 5 };
/// Nothing is due by count: what is forgotten goes for its bytes.
const BY_BYTES: Retention =
    Retention { snapshot_every: 1_000_000, log_bytes: 8_000, entries_kept: 1_000_000, records_kept: 5 };
const PIECE: usize = 512;

/// Writes until whoever missed it needs a snapshot of a good many pieces.
async fn write(ring: &Ring, round: u64) -> Seq {
    let mut last = Seq::ZERO;
    for at in 0..60 {
        last = done(ring.decide(described(&format!("o-{round}-{at}"), "d".repeat(200))).await);
    }
    last
}

fn piece(body: &mut peer_request::Body) -> Option<&mut SnapshotChunk> {
    let peer_request::Body::Raft(request) = body else { return None };
    let Some(raft_request::Body::Install(install)) = &mut request.body else { return None };
    install.chunk.as_mut()
}

fn spoil(chunk: &mut SnapshotChunk) {
    let mut bytes = chunk.bytes.to_vec();
    bytes[0] ^= 1;
    chunk.bytes = bytes.into();
}

fn installed(body: &peer_reply::Body) -> Option<bool> {
    let peer_reply::Body::Raft(reply) = body else { return None };
    let Some(raft_reply::Body::Install(reply)) = &reply.body else { return None };
    Some(reply.installed)
}

async fn same_state(ring: &Ring, log: &Log, one: MemberId, other: MemberId) {
    let head = |id| ring.at(id).ledger.copy(log).map(|copy| copy.head());
    until(|| {
        let (one, other) = (head(one)?, head(other)?);
        ((one.seq, one.hash, one.state_digest) == (other.seq, other.hash, other.state_digest)).then_some(())
    })
    .await;
}

/// A ring that has purged what a new member would need of G, and whose last member is gone.
async fn short_of_one(retention: Retention) -> (Ring, MemberId, Seq) {
    let ring = Ring::formed_with(&[3], retention, PIECE).await;
    let gone = ring.follower(&G).await;
    ring.kill(gone);
    let last = write(&ring, 1).await;
    (ring, gone, last)
}

/// Puts a new member in, which must be sent a snapshot of G, while `fate` decides over the pieces.
async fn late_follower(fate: impl FnMut(u64, &mut SnapshotChunk) -> bool + Send + 'static) -> (Ring, MemberId, u64) {
    late_follower_of(TIGHT, fate).await
}

async fn late_follower_of(
    retention: Retention,
    mut fate: impl FnMut(u64, &mut SnapshotChunk) -> bool + Send + 'static,
) -> (Ring, MemberId, u64) {
    let (mut ring, gone, last) = short_of_one(retention).await;
    let pieces = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&pieces);
    ring.requests(move |body| piece(body).is_none_or(|chunk| fate(count.fetch_add(1, SeqCst) + 1, chunk)));
    let late = ring.replace(gone).await;
    ring.all_hold(&G, last).await;
    same_state(&ring, &G, late, ring.leader(&G).await).await;
    (ring, late, pieces.load(SeqCst))
}

/// Under heavy load an entry is a batch of hundreds of kilobytes: a bound on their count let a log grow until the disk was full.
#[tokio::test(start_paused = true)]
async fn entries_are_forgotten_for_their_bytes_however_few_they_are() {
    let (ring, late, pieces) = late_follower_of(BY_BYTES, |_, _| true).await;
    assert!(pieces > 0, "every entry is still there");
    assert_eq!(ring.at(late).group(&G).stopped(), None);
}

#[tokio::test(start_paused = true)]
async fn a_new_member_takes_a_snapshot_in_pieces_none_of_which_is_larger_than_said() {
    let largest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&largest);
    let (ring, late, pieces) = late_follower(move |_, chunk| {
        seen.fetch_max(chunk.bytes.len(), SeqCst);
        true
    })
    .await;
    assert!(pieces > 20, "{pieces}");
    assert_eq!(largest.load(SeqCst), PIECE);
    assert_eq!(ring.at(late).group(&G).stopped(), None);
}

#[tokio::test(start_paused = true)]
async fn lost_and_damaged_pieces_are_sent_again_and_those_that_arrived_are_not() {
    let (_, _, without) = late_follower(|_, _| true).await;
    let (_, _, with) = late_follower(|number, chunk| {
        if number % 7 == 3 {
            spoil(chunk);
        }
        number % 5 != 2
    })
    .await;
    assert!(with > without && with < without * 2, "{with} pieces instead of {without}");
}

#[tokio::test(start_paused = true)]
async fn a_last_piece_whose_reply_is_lost_installs_once() {
    let (mut ring, gone, last) = short_of_one(TIGHT).await;
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    ring.replies(move |body| installed(body) != Some(true) || count.fetch_add(1, SeqCst) > 0);
    let pieces = Arc::new(AtomicU64::new(0));
    let starts = Arc::clone(&pieces);
    ring.requests(move |body| {
        if piece(body).is_some_and(|chunk| chunk.offset == 0) {
            starts.fetch_add(1, SeqCst);
        }
        true
    });
    ring.replace(gone).await;
    ring.all_hold(&G, last).await;
    until(|| (told.load(SeqCst) >= 2).then_some(())).await;
    assert_eq!(pieces.load(SeqCst), 1, "the transfer is not begun again");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_started_again_in_the_middle_is_sent_it_again() {
    let (mut ring, gone, _) = short_of_one(TIGHT).await;
    let pieces = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&pieces);
    ring.requests(move |body| piece(body).is_none_or(|_| count.fetch_add(1, SeqCst) < 10));
    let late = ring.replace(gone).await;
    until(|| (pieces.load(SeqCst) > 10).then_some(())).await;
    ring.kill(late);
    // A newer snapshot, too.
    let last = write(&ring, 2).await;
    ring.requests(|_| true);
    ring.start(late).await;
    ring.all_hold(&G, last).await;
    same_state(&ring, &G, late, ring.leader(&G).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_sender_with_a_lower_vote_is_told_the_higher_one() {
    let ring = Ring::formed_with(&[3], TIGHT, PIECE).await;
    ring.all_hold(&G, write(&ring, 1).await).await;
    let id = ring.follower(&G).await;
    let before = ring.at(id).group(&G).cell().state();
    let install = proto::RaftInstall {
        vote: Some(proto::RaftVote { term: 0, candidate: 1, committed: true }),
        last: Some(proto::RaftLogId { term: 0, index: 1 }),
        membership: Some(proto::RaftStoredMembership::default()),
        chunk: Some(SnapshotChunk { size: 100, ..SnapshotChunk::default() }),
    };
    let body = Some(raft_request::Body::Install(install));
    let reply = ring.at(id).ask(peer_request::Body::Raft(proto::RaftRequest { log: G.to_string(), body })).await;
    let peer_reply::Body::Raft(reply) = reply else { panic!("wanted a reply, got {reply:?}") };
    let Some(raft_reply::Body::Install(reply)) = reply.body else { panic!("wanted an install's, got {reply:?}") };
    assert!(!reply.installed && reply.vote.unwrap().term > 0);
    assert_eq!(ring.at(id).group(&G).cell().state().hash, before.hash);
}

/// Makes clusters in region `a`, each with a description.
pub async fn clusters(ring: &Ring, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let name = format!("organizations/o/projects/p/locations/a/clusters/c-{number}").parse().unwrap();
        let (display_name, description) = (String::new(), "d".repeat(200));
        let cluster_type = domain::ClusterType::PRODUCTION;
        done(
            ring.decide(Command::CreateCluster(CreateCluster {
                name,
                display_name,
                description,
                cluster_type,
                options: ClusterOptions::default(),
            }))
            .await,
        );
    }
}

pub async fn project(ring: &Ring) -> Seq {
    done(ring.decide(organization("o")).await);
    let name = "organizations/o/projects/p".parse().unwrap();
    let parent = "organizations/o".parse().unwrap();
    let (display_name, description) = Default::default();
    done(ring.decide(Command::CreateProject(CreateProject { name, parent, display_name, description })).await)
}

/// Lets the only member of region `b` miss so much of G's sister log that it takes a snapshot of the replica.
async fn late_replica(
    between: impl AsyncFnOnce(&Ring, MemberId),
    fate: impl FnMut(u64, &mut SnapshotChunk) -> bool + Send + 'static,
) -> u64 {
    let ring = Ring::formed_with(&[1, 1], TIGHT, PIECE).await;
    let (home, far) = (MemberId(1), MemberId(2));
    let log: Log = "region/a".parse().unwrap();
    let made = project(&ring).await;
    ring.all_hold(&G, made).await;
    clusters(&ring, 1..=1).await;
    ring.kill(far);
    clusters(&ring, 2..=60).await;
    let pieces = Arc::new(AtomicU64::new(0));
    let (count, mut fate) = (Arc::clone(&pieces), fate);
    ring.replies(move |body| {
        let peer_reply::Body::Snapshot(proto::SnapshotPullReply { body: Some(Chunk(pulled)) }) = body else {
            return true;
        };
        pulled.chunk.as_mut().is_none_or(|chunk| fate(count.fetch_add(1, SeqCst) + 1, chunk))
    });
    ring.start(far).await;
    until(|| (pieces.load(SeqCst) > 10).then_some(())).await;
    between(&ring, home).await;
    same_state(&ring, &log, far, home).await;
    pieces.load(SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_replica_pulls_a_snapshot_in_pieces_and_asks_again_for_what_is_lost_or_damaged() {
    let without = late_replica(async |_, _| (), |_, _| true).await;
    assert!(without > 20, "{without}");
    let with = late_replica(
        async |_, _| (),
        |number, chunk| {
            if number % 7 == 3 {
                spoil(chunk);
            }
            number % 5 != 2
        },
    )
    .await;
    assert!(with > without && with < without * 2, "{with} pieces instead of {without}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_started_again_in_the_middle_is_asked_for_its_newest() {
    late_replica(
        async |ring, home| {
            ring.kill(home);
            tokio::time::sleep(Duration::from_secs(1)).await;
            ring.start(home).await;
        },
        |_, _| true,
    )
    .await;
}

fn ask(out: &SnapshotsOut, source: &Holder, checksum: Bytes, offset: u64) -> proto::SnapshotPullReply {
    let request = proto::SnapshotPullRequest { log: log().to_string(), checksum, offset };
    out.serve(&source.copy(), source.env.as_ref(), &request, 1000).unwrap()
}

fn pulled(reply: proto::SnapshotPullReply) -> (u64, SnapshotChunk) {
    let Some(Chunk(pulled)) = reply.body else { panic!("wanted a piece, got {reply:?}") };
    (pulled.seq, pulled.chunk.unwrap())
}

#[tokio::test(start_paused = true)]
async fn all_pieces_are_of_one_snapshot_while_it_is_asked_for_and_the_log_goes_on() {
    let mut script = Script::of(10);
    let source = Holder::of(&script, 10);
    let out = SnapshotsOut::default();
    let (seq, first) = pulled(ask(&out, &source, Bytes::new(), 0));
    assert_eq!((seq, first.offset, first.bytes.len()), (10, 0, 1000));
    let mut whole = first.bytes.to_vec();
    while (whole.len() as u64) < first.size {
        script.write(1);
        source.take(&script, script.records.len() as u64);
        source.env.sleep(SNAPSHOT_KEPT / 2).await;
        let (seq, chunk) = pulled(ask(&out, &source, first.checksum.clone(), whole.len() as u64));
        assert_eq!((seq, &chunk.checksum), (10, &first.checksum));
        whole.extend_from_slice(&chunk.bytes);
    }
    let late = Holder::of(&script, 2);
    late.replica.install(&whole.into()).await.unwrap();
    assert_eq!(late.seq(), Seq(10));
    let (seq, _) = pulled(ask(&out, &source, Bytes::new(), 0));
    assert_eq!(seq, 10, "a second puller shares what the first one takes");
    source.replica.records().purge(Seq(11));
    let (seq, newer) = pulled(ask(&out, &source, Bytes::new(), 0));
    assert_eq!(seq, script.records.len() as u64, "records no longer lead on from the old one");
    assert!(matches!(ask(&out, &source, first.checksum, 0).body, Some(Gone(_))));
    source.env.sleep(SNAPSHOT_KEPT).await;
    assert!(matches!(ask(&out, &source, newer.checksum, 0).body, Some(Gone(_))), "nobody asked for it");
}

#[tokio::test(start_paused = true)]
async fn an_offset_beyond_the_end_is_refused() {
    let source = Holder::of(&Script::of(3), 3);
    let request = proto::SnapshotPullRequest { log: log().to_string(), checksum: Bytes::new(), offset: 1 << 40 };
    let error = SnapshotsOut::default().serve(&source.copy(), source.env.as_ref(), &request, 1000).unwrap_err();
    assert!(error.contains("read the offset 1099511627776 of a snapshot of"), "{error}");
}
