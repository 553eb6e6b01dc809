//! What is asked of the process, and what it answers: JSON by HTTP, one path.
//!
//! `POST /` with an [`Ask`]. 200 brings the answer that is named with the question, 422 a line that says why not, 400 that the question
//! did not read. Every answer has the header [`SIMULATED_HEADER`].
//!
//! ```text
//!   curl -d '"Status"' 127.0.0.1:7601
//! ```

use std::ops::Range;

use cloud_sim::{Delays, Tamper, Vices};
use ports::cloud::{CallSite, CloudRequest};
use serde::{Deserialize, Serialize};

/// Where `cloud-sim` listens, and where its commands ask, unless told otherwise.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7601";

/// On every answer, so that nobody takes it for a cloud's.
pub const SIMULATED_HEADER: (&str, &str) = ("simulated", "true");

/// Bytes of a question. The longest call has 16 KiB of user data, and a thousand ids.
pub const ASK_BYTES_MAX: usize = 1 << 20;

/// Bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 256 << 20;

/// One question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// A call of the port: `Result<CloudReply, CloudError>`, after as long as a cloud takes.
    Call { at: CallSite, request: CloudRequest },
    /// Something done behind the service's back: [`Place`](cloud_sim::Place), where it was done.
    Tamper(Tamper),
    /// Knobs to be turned, as `key` and `value`: all of them or none. [`Knobs`], as they are then.
    Turn(Vec<(String, String)>),
    /// [`reports::Status`](crate::reports::Status).
    Status,
    /// The accounts that exist: a list of [`AccountId`](ports::cloud::AccountId).
    Accounts,
    /// A list of [`reports::Machine`](crate::reports::Machine).
    Machines,
    /// Within Unix seconds: a list of [`reports::Charge`](crate::reports::Charge).
    Bill(Range<u64>),
    /// [`reports::Findings`](crate::reports::Findings). `owner` is the key of the tag that says whose a resource is.
    Audit { owner: Option<String> },
}

/// Everything about a cloud that changes while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    pub vices: Vices,
    pub delays: Delays,
}
