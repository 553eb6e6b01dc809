//! What every member of a ring says of itself, asked one by one.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail};
use client::{Client, Read, v1};
use futures_util::future::join_all;
use ids::{Hash, Incarnation, Log, MemberId, Seq};
use invariants::ReplicaHead;
use tokio::time::{Instant, sleep};

use crate::access::Access;

/// One member may take so long to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Of a copy that counts as complete, in records.
const LAG_MAX: u64 = 500;
const POLL: Duration = Duration::from_millis(100);

/// Asks every member, over connections that stay open.
#[derive(Debug)]
pub struct Observer {
    clients: Vec<(MemberId, Client)>,
}

/// What they said at one time.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// `Err`: why there was no answer.
    pub members: BTreeMap<MemberId, Result<v1::MemberStatus, String>>,
}

impl Observer {
    pub fn new(access: &Access) -> Result<Self> {
        let addresses = access.addresses.iter();
        let clients = addresses.map(|address| Ok((address.member, access.only(address.member)?)));
        Ok(Self { clients: clients.collect::<Result<_>>()? })
    }

    /// Asks all at once.
    pub async fn look(&self) -> View {
        let ask = |(member, client): &(MemberId, Client)| {
            let (member, client) = (*member, client.clone());
            async move {
                let status = client.regions().member_status(&Read::default().within(ANSWER_WITHIN)).await;
                (member, status.map(|answered| answered.value).map_err(|error| error.to_string()))
            }
        };
        View { members: join_all(self.clients.iter().map(ask)).await.into_iter().collect() }
    }

    /// Looks until nothing is missing, where `missing` names what is.
    pub async fn wait(&self, within: Duration, missing: impl Fn(&View) -> Option<String>) -> Result<View> {
        let deadline = Instant::now() + within;
        loop {
            let view = self.look().await;
            let Some(lack) = missing(&view) else { return Ok(view) };
            if Instant::now() >= deadline {
                bail!("waited {within:?} for the ring: {lack}");
            }
            sleep(POLL).await;
        }
    }
}

impl View {
    fn answers(&self) -> impl Iterator<Item = (MemberId, &v1::MemberStatus)> {
        self.members.iter().filter_map(|(member, status)| Some((*member, status.as_ref().ok()?)))
    }

    /// What keeps the ring from being whole: every member connected, every log led, every copy in service and about complete. Under load
    /// no copy is ever quite complete.
    pub fn unhealthy(&self) -> Option<String> {
        self.members.iter().find_map(|(member, status)| {
            let lack = match status {
                Ok(status) => lack(status)?,
                Err(error) => format!("does not answer: {error}"),
            };
            Some(format!("{member} {lack}"))
        })
    }

    /// What keeps a ring without load from being at rest: healthy, and all copies equal.
    pub fn unsettled(&self) -> Option<String> {
        self.unhealthy().or_else(|| self.unequal())
    }

    /// Copies that are not equal, in the words of the simulator's own rule.
    pub fn unequal(&self) -> Option<String> {
        let mut out = invariants::Violations::default();
        invariants::check_replicas_equal(0, &self.heads(), &mut out);
        out.iter().next().map(|violation| violation.detail.clone())
    }

    /// Heads of every copy.
    pub fn heads(&self) -> Vec<ReplicaHead> {
        let logs = self.answers().flat_map(|(member, status)| status.logs.iter().map(move |log| (member, log)));
        logs.filter_map(|(member, status)| {
            Some(ReplicaHead {
                member,
                log: status.log.parse().ok()?,
                incarnation: Incarnation(status.incarnation),
                seq: Seq(status.seq),
                chain: hash(&status.hash),
                digest: hash(&status.state_digest),
            })
        })
        .collect()
    }

    /// Who leads a log and in which term: the one who says so itself, in the highest term.
    pub fn leader(&self, log: &Log) -> Option<(u64, MemberId)> {
        let name = log.to_string();
        let claims = self.answers().filter_map(|(member, status)| {
            let own = status.logs.iter().find(|status| status.log == name)?;
            (own.leader == member.0).then_some((own.term, member))
        });
        claims.max()
    }

    /// Whether everybody who answers agrees with everybody else on who leads a log.
    pub fn agrees(&self, log: &Log) -> bool {
        let name = log.to_string();
        let leader = self.leader(log).map(|(_, member)| member.0);
        let told =
            self.answers().flat_map(|(_, status)| &status.logs).filter(|status| status.log == name && status.voter);
        leader.is_some() && told.map(|status| Some(status.leader)).all(|told| told == leader)
    }
}

fn lack(status: &v1::MemberStatus) -> Option<String> {
    if status.mode() != v1::region::Mode::Connected {
        return Some(format!("is {}: {}", status.mode().as_str_name(), status.reason));
    }
    if !status.refuses_writes.is_empty() {
        return Some(format!("refuses writes: {}", status.refuses_writes));
    }
    if status.logs.len() < 2 {
        return Some(format!("has {} logs", status.logs.len()));
    }
    status.logs.iter().find_map(|log| {
        let lack = if !log.out_of_service.is_empty() {
            format!("out of service: {}", log.out_of_service)
        } else if log.voter && log.leader == 0 {
            "without a leader".to_owned()
        } else if log.lag > LAG_MAX {
            format!("{} behind", log.lag)
        } else {
            return None;
        };
        Some(format!("has {} {lack}", log.log))
    })
}

fn hash(bytes: &[u8]) -> Hash {
    bytes.try_into().map_or(Hash::ZERO, Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(log: &str, leader: u64, term: u64, seq: u64) -> v1::MemberStatus {
        let own = v1::LogStatus {
            log: log.to_owned(),
            incarnation: 1,
            seq,
            voter: true,
            leader,
            term,
            ..v1::LogStatus::default()
        };
        let other = v1::LogStatus { log: "region/b".to_owned(), incarnation: 1, ..v1::LogStatus::default() };
        v1::MemberStatus {
            mode: v1::region::Mode::Connected.into(),
            logs: vec![own, other],
            ..v1::MemberStatus::default()
        }
    }

    fn view(members: [v1::MemberStatus; 2]) -> View {
        View { members: (1..).map(MemberId).zip(members.map(Ok)).collect() }
    }

    #[test]
    fn the_leader_is_who_says_so_itself_in_the_highest_term() {
        let stale = view([status("global", 1, 3, 0), status("global", 2, 4, 0)]);
        assert_eq!(stale.leader(&Log::Global), Some((4, MemberId(2))));
        assert!(!stale.agrees(&Log::Global));
        assert!(view([status("global", 2, 4, 0), status("global", 2, 4, 0)]).agrees(&Log::Global));
        assert_eq!(view([status("global", 2, 4, 0), status("global", 1, 4, 0)]).leader(&Log::Global), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(view([status("global", 1, 1, 7), status("global", 1, 1, 7)]).unhealthy(), None);
        let leaderless = view([status("global", 1, 1, 7), status("global", 0, 1, 7)]).unhealthy().unwrap();
        assert_eq!(leaderless, "m2 has global without a leader");
        let moving = view([status("global", 1, 1, 7), status("global", 1, 1, 6)]);
        assert_eq!(moving.unhealthy(), None);
        let behind = moving.unsettled().unwrap();
        assert!(behind.contains("m2 is at 1.6, m1 at 1.7"), "{behind}");
        let mut gone = view([status("global", 1, 1, 7), status("global", 1, 1, 7)]);
        gone.members.insert(MemberId(3), Err("refused".to_owned()));
        assert_eq!(gone.unhealthy().unwrap(), "m3 does not answer: refused");
    }
}
