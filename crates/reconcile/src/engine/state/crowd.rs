//! Crowds: accounts of which many keys are under way. They are listed for all of their keys, again and again, and a key is looked at when that
//! shows something new of it, or when it has waited long enough.

use std::time::Duration;

use ids::AccountId;
use ports::Instant;

use super::State;
use crate::book::Key;

/// Of a key that is under way up to twelve kinds are listed, each by a call of its own; of an account, a call lists a thousand things.
pub(in crate::engine) const CROWD: usize = 16;
/// Of all keys that are under way so many are listed in a second with their crowds, and so many are looked at where nothing is new. Where there
/// are more of them, each waits longer: otherwise those looks would leave no time for the listings that they wait for.
const IN_A_SECOND: (u32, u32) = (500, 100);
/// Where nothing has been new for so long, a crowd is listed after this part of it.
const QUIET: u32 = 60;

impl State {
    /// Whether so many keys of an account are under way that listing all of it costs less than listing each.
    pub fn crowded(&self, account: AccountId) -> bool {
        self.accounts.get(&account).is_some_and(|of| of.unsettled > CROWD)
    }

    /// How long a crowd may go without being listed: until all of them were listed once, and longer where nothing has been new for long.
    pub fn next_of_crowd(&self, account: AccountId, now: Instant) -> Duration {
        let quiet = self.accounts.get(&account).map_or(Duration::ZERO, |of| now.since(of.news));
        self.each_under_way(IN_A_SECOND.0).max(quiet / QUIET)
    }

    /// Something of an account is not as it was, or something was done.
    pub fn note_news(&mut self, account: AccountId, now: Instant) {
        self.accounts.get_mut(&account).into_iter().for_each(|of| of.news = now);
    }

    /// How long it takes until all that are under way were looked at once.
    pub fn looking_takes(&self) -> Duration {
        self.each_under_way(IN_A_SECOND.1)
    }

    fn each_under_way(&self, in_a_second: u32) -> Duration {
        Duration::from_secs(1) * u32::try_from(self.unsettled.len()).unwrap_or(u32::MAX) / in_a_second
    }

    /// Of a key in a crowd: without news it is not looked at before then.
    pub fn look_later(&mut self, key: &Key, at: Instant) {
        self.keys.get_mut(key).into_iter().for_each(|known| known.look = at);
    }
}
