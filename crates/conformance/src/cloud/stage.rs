//! What the checks share: a VPC with two subnets, a group and a gateway; and taking away everything that a run made.

use ports::cloud::*;

use super::{RUN, probe::Probe};
use crate::Broken;

const MADE: &str = "a creation answers with what was made, tagged as asked";
const CLEANED: &str = "what was made can be taken away, in the order of what depends on what";

pub struct Stage {
    pub vpc: VpcId,
    /// In two zones.
    pub subnets: [SubnetId; 2],
    pub group: SecurityGroupId,
    pub gateway: InternetGatewayId,
    pub table: RouteTableId,
}

impl Stage {
    pub async fn set(probe: &Probe<'_>) -> Result<Self, Broken> {
        let fixture = probe.fixture;
        let vpc = probe.done(MADE, CreateVpc { cidr: fixture.range, tags: probe.tags("stage") }).await?;
        tagged(&vpc.tags, probe)?;
        let [first, second] = &fixture.zones;
        let a = subnet(probe, &vpc.id, first, 0).await?;
        let b = subnet(probe, &vpc.id, second, 1).await?;
        let group = CreateSecurityGroup {
            vpc: vpc.id.clone(),
            name: probe.name("stage"),
            description: "conformance".into(),
            tags: probe.tags("stage"),
        };
        let group = probe.done(MADE, group).await?;
        let gateway = probe.done(MADE, CreateInternetGateway { tags: probe.tags("stage") }).await?;
        tagged(&gateway.tags, probe)?;
        let attach = AttachInternetGateway { gateway: gateway.id.clone(), vpc: vpc.id.clone() };
        probe.done("an internet gateway is attached to a VPC", attach).await?;
        let table = CreateRouteTable {
            client_token: probe.token("stage-table"),
            vpc: vpc.id.clone(),
            tags: probe.tags("stage"),
        };
        let table = probe.done(MADE, table).await?;
        tagged(&table.tags, probe)?;
        Ok(Self { vpc: vpc.id, subnets: [a, b], group, gateway: gateway.id, table: table.id })
    }

    /// A launch into the first subnet.
    pub fn launch(&self, probe: &Probe<'_>, name: &str) -> RunInstances {
        let [subnet, _] = &self.subnets;
        RunInstances {
            client_token: probe.token(name),
            image: probe.fixture.image.clone(),
            instance_type: probe.fixture.cheap_type.clone(),
            subnet: subnet.clone(),
            security_groups: vec![self.group.clone()],
            launch_template: None,
            user_data: None,
            hibernation: false,
            public_address: false,
            tags: probe.tags(name),
        }
    }
}

/// The `number`th /24 of the range.
pub fn part(range: Cidr, number: u32) -> Cidr {
    Cidr::around(range.first() + number * 256, 24)
}

/// A new subnet: the `number`th /24.
pub async fn subnet(probe: &Probe<'_>, vpc: &VpcId, zone: &Zone, number: u32) -> Result<SubnetId, Broken> {
    let cidr = part(probe.fixture.range, number);
    let create = CreateSubnet { vpc: vpc.clone(), zone: zone.clone(), cidr, tags: probe.tags("stage") };
    let subnet = probe.done(MADE, create).await?;
    tagged(&subnet.tags, probe)?;
    let free = (subnet.free_addresses, &subnet.zone);
    crate::broken::same("a fresh subnet has five addresses fewer than its range", &free, &(251, zone))?;
    Ok(subnet.id)
}

/// Whether the tag of this run is there.
pub fn tagged(tags: &Tags, probe: &Probe<'_>) -> Result<(), Broken> {
    crate::broken::same(MADE, &tags.get(RUN), &Some(probe.fixture.run.as_str()))
}

/// Takes away everything with this run's tag, and says so if the VPC does not go.
pub async fn clean(probe: &Probe<'_>) -> Result<(), Broken> {
    let until = probe.deadline(probe.fixture.patience.change * 2);
    // That nothing is listed proves nothing, so nothing has to be listed for a while.
    let quiet = || probe.deadline(probe.fixture.patience.settle / 4);
    let mut quiet_until = quiet();
    loop {
        let left = sweep(probe).await;
        if left > 0 {
            quiet_until = quiet();
        } else if probe.passed(quiet_until) {
            return Ok(());
        }
        if probe.passed(until) {
            return Err(Broken::new(CLEANED, format!("{left} resources are still there")));
        }
        probe.pause().await;
    }
}

/// One round of deletions, from what depends to what is depended on; how much was still there. A list that was not answered counts as
/// one thing: what is not known is not gone.
async fn sweep(probe: &Probe<'_>) -> usize {
    let mut left = 0;
    for balancer in balancers(probe, &mut left).await {
        left += 1;
        attempt(probe, DeleteLoadBalancer { arn: balancer }).await;
    }
    for arn in target_groups(probe, &mut left).await {
        left += 1;
        attempt(probe, DeleteTargetGroup { arn }).await;
    }
    let alive = |instance: &Instance| instance.state != InstanceState::Terminated;
    for instance in list(probe, &mut left, DescribeInstances(all(probe))).await.into_iter().filter(alive) {
        left += 1;
        attempt(probe, TerminateInstances { ids: vec![instance.id] }).await;
    }
    let alive = |nat: &NatGateway| !matches!(nat.state, NatGatewayState::Deleted | NatGatewayState::Failed);
    for nat in list(probe, &mut left, DescribeNatGateways(all(probe))).await.into_iter().filter(alive) {
        left += 1;
        attempt(probe, DeleteNatGateway { id: nat.id }).await;
    }
    left + sweep_network(probe).await
}

async fn sweep_network(probe: &Probe<'_>) -> usize {
    let mut left = 0;
    for address in list(probe, &mut left, DescribeAddresses(all(probe))).await {
        left += 1;
        attempt(probe, ReleaseAddress { id: address.id }).await;
    }
    for volume in list(probe, &mut left, DescribeVolumes(all(probe))).await {
        left += 1;
        attempt(probe, DeleteVolume { id: volume.id }).await;
    }
    for template in list(probe, &mut left, DescribeLaunchTemplates(all(probe))).await {
        left += 1;
        attempt(probe, DeleteLaunchTemplate { id: template.id }).await;
    }
    for subnet in list(probe, &mut left, DescribeSubnets(all(probe))).await {
        left += 1;
        attempt(probe, DeleteSubnet { id: subnet.id }).await;
    }
    for table in list(probe, &mut left, DescribeRouteTables(all(probe))).await {
        left += 1;
        attempt(probe, DeleteRouteTable { id: table.id }).await;
    }
    for group in list(probe, &mut left, DescribeSecurityGroups(all(probe))).await {
        left += 1;
        attempt(probe, DeleteSecurityGroup { id: group.id }).await;
    }
    for gateway in list(probe, &mut left, DescribeInternetGateways(all(probe))).await {
        left += 1;
        if let Some(vpc) = gateway.vpc {
            attempt(probe, DetachInternetGateway { gateway: gateway.id.clone(), vpc }).await;
        }
        attempt(probe, DeleteInternetGateway { id: gateway.id }).await;
    }
    for vpc in list(probe, &mut left, DescribeVpcs(all(probe))).await {
        left += 1;
        attempt(probe, DeleteVpc { id: vpc.id }).await;
    }
    left
}

fn all<Id>(probe: &Probe<'_>) -> Describe<Id> {
    Describe::filter(probe.ours())
}

/// What is listed now; what is not shows in another round. Whether it was answered at all is counted.
async fn list<A: Action<Reply = Page<T>>, T>(probe: &Probe<'_>, left: &mut usize, describe: A) -> Vec<T> {
    let listed = probe.fixture.cloud.ask(&probe.site, describe).await;
    *left += usize::from(listed.is_err());
    listed.map(|page| page.items).unwrap_or_default()
}

/// Refusals are no news here: another round tries again.
async fn attempt<A: Action>(probe: &Probe<'_>, delete: A) {
    let _ = probe.fixture.cloud.ask(&probe.site, delete).await;
}

async fn balancers(probe: &Probe<'_>, left: &mut usize) -> Vec<LoadBalancerArn> {
    let listed = list(probe, left, DescribeLoadBalancers::default()).await;
    let ours = |balancer: &LoadBalancer| balancer.tags.get(RUN) == Some(&probe.fixture.run);
    listed.into_iter().filter(ours).map(|balancer| balancer.arn).collect()
}

async fn target_groups(probe: &Probe<'_>, left: &mut usize) -> Vec<TargetGroupArn> {
    let listed = list(probe, left, DescribeTargetGroups::default()).await;
    let ours = |group: &TargetGroup| group.tags.get(RUN) == Some(&probe.fixture.run);
    listed.into_iter().filter(ours).map(|group| group.arn).collect()
}
