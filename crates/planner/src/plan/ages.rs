//! What is replaced by choice: machines that are not what they must be, and what has grown old. One at a time, and only when all else
//! is settled.

use domain::catalog::{Day, Window};

use super::{
    Cause, Credential, Part, Planner, Role, Slot, Time, Verb, Waiting,
    fleet::{Fitness, Member},
};

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;

/// A machine that is to be replaced, the most pressing first.
#[derive(PartialEq, Eq)]
struct Due {
    cause: Cause,
    /// Whether it waits for the window.
    calm: bool,
}

impl Planner<'_> {
    pub(super) fn replace_by_choice(&mut self) {
        let Some(made) = self.held.made else { return };
        self.renew(made);
        let mut due: Vec<(Slot, Due)> = Vec::new();
        let members: Vec<Member<'_>> = self.fleet.members().cloned().collect();
        for member in members.iter().filter(|of| of.fitness == Fitness::Healthy) {
            due.extend(self.due(member).map(|due| (member.held.slot, due)));
        }
        due.sort_by_key(|(slot, due)| (due.calm, *slot));
        self.keep_what_cannot_be_spared(&mut due);
        let Some((slot, Due { cause, calm })) = due.into_iter().next() else { return };
        let part = Part::Machine(slot);
        let alone = |members: &Vec<Member<'_>>| matches!(members.as_slice(), [of] if of.fitness == Fitness::Healthy);
        let under_way =
            self.actions.iter().any(|action| matches!(action.part, Part::Machine(_)) && !action.only_logged());
        let settled = self.fleet.slots.values().all(alone) && self.held.intents.is_empty() && !under_way;
        let opens = if calm { opens(self.desired.maintenance, self.now) } else { self.now };
        if opens > self.now {
            return self.wait(&part, Waiting::Window(cause), opens);
        }
        if !settled {
            return self.wait(&part, Waiting::Settled(cause), self.soon());
        }
        match members.iter().find(|of| of.held.slot == slot) {
            Some(_) if slot.role == Role::Worker => self.launch(slot, cause),
            Some(member) => self.end(member, false, cause),
            None => {}
        }
    }

    /// Of one master, or of two, none can ever be spared. That holds up nobody else.
    fn keep_what_cannot_be_spared(&mut self, due: &mut Vec<(Slot, Due)>) {
        let (healthy, majority) = (self.fleet.healthy_masters(), self.fleet.majority());
        if self.fleet.masters > majority {
            return;
        }
        for (slot, Due { cause, .. }) in due.extract_if(.., |(slot, _)| slot.role == Role::Master) {
            let until = self.now.plus(DAY);
            self.wait(&Part::Machine(slot), Waiting::Quorum { healthy, majority, cause }, until);
        }
    }

    /// Why a healthy machine is to be replaced; notes when it will be where it is not yet.
    fn due(&mut self, member: &Member<'_>) -> Option<Due> {
        let (limits, facts) = (&self.desired.limits, member.facts?);
        let differs = match (limits.encrypted && !facts.encrypted, facts.public) {
            (true, _) => Some("its volumes are not encrypted"),
            (_, true) => Some("it has a public address"),
            _ => None,
        };
        if let Some(what) = differs {
            return Some(Due { cause: Cause::Differs(what.to_owned()), calm: false });
        }
        let (now, image) = (self.now, &member.held.image);
        let newest = self.desired.images.get(&member.held.slot.role);
        if let Some(newest) = newest.filter(|newest| newest.id != image.id && newest.built >= image.built) {
            let old = image.built.plus(limits.image_age);
            if newest.critical || now >= old {
                let cause = Cause::ImageTooOld { built: image.built, critical: newest.critical };
                return Some(Due { cause, calm: !newest.critical });
            }
            self.look_at(old);
        }
        let old = member.held.launched.plus(self.desired.limits.machine_age);
        if now >= old {
            return Some(Due { cause: Cause::MachineTooOld { launched: member.held.launched }, calm: true });
        }
        self.look_at(old);
        None
    }

    fn renew(&mut self, made: Time) {
        let limits = &self.desired.limits;
        let ages = [(Credential::Certificates, limits.certificate_age), (Credential::Keys, limits.key_age)];
        for (credential, age) in ages {
            let since = self.held.renewed.get(&credential).copied().unwrap_or(made);
            let part = Part::Credential(credential);
            if self.now < since.plus(age) {
                self.look_at(since.plus(age));
            } else if self.fleet.healthy_masters() >= self.fleet.majority() {
                let last = self.held.generations.get(&part).copied().unwrap_or(1);
                self.act(&part, last + 1, Verb::Renew, Cause::PastAge { since });
            }
        }
    }

    fn look_at(&mut self, time: Time) {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
    }
}

/// When the window is open: now, or when it opens next.
fn opens(window: Window, now: Time) -> Time {
    let Window::Weekly { day, hour, minute, hours } = window else { return now };
    let day = Day::ALL.iter().zip(0_u64..).find(|((of, _), _)| *of == day).map_or(0, |(_, place)| place);
    let from = day * DAY + u64::from(hour) * 3600 + u64::from(minute) * 60;
    // 1970 began on a Thursday.
    let into_week = (now.0 + 3 * DAY) % WEEK;
    let into_window = (into_week + WEEK - from) % WEEK;
    if into_window < u64::from(hours) * 3600 { now } else { now.plus(WEEK - into_window) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekly_window_is_open_for_its_hours_and_opens_again_a_week_later() {
        let window = Window::Weekly { day: Day::Sunday, hour: 3, minute: 0, hours: 4 };
        // 2026-11-22 is a Sunday.
        let midnight = Time(20_779 * DAY);
        let at = |hours: u64| midnight.plus(hours * 3600);
        assert_eq!(opens(window, midnight), at(3));
        assert_eq!(opens(window, at(3)), at(3));
        assert_eq!(opens(window, at(6)), at(6));
        assert_eq!(opens(window, at(7)), at(3 + 7 * 24));
        assert_eq!(opens(Window::Any, at(1)), at(1));
    }
}
