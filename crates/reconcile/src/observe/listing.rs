//! Lists of what is in an account, kind by kind: everything with our tag, or what one key owns.

use std::collections::{BTreeMap, BTreeSet};

use ids::{AccountId, RequestId};
use planner::plan::{CloudId, Part, Time};
use ports::cloud::*;

use crate::{caller::Caller, mark};

/// A resource as the cloud told it; what it tells by another call only, where that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    Vpc(Vpc),
    Gateway(InternetGateway),
    Subnet(Subnet),
    Address(Address),
    Nat(NatGateway),
    RouteTable(RouteTable),
    Group(SecurityGroup),
    /// With its targets.
    TargetGroup(TargetGroup, Option<BTreeSet<CloudId>>),
    /// With whether it listens.
    Balancer(LoadBalancer, Option<bool>),
    Template(LaunchTemplate),
    Volume(Volume),
    /// With whether it is impaired.
    Machine(Box<Instance>, Option<bool>),
}

/// What is listed by one kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Vpcs,
    Gateways,
    Subnets,
    Addresses,
    Nats,
    RouteTables,
    Groups,
    TargetGroups,
    Balancers,
    Templates,
    Volumes,
    Machines,
}

/// All of one kind that belongs to one key, as of the moment before it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub at: Time,
    /// The same moment, in Unix milliseconds.
    pub at_ms: u64,
    pub things: BTreeMap<CloudId, Thing>,
}

impl Listing {
    pub fn new(at_ms: u64, things: BTreeMap<CloudId, Thing>) -> Self {
        Self { at: Time(at_ms / 1000), at_ms, things }
    }
}

/// Whose things are listed.
pub(crate) enum Scope {
    All,
    /// Load balancers and their groups have no filters: they are asked for by the names that they can have.
    Owner {
        uid: RequestId,
        names: Vec<String>,
    },
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vpcs => "VPCs",
            Self::Gateways => "internet gateways",
            Self::Subnets => "subnets",
            Self::Addresses => "addresses",
            Self::Nats => "NAT gateways",
            Self::RouteTables => "route tables",
            Self::Groups => "security groups",
            Self::TargetGroups => "target groups",
            Self::Balancers => "load balancers",
            Self::Templates => "launch templates",
            Self::Volumes => "volumes",
            Self::Machines => "machines",
        }
    }

    pub const ALL: [Self; 12] = [
        Self::Vpcs,
        Self::Gateways,
        Self::Subnets,
        Self::Addresses,
        Self::Nats,
        Self::RouteTables,
        Self::Groups,
        Self::TargetGroups,
        Self::Balancers,
        Self::Templates,
        Self::Volumes,
        Self::Machines,
    ];

    /// What each survey lists: what runs, and who may reach it. The rest is listed by some.
    pub const OFTEN: [Self; 2] = [Self::Groups, Self::Machines];

    /// None of what is no resource of this key's.
    pub fn of(part: &Part) -> Option<Self> {
        Some(match part {
            Part::Network | Part::Credential(_) => return None,
            Part::Vpc => Self::Vpcs,
            Part::InternetGateway => Self::Gateways,
            Part::Subnet { .. } => Self::Subnets,
            Part::Address { .. } => Self::Addresses,
            Part::Nat { .. } => Self::Nats,
            Part::RouteTable { .. } => Self::RouteTables,
            Part::SecurityGroup(_) => Self::Groups,
            Part::TargetGroup => Self::TargetGroups,
            Part::Balancer => Self::Balancers,
            Part::Template(_) => Self::Templates,
            Part::Volume(_) => Self::Volumes,
            Part::Machine(_) => Self::Machines,
        })
    }
}

impl Thing {
    pub fn id(&self) -> CloudId {
        CloudId::from(match self {
            Self::Vpc(of) => of.id.as_str(),
            Self::Gateway(of) => of.id.as_str(),
            Self::Subnet(of) => of.id.as_str(),
            Self::Address(of) => of.id.as_str(),
            Self::Nat(of) => of.id.as_str(),
            Self::RouteTable(of) => of.id.as_str(),
            Self::Group(of) => of.id.as_str(),
            Self::TargetGroup(of, _) => of.arn.as_str(),
            Self::Balancer(of, _) => of.arn.as_str(),
            Self::Template(of) => of.id.as_str(),
            Self::Volume(of) => of.id.as_str(),
            Self::Machine(of, _) => of.id.as_str(),
        })
    }

    pub fn tags(&self) -> &Tags {
        match self {
            Self::Vpc(of) => &of.tags,
            Self::Gateway(of) => &of.tags,
            Self::Subnet(of) => &of.tags,
            Self::Address(of) => &of.tags,
            Self::Nat(of) => &of.tags,
            Self::RouteTable(of) => &of.tags,
            Self::Group(of) => &of.tags,
            Self::TargetGroup(of, _) => &of.tags,
            Self::Balancer(of, _) => &of.tags,
            Self::Template(of) => &of.tags,
            Self::Volume(of) => &of.tags,
            Self::Machine(of, _) => &of.tags,
        }
    }

    pub fn owner(&self) -> Option<RequestId> {
        self.tags().get(mark::OWNER)?.parse().ok()
    }

    pub fn part(&self) -> Option<Part> {
        let part = mark::part(self.tags().get(mark::PART)?)?;
        // A root volume has the tags of its machine.
        let root = matches!((self, &part), (Self::Volume(_), Part::Machine(_)));
        (!root).then_some(part)
    }
}

impl Scope {
    fn select<Id>(&self, token: Option<PageToken>) -> Describe<Id> {
        let filter = match self {
            Self::All => Filter::TagKey(vec![mark::OWNER.into()]),
            Self::Owner { uid, .. } => Filter::tag(mark::OWNER, uid.to_string()),
        };
        Describe { ids: Vec::new(), filters: vec![filter], page: PageRequest { size: Some(1000), token } }
    }
}

/// Asks for page after page.
macro_rules! pages {
    ($caller:expr, $account:expr, |$token:ident| $question:expr) => {{
        let (mut items, mut $token) = (Vec::new(), None);
        loop {
            let page = $caller.ask($account, $question).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => $token = Some(next),
                None => break items,
            }
        }
    }};
}

/// Everything of one kind in the scope. Of an incomplete list nothing is told.
pub(crate) async fn list(
    caller: &Caller,
    account: AccountId,
    kind: Kind,
    scope: &Scope,
) -> Result<Vec<Thing>, CloudError> {
    macro_rules! all {
        ($question:expr, $thing:expr) => {
            pages!(caller, account, |token| $question(scope.select(token))).into_iter().map($thing).collect()
        };
    }
    Ok(match kind {
        Kind::Vpcs => all!(DescribeVpcs, Thing::Vpc),
        Kind::Gateways => all!(DescribeInternetGateways, Thing::Gateway),
        // How many addresses are free is nobody's doing.
        Kind::Subnets => all!(DescribeSubnets, |of: Subnet| Thing::Subnet(Subnet { free_addresses: 0, ..of })),
        Kind::Addresses => all!(DescribeAddresses, Thing::Address),
        Kind::Nats => all!(DescribeNatGateways, Thing::Nat),
        Kind::RouteTables => all!(DescribeRouteTables, Thing::RouteTable),
        Kind::Groups => all!(DescribeSecurityGroups, Thing::Group),
        Kind::Templates => all!(DescribeLaunchTemplates, Thing::Template),
        Kind::Volumes => all!(DescribeVolumes, Thing::Volume),
        Kind::TargetGroups => target_groups(caller, account, scope).await?,
        Kind::Balancers => balancers(caller, account, scope).await?,
        Kind::Machines => machines(caller, account, scope).await?,
    })
}

async fn target_groups(caller: &Caller, account: AccountId, scope: &Scope) -> Result<Vec<Thing>, CloudError> {
    let page = |token| PageRequest { size: Some(400), token };
    let found = match scope {
        Scope::All => {
            pages!(caller, account, |token| DescribeTargetGroups { page: page(token), ..Default::default() })
        }
        Scope::Owner { names, .. } => {
            let mut found = Vec::new();
            for name in names {
                let names = vec![name.as_str().into()];
                let asked = caller.ask(account, DescribeTargetGroups { names, ..Default::default() }).await;
                found.extend(there(asked)?.into_iter().flat_map(|page| page.items));
            }
            found
        }
    };
    Ok(found.into_iter().map(|of| Thing::TargetGroup(of, None)).collect())
}

async fn balancers(caller: &Caller, account: AccountId, scope: &Scope) -> Result<Vec<Thing>, CloudError> {
    let page = |token| PageRequest { size: Some(400), token };
    let found = match scope {
        Scope::All => {
            pages!(caller, account, |token| DescribeLoadBalancers { page: page(token), ..Default::default() })
        }
        Scope::Owner { names, .. } => {
            let mut found = Vec::new();
            for name in names {
                let names = vec![name.as_str().into()];
                let asked = caller.ask(account, DescribeLoadBalancers { names, ..Default::default() }).await;
                found.extend(there(asked)?.into_iter().flat_map(|page| page.items));
            }
            found
        }
    };
    Ok(found.into_iter().map(|of| Thing::Balancer(of, None)).collect())
}

async fn machines(caller: &Caller, account: AccountId, scope: &Scope) -> Result<Vec<Thing>, CloudError> {
    let found: Vec<Instance> = pages!(caller, account, |token| DescribeInstances(scope.select(token)));
    let told = match scope {
        Scope::All => {
            let page = |token| PageRequest { size: Some(1000), token };
            pages!(caller, account, |token| DescribeInstanceStatus {
                select: Describe { ids: Vec::new(), filters: Vec::new(), page: page(token) },
                all: false,
            })
        }
        Scope::Owner { .. } => {
            let running = found.iter().filter(|of| of.state == InstanceState::Running);
            statuses(caller, account, running.map(|of| of.id.clone()).collect()).await
        }
    };
    let told: BTreeMap<InstanceId, bool> =
        told.iter().filter_map(|status| impaired(status).map(|is| (status.id.clone(), is))).collect();
    Ok(found
        .into_iter()
        .map(|of| {
            let impaired = told.get(&of.id).copied();
            Thing::Machine(Box::new(of), impaired)
        })
        .collect())
}

/// Status checks of these; none where they are not told, which is no reason not to tell the rest.
async fn statuses(caller: &Caller, account: AccountId, ids: Vec<InstanceId>) -> Vec<InstanceStatus> {
    let mut told = Vec::new();
    for ids in ids.chunks(100) {
        let select = Describe { ids: ids.to_vec(), ..Describe::default() };
        told.extend(
            caller
                .ask(account, DescribeInstanceStatus { select, all: false })
                .await
                .into_iter()
                .flat_map(|of| of.items),
        );
    }
    told
}

/// None where the checks have no result yet.
fn impaired(status: &InstanceStatus) -> Option<bool> {
    match (status.system, status.instance) {
        (Check::Impaired, _) | (_, Check::Impaired) => Some(true),
        (Check::Ok, Check::Ok) => Some(false),
        _ => None,
    }
}

/// One thing by its id; none where the cloud says that it does not exist, which may be too early to be true.
pub(crate) async fn fetch(
    caller: &Caller,
    account: AccountId,
    kind: Kind,
    id: &CloudId,
) -> Result<Option<Thing>, CloudError> {
    let text = id.0.clone();
    macro_rules! one {
        ($question:expr, $id:ident, $thing:expr) => {
            there(caller.ask(account, $question(Describe::id($id::new(text)))).await)?
                .and_then(|page| page.items.into_iter().next())
                .map($thing)
        };
    }
    Ok(match kind {
        Kind::Vpcs => one!(DescribeVpcs, VpcId, Thing::Vpc),
        Kind::Gateways => one!(DescribeInternetGateways, InternetGatewayId, Thing::Gateway),
        Kind::Subnets => one!(DescribeSubnets, SubnetId, Thing::Subnet),
        Kind::Addresses => one!(DescribeAddresses, AllocationId, Thing::Address),
        Kind::Nats => one!(DescribeNatGateways, NatGatewayId, Thing::Nat),
        Kind::RouteTables => one!(DescribeRouteTables, RouteTableId, Thing::RouteTable),
        Kind::Groups => one!(DescribeSecurityGroups, SecurityGroupId, Thing::Group),
        Kind::Templates => one!(DescribeLaunchTemplates, LaunchTemplateId, Thing::Template),
        Kind::Volumes => one!(DescribeVolumes, VolumeId, Thing::Volume),
        Kind::Machines => one!(DescribeInstances, InstanceId, |of| Thing::Machine(Box::new(of), None)),
        Kind::TargetGroups => {
            let arns = vec![TargetGroupArn::new(text)];
            there(caller.ask(account, DescribeTargetGroups { arns, ..Default::default() }).await)?
                .and_then(|page| page.items.into_iter().next())
                .map(|of| Thing::TargetGroup(of, None))
        }
        Kind::Balancers => {
            let arns = vec![LoadBalancerArn::new(text)];
            there(caller.ask(account, DescribeLoadBalancers { arns, ..Default::default() }).await)?
                .and_then(|page| page.items.into_iter().next())
                .map(|of| Thing::Balancer(of, None))
        }
    })
}

/// Asks what only another call tells; what is not answered stays unknown.
pub(crate) async fn detail(caller: &Caller, account: AccountId, thing: Thing) -> Thing {
    match thing {
        Thing::TargetGroup(of, None) => {
            let asked = caller.ask(account, DescribeTargetHealth { group: of.arn.clone() }).await.ok();
            let stays = |target: &TargetHealth| target.state != TargetState::Draining;
            let ids = |all: Vec<TargetHealth>| {
                all.into_iter().filter(stays).map(|target| CloudId::from(target.instance.as_str())).collect()
            };
            Thing::TargetGroup(of, asked.map(ids))
        }
        Thing::Balancer(of, None) => {
            let asked = caller.ask(account, DescribeListeners { balancer: of.arn.clone() }).await.ok();
            Thing::Balancer(of, asked.map(|all| !all.is_empty()))
        }
        other => other,
    }
}

/// None for a definite "does not exist".
fn there<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the cloud says that something named in the call does not exist.
pub(crate) fn not_found(error: &CloudError) -> bool {
    error.code().is_some_and(|code| code.as_str().ends_with("NotFound"))
}
