//! What is under way with a cluster, read off its rows: it is made, deleted, put to sleep, woken.
//!
//! Its operation is named by the cluster, by what is done and by the cluster's uid, `{project}.{location}.{cluster}.{what}.{uid}`. Nothing
//! counts how often a cluster was put to sleep, so the name stands for whichever time is wished now.

use api::v1::{Operation, OperationMetadata, machine::State as Stands};
use domain::{
    Cluster, ClusterStatus, Wish,
    held::{CreationPhase, Held, State},
};
use ids::{ClusterName, Hlc, Label, OrganizationName, RegionId, RequestId, Subject};
use ledger::LogState;

use crate::api::{
    clusters::{machines, show},
    input::request_id,
    read::{row, unreadable},
    resource::timestamp,
    status::Refusal,
};

/// What is done to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Create,
    Delete,
    Hibernate,
    Wake,
}

impl What {
    const ALL: [Self; 4] = [Self::Create, Self::Delete, Self::Hibernate, Self::Wake];

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Hibernate => "hibernate",
            Self::Wake => "wake",
        }
    }

    /// What is wished while it is under way.
    fn wish(self) -> Wish {
        match self {
            Self::Create | Self::Wake => Wish::Run,
            Self::Hibernate => Wish::Hibernate,
            Self::Delete => Wish::Delete,
        }
    }

    /// Whether it has come to its end.
    fn is_done(self, status: Option<&ClusterStatus>) -> bool {
        match self {
            Self::Create => was_made(status),
            // Only its absence.
            Self::Delete => false,
            Self::Hibernate => state(status) == State::Hibernated,
            Self::Wake => matches!(state(status), State::Running | State::Repairing),
        }
    }
}

fn state(status: Option<&ClusterStatus>) -> State {
    status.map_or(State::Pending, |row| row.status.state)
}

fn was_made(status: Option<&ClusterStatus>) -> bool {
    let unmade =
        |row: &ClusterStatus| matches!(row.status.state, State::Pending | State::Provisioning | State::Deleting);
    status.is_some_and(|row| row.held.made.is_some() || !unmade(row))
}

/// One thing that is, or was, under way with one cluster.
pub struct Life {
    pub cluster: ClusterName,
    uid: RequestId,
    what: What,
}

impl Life {
    /// What is under way with a cluster, if anything is. Nothing ever is in a region without a cloud.
    pub fn under_way(row: &Cluster, status: Option<&ClusterStatus>) -> Option<Self> {
        row.basis.as_ref()?;
        let what = match row.wish {
            Wish::Delete => What::Delete,
            Wish::Hibernate => What::Hibernate,
            Wish::Run if was_made(status) => What::Wake,
            Wish::Run => What::Create,
        };
        (!what.is_done(status)).then(|| Self { cluster: row.name.clone(), uid: row.uid, what })
    }

    /// The one that these parts of an operation's name say.
    pub fn named(organization: &OrganizationName, parts: &[&str]) -> Option<Self> {
        let [project, location, cluster, what, uid] = parts else { return None };
        let (project, cluster): (Label, Label) = (project.parse().ok()?, cluster.parse().ok()?);
        let location: RegionId = location.parse().ok()?;
        Some(Self {
            cluster: ClusterName { project: organization.project(project), location, cluster },
            uid: request_id(uid).ok().flatten()?,
            what: What::ALL.into_iter().find(|known| known.name() == *what)?,
        })
    }

    pub fn name(&self) -> String {
        let ClusterName { project, location, cluster } = &self.cluster;
        let organization = OrganizationName { organization: project.organization.clone() };
        let what = self.what.name();
        format!("{organization}/operations/{}.{location}.{cluster}.{what}.{}", project.project, self.uid)
    }

    /// How it stands in a state of the region's log.
    pub fn stands(&self, view: &LogState, now: Hlc) -> Result<Operation, Refusal> {
        let found = row::<Cluster>(view, &Subject::resource(&self.cluster.clone().into()))?;
        let Some((_, of)) = found.filter(|(_, of)| of.uid == self.uid) else {
            if self.what == What::Delete {
                return Ok(self.done());
            }
            let message = format!("looked for {}: the cluster is not there, or not any more", self.name());
            return Err(Refusal::new("NOT_FOUND", message).with("subject", &self.cluster));
        };
        let status = show::status_of(view, &of).map_err(unreadable)?;
        Ok(self.of(&of, status.as_ref(), now))
    }

    /// How it stands by the rows of its cluster.
    pub fn of(&self, row: &Cluster, status: Option<&ClusterStatus>, now: Hlc) -> Operation {
        // What was made was made, whatever is wished since.
        if self.what.is_done(status) && (row.wish == self.what.wish() || self.what == What::Create) {
            return self.done();
        }
        if row.wish != self.what.wish() {
            let refusal = Refusal::new("SUPERSEDED", format!("{}: {}", self.kind(), instead(row.wish)));
            let error = Some(refusal.with("subject", &self.cluster).into_message());
            return Operation { error, ..self.done() };
        }
        let retained = row.purge_time.filter(|purge| *purge > now);
        let stage = match (retained, state(status)) {
            (Some(_), State::Hibernated) => "RETAINED",
            (_, state) => state.name(),
        };
        let shown = status.map(show::status).unwrap_or_default();
        let creating = self.what == What::Create;
        let metadata = OperationMetadata {
            stage: stage.to_owned(),
            percent: status.map_or(0, |status| self.percent(status)),
            create_time: creating.then(|| timestamp(row.create_time)).flatten(),
            phases: if creating { shown.creation } else { Vec::new() },
            held_up_by: shown.held_up_by,
            purge_time: retained.and_then(timestamp),
            ..OperationMetadata::default()
        };
        self.operation(false, metadata)
    }

    /// How far it is: phases that are done, machines that stopped or joined, parts that are gone; below 100 until the end.
    fn percent(&self, row: &ClusterStatus) -> i32 {
        let (done, all) = match self.what {
            What::Create => {
                // One that is under way counts for half.
                let begun = row.report.values().map(|times| if times.done.is_some() { 2 } else { 1 });
                (begun.sum(), 2 * CreationPhase::ALL.len())
            }
            What::Hibernate => as_wanted(&row.held, |stands| stands == Stands::Stopped),
            What::Wake => as_wanted(&row.held, |stands| stands == Stands::Joined),
            What::Delete => {
                let left = row.held.parts.len() + row.held.machines.len();
                let all = row.held.generations.len().max(left);
                (all - left, all)
            }
        };
        i32::try_from((done * 100).checked_div(all).unwrap_or(0)).unwrap_or(0).min(99)
    }

    fn kind(&self) -> String {
        format!("clusters.{}", self.what.name())
    }

    fn done(&self) -> Operation {
        let stage = "DONE".to_owned();
        self.operation(true, OperationMetadata { stage, percent: 100, ..OperationMetadata::default() })
    }

    fn operation(&self, done: bool, metadata: OperationMetadata) -> Operation {
        Operation {
            name: self.name(),
            kind: self.kind(),
            target: self.cluster.to_string(),
            done,
            metadata: Some(metadata),
            error: None,
        }
    }
}

/// What is wished instead.
fn instead(wish: Wish) -> &'static str {
    match wish {
        Wish::Run => "the cluster is to run",
        Wish::Hibernate => "the cluster is to sleep",
        Wish::Delete => "the cluster is to be deleted",
    }
}

/// How many machines are as wanted, and how many there are.
fn as_wanted(held: &Held, wanted: impl Fn(Stands) -> bool) -> (usize, usize) {
    let there = held.machines.values().map(|machine| machines::stands(machine).0);
    (there.filter(|state| wanted(*state)).count(), held.machines.len())
}
