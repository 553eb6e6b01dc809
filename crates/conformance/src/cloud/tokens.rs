//! Client tokens: one effect, however often a call is made.

use ports::cloud::*;

use super::{
    Probe, Stage,
    instances::{at, by_id},
};
use crate::{Broken, broken::same};

const ONE: &str = "the same client token has one effect";
const OTHER: &str = "a client token with other parameters is refused";

pub async fn launches(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let run = stage.launch(probe, "token");
    let first = probe.done(ONE, run.clone()).await?;
    let again = probe.done(ONE, run.clone()).await?;
    same(ONE, &again.id, &first.id)?;
    same("an instance names its client token", &again.client_token, &run.client_token)?;
    let changed = RunInstances { user_data: Some("#cloud-config\n".into()), ..run.clone() };
    probe.refused(OTHER, changed, ErrorCode::IdempotentParameterMismatch).await?;
    let named = RunInstances { tags: probe.tags("another"), ..run.clone() };
    probe.refused(OTHER, named, ErrorCode::IdempotentParameterMismatch).await?;
    // In another zone it is another token.
    let [_, elsewhere] = &stage.subnets;
    let second = probe.done(ONE, RunInstances { subnet: elsewhere.clone(), ..run.clone() }).await?;
    if second.id == first.id {
        return Err(Broken::new("a client token counts within its zone", format!("answered {} in two", first.id)));
    }
    probe.done(ONE, TerminateInstances { ids: vec![first.id.clone(), second.id] }).await?;
    probe.until(ONE, by_id(&first.id), at(InstanceState::Terminated)).await?;
    let promise = "the token of a terminated instance launches nothing";
    probe.refused(promise, run, ErrorCode::IdempotentInstanceTerminated).await?;
    let wrong = RunInstances { client_token: ClientToken::new("x".repeat(65)), ..stage.launch(probe, "token") };
    let promise = "a client token has at most 64 characters";
    probe.refused(promise, wrong, ErrorCode::InvalidParameterValue).await
}

pub async fn other_kinds(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let [zone, _] = &probe.fixture.zones;
    let volume = CreateVolume {
        client_token: probe.token("volume"),
        zone: zone.clone(),
        size_gib: 1,
        volume_type: VolumeType::Gp3,
        iops: 3000,
        encrypted: true,
        tags: probe.tags("token"),
    };
    let first = probe.done(ONE, volume.clone()).await?;
    same("a volume is encrypted as asked", &first.encrypted, &true)?;
    same(ONE, &probe.done(ONE, volume.clone()).await?.id, &first.id)?;
    let larger = CreateVolume { size_gib: 2, ..volume };
    probe.refused(OTHER, larger, ErrorCode::IdempotentParameterMismatch).await?;
    let table =
        CreateRouteTable { client_token: probe.token("table"), vpc: stage.vpc.clone(), tags: probe.tags("token") };
    let first = probe.done(ONE, table.clone()).await?;
    same(ONE, &probe.done(ONE, table).await?.id, &first.id)?;
    let template = CreateLaunchTemplate {
        client_token: probe.token("template"),
        name: probe.name("template"),
        security_groups: vec![stage.group.clone()],
        user_data: None,
        root_volume: None,
        tags: probe.tags("token"),
    };
    let first = probe.done(ONE, template.clone()).await?;
    same(ONE, &probe.done(ONE, template.clone()).await?.id, &first.id)?;
    let duplicate = CreateLaunchTemplate { client_token: probe.token("template-2"), ..template };
    let promise = "a launch template has a name of its own";
    probe.refused(promise, duplicate, ErrorCode::InvalidLaunchTemplateNameAlreadyExists).await
}
