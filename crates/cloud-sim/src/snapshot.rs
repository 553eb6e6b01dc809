//! The whole cloud as bytes, so that the process that hosts it may restart.
//!
//! Three lines: what this is and its version, the SHA-256 of the third, and the state as JSON. Anything else is refused: half a cloud is
//! worse than none.

use sha2::{Digest, Sha256};

use crate::Sim;

const TITLE: &str = "atoll simulated cloud, version 1";

/// Bytes that are no snapshot of this version.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("restored a simulated cloud: wanted the line {TITLE:?}, a checksum and the state, found {found:?}")]
    Title { found: String },
    #[error("restored a simulated cloud: its checksum is {computed}, {written} was written down")]
    Checksum { written: String, computed: String },
    #[error("restored a simulated cloud: its state does not read")]
    State(#[from] serde_json::Error),
}

impl Sim {
    /// Everything: options, resources, what is due, the audit and the bill.
    ///
    /// # Errors
    /// None that is known of: every part of the state has a form in JSON.
    pub fn snapshot(&self) -> Result<Vec<u8>, serde_json::Error> {
        // One buffer: the state may be hundreds of megabytes. The checksum is put where its room was left.
        let mut bytes = format!("{TITLE}\n").into_bytes();
        let room = bytes.len()..bytes.len() + 64;
        bytes.resize(room.end, b'0');
        bytes.push(b'\n');
        serde_json::to_writer(&mut bytes, self)?;
        let sum = checksum(bytes.get(room.end + 1..).unwrap_or_default());
        bytes.splice(room, sum.bytes()).for_each(drop);
        Ok(bytes)
    }

    /// The cloud that a snapshot was taken of.
    ///
    /// # Errors
    /// [`RestoreError`] for anything but the bytes of a snapshot of this version.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
        let (title, written, state) = (lines.next(), lines.next(), lines.next());
        let (Some(written), Some(state), true) = (written, state, title == Some(TITLE.as_bytes())) else {
            let found: String = String::from_utf8_lossy(title.unwrap_or_default()).chars().take(80).collect();
            return Err(RestoreError::Title { found });
        };
        let computed = checksum(state);
        if written != computed.as_bytes() {
            let written = String::from_utf8_lossy(written).chars().take(80).collect();
            return Err(RestoreError::Checksum { written, computed });
        }
        Ok(serde_json::from_slice(state)?)
    }
}

fn checksum(state: &[u8]) -> String {
    Sha256::digest(state).iter().map(|byte| format!("{byte:02x}")).collect()
}
