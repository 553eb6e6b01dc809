//! The promise that what a client was built against stays: `proto/atoll/v1.lock`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where the product may not")]

mod lock;
