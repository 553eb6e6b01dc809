//! What a session's token promises: a read under it never shows less than the session has written or already read.
//!
//! Source: Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994: *read your writes* and *monotonic reads*.
//! It holds across regions and reconnects, because the token travels with the client. Writes of unknown outcome are not in a
//! session's history: no token came back for them. Order between writes is not judged here, since a repeated request id is rightly
//! answered with its first position.
//!
//! A later incarnation of a log is later, whatever its sequence, as it is to a [`ids::Token`]: what a restore lost is the restore's
//! to declare, not this checker's to find.

use std::{collections::BTreeMap, fmt};

use ids::{Incarnation, Log, Position, Seq};

/// One step of a session, in the order in which the client saw them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A write was acknowledged at this position.
    Wrote(Position),
    /// A read under the session's token was served from a state that was complete up to this position.
    Observed(Position),
}

/// The promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    ReadYourWrites,
    MonotonicReads,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadYourWrites => "read your writes",
            Self::MonotonicReads => "monotonic reads",
        })
    }
}

/// A read that showed less than its token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{promise}: session {session}, event {index}, observed {observed} after event {earlier_index} at {earlier}")]
pub struct Violation {
    pub promise: Promise,
    pub session: String,
    /// Index of the read in its session.
    pub index: usize,
    pub observed: Position,
    /// Index and position of the write or read that the read should have included.
    pub earlier_index: usize,
    pub earlier: Position,
}

/// The furthest place of one log, and the event that got there.
type Place = (Incarnation, Seq, usize);

#[derive(Default)]
struct Floors<'a> {
    written: BTreeMap<&'a Log, Place>,
    read: BTreeMap<&'a Log, Place>,
}

/// Judges every session alone. The first violation in the order of sessions and events is reported.
pub fn check(sessions: &BTreeMap<String, Vec<Event>>) -> Result<(), Violation> {
    sessions.iter().try_for_each(|(session, events)| check_session(session, events))
}

fn check_session(session: &str, events: &[Event]) -> Result<(), Violation> {
    let mut floors = Floors::default();
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Wrote(position) => raise(&mut floors.written, position, index),
            Event::Observed(position) => {
                // The session's own write first: of two broken promises it is the plainer story.
                for (promise, floor) in
                    [(Promise::ReadYourWrites, &floors.written), (Promise::MonotonicReads, &floors.read)]
                {
                    let Some(&(incarnation, seq, earlier_index)) = floor.get(&position.log) else { continue };
                    if (position.incarnation, position.seq) < (incarnation, seq) {
                        let earlier = Position { log: position.log.clone(), incarnation, seq };
                        let (session, observed) = (session.to_owned(), position.clone());
                        return Err(Violation { promise, session, index, observed, earlier_index, earlier });
                    }
                }
                raise(&mut floors.read, position, index);
            }
        }
    }
    Ok(())
}

fn raise<'a>(floors: &mut BTreeMap<&'a Log, Place>, position: &'a Position, index: usize) {
    let place = (position.incarnation, position.seq, index);
    let floor = floors.entry(&position.log).or_insert(place);
    if (place.0, place.1) > (floor.0, floor.1) {
        *floor = place;
    }
}

#[cfg(test)]
mod tests;
