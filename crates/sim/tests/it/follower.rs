//! One watcher of one log, which a script moves from member to member, and everything it was sent.

use ids::{Log, MemberId, Seq};
use ledger::{Feed, FeedError, FeedItem, records::ReadError};
use oracle::watch::{Delivered, Watch, check};
use wire::Proposal;

use crate::support::Ring;

/// Marks in a row, one a second, after which what is waited for will not come.
const MARKS_MAX: u32 = 60;

/// See the module.
pub struct Follower {
    log: Log,
    after: Seq,
    pub place: Seq,
    pub delivered: Vec<Delivered>,
    feed: Option<Feed>,
    marks_since_record: u32,
}

/// What one step brought.
#[derive(Debug)]
pub enum Step {
    Record(Box<Proposal>),
    Mark(Seq),
    /// The records at the place are gone; the first that is kept.
    Purged(Seq),
}

impl Follower {
    /// Wants everything after `after`.
    pub fn new(log: Log, after: Seq) -> Self {
        Self { log, after, place: after, delivered: Vec::new(), feed: None, marks_since_record: 0 }
    }

    /// Goes on at this member, from the last place seen.
    pub fn connect(&mut self, ring: &Ring, member: MemberId) {
        self.feed = Some(ring.at(member).watch(&self.log, self.place).expect("the copy is in service"));
        self.delivered.push(Delivered::Resumed { after: self.place });
    }

    pub async fn step(&mut self) -> Step {
        match self.feed.as_mut().expect("connected").next().await {
            Ok(FeedItem::Record { record, hash, proposal }) => {
                (self.place, self.marks_since_record) = (record.seq, 0);
                self.delivered.push(Delivered::Event { seq: record.seq, hash });
                Step::Record(proposal)
            }
            Ok(FeedItem::Progress { seq }) => {
                self.marks_since_record += 1;
                assert!(self.marks_since_record <= MARKS_MAX, "{}: nothing comes after {}", self.log, self.place);
                self.delivered.push(Delivered::Progress { seq });
                Step::Mark(seq)
            }
            Err(FeedError::Read(ReadError::Purged { after, first })) => {
                assert_eq!(after, self.place, "it says which place is gone");
                assert!(first > after.next(), "and there really is a gap");
                Step::Purged(first)
            }
            Err(error) => panic!("the feed of {} ended: {error}", self.log),
        }
    }

    /// Reads up to `to`, and nothing may be gone before that.
    pub async fn read_to(&mut self, to: Seq) {
        while self.place < to {
            let step = self.step().await;
            assert!(!matches!(step, Step::Purged(_)), "{} after {}: {step:?}", self.log, self.place);
        }
    }

    /// Begins again after the state of a member, as after a list.
    pub fn begin_again(&mut self, ring: &Ring, member: MemberId) {
        self.place = ring.seq(member, &self.log);
        self.delivered.push(Delivered::Reset { to: self.place });
        self.connect(ring, member);
    }

    pub fn marks(&self) -> usize {
        self.delivered.iter().filter(|delivered| matches!(delivered, Delivered::Progress { .. })).count()
    }

    pub fn events(&self) -> usize {
        self.delivered.iter().filter(|delivered| matches!(delivered, Delivered::Event { .. })).count()
    }

    /// Ordered, unique, without a gap, no mark ahead, up to `due`.
    pub fn judge(&self, ring: &Ring, due: Seq) {
        let watch = Watch { after: self.after, delivered: self.delivered.clone() };
        check(&watch, &ring.truth(&self.log), due).unwrap();
    }
}
