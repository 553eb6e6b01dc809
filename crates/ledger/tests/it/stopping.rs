//! A disk that fails: the member stops serving the group that noticed and says so, and the others go on without it.

use fakes::DiskWeather;
use ids::{Log, MemberId, Seq};
use invariants::Observation;
use ledger::{FeedError, FeedItem, Verdict};
use wire::proto::{self, peer_reply, peer_request, raft_request};

use crate::ring::{Ring, done, organization, until};

const G: Log = Log::Global;

/// Lets the disk of a member fail and waits until its copy of the global log is out of service.
async fn stop(ring: &Ring, id: MemberId, weather: DiskWeather) {
    ring.weather(id, weather);
    let leader = ring.at(ring.leader(&G).await);
    // Whether this takes effect depends on whose disk fails; that it is written is enough.
    leader.submit(ring.submission(organization("unlucky"))).await;
    until(|| ring.at(id).group(&G).stopped()).await;
}

async fn refuses_everything(ring: &Ring, id: MemberId) {
    let process = ring.at(id);
    let why = process.group(&G).stopped().unwrap();
    assert_eq!(
        process.submit(ring.submission(organization("refused"))).await,
        Verdict::unavailable("MEMBER_STOPPED", why.clone())
    );
    let body = Some(raft_request::Body::Vote(proto::RaftVoteRequest::default()));
    let request = proto::RaftRequest { log: G.to_string(), body };
    let reply = process.ask(peer_request::Body::Raft(request)).await;
    let refusal = proto::PeerRefusal { reason: "MEMBER_STOPPED".to_owned(), message: why };
    assert_eq!(reply, peer_reply::Body::Refusal(refusal));
    assert!(process.ledger.copy(&G).is_none(), "its copy is not read any more");
    let said = |what: &Observation| matches!(what, Observation::Quarantined { member, log: G, .. } if *member == id);
    assert!(process.env.observations().iter().any(said), "observers are told");
}

fn weathers() -> [DiskWeather; 2] {
    let good = DiskWeather::default();
    [DiskWeather { failing: true, ..good }, DiskWeather { full: true, ..good }]
}

#[tokio::test(start_paused = true)]
async fn a_follower_whose_disk_fails_stops_the_others_go_on_and_it_comes_back() {
    for weather in weathers() {
        let ring = Ring::formed(&[3]).await;
        assert_eq!(done(ring.decide(organization("first")).await), Seq(1));
        let id = ring.follower(&G).await;
        stop(&ring, id, weather).await;
        refuses_everything(&ring, id).await;
        let seq = done(ring.decide(organization("without-it")).await);
        ring.all_hold(&G, seq).await;
        ring.kill(id);
        ring.weather(id, DiskWeather::default());
        ring.start(id).await;
        ring.all_hold(&G, seq).await;
        let group = ring.at(id).group(&G).clone();
        assert_eq!((group.stopped(), group.cell().seq()), (None, seq));
        let seq = done(ring.decide(organization("with-it")).await);
        ring.all_hold(&G, seq).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_disk_fails_stops_and_another_takes_over() {
    for weather in weathers() {
        let ring = Ring::formed(&[3]).await;
        assert_eq!(done(ring.decide(organization("first")).await), Seq(1));
        let id = ring.leader(&G).await;
        stop(&ring, id, weather).await;
        refuses_everything(&ring, id).await;
        let seq = done(ring.decide(organization("without-it")).await);
        assert_ne!(ring.leader(&G).await, id);
        ring.kill(id);
        ring.weather(id, DiskWeather::default());
        ring.start(id).await;
        ring.all_hold(&G, seq).await;
        let states = ring.ids().into_iter().map(|id| ring.at(id).group(&G).cell().state());
        let heads: Vec<_> = states.map(|state| (state.seq, state.hash, state.digest())).collect();
        assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_disk_stops_nobody_and_what_was_refused_had_no_effect() {
    let ring = Ring::formed(&[3]).await;
    let id = ring.follower(&G).await;
    ring.weather(id, DiskWeather { stalled: true, ..DiskWeather::default() });
    let seq = done(ring.decide(organization("meanwhile")).await);
    assert_eq!(ring.at(id).group(&G).stopped(), None);
    ring.weather(id, DiskWeather::default());
    ring.all_hold(&G, seq).await;
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_was_killed_whole_holds_what_it_told() {
    let ring = Ring::formed(&[3]).await;
    let mut last = Seq::ZERO;
    for at in 0..20 {
        last = done(ring.decide(organization(&format!("o-{at}"))).await);
    }
    for id in ring.ids() {
        ring.kill(id);
    }
    for id in ring.ids() {
        ring.start(id).await;
    }
    ring.leader(&G).await;
    ring.all_hold(&G, last).await;
    assert_eq!(done(ring.decide(organization("next")).await), last.next());
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_group_that_stopped_ends_and_says_where_to_resume() {
    let ring = Ring::formed(&[3]).await;
    let seq = done(ring.decide(organization("first")).await);
    let id = ring.follower(&G).await;
    ring.all_hold(&G, seq).await;
    let mut feed = ring.at(id).ledger.watch(&G, seq).unwrap();
    stop(&ring, id, DiskWeather { failing: true, ..DiskWeather::default() }).await;
    let mut after = seq;
    let end = loop {
        match feed.next().await {
            Ok(FeedItem::Record { record, .. }) => after = record.seq,
            Ok(FeedItem::Progress { .. }) => {}
            Err(end) => break end,
        }
    };
    assert!(matches!(end, FeedError::OutOfService { after: place } if place == after), "{end}");
}
