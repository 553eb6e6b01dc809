//! How strong a read is.

/// The two levels that both systems have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What the member that is asked has: `LOCAL`; etcd calls it serializable.
    Local,
    /// Everything that anyone was told before.
    Linearizable,
}
