//! What the regions' logs say, record by record, and the judgement: the cloud's own books against them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cloud_checks::{Fence, Log as Books, Written, calls, truth};
use cloud_sim::{Sim, SimCloud};
use domain::{
    Cluster, ClusterStatus, Deed, Entity, FactKind, MachineRun, Wish,
    held::{CloudId, Edge, Health, Held, MachineEdge, Part, Role, State, Status, Time},
    progress::Kept as Key,
    usage::{self, Within},
};
use ids::{AccountId, Hlc, Log, RegionId, RequestId, Seq, Subject};
use ledger::{FeedItem, LogState};
use ports::cloud::CloudRegion;
use reconcile::Entry;
use wire::{Proposal, Record, entity::decode_entity};

use super::{Kept, etcd::Taken};
use crate::{run::final_state, world::World};

/// A wish that was changed so lately, in milliseconds, may still be acted on: no call is made for an older one.
const ACTED_ON_MS: u64 = 60_000;

/// So much of what a rule finds is told.
const TOLD_MAX: usize = 5;

/// One region's log.
pub struct Story {
    pub region: RegionId,
    pub written: Vec<Written>,
    /// What was wished of each cluster, and since when.
    wishes: BTreeMap<RequestId, Vec<(u64, Wish)>>,
    /// Times that machines ran.
    pub runs: BTreeMap<CloudId, BTreeMap<Time, MachineRun>>,
    /// Launches because of the image of the machine before: the row of the deed, when, and of which slot.
    renewed: BTreeSet<(Subject, Time, Part)>,
    accounts: BTreeMap<RequestId, AccountId>,
    /// The records, folded.
    folded: LogState,
    /// When each record was there for somebody, in Unix milliseconds of the cloud's clock.
    pub times: BTreeMap<Seq, u64>,
}

/// Reads every log, and says what does not hold.
pub async fn judge(world: &Arc<World>, cloud: &SimCloud, taken: &[Taken], kept: &mut Kept) -> Vec<Story> {
    let mut stories = Vec::new();
    for region in &world.plan.regions {
        stories.push(Story::read(world, cloud, region).await);
    }
    let fences = fences(world, cloud);
    let written: Vec<Written> = stories.iter().flat_map(|story| story.written.iter().cloned()).collect();
    kept.renewed = stories.iter().map(|story| story.renewed.len()).sum();
    kept.records = stories.iter().map(|story| story.folded.seq.0).sum();
    cloud.with(|sim, _| {
        let (audit, books) = (sim.audit(), Books { written: &written, fences: &fences });
        kept.calls = audit.entries().filter(|entry| matches!(entry.what, cloud_sim::What::Call { .. })).count();
        let found = [
            ("made_once", calls::once(audit)),
            ("intended", calls::intended(audit, books)),
            ("one_token_one_call", calls::one_token_one_call(audit)),
            ("fenced", calls::fenced(audit, books)),
            ("marked", calls::marked(audit, books)),
            ("one_of_each", truth::one_of_each(sim)),
            ("ended_truly", truth::ended_truly(sim, books)),
            ("held_is_there", truth::held_is_there(sim, books)),
            ("nothing_exposed", truth::nothing_exposed(sim)),
            ("billed", billed(sim, &stories, kept)),
            ("etcd_kept", etcd_kept(&stories, taken)),
        ];
        for (rule, all) in found {
            // What one rule finds everywhere hides nothing that another finds once.
            all.into_iter().take(TOLD_MAX).for_each(|what| world.trace.violate(rule, what));
        }
    });
    stories.iter().for_each(|story| story.is_whole(world));
    stories
}

fn is_renewal(deed: &Deed) -> bool {
    deed.did.starts_with("launch") && deed.cause.starts_with("its image was built")
}

/// Times of the simulated world, in nanoseconds from its beginning, are told by the cloud's clock in milliseconds.
pub fn cloud_ms(world: &World, cloud: &SimCloud, at: u64) -> u64 {
    cloud.now() - world.trace.now() / 1_000_000 + at / 1_000_000
}

fn fences(world: &World, cloud: &SimCloud) -> Vec<Fence> {
    let seen = world.trace.seen(|seen| seen.fenced.clone());
    let of_regions = seen.into_iter().filter_map(|(log, at)| match log {
        Log::Region(region) => {
            Some(Fence { region: CloudRegion::new(region.as_str()), at: cloud_ms(world, cloud, at) })
        }
        Log::Global => None,
    });
    of_regions.collect()
}

/// Each machine is metered for as long as the cloud charges for it, within a second: by the rule that usage is computed by.
fn billed(sim: &Sim, stories: &[Story], kept: &mut Kept) -> Vec<String> {
    // Before what nobody can have recorded yet.
    let until = sim.now() / 1000 - 60;
    let (within, as_of) = (Within { from: Time(0), to: Time(until) }, Hlc::at_unix_ms(sim.now()));
    let mut metered: BTreeMap<&CloudId, i128> = BTreeMap::new();
    for (id, run) in
        stories.iter().flat_map(|story| &story.runs).flat_map(|(id, runs)| runs.values().map(move |run| (id, run)))
    {
        let seconds = usage::tally(run, within, as_of).total().vcpu_seconds / i128::from(run.vcpus.max(1));
        *metered.entry(id).or_default() += seconds;
    }
    let mut broken = Vec::new();
    let mut charged: BTreeMap<CloudId, i128> = BTreeMap::new();
    for account in &sim.options().accounts {
        let lines = sim.bill_within(*account, 0..until).into_iter();
        charged.extend(lines.map(|(id, line)| (CloudId::from(id.as_str()), i128::from(line.seconds))));
    }
    for id in charged.keys().chain(metered.keys().copied()).collect::<BTreeSet<_>>() {
        let [by_bill, by_log] = [charged.get(id), metered.get(id)].map(|seconds| seconds.copied().unwrap_or(0));
        if by_bill.abs_diff(by_log) > 1 {
            broken.push(format!("{id} ran for {by_bill} s by the cloud's bill and for {by_log} s by our log"));
        }
        kept.billed_seconds += u64::try_from(by_bill).unwrap_or(0);
    }
    kept.machines = charged.len();
    broken
}

/// No master that answers is taken away while that leaves etcd fewer members than its majority, in a cluster that is to run.
fn etcd_kept(stories: &[Story], taken: &[Taken]) -> Vec<String> {
    let mut broken = Vec::new();
    for one in taken {
        for story in stories {
            let before = story.written.iter().rev().find(|written| written.uid == one.owner && written.at <= one.at);
            let Some(held) = before.map(|written| &written.entry.held).filter(|held| held.made.is_some()) else {
                continue;
            };
            let is_master = |part: &&Part| matches!(part, Part::Machine(slot) if slot.role == Role::Master);
            let majority = held.generations.keys().filter(is_master).count() / 2 + 1;
            if one.others < majority && story.wished_to_run(one.owner, one.at) {
                let Taken { at, machine, others, .. } = one;
                broken.push(format!(
                    "{machine} answered and was taken away at {at}: {others} others do, {majority} are needed"
                ));
            }
        }
    }
    broken
}

impl Story {
    async fn read(world: &Arc<World>, cloud: &SimCloud, region: &RegionId) -> Self {
        let log = Log::Region(region.clone());
        let now = (cloud.now(), world.trace.now() / 1_000_000);
        let times = world.trace.seen(|seen| {
            let of_log = seen.applied.iter().filter(|((of, _), _)| *of == log);
            of_log.map(|((_, seq), at)| (*seq, now.0 - now.1 + at / 1_000_000)).collect()
        });
        let mut story = Self {
            region: region.clone(),
            written: Vec::new(),
            wishes: BTreeMap::new(),
            runs: BTreeMap::new(),
            renewed: BTreeSet::new(),
            accounts: BTreeMap::new(),
            folded: LogState::new(log.clone()),
            times,
        };
        let mut machines = BTreeMap::new();
        for (record, proposal) in records(world, &log).await {
            if let Err(error) = story.folded.apply_record(&record) {
                world.trace.violate("fold", format!("{log}: {error}"));
                break;
            }
            let at = story.times.get(&record.seq).copied().unwrap_or_default();
            story.take(at, &proposal, &mut machines);
        }
        story
    }

    fn take(&mut self, at: u64, proposal: &Proposal, machines: &mut BTreeMap<RequestId, Held>) {
        let mut progressed: Option<(String, Option<ClusterStatus>)> = None;
        for fact in &proposal.facts {
            let entity = fact.after.as_ref().and_then(|after| decode_entity(after).ok());
            let of_status = matches!(
                FactKind::from_number(fact.kind),
                Some(FactKind::ClusterProgressed | FactKind::SharedVpcProgressed)
            );
            match entity {
                Some(Entity::Cluster(row)) => self.take_wish(at, &row),
                Some(Entity::SharedVpc(row)) => drop(self.accounts.insert(row.uid, row.account)),
                Some(Entity::MachineRun(run)) => {
                    self.runs.entry(run.machine.clone()).or_default().insert(run.started, run);
                }
                Some(Entity::Deeds(row)) => {
                    let renewals = row.0.into_iter().filter(is_renewal);
                    self.renewed.extend(renewals.map(|deed| (fact.subject.clone(), deed.at, deed.part)));
                }
                Some(Entity::ClusterStatus(row)) => progressed = Some((fact.subject.to_string(), Some(*row))),
                None if of_status => progressed = Some((fact.subject.to_string(), None)),
                _ => {}
            }
        }
        let Some((subject, row)) = progressed else { return };
        let Some(key) = self.key_of(&subject) else { return };
        self.take_status(at, key, row, machines);
    }

    fn take_wish(&mut self, at: u64, row: &Cluster) {
        self.wishes.entry(row.uid).or_default().push((at, row.wish));
        self.accounts.extend(row.basis.as_ref().map(|basis| (row.uid, basis.account)));
    }

    /// One record of what is held. What was held and is not any more has ended, or so it says.
    fn take_status(&mut self, at: u64, key: Key, row: Option<ClusterStatus>, machines: &mut BTreeMap<RequestId, Held>) {
        let last = || self.written.iter().rev().find(|written| written.key == key).map(|written| written.uid);
        let Some(uid) = row.as_ref().map(|row| row.uid).or_else(last) else { return };
        let Some(account) = self.accounts.get(&uid).copied() else { return };
        let (held, status) = row.map_or_else(|| (Held::nothing(), gone()), |row| (row.held, row.status));
        let before = machines.insert(uid, held.clone()).unwrap_or_else(Held::nothing);
        let ended = before.machines.into_iter().filter(|(id, _)| !held.machines.contains_key(id));
        let edges = ended.map(|(machine, of)| MachineEdge {
            machine,
            slot: of.slot,
            instance_type: of.instance_type,
            edge: Edge::Ended(Time(at / 1000)),
        });
        let entry = Entry { edges: edges.collect(), held, status, deeds: Vec::new(), waited: Default::default() };
        self.written.push(Written { at, key, uid, account, entry });
    }

    /// Of the row of a status, whose it is.
    fn key_of(&self, subject: &str) -> Option<Key> {
        if let Some(cluster) = subject.strip_suffix("#status") {
            return Some(Key::Cluster(cluster.parse().ok()?));
        }
        let (project, vpc) = subject.split_once("#vpc-statuses/")?;
        Some(Key::SharedVpc { project: project.parse().ok()?, location: self.region.clone(), vpc: vpc.parse().ok()? })
    }

    /// Whether nothing else was wished of a cluster lately.
    fn wished_to_run(&self, uid: RequestId, at: u64) -> bool {
        let wishes = self.wishes.get(&uid).map_or(&[][..], Vec::as_slice);
        let ends = wishes.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
        wishes
            .iter()
            .zip(ends)
            .all(|((since, wish), end)| *wish == Wish::Run || *since > at || end.saturating_add(ACTED_ON_MS) < at)
    }

    /// Every record is left to judge by, and read again from the first they give the same bytes.
    fn is_whole(&self, world: &World) {
        let log = Log::Region(self.region.clone());
        let Some(state) = final_state(world, &log) else { return };
        if state.seq != self.folded.seq {
            world
                .trace
                .violate("fold", format!("{} of {} records of {log} are left to judge by", self.folded.seq, state.seq));
        } else if state.digest() != self.folded.digest() {
            world.trace.violate("fold", format!("the records of {log} give another state than its members have"));
        }
    }
}

fn gone() -> Status {
    let (conditions, constraints) = Default::default();
    Status { state: State::Deleted, health: Health::Healthy, conditions, constraints, phases: None }
}

/// Every record of a log, from a member that has all of them.
async fn records(world: &Arc<World>, log: &Log) -> Vec<(Record, Proposal)> {
    let Some(until) = final_state(world, log).map(|state| state.seq) else { return Vec::new() };
    let members = world.members();
    let holder = members.iter().find_map(|member| {
        let (region, scope) = world.region(*member)?;
        (region.ledger().copy(log)?.cell.seq() >= until).then_some((region, scope))
    });
    let Some((region, scope)) = holder else { return Vec::new() };
    let Some(mut feed) = region.watch(log, Seq::ZERO) else { return Vec::new() };
    let read = scope.spawn(async move {
        let mut all = Vec::new();
        while let Ok(item) = feed.next().await {
            if let FeedItem::Record { record, proposal, .. } = item {
                let last = record.seq >= until;
                all.push((record, *proposal));
                if last {
                    break;
                }
            }
        }
        all
    });
    read.await.unwrap_or_default()
}
