//! Days of the civil calendar, as support windows and the age of images need them.
//!
//! No time of day, no zone, no clock: who asks says what day it is, in UTC.

use std::{fmt, str::FromStr};

/// A day of the Gregorian calendar, years 1970 to 9999; printed `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Text that is not a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the date {input:?}: wanted a day from 1970 to 9999, such as 2026-11-21")]
pub struct DateError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(input: &str) -> Result<Self, DateError> {
        let error = || DateError { input: input.chars().take(80).collect() };
        let [year, month, day] = *input.split('-').collect::<Vec<_>>() else { return Err(error()) };
        let digits = |text: &str, count: usize| {
            let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| fits).ok_or_else(error)
        };
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        if year < 1970 || !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
            return Err(error());
        }
        let small = |number: u16| u8::try_from(number).map_err(|_| error());
        Ok(Self { year, month: small(month)?, day: small(day)? })
    }
}

impl Date {
    /// The day so many days after 1970-01-01; the last day of 9999 for all that are later.
    pub fn from_days_since_1970(count: u64) -> Self {
        if count > LAST_DAY {
            return Self { year: 9999, month: 12, day: 31 };
        }
        // Years begin in March here, so that the day that comes and goes is the last of a year.
        let days = count + DAYS_BEFORE_1970;
        let (era, of_era) = (days / ERA_DAYS, days % ERA_DAYS);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        let small = |number: u64| u8::try_from(number).unwrap_or(1);
        Self { year: u16::try_from(year).unwrap_or(9999), month: small(month), day: small(day) }
    }

    /// Days from 1970-01-01 to this one.
    pub fn days_since_1970(self) -> u64 {
        let (month, day) = (u64::from(self.month), u64::from(self.day));
        let year = u64::from(self.year) - u64::from(month <= 2);
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let (era, year) = (year / 400, year % 400);
        let of_year = (153 * from_march + 2) / 5 + day - 1;
        era * ERA_DAYS + year * 365 + year / 4 - year / 100 + of_year - DAYS_BEFORE_1970
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self { day: 1, ..self }
    }
}

impl Date {
    /// The day of a time in Unix milliseconds, in UTC; the last day that there is for any later time.
    pub fn at_unix_ms(ms: u64) -> Self {
        Self::from_days_since_1970(ms / 86_400_000)
    }
}

/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: u64 = 146_097;
/// From the first of March of the year 0 to 1970-01-01.
const DAYS_BEFORE_1970: u64 = 719_468;
/// 9999-12-31, in days since 1970-01-01.
const LAST_DAY: u64 = 2_932_896;

fn days(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_there_and_back() {
        for count in (0..LAST_DAY).step_by(13).chain([0, 58, 59, 60, 11_016, 11_017, LAST_DAY]) {
            assert_eq!(Date::from_days_since_1970(count).days_since_1970(), count);
        }
        assert_eq!(Date::from_days_since_1970(LAST_DAY + 1).to_string(), "9999-12-31");
        assert_eq!(Date::from_days_since_1970(20_778).to_string(), "2026-11-21");
    }

    #[test]
    fn every_day_is_followed_by_the_next_of_the_calendar() {
        let mut day = Date::from_days_since_1970(0);
        for count in 1..200_000 {
            let next = Date::from_days_since_1970(count);
            let last = u16::from(day.day) == days(day.year, day.month.into());
            let wanted = match (last, day.month) {
                (false, _) => Date { day: day.day + 1, ..day },
                (true, 12) => Date { year: day.year + 1, month: 1, day: 1 },
                (true, month) => Date { month: month + 1, day: 1, ..day },
            };
            assert_eq!(next, wanted, "after {day}");
            day = next;
        }
    }

    #[test]
    fn days_are_printed_as_they_are_parsed_and_ordered_by_time() {
        let days = ["1970-01-01", "2024-02-29", "2026-09-30", "2026-11-21", "9999-12-31"];
        let parsed: Vec<Date> = days.iter().map(|day| day.parse().unwrap()).collect();
        assert_eq!(parsed.iter().map(Date::to_string).collect::<Vec<_>>(), days);
        assert!(parsed.is_sorted());
    }

    #[test]
    fn days_are_counted_from_1970() {
        let counted = ["1970-01-01", "1972-03-01", "2026-11-21"].map(|day| day.parse::<Date>().unwrap());
        assert_eq!(counted.map(Date::days_since_1970), [0, 790, 20_778]);
    }

    #[test]
    fn times_fall_on_days_in_utc() {
        const DAY_MS: u64 = 86_400_000;
        for text in ["1970-01-01", "1972-02-29", "1999-12-31", "2026-11-21", "9999-12-31"] {
            let day: Date = text.parse().unwrap();
            let first = day.days_since_1970() * DAY_MS;
            assert_eq!([first, first + DAY_MS - 1].map(Date::at_unix_ms), [day, day]);
        }
        assert_eq!(Date::at_unix_ms(u64::MAX).to_string(), "9999-12-31");
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in [
            "",
            "2026-11",
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-04-31",
            "26-04-30",
            "2026-4-30",
            "1969-12-31",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
