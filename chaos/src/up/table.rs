//! The ring on one screen: a row for each region, as its own members tell it.

use std::{collections::BTreeMap, time::Duration};

use client::v1;
use ids::{Log, MemberId, RegionId};

use crate::view::View;

/// Which members make up which region.
pub type Members = Vec<(RegionId, Vec<MemberId>)>;

const HEADER: [&str; 9] = ["REGION", "MODE", "UP", "LEADS R", "LEADS G", "G AT", "R AT", "LAG", "AGE"];
/// What the letters mean.
const LEGEND: &str = "R: its region's log; G: the global log; AT: last record here, of R row by row";

/// The table, line by line, for terminals of 80 columns.
pub fn lines(members: &Members, view: &View) -> Vec<String> {
    let header = HEADER.map(str::to_owned).to_vec();
    let rows = members.iter().map(|(region, of_region)| row(region, of_region, members, view));
    let mut lines = align(std::iter::once(header).chain(rows).collect());
    lines.push(LEGEND.to_owned());
    lines
}

fn row(region: &RegionId, of_region: &[MemberId], all: &Members, view: &View) -> Vec<String> {
    let answers: Vec<&v1::MemberStatus> =
        of_region.iter().filter_map(|member| view.members.get(member)?.as_ref().ok()).collect();
    let up = format!("{}/{}", answers.len(), of_region.len());
    let dash = || "-".to_owned();
    let Some(status) = answers.first() else {
        let mut row = vec![region.to_string(), "DOWN".to_owned(), up];
        row.resize_with(HEADER.len(), dash);
        return row;
    };
    let logs: BTreeMap<&str, &v1::LogStatus> = status.logs.iter().map(|log| (log.log.as_str(), log)).collect();
    let of = |log: &Log| logs.get(log.to_string().as_str()).copied();
    let leader = |log: &Log| of(log).filter(|log| log.leader > 0).map_or_else(dash, |log| format!("m{}", log.leader));
    let at = |log: &Log| of(log).map_or_else(dash, |log| log.seq.to_string());
    let own = Log::Region(region.clone());
    let mode = status.mode().as_str_name().to_owned();
    let mut row = vec![region.to_string(), mode, up, leader(&own), leader(&Log::Global), at(&Log::Global)];
    row.push(all.iter().map(|(other, _)| at(&Log::Region(other.clone()))).collect::<Vec<_>>().join("/"));
    row.push(status.logs.iter().map(|log| log.lag).max().unwrap_or(0).to_string());
    row.push(age(&status.logs));
    row
}

/// The oldest that anything here may be.
fn age(logs: &[v1::LogStatus]) -> String {
    let ages: Option<Vec<Duration>> = logs.iter().map(|log| log.age.and_then(|age| age.try_into().ok())).collect();
    let oldest = ages.and_then(|ages| ages.into_iter().max());
    oldest.map_or_else(|| "unknown".to_owned(), |age| format!("{:.1} s", age.as_secs_f64()))
}

fn align(rows: Vec<Vec<String>>) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(log: &str, seq: u64, leader: u64, lag: u64) -> v1::LogStatus {
        let age = Some(Duration::from_millis(1_240).try_into().unwrap());
        v1::LogStatus { log: log.to_owned(), seq, leader, lag, age, ..v1::LogStatus::default() }
    }

    #[test]
    fn no_line_is_longer_than_80_columns_after_hours() {
        let regions: Vec<RegionId> = crate::up::regions().unwrap();
        let members: Members =
            regions.iter().zip(1..).map(|(region, number)| (region.clone(), vec![MemberId(number)])).collect();
        let mut logs = vec![log("global", 4_321, 1, 0)];
        logs.extend(regions.iter().map(|region| log(&format!("region/{region}"), 4_321, 1, 10)));
        let status =
            v1::MemberStatus { mode: v1::region::Mode::CatchingUp.into(), logs, ..v1::MemberStatus::default() };
        let view = View { members: (1..=3).map(|number| (MemberId(number), Ok(status.clone()))).collect() };
        for line in lines(&members, &view) {
            assert!(line.len() <= 80, "{} columns: {line}", line.len());
        }
    }

    #[test]
    fn a_region_tells_of_itself_and_one_that_is_down_is_named() {
        let (a, b): (RegionId, RegionId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let members = vec![(a, vec![MemberId(1)]), (b, vec![MemberId(2), MemberId(3)])];
        let status = v1::MemberStatus {
            mode: v1::region::Mode::Connected.into(),
            logs: vec![log("global", 12, 3, 0), log("region/a", 7, 1, 0), log("region/b", 5, 0, 4)],
            ..v1::MemberStatus::default()
        };
        let down = || Err("refused".to_owned());
        let view =
            View { members: BTreeMap::from([(MemberId(1), Ok(status)), (MemberId(2), down()), (MemberId(3), down())]) };
        assert_eq!(
            lines(&members, &view),
            [
                "REGION  MODE       UP   LEADS R  LEADS G  G AT  R AT  LAG  AGE",
                "a       CONNECTED  1/1  m1       m3       12    7/5   4    1.2 s",
                "b       DOWN       0/2  -        -        -     -     -    -",
                LEGEND,
            ]
        );
    }
}
