//! Which Kubernetes version: the one that was asked for, the one that the cluster has, or the newest of the channel.

use domain::catalog::{Channel, Key, KubernetesVersion, Support, Value, Version};

use super::{Computed, Draft};
use crate::{Refusal, VersionWish, Warning};

impl Draft<'_> {
    pub(super) fn decide_version(&mut self) -> Result<KubernetesVersion, Refusal> {
        let has = self.inputs.current.map(|current| current.version);
        let wish = match self.request.options.version {
            Some(VersionWish::Exactly(version)) if has != Some(version) => Some(version),
            _ => None,
        };
        let taken = match wish.map(|wish| self.take_version(wish)) {
            Some(Ok(version)) => Some(version),
            Some(Err(refusal)) => {
                self.object(refusal)?;
                None
            }
            None => None,
        };
        let version = match (taken, has) {
            (Some(version), _) => version,
            (None, Some(version)) => {
                let value = Value::Word(version.to_string());
                let from: &[Key] = if wish.is_some() { &[Key::VersionChannel] } else { &[] };
                self.keep(Key::VersionKubernetes, value, "the cluster has it, until another is asked for", from);
                version
            }
            (None, None) => self.choose_version()?,
        };
        let late = self.inputs.catalog.versions.get(&version).filter(|known| known.standard_end < self.inputs.today);
        self.warnings.extend(late.map(|known| Warning::ExtendedSupport { version, until: known.extended_end }));
        Ok(version)
    }

    /// Published in the region, and supported in the way that `supported` says, newest first.
    fn versions(&self, supported: impl Fn(&Version) -> bool) -> Vec<KubernetesVersion> {
        let here = |version: &Version| version.published.contains(&self.request.name.location);
        let versions = self.inputs.catalog.versions.iter().rev();
        versions.filter(|(_, version)| here(version) && supported(version)).map(|(id, _)| *id).collect()
    }

    /// Everything that may be asked for here today.
    fn accepted(&self) -> Vec<String> {
        let today = self.inputs.today;
        let versions = self.versions(|version| matches!(version.support(today), Support::Standard | Support::Extended));
        versions.iter().map(ToString::to_string).collect()
    }

    fn choose_version(&mut self) -> Result<KubernetesVersion, Refusal> {
        let today = self.inputs.today;
        let channel = Channel::ALL.into_iter().find(|channel| self.is(Key::VersionChannel, channel.as_str()));
        let channel = channel.unwrap_or(Channel::Stable);
        let has =
            |version: &Version| version.channels.contains(&channel) && version.support(today) == Support::Standard;
        let versions = self.versions(has);
        let Some((version, others)) = versions.split_first() else {
            let (region, accepted) = (self.request.name.location.clone(), self.accepted());
            return Err(Refusal::NoVersionInChannel { channel, region, today, accepted });
        };
        self.compute(Computed {
            key: Key::VersionKubernetes,
            rule: "newest-in-channel",
            value: Value::Word(version.to_string()),
            because: format!("the newest in the channel {channel} that is published here and in standard support"),
            alternatives: others.iter().map(ToString::to_string).collect(),
            from: &[Key::VersionChannel],
        });
        Ok(*version)
    }

    /// The version that was asked for. Where a policy limits channels, it must be in one of those.
    fn take_version(&mut self, given: KubernetesVersion) -> Result<KubernetesVersion, Refusal> {
        let accepted = self.accepted();
        let Some(version) = self.inputs.catalog.versions.get(&given) else {
            return Err(Refusal::UnknownVersion { given, accepted });
        };
        let (today, ended) = (self.inputs.today, version.extended_end);
        if !version.published.contains(&self.request.name.location) || today < version.released {
            let region = self.request.name.location.clone();
            return Err(Refusal::VersionNotInRegion { given, region, accepted });
        }
        if ended < today {
            return Err(Refusal::VersionEnded { given, ended, accepted });
        }
        let limit = crate::policy::Ruling::of(self.inputs.policies, Key::VersionChannel, &Value::Word(String::new()));
        let word = |channel: &Channel| Value::Word(channel.to_string());
        let allowed = |channel: &Channel| limit.broken(&word(channel)).is_none();
        if let Some((by, says)) = limit.limits().next()
            && !version.channels.iter().any(allowed)
        {
            let (given, by) = (given.to_string(), Box::new(by.clone()));
            let accepted = format!("a version of the channel {}", says.allowed());
            return Err(Refusal::OverrideForbidden { key: Key::VersionKubernetes, given, by, accepted });
        }
        self.asked(Key::VersionKubernetes, Value::Word(given.to_string()), &[Key::VersionChannel]);
        Ok(given)
    }
}
