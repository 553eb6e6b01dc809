//! W3C trace contexts: what makes the work of one call, in every region that it reaches, one trace.
//!
//! Every call carries one, the same over all its tries. The client records no spans of its own: where its caller has a trace, the
//! caller's span is the parent of whatever the regions record ([`crate::Client::traced`]).

use std::{fmt, str::FromStr};

use tonic::metadata::{Ascii, MetadataValue};
use uuid::Uuid;

/// Which trace, and whose span in it is the parent of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    /// Asks everybody to record it. Without it each region's own share decides.
    sampled: bool,
}

impl TraceContext {
    /// A new trace that everybody is asked to record.
    #[must_use]
    pub fn begin() -> Self {
        Self { sampled: true, ..Self::unasked() }
    }

    /// A new trace for a call whose caller has none: whether it is recorded is left to the regions.
    pub(crate) fn unasked() -> Self {
        // The low half of an id of version 7 is drawn, but for its two highest bits: `10`, so it is never 0.
        let (_, span_id) = Uuid::now_v7().as_u64_pair();
        Self { trace_id: Uuid::now_v7().as_u128(), span_id, sampled: false }
    }

    /// Names the trace in a collector: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    pub(crate) fn metadata(&self) -> Option<MetadataValue<Ascii>> {
        self.to_string().parse().ok()
    }
}

/// A `traceparent` of version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// Text that is no trace context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the trace context {input:?}: wanted \"00-\", 32 and 16 hexadecimal digits in lower case, not all 0, and flags"
)]
pub struct TraceContextError {
    pub input: String,
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(input: &str) -> Result<Self, TraceContextError> {
        read(input).ok_or_else(|| TraceContextError { input: input.chars().take(80).collect() })
    }
}

fn read(text: &str) -> Option<TraceContext> {
    let lower = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = text.split('-');
    let mut part = |digits: usize| parts.next().filter(|part| part.len() == digits && lower(part));
    let ("00", trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?) else { return None };
    let (trace_id, span_id) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    let whole = parts.next().is_none() && trace_id != 0 && span_id != 0;
    whole.then_some(TraceContext { trace_id, span_id, sampled })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_survives_its_text() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!((context.to_string().as_str(), context.trace_id().as_str()), (text, &text[3..35]));
        assert_eq!(text.replace("-01", "-00").parse::<TraceContext>().unwrap().to_string(), text.replace("-01", "-00"));
    }

    #[test]
    fn what_is_begun_is_a_context_of_its_own() {
        let one = TraceContext::begin();
        assert_eq!(one.to_string().parse(), Ok(one));
        let other = TraceContext::unasked();
        assert_eq!(other.to_string().parse(), Ok(other));
        assert_ne!((one.trace_id, one.span_id), (other.trace_id, other.span_id));
    }

    #[test]
    fn what_is_no_context_is_refused() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let zero = good.replace("b7ad6b7169203331", "0000000000000000");
        for text in
            ["", "00", &good[..54], &good.to_uppercase(), &format!("{good}-00"), &good.replacen('0', "f", 2), &zero]
        {
            assert!(text.parse::<TraceContext>().is_err(), "{text:?} was taken");
        }
    }
}
