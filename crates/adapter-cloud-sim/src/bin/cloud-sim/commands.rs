//! Commands to a process that runs: ask, and print what it answers.

use std::{process::ExitCode, time::Duration};

use adapter_cloud_sim::{
    Ask, AskError, Caller,
    protocol::Knobs,
    reports::{Charge, Findings, Machine, Status},
};
use cloud_sim::{Place, Tamper};
use ports::{
    TaskScope,
    cloud::{AccountId, InstanceId, InstanceType, InternetGatewayId, ResourceId, SecurityGroupId, Tag, VolumeId},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Asking, Output, Process, Resource, Tampering, Turning, failure::Failure, print};

/// A person waits.
const WITHIN: Duration = Duration::from_secs(30);

pub fn run(asking: Asking) -> Result<ExitCode, Failure> {
    match asking {
        Asking::Status(process) => process.show(&Ask::Status, print::status as fn(&Status) -> String),
        Asking::Accounts(process) => {
            process.show(&Ask::Accounts, |accounts: &Vec<AccountId>| print::accounts(accounts))
        }
        Asking::Machines { account, region, process } => {
            let mut machines: Vec<Machine> = process.ask(&Ask::Machines)?;
            machines.retain(|machine| {
                account.as_ref().is_none_or(|only| machine.account.to_string() == *only)
                    && region.as_ref().is_none_or(|only| machine.region.as_str() == only)
            });
            process.print(&machines, |machines| print::machines(machines))
        }
        Asking::Bill { from, to, by, process } => {
            let span = from.unwrap_or(0)..to.unwrap_or(u64::MAX);
            process.show(&Ask::Bill(span), |bill: &Vec<Charge>| print::bill(bill, by.as_deref()))
        }
        Asking::Audit { owner, process } => {
            let found: Findings = process.ask(&Ask::Audit { owner })?;
            process.print(&found, print::audit)?;
            let sound = found.doubled.is_empty() && found.orphans.is_empty();
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Asking::Vices(Turning::Show(process)) => {
            process.show(&Ask::Status, |status: &Status| print::knobs(&status.knobs))
        }
        Asking::Vices(Turning::Set { turns, process }) => {
            process.show(&Ask::Turn(turns), print::knobs as fn(&Knobs) -> String)
        }
        Asking::Tamper(tampering) => {
            let (resource, tamper) = tamper(tampering);
            let id = &resource.id;
            resource.process.show(&Ask::Tamper(tamper), |place: &Place| {
                format!("done to {id} in {place}, behind everybody's back\n")
            })
        }
    }
}

fn tamper(tampering: Tampering) -> (Resource, Tamper) {
    let instance = |of: &Resource| InstanceId::new(&*of.id);
    let group = |of: &Resource| SecurityGroupId::new(&*of.id);
    let tamper = match &tampering {
        Tampering::Kill(of) => Tamper::Kill(instance(of)),
        Tampering::Stop(of) => Tamper::Stop(instance(of)),
        Tampering::Impair(of) => Tamper::Impair(instance(of)),
        Tampering::MakePublic(of) => Tamper::MakePublic(instance(of)),
        Tampering::SwapRoot(of) => Tamper::SwapRoot(instance(of)),
        Tampering::Retype { resource, instance_type } => {
            Tamper::Retype(instance(resource), InstanceType::new(instance_type.as_str()))
        }
        Tampering::OpenGroup(of) => Tamper::OpenGroup(group(of)),
        Tampering::CloseGroup(of) => Tamper::CloseGroup(group(of)),
        Tampering::DestroyVolume(of) => Tamper::DestroyVolume(VolumeId::new(&*of.id)),
        Tampering::DetachGateway(of) => Tamper::DetachGateway(InternetGatewayId::new(&*of.id)),
        Tampering::SetTag { resource, tag: (key, value) } => Tamper::SetTag(
            ResourceId::new(&*resource.id),
            Tag { key: key.as_str().into(), value: value.as_str().into() },
        ),
        Tampering::RemoveTag { resource, key } => Tamper::RemoveTag(ResourceId::new(&*resource.id), key.clone()),
    };
    let (Tampering::Kill(resource)
    | Tampering::Stop(resource)
    | Tampering::Impair(resource)
    | Tampering::MakePublic(resource)
    | Tampering::SwapRoot(resource)
    | Tampering::Retype { resource, .. }
    | Tampering::OpenGroup(resource)
    | Tampering::CloseGroup(resource)
    | Tampering::DestroyVolume(resource)
    | Tampering::DetachGateway(resource)
    | Tampering::SetTag { resource, .. }
    | Tampering::RemoveTag { resource, .. }) = tampering;
    (resource, tamper)
}

impl Process {
    fn ask<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let caller = Caller::new(self.at, WITHIN, TaskScope::default());
        let asked = runtime.map_err(|error| Failure::start(&error))?.block_on(caller.ask(ask));
        asked.map_err(|error| match error {
            AskError::InDoubt { .. } => Failure::failed(error.to_string()),
            AskError::NotSent { .. } | AskError::No(_) => Failure::start(&error),
        })
    }

    fn print<T: Serialize>(&self, what: &T, table: impl FnOnce(&T) -> String) -> Result<ExitCode, Failure> {
        let json = || serde_json::to_string_pretty(what).map_err(|error| Failure::failed(error.to_string()));
        match self.output {
            Output::Table => print::out(&table(what)),
            Output::Json => print::out(&(json()? + "\n")),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show<T: Serialize + DeserializeOwned>(
        &self,
        ask: &Ask,
        table: impl FnOnce(&T) -> String,
    ) -> Result<ExitCode, Failure> {
        let answer: T = self.ask(ask)?;
        self.print(&answer, table)
    }
}
