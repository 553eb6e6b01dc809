//! A cloud with a VPC in one place, and calls to it.

use cloud_sim::{Options, Place, Sim};
use ports::cloud::*;

/// The first moment of 2026, in Unix milliseconds.
pub const START: u64 = 1_767_225_600_000;
pub const SECOND: u64 = 1000;
pub const HOUR: u64 = 3600 * SECOND;

pub struct World {
    pub sim: Sim,
    pub now: u64,
    pub site: CallSite,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub group: SecurityGroupId,
}

/// The accounts and regions of [`Options::small`].
pub fn site(account: u64, region: &str) -> CallSite {
    CallSite::new(format!("{account:012}").parse().unwrap(), CloudRegion::new(region))
}

pub fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| (*key, *value)).collect()
}

/// An answer, by the type of the action.
pub fn call<A: Action>(sim: &mut Sim, now: u64, site: &CallSite, action: A) -> Result<A::Reply, CloudError> {
    A::reply(sim.call(now, site, action.into()).told?).map_err(|other| panic!("answered {}", other.name()))
}

impl World {
    /// Set up before any vice shows.
    pub fn new(options: Options) -> Self {
        let vices = options.vices.clone();
        let mut sim = Sim::new(Options { vices: cloud_sim::Vices::off(), ..options });
        let site = site(1, "eu-west-1");
        let range = "10.0.0.0/16".parse().unwrap();
        let vpc = call(&mut sim, START, &site, CreateVpc { cidr: range, tags: Tags::default() }).unwrap().id;
        let zone = Zone::new("eu-west-1a");
        let subnet = CreateSubnet { vpc: vpc.clone(), zone, cidr: range, tags: Tags::default() };
        let subnet = call(&mut sim, START, &site, subnet).unwrap().id;
        let group =
            CreateSecurityGroup { vpc: vpc.clone(), name: "g".into(), description: "d".into(), tags: Tags::default() };
        let group = call(&mut sim, START, &site, group).unwrap();
        sim.set_vices(vices);
        Self { sim, now: START, site, vpc, subnet, group }
    }

    pub fn place(&self) -> Place {
        Place { account: self.site.account, region: self.site.region.clone() }
    }

    pub fn ask<A: Action>(&mut self, action: A) -> Result<A::Reply, CloudError> {
        call(&mut self.sim, self.now, &self.site, action)
    }

    pub fn pass(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        self.sim.advance(self.now);
    }

    pub fn launch(&self, token: &str) -> RunInstances {
        RunInstances {
            client_token: ClientToken::new(token),
            image: ImageId::new("ami-0000000000000x86"),
            instance_type: InstanceType::new("m7i.large"),
            subnet: self.subnet.clone(),
            security_groups: vec![self.group.clone()],
            launch_template: None,
            user_data: None,
            hibernation: false,
            public_address: false,
            tags: tags(&[("slot", token), (guest::GENERATION, "7")]),
        }
    }

    /// Launched, and running.
    pub fn running(&mut self, token: &str) -> InstanceId {
        let id = self.ask(self.launch(token)).unwrap().id;
        self.pass(60 * SECOND);
        assert_eq!(self.see(&id).state, InstanceState::Running);
        id
    }

    pub fn see(&mut self, id: &InstanceId) -> Instance {
        let page = self.ask(DescribeInstances(Describe::id(id.clone()))).unwrap();
        page.items.into_iter().next().unwrap()
    }
}

/// The code of a refusal for good.
pub fn code<T: std::fmt::Debug>(answer: Result<T, CloudError>) -> ErrorCode {
    answer.unwrap_err().code().cloned().unwrap()
}

/// Why an answer is no, for now.
pub fn trouble<T: std::fmt::Debug>(answer: Result<T, CloudError>) -> Trouble {
    match answer.unwrap_err() {
        CloudError::NotNow { trouble, .. } => trouble,
        other => panic!("{other}"),
    }
}
