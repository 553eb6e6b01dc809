//! Black-box tests: real `region-node` and `atoll` processes, started, called, cut off, killed and looked at from outside.
//!
//! They are in `tests/it`. This library is empty: a package needs one target, and tests that only drive binaries need no code of
//! their own. `cargo xtask test` builds the binaries and runs them.
