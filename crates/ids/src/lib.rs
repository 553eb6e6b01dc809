//! Typed ids, resource names, positions, revisions and limits: the words every other crate speaks.
//!
//! Map: [`name`] resource names and their grammar · [`subject`] keys of the rows of a log · [`log`] which log, where in it ·
//! [`id`] members, requests, hashes · [`account`] cloud accounts · [`hlc`] hybrid logical time · [`cidr`] address ranges ·
//! [`limits`] every bound on input.
//!
//! **Architecture invariant:** no behaviour beyond parsing, printing and ordering. Nothing here reads a clock, draws a random
//! number, allocates without bound or knows protobuf.

pub mod account;
pub mod cidr;
pub mod hlc;
pub mod id;
pub mod limits;
pub mod log;
pub mod name;
pub mod subject;
#[cfg(feature = "serde")]
mod text;

pub use account::AccountId;
pub use cidr::{Cidr, CidrError};
pub use hlc::Hlc;
pub use id::{Hash, MemberId, RequestId, RingId};
pub use log::{Incarnation, Log, Position, Revision, Seq, Token};
pub use name::{
    ClusterName, ContainerName, FolderName, GroupName, IdentityProviderName, Label, NameError, OrganizationName,
    ProjectName, RegionId, ResourceName, RevokeName, RoleId, ServiceAccountName,
};
pub use subject::{Subject, SubjectError};
