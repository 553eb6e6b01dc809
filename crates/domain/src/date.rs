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
        let mut left = count;
        for year in 1970..=9999 {
            for month in 1..=12 {
                let length = u64::from(days(year, month));
                if left < length {
                    let small = |number: u64| u8::try_from(number).unwrap_or(1);
                    return Self { year, month: small(month.into()), day: small(left + 1) };
                }
                left -= length;
            }
        }
        Self { year: 9999, month: 12, day: 31 }
    }

    /// Days from 1970-01-01 to this one.
    pub fn days_since_1970(self) -> u64 {
        let years = (1970..self.year).map(|year| (1..=12).map(|month| u64::from(days(year, month))).sum::<u64>());
        let months = (1..u16::from(self.month)).map(|month| u64::from(days(self.year, month)));
        years.chain(months).sum::<u64>() + u64::from(self.day) - 1
    }
}

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
        for count in (0..200_000).step_by(13).chain([0, 58, 59, 60, 11_016, 11_017]) {
            assert_eq!(Date::from_days_since_1970(count).days_since_1970(), count);
        }
        assert_eq!(Date::from_days_since_1970(20_778).to_string(), "2026-11-21");
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
