//! Who may do what in one organization, compiled so that asking costs a few microseconds, and so that a change can be looked at before it
//! is made.
//!
//! Map: [`table`] every right and every role · [`right`], [`role`], [`name`] their vocabulary, and that of nodes and members · [`change`]
//! what an arena is made from · [`arena`] the compiled whole · [`check`] the question that is asked most · [`who`] questions about many ·
//! [`explain`] why · [`blast`] what a change would do · [`plan`] and that what is committed is what was looked at · [`refusal`] why a change
//! is not made · `standing`, `slots` what these are built on.
//!
//! **Architecture invariant:** no clock: whoever asks says when it is. **Architecture invariant:** what is not known gives nobody anything.
//! **Architecture invariant:** a revoke wins over every grant, except for the one identity that breaks glass. **Architecture invariant:** the
//! answers depend on what was applied, not on the order in which independent logs brought it.

pub mod arena;
pub mod blast;
pub mod change;
pub mod check;
pub mod explain;
pub mod name;
pub mod plan;
pub mod refusal;
pub mod right;
pub mod role;
mod slots;
mod standing;
pub mod table;
pub mod who;

pub use arena::Arena;
pub use blast::{Blast, Class as BlastClass, Difference};
pub use change::{Binding, Change, Group, Record, Revoke, RevokeId};
pub use check::{Decision, Denial};
pub use explain::{Cited, Explanation, Grounds, Membership, Placed, Why, Would};
pub use name::{Caller, Member, MemberError, MemberKind, NamespaceName, NodeName, Place};
pub use plan::{PlanToken, Preview, Stage, Stale};
pub use refusal::Refusal;
pub use right::{Class, Kind, KindError, Kinds, RightError, Rights};
pub use role::{CustomRole, Predefined, PredefinedRole, RoleError, RoleName};
pub use table::{ROLES, Right};
pub use who::Policy;
