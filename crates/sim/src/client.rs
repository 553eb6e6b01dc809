//! One client: draws what to do, does it, and writes down what it asked and what it was told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use domain::{ClusterOptions, ClusterType, Command, command as c, query};
use ids::{ClusterName, ContainerName, FolderName, Log, OrganizationName, ProjectName, RegionId, Token};
use invariants::isolation::{Attempt, AttemptOutcome};
use oracle::{Interval, Operation, list_append, register::Op, sessions};
use rand::RngExt;
use region::Consistency;

use crate::{
    call::{Caller, Outcome},
    history::History,
    owner::{self, passing_project},
    plan::ms,
};

/// Subjects per kind: few, so that clients meet.
const SUBJECTS: u64 = 4;

/// What all clients of a run share.
pub struct Shared {
    pub history: History,
    pub stop: AtomicBool,
    /// Faults are being taken back: nobody is isolated any more.
    pub healed: AtomicBool,
    /// Values written to registers and lists: each once in a run.
    pub serial: AtomicU64,
}

/// See the module.
pub struct Client {
    pub id: u32,
    pub caller: Caller,
    pub shared: Arc<Shared>,
    /// When this client's region was isolated, if it is isolated all the time.
    pub isolated_since: Option<u64>,
    token: Token,
}

/// The organization that everything is in.
pub fn organization() -> Option<OrganizationName> {
    "organizations/acme".parse().ok()
}

/// The project that clusters are in.
pub fn shop() -> Option<ProjectName> {
    "organizations/acme/projects/shop".parse().ok()
}

/// A project whose description is a list.
pub fn list_project(number: u64) -> Option<ProjectName> {
    format!("organizations/acme/projects/list-{number}").parse().ok()
}

fn read_list(text: &str) -> Vec<u64> {
    text.split(',').filter_map(|value| value.parse().ok()).collect()
}

impl Client {
    pub fn new(id: u32, caller: Caller, shared: Arc<Shared>, isolated_since: Option<u64>) -> Self {
        Self { id, caller, shared, isolated_since, token: Token::default() }
    }

    fn now(&self) -> u64 {
        self.caller.world.trace.now()
    }

    fn serial(&self) -> u64 {
        self.shared.serial.fetch_add(1, SeqCst) + 1
    }

    /// Works until the run says stop.
    pub async fn run(mut self) {
        while !self.shared.stop.load(SeqCst) {
            let think = self.caller.rng.random_range(1..=self.caller.world.plan.think_ms);
            tokio::time::sleep(ms(think)).await;
            self.step().await;
        }
    }

    async fn step(&mut self) -> Option<()> {
        match self.caller.rng.random_range(0..100) {
            0..35 => self.change_cluster().await,
            35..45 => self.change_folder().await,
            45..57 => self.churn_tree().await,
            57..67 => self.append().await,
            67..73 => self.read_lists().await,
            73..83 => self.read_register().await,
            _ => self.read_loosely().await,
        }
    }

    /// Sends a command and writes down what every kind of command has in common.
    async fn send(&mut self, command: Command) -> (Interval, Outcome) {
        let log = command.log();
        let invoked = self.now();
        let outcome = self.caller.command(command).await;
        let completed = self.now();
        let mut written = self.shared.history.lock();
        let (counter, ended) = match &outcome {
            Outcome::Done(_) => (&mut written.counts.acknowledged, AttemptOutcome::Acknowledged),
            Outcome::Rejected { .. } | Outcome::Refused => (&mut written.counts.refused, AttemptOutcome::Refused),
            Outcome::Unknown => (&mut written.counts.unknown, AttemptOutcome::Unknown),
        };
        *counter += 1;
        let own = log == Log::Region(self.caller.region.clone());
        if let Some(since) = self.isolated_since
            && invoked >= since
            && !self.shared.healed.load(SeqCst)
            && (own || log == Log::Global)
        {
            // A rejection by the rules is an answer of the region's own log, as good as an acknowledgement.
            let answered = own && matches!(outcome, Outcome::Rejected { .. });
            written.isolated.push(Attempt {
                at: invoked,
                log_is_own_region: own,
                outcome: if answered { AttemptOutcome::Acknowledged } else { ended },
                took_ns: completed - invoked,
                since_isolated_ns: invoked - since,
            });
        }
        if let Outcome::Done(position) = &outcome {
            let events = written.sessions.entry(self.caller.name.clone()).or_default();
            events.push(sessions::Event::Wrote(position.clone()));
            self.token.see(position);
        }
        drop(written);
        let interval = if outcome == Outcome::Unknown {
            Interval::unknown(invoked)
        } else {
            Interval::answered(invoked, completed)
        };
        (interval, outcome)
    }

    fn write_register(&self, subject: String, interval: Interval, op: Op) {
        let operation = Operation { client: self.id, interval, op };
        self.shared.history.lock().registers.entry(subject).or_default().push(operation);
    }

    /// Writes a command on a register down; `op` says what it does given the version it made.
    fn write_command(
        &self,
        subject: String,
        interval: Interval,
        outcome: &Outcome,
        expected: Option<u64>,
        op: impl FnOnce(Option<u64>) -> Op,
    ) {
        let op = match outcome {
            Outcome::Done(position) => op(Some(position.seq.0)),
            Outcome::Unknown => op(None),
            Outcome::Rejected { reason, .. } => match (reason.as_str(), expected) {
                ("ALREADY_EXISTS", _) => Op::CreateRefusedExists,
                ("NOT_FOUND", _) => Op::RefusedNotFound,
                ("ETAG_MISMATCH", Some(expected)) => Op::EtagMismatch { expected },
                _ => return,
            },
            Outcome::Refused => return,
        };
        self.write_register(subject, interval, op);
    }

    fn cluster(&mut self) -> Option<ClusterName> {
        let regions = &self.caller.world.plan.regions;
        let own = self.caller.rng.random_range(0..100) < 70;
        let drawn: RegionId = regions.get(self.caller.rng.random_range(0..regions.len()))?.clone();
        let location = if own { self.caller.region.clone() } else { drawn };
        let cluster = format!("c{}", self.caller.rng.random_range(0..SUBJECTS)).parse().ok()?;
        Some(ClusterName { project: shop()?, location, cluster })
    }

    async fn change_cluster(&mut self) -> Option<()> {
        let name = self.cluster()?;
        let (subject, value) = (name.to_string(), self.serial().to_string());
        let kind = self.caller.rng.random_range(0..100);
        if kind < 30 {
            let (display_name, cluster_type) = (String::new(), ClusterType::DEVELOPMENT);
            let create = c::CreateCluster {
                name,
                display_name,
                description: value.clone(),
                cluster_type,
                options: ClusterOptions::default(),
            };
            let (interval, outcome) = self.send(create.into()).await;
            self.write_command(subject, interval, &outcome, None, |version_out| Op::Create { value, version_out });
            return Some(());
        }
        let seen = self.caller.read(&Log::Region(name.location.clone()), Consistency::Local).await;
        let seen = seen.and_then(|view| query::cluster(&view.state, &name).ok()).map(|(revision, _)| revision);
        let etag = seen.filter(|_| self.caller.rng.random_range(0..100) < 60);
        let expected = etag.map(|revision| revision.0);
        if kind < 85 {
            let update = c::UpdateCluster {
                name,
                display_name: None,
                description: Some(value.clone()),
                allow_list: None,
                delete_protection: None,
                maintenance_window: None,
                etag,
            };
            let (interval, outcome) = self.send(update.into()).await;
            self.write_command(subject, interval, &outcome, expected, |version_out| Op::Update {
                value,
                expected,
                version_out,
            });
        } else {
            let (interval, outcome) = self.send(c::DeleteCluster { name, retain_ms: 0, etag }.into()).await;
            self.write_command(subject, interval, &outcome, expected, |_| Op::Delete { expected });
        }
        Some(())
    }

    async fn change_folder(&mut self) -> Option<()> {
        let organization = organization()?;
        let name = organization.folder(format!("reg-{}", self.caller.rng.random_range(0..SUBJECTS)).parse().ok()?);
        let (subject, value) = (name.to_string(), self.serial().to_string());
        let kind = self.caller.rng.random_range(0..100);
        if kind < 30 {
            let parent = ContainerName::Organization(organization);
            let create = c::CreateFolder { name, parent, display_name: String::new(), description: value.clone() };
            let (interval, outcome) = self.send(create.into()).await;
            self.write_command(subject, interval, &outcome, None, |version_out| Op::Create { value, version_out });
        } else if kind < 85 {
            let update = c::UpdateFolder { name, display_name: None, description: Some(value.clone()), etag: None };
            let (interval, outcome) = self.send(update.into()).await;
            self.write_command(subject, interval, &outcome, None, |version_out| Op::Update {
                value,
                expected: None,
                version_out,
            });
        } else {
            let (interval, outcome) = self.send(c::DeleteFolder { name, etag: None }.into()).await;
            self.write_command(subject, interval, &outcome, None, |_| Op::Delete { expected: None });
        }
        Some(())
    }

    /// Moves folders and projects about, and puts clusters into the projects: for the shape of the tree, not for its values.
    async fn churn_tree(&mut self) -> Option<()> {
        let organization = organization()?;
        let folder = |number: u64| Some(organization.folder(format!("tree-{number}").parse().ok()?));
        let rng = &mut self.caller.rng;
        let (a, b) = (rng.random_range(0..owner::PROJECTS), rng.random_range(0..9));
        let name: FolderName = folder(a)?;
        let project = passing_project(a)?;
        let parent = match folder(b).filter(|_| b < 8) {
            Some(folder) => ContainerName::Folder(folder),
            None => ContainerName::Organization(organization.clone()),
        };
        let (display_name, description, etag) = (String::new(), String::new(), None);
        let command: Command = match rng.random_range(0..100) {
            0..18 => c::CreateFolder { name, parent, display_name, description }.into(),
            18..34 => c::MoveFolder { name, parent, etag }.into(),
            34..41 => c::DeleteFolder { name, etag }.into(),
            41..58 => c::CreateProject { name: project, parent, display_name, description }.into(),
            58..66 => c::MoveProject { name: project, parent, etag }.into(),
            // The regions see the deletion to its end by themselves, once the owner took the clusters away.
            66..76 => c::DeleteProject { name: project, etag }.into(),
            _ => owner::create(&mut self.caller)?.into(),
        };
        self.send(command).await;
        Some(())
    }

    /// Appends a value to a list: reads it, and writes it back with the value, if nobody changed it in between.
    async fn append(&mut self) -> Option<()> {
        let name = list_project(self.caller.rng.random_range(0..SUBJECTS))?;
        let (key, value) = (name.to_string(), self.serial());
        let view = self.caller.read(&Log::Global, Consistency::Local).await?;
        let (revision, project) = query::project(&view.state, &name).ok()?;
        let list = read_list(&project.description);
        let mut longer = list.clone();
        longer.push(value);
        let longer: Vec<String> = longer.iter().map(ToString::to_string).collect();
        let description = Some(longer.join(","));
        let update = c::UpdateProject { name, display_name: None, description, etag: Some(revision) };
        let (interval, outcome) = self.send(update.into()).await;
        let mut written = self.shared.history.lock();
        match outcome {
            Outcome::Done(_) | Outcome::Unknown => {
                let read = list_append::Micro::Read { key: key.clone(), list };
                let ops = vec![read, list_append::Micro::Append { key, value }];
                written.lists.txns.push(list_append::Txn { client: self.id, interval, ops });
            }
            Outcome::Rejected { .. } | Outcome::Refused => {
                written.lists.failed.push(list_append::Append { key, value })
            }
        }
        Some(())
    }

    /// Reads all lists at one place of the log.
    async fn read_lists(&mut self) -> Option<()> {
        let invoked = self.now();
        let view = self.caller.read(&Log::Global, Consistency::Linearizable).await?;
        let interval = Interval::answered(invoked, self.now());
        let mut ops = Vec::new();
        for number in 0..SUBJECTS {
            let name = list_project(number)?;
            let (_, project) = query::project(&view.state, &name).ok()?;
            ops.push(list_append::Micro::Read { key: name.to_string(), list: read_list(&project.description) });
        }
        let mut written = self.shared.history.lock();
        written.counts.reads += 1;
        written.lists.txns.push(list_append::Txn { client: self.id, interval, ops });
        Some(())
    }

    async fn read_register(&mut self) -> Option<()> {
        let name = self.cluster()?;
        let invoked = self.now();
        let view = self.caller.read(&Log::Region(name.location.clone()), Consistency::Linearizable).await?;
        let interval = Interval::answered(invoked, self.now());
        let seen = query::cluster(&view.state, &name).ok().map(|(revision, cluster)| (revision.0, cluster.description));
        self.write_register(name.to_string(), interval, Op::Read { seen });
        self.observed(&view);
        Some(())
    }

    /// Reads any log, not before what this session has seen.
    async fn read_loosely(&mut self) -> Option<()> {
        let logs = self.caller.world.logs();
        let log = logs.get(self.caller.rng.random_range(0..logs.len().max(1)))?.clone();
        if self.caller.rng.random_range(0..100) < 40 {
            self.caller.read(&log, Consistency::Local).await?;
            return Some(());
        }
        let token = self.token.clone();
        let view = self.caller.read_seen(&log, &token).await?;
        self.observed(&view);
        Some(())
    }

    fn observed(&mut self, view: &region::ReadView) {
        let position = view.state.position();
        self.token.see(&position);
        let mut written = self.shared.history.lock();
        written.counts.reads += 1;
        let events = written.sessions.entry(self.caller.name.clone()).or_default();
        events.push(sessions::Event::Observed(position));
    }
}
