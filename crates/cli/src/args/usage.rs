//! What can be typed about usage.

use clap::{Args as ClapArgs, ValueEnum};
use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    Cluster,
    Project,
    Folder,
    Organization,
    Day,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Machines are counted from when they ran to when they stopped, to the second; those that run count until now, or until what is\n\
                  known of their region. A month is closed 3 days after its end: its figures never change. What is learned later about it is\n\
                  an adjustment (ADJ), to be added, at the time at which it was learned.\n\n\
                  Which folder a project is in is what it is now, also for usage of before. -o csv has no row of totals.\n\n\
                  Examples:\n  atoll usage --from 2026-10 --to 2026-11\n  atoll usage --by project --folder dev\n  \
                  atoll usage --from 2026-11-20 --to 2026-11-21T12:00:00Z --cluster us-east-1/prod\n  \
                  atoll usage --from 2026-10 --to 2026-11 --by day -o csv > october.csv"
)]
pub struct UsageArgs {
    /// From when on: a month, a day (both of UTC), or a time such as 2026-11-21T12:00:00Z [default: the first of this month]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Until when, and without it [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// What each line is about
    #[arg(long, value_name = "WHAT", default_value = "cluster")]
    pub by: By,
    /// Of this organization, instead of the one that is set
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// Of this folder, with everything in it now
    #[arg(short, long, value_name = "NAME", conflicts_with = "organization")]
    pub folder: Option<String>,
    /// Of this project
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["organization", "folder"])]
    pub project: Option<String>,
    /// Of this cluster, LOCATION/ID of the project, or full
    #[arg(long, value_name = "NAME", conflicts_with_all = ["organization", "folder"])]
    pub cluster: Option<String>,
}

/// A month or a day stands for its beginning.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let whole = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    let parsed = whole.parse::<Timestamp>().ok().filter(|time| time.subsec_nanosecond() == 0 && time.as_second() >= 0);
    parsed.ok_or_else(|| {
        format!(
            "read the time {text:?}: wanted a month such as 2026-11, a day such as 2026-11-21, or 2026-11-21T12:00:00Z"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_stand_for_their_beginning() {
        let read = |text: &str| time(text).map(|time| time.as_second());
        assert_eq!(read("2026-11"), read("2026-11-01"));
        assert_eq!(read("2026-11-21"), Ok(20_778 * 86_400));
        assert_eq!(read("2026-11-21T01:00:00+01:00"), read("2026-11-21"));
        for text in ["", "2026", "2026-13", "2026-02-30", "1969-12-31", "2026-11-21T00:00:00.5Z", "2026-11-21T00:00:00"]
        {
            assert!(time(text).is_err(), "{text} was taken");
        }
    }
}
