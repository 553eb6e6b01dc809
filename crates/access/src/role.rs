//! Roles: named sets of rights, with the kinds of nodes where each may be bound.

use std::{fmt, str::FromStr};

use ids::Label;

use crate::{Class, Kinds, ROLES, Right, Rights};

/// One row of the table. It holds the rights of `classes` that are asked on the kinds it `covers`, and those in `also`.
#[derive(Clone, Copy, Debug)]
pub struct PredefinedRole {
    pub name: &'static str,
    /// Kinds of nodes on which it may be bound.
    pub bound_at: Kinds,
    pub covers: Kinds,
    pub classes: &'static [Class],
    pub also: &'static [Right],
    /// It is bound for a time only: a binding of it names an end.
    pub must_end: bool,
}

impl PredefinedRole {
    pub fn rights(&self) -> Rights {
        let held = |right: &Right| {
            self.also.contains(right) || (self.covers.contains(right.kind()) && self.classes.contains(&right.class()))
        };
        Right::ALL.iter().copied().filter(held).collect()
    }
}

/// A role that an organization made for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    pub name: Label,
    pub rights: Rights,
    /// Its scopes: kinds of nodes on which it may be bound.
    pub bound_at: Kinds,
}

/// `{predefined}`, such as `cluster.edit`, or `custom/{r}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleName {
    /// The name of a row of the table. Made by parsing only, so that it is one.
    Predefined(Predefined),
    Custom(Label),
}

/// The name of a predefined role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Predefined(&'static str);

impl Predefined {
    pub(crate) fn of(role: &PredefinedRole) -> Self {
        Self(role.name)
    }
}

/// Text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the role {input:?}: wanted a predefined one such as cluster.edit, or custom/{{role}}")]
pub struct RoleError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl FromStr for RoleName {
    type Err = RoleError;

    fn from_str(input: &str) -> Result<Self, RoleError> {
        let error = || RoleError { input: input.chars().take(80).collect() };
        if let Some(label) = input.strip_prefix("custom/") {
            return label.parse().map(Self::Custom).map_err(|_| error());
        }
        let role = ROLES.iter().find(|role| role.name == input).ok_or_else(error)?;
        Ok(Self::Predefined(Predefined::of(role)))
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Predefined(Predefined(name)) => f.write_str(name),
            Self::Custom(label) => write!(f, "custom/{label}"),
        }
    }
}
