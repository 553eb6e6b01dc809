//! What is replaced by choice: machines that are not what they must be, and what has grown old. One at a time, and only when all else
//! is settled.

use domain::catalog::{Day, Window};

use super::{
    Cause, Credential, Part, Planner, Role, Slot, Time, Verb, Waiting,
    fleet::{Fitness, Member},
};

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;
const HOUR: u64 = 3600;

/// First and last hour of business, Monday to Friday.
const BUSINESS: (u64, u64) = (8, 18);

/// Why a machine is to be replaced.
#[derive(PartialEq, Eq)]
struct Due {
    cause: Cause,
    /// It waits for the window and for the end of quiet hours if that is not later than this.
    by: Time,
}

/// What may wait as long as it takes.
const NO_HURRY: Time = Time(u64::MAX);

impl Planner<'_> {
    pub(super) fn replace_by_choice(&mut self) {
        let Some(made) = self.held.made else { return };
        self.renew(made);
        let mut due: Vec<(Slot, Due)> = Vec::new();
        let members: Vec<Member<'_>> = self.fleet.members().cloned().collect();
        for member in members.iter().filter(|of| of.fitness == Fitness::Healthy) {
            due.extend(self.due(member).map(|due| (member.held.slot, due)));
        }
        self.keep_what_cannot_be_spared(&mut due);
        let first = due.into_iter().min_by_key(|(slot, due)| (self.begins(slot.role, due.by), due.by, *slot));
        let Some((slot, Due { cause, by })) = first else { return };
        let part = Part::Machine(slot);
        let alone = |members: &Vec<Member<'_>>| matches!(members.as_slice(), [of] if of.fitness == Fitness::Healthy);
        let under_way =
            self.actions.iter().any(|action| matches!(action.part, Part::Machine(_)) && !action.only_logged());
        let settled = self.fleet.slots.values().all(alone) && self.held.intents.is_empty() && !under_way;
        let begins = self.begins(slot.role, by);
        if begins > self.now {
            return self.wait(&part, Waiting::Window(cause), begins);
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

    /// When a machine may be replaced that can wait until `by`. In quiet hours only workers are spared: masters run no pods of anybody.
    fn begins(&self, role: Role, by: Time) -> Time {
        let quiet = self.desired.limits.quiet && role == Role::Worker;
        let opens = opens(self.desired.maintenance, quiet, self.now);
        if opens > by { self.now } else { opens }
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
        let (is, was) = (&facts.instance_type, &member.held.instance_type);
        let differs = match (facts.encrypted, facts.public) {
            (Some(false), _) if limits.encrypted => Some("its root volume is not encrypted".to_owned()),
            (_, true) => Some("it has a public address".to_owned()),
            _ => (is != was).then(|| format!("it is a {is} and was launched as a {was}")),
        };
        if let Some(what) = differs {
            return Some(Due { cause: Cause::Differs(what), by: self.now });
        }
        let (now, image) = (self.now, &member.held.image);
        let newest = self.desired.images.get(&member.held.slot.role);
        if newest.is_some_and(|newest| newest.id != image.id && newest.built >= image.built) {
            let old = image.built.plus(limits.image_age);
            let mended = self.desired.mended.get(&member.held.slot.role).filter(|mended| image.built < **mended);
            if mended.is_some() || now >= old {
                let by = mended.map_or(NO_HURRY, |mended| mended.plus(limits.critical_age));
                return Some(Due { cause: Cause::ImageTooOld { built: image.built, critical: mended.is_some() }, by });
            }
            self.look_at(old);
        }
        let old = member.held.launched.plus(self.desired.limits.machine_age);
        if now >= old {
            return Some(Due { cause: Cause::MachineTooOld { launched: member.held.launched }, by: NO_HURRY });
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

/// When the window is open and the hours are not quiet: now, or when that is so next. A window that lies in quiet hours altogether was
/// meant so.
fn opens(window: Window, quiet: bool, now: Time) -> Time {
    let first = window_opens(window, now);
    let mut at = first;
    while quiet && at < now.plus(WEEK) {
        let calm = quiet_ends(at);
        if calm == at {
            return at;
        }
        at = window_opens(window, calm);
    }
    first
}

fn window_opens(window: Window, now: Time) -> Time {
    let Window::Weekly { day, hour, minute, hours } = window else { return now };
    let day = Day::ALL.iter().zip(0_u64..).find(|((of, _), _)| *of == day).map_or(0, |(_, place)| place);
    let from = day * DAY + u64::from(hour) * HOUR + u64::from(minute) * 60;
    let into_window = (into_week(now) + WEEK - from) % WEEK;
    if into_window < u64::from(hours) * HOUR { now } else { now.plus(WEEK - into_window) }
}

/// The end of the business hours that there are now; now where there are none.
fn quiet_ends(now: Time) -> Time {
    let (day, into_day) = (into_week(now) / DAY, into_week(now) % DAY);
    let (first, last) = (BUSINESS.0 * HOUR, BUSINESS.1 * HOUR);
    let business = day < 5 && (first..last).contains(&into_day);
    if business { now.plus(last - into_day) } else { now }
}

/// Seconds since the beginning of Monday; 1970 began on a Thursday.
fn into_week(now: Time) -> u64 {
    (now.0 + 3 * DAY) % WEEK
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 is a Sunday.
    const SUNDAY: Time = Time(20_779 * DAY);

    fn at(hours: u64) -> Time {
        SUNDAY.plus(hours * HOUR)
    }

    fn weekly(day: Day, hour: u8, hours: u8) -> Window {
        Window::Weekly { day, hour, minute: 0, hours }
    }

    #[test]
    fn a_weekly_window_is_open_for_its_hours_and_opens_again_a_week_later() {
        let window = weekly(Day::Sunday, 3, 4);
        assert_eq!(opens(window, false, SUNDAY), at(3));
        assert_eq!(opens(window, false, at(3)), at(3));
        assert_eq!(opens(window, false, at(6)), at(6));
        assert_eq!(opens(window, false, at(7)), at(3 + 7 * 24));
        assert_eq!(opens(Window::Any, false, at(1)), at(1));
    }

    #[test]
    fn business_hours_are_waited_out_and_a_window_within_them_is_not() {
        let monday = |hour: u64| at(24 + hour);
        assert_eq!(opens(Window::Any, true, at(12)), at(12), "a Sunday");
        assert_eq!(opens(Window::Any, true, monday(7)), monday(7));
        assert_eq!(opens(Window::Any, true, monday(8)), monday(18));
        assert_eq!(opens(Window::Any, true, monday(18)), monday(18));
        let into_the_evening = weekly(Day::Monday, 16, 4);
        assert_eq!(opens(into_the_evening, true, monday(12)), monday(18));
        assert_eq!(opens(into_the_evening, true, monday(21)), monday(18 + 7 * 24));
        let at_noon = weekly(Day::Monday, 11, 2);
        assert_eq!(opens(at_noon, true, monday(9)), monday(11));
        assert_eq!(opens(at_noon, true, monday(12)), monday(12));
    }
}
