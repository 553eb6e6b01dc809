use fakes::TokioEnv;
use futures_util::future::join;
use ports::BoxFuture;
use tokio::time::sleep;
use wire::proto::{PeerReply, PeerRequest};

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;
const OTHER: MemberId = MemberId(2);

/// Answers after the time in it, if that is in time.
#[derive(Default)]
struct Far(Mutex<Duration>);

impl PeerTransport for Far {
    fn call(&self, to: MemberId, _: PeerRequest, within: Duration) -> BoxFuture<'static, Result<PeerReply, CallError>> {
        let takes = *self.0.lock().unwrap();
        Box::pin(async move {
            sleep(takes.min(within)).await;
            let body = Some(peer_reply::Body::Heads(proto::HeadsReply::default()));
            if takes < within { Ok(PeerReply { body }) } else { Err(CallError::TimedOut { to, within }) }
        })
    }
}

fn peers() -> (Arc<Far>, Peers) {
    let far = Arc::new(Far::default());
    let peers = Peers::new(RingId::new("test"), MemberId(1), Arc::clone(&far) as _, Arc::new(TokioEnv::new(1)) as _);
    (far, peers)
}

async fn ask(peers: &Peers, within: Duration) {
    let _ = peers.call(OTHER, peer_request::Body::Heads(proto::HeadsRequest::default()), within).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_is_silent_from_a_call_without_an_answer_until_the_next_with_one() {
    let (far, peers) = peers();
    assert!(!peers.silent(OTHER), "nobody asked");
    *far.0.lock().unwrap() = MS(5_000);
    join(ask(&peers, MS(900)), peers.falls_silent(OTHER)).await;
    assert!(peers.silent(OTHER));
    *far.0.lock().unwrap() = MS(10);
    ask(&peers, MS(900)).await;
    assert!(!peers.silent(OTHER) && peers.answered_within(OTHER, MS(1)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_little_time_says_nothing() {
    let (far, peers) = peers();
    *far.0.lock().unwrap() = MS(450);
    ask(&peers, MS(187)).await;
    assert!(!peers.silent(OTHER));
}

#[tokio::test(start_paused = true)]
async fn whoever_answered_something_else_meanwhile_is_not_silent() {
    let (far, peers) = peers();
    *far.0.lock().unwrap() = MS(5_000);
    let long = ask(&peers, MS(1_000));
    let short = async {
        sleep(MS(500)).await;
        *far.0.lock().unwrap() = MS(10);
        ask(&peers, MS(900)).await;
    };
    join(long, short).await;
    assert!(!peers.silent(OTHER));
}
