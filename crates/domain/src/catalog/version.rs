//! Kubernetes versions and the channels that choose among them.

use std::{fmt, str::FromStr};

/// A Kubernetes version, `1.37.2`. Ordered as versions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    pub minor: u16,
    pub patch: u16,
}

/// Text that is not a version or a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the version {input:?}: wanted {wanted}")]
pub struct VersionError {
    /// What was given, cut at 80 characters.
    pub input: String,
    pub wanted: &'static str,
}

impl VersionError {
    fn new(input: &str, wanted: &'static str) -> Self {
        Self { input: input.chars().take(80).collect(), wanted }
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    fn from_str(input: &str) -> Result<Self, VersionError> {
        let number = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            text.parse::<u16>().ok().filter(|_| plain)
        };
        let parts = input.strip_prefix("1.").and_then(|rest| rest.split_once('.'));
        let version = parts.and_then(|(minor, patch)| Some(Self { minor: number(minor)?, patch: number(patch)? }));
        version.ok_or_else(|| VersionError::new(input, "1.MINOR.PATCH such as 1.37.2"))
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}.{}", self.minor, self.patch)
    }
}

/// How soon a cluster gets new minor versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    Rapid,
    Regular,
    Stable,
}

impl Channel {
    pub const ALL: [Self; 3] = [Self::Rapid, Self::Regular, Self::Stable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rapid => "rapid",
            Self::Regular => "regular",
            Self::Stable => "stable",
        }
    }
}

impl FromStr for Channel {
    type Err = VersionError;

    fn from_str(input: &str) -> Result<Self, VersionError> {
        let known = Self::ALL.into_iter().find(|channel| channel.as_str() == input);
        known.ok_or_else(|| VersionError::new(input, "the channel rapid, regular or stable"))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number_and_printed_as_parsed() {
        let parsed: Vec<KubernetesVersion> = ["1.9.0", "1.34.11", "1.37.2"].map(|text| text.parse().unwrap()).into();
        assert!(parsed.is_sorted());
        assert_eq!(parsed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1.9.0", "1.34.11", "1.37.2"]);
        for text in ["1.37", "v1.37.2", "2.0.0", "1.037.2", "1.37.-1", "1.37.2.1", ""] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        assert_eq!(Channel::ALL.map(|channel| channel.as_str().parse()), Channel::ALL.map(Ok));
    }
}
