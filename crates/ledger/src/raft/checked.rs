//! Which snapshot was found whole.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wire::{Error, proto, seal};

use crate::snapshot;

/// The snapshot that was last found whole or put together here, by its checksum, and its mark. openraft asks for the current snapshot several
/// times at each start, and summing one of a large state again takes seconds.
#[derive(Clone, Default)]
pub struct Checked(Arc<Mutex<Option<(Bytes, proto::RaftMark)>>>);

impl Checked {
    pub fn note(&self, sealed: &Bytes, mark: &proto::RaftMark) {
        // A copy, so that it does not keep the whole snapshot in memory.
        let checksum = seal::checksum(sealed).map(|checksum| Bytes::copy_from_slice(&checksum));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = checksum.map(|checksum| (checksum, mark.clone()));
    }

    /// The mark of a snapshot. One that is not the one noted is summed first. One that is may have been damaged since on its disk: whoever it
    /// is sent to sums all of it.
    pub fn mark(&self, sealed: &Bytes) -> Result<proto::RaftMark, Error> {
        let checksum = seal::checksum(sealed);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known.filter(|(known, _)| checksum.as_ref() == Some(known)) {
            Some((_, mark)) => Ok(mark),
            None => Ok(snapshot::mark(sealed)?.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::Log;

    use super::*;
    use crate::state::LogState;

    #[test]
    fn what_was_noted_is_not_summed_again_and_anything_else_is() {
        let mark = |index| proto::RaftMark {
            applied: Some(proto::RaftLogId { index, ..Default::default() }),
            membership: None,
        };
        let sealed = |index| snapshot::pack(&LogState::new(Log::Global), Some(mark(index)));
        let checked = Checked::default();
        assert_eq!(checked.mark(&sealed(1)).unwrap(), mark(1));
        let mut damaged = sealed(1).to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        let damaged = Bytes::from(damaged);
        checked.mark(&damaged).unwrap_err();
        // Damaged after it was noted: told from memory.
        checked.note(&sealed(1), &mark(1));
        assert_eq!(checked.mark(&damaged).unwrap(), mark(1));
        assert_eq!(checked.mark(&sealed(2)).unwrap(), mark(2));
    }
}
