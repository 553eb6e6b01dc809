//! Rights, the kinds of nodes that they are asked on, and sets of either.

use std::{fmt, str::FromStr};

/// What a node of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Organization,
    Folder,
    Project,
    Cluster,
    Namespace,
}

impl Kind {
    /// From the root down.
    pub const ALL: [Self; 5] = [Self::Organization, Self::Folder, Self::Project, Self::Cluster, Self::Namespace];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization",
            Self::Folder => "folder",
            Self::Project => "project",
            Self::Cluster => "cluster",
            Self::Namespace => "namespace",
        })
    }
}

/// Text that is no kind of node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the kind of node {input:?}: wanted organization, folder, project, cluster or namespace")]
pub struct KindError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(input: &str) -> Result<Self, KindError> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == input);
        found.ok_or_else(|| KindError { input: input.chars().take(80).collect() })
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kinds(u8);

impl Kinds {
    pub const fn of(kinds: &[Kind]) -> Self {
        let (mut bits, mut rest) = (0, kinds);
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u8;
            rest = others;
        }
        Self(bits)
    }

    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, self.iter())
    }
}

/// What rights have in common across kinds of nodes; predefined roles are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Seeing a node, its access policy, what belongs to it.
    Read,
    /// What it used, and what it costs.
    Usage,
    /// Its log: who did what.
    Log,
    /// Credentials for Kubernetes, as far as the caller's rights go.
    Credentials,
    /// Making and changing, but neither who may do what nor whether it is there.
    Edit,
    /// Connections to networks of others.
    Connect,
    /// Who may do what, where it is, and its end.
    Administer,
}

/// Makes the enum of rights and what is known of each. Used by the table only.
macro_rules! rights {
    ($($right:ident $name:literal $kind:ident $class:ident,)*) => {
        /// One thing that may be done to a node of one kind. Its name is `{kind}.{verb}`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Right { $($right,)* }

        impl Right {
            /// In the order of the table.
            pub const ALL: &[Self] = &[$(Self::$right,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$right => $name,)* }
            }

            /// The kind of nodes that it is asked on.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$right => $kind,)* }
            }

            pub const fn class(self) -> Class {
                match self { $(Self::$right => $class,)* }
            }
        }

        // They are bits of one word.
        const _: () = assert!(Right::ALL.len() <= Rights::CAPACITY);
    };
}
pub(crate) use rights;

use crate::Right;

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Text that is no right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the right {input:?}: wanted one such as cluster.get")]
pub struct RightError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl FromStr for Right {
    type Err = RightError;

    fn from_str(input: &str) -> Result<Self, RightError> {
        let found = Self::ALL.iter().find(|right| right.name() == input);
        found.copied().ok_or_else(|| RightError { input: input.chars().take(80).collect() })
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rights(u64);

impl Rights {
    pub const NONE: Self = Self(0);
    pub(crate) const CAPACITY: usize = u64::BITS as usize;
    /// The rights asked on each kind, in the order of [`Kind::ALL`].
    const OF_KIND: [Self; 5] = [
        Self::asked_on(Kind::Organization),
        Self::asked_on(Kind::Folder),
        Self::asked_on(Kind::Project),
        Self::asked_on(Kind::Cluster),
        Self::asked_on(Kind::Namespace),
    ];

    const fn asked_on(kind: Kind) -> Self {
        let (mut rights, mut rest) = (Self::NONE, Right::ALL);
        while let [right, others @ ..] = rest {
            if right.kind() as u8 == kind as u8 {
                rights = rights.with(*right);
            }
            rest = others;
        }
        rights
    }

    /// Of these, the ones that are asked on nodes of `kind`.
    #[must_use]
    pub fn on(self, kind: Kind) -> Self {
        let [organization, folder, project, cluster, namespace] = Self::OF_KIND;
        self & match kind {
            Kind::Organization => organization,
            Kind::Folder => folder,
            Kind::Project => project,
            Kind::Cluster => cluster,
            Kind::Namespace => namespace,
        }
    }

    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u8)
    }

    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub const fn contains(self, right: Right) -> bool {
        self.0 & 1 << right as u8 != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.iter().copied().filter(move |right| self.contains(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        rights.into_iter().fold(Self::NONE, Self::with)
    }
}

impl std::ops::BitAnd for Rights {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl std::ops::BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Rights {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, self.iter())
    }
}

pub(crate) fn joined(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (at, item) in items.enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}
