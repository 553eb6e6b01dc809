//! Spans of one request, wherever it comes by.
//!
//! A request that is traced carries a W3C trace context, `traceparent`: in its submission, in the proposal and so in the record, to every
//! member of every region. [`crate::trace_span`] makes a span for one step of it. The step may run on another task, another member or
//! another continent than the one before, so the span names its parent by a *field*, and no crate here knows of a tracing product.
//!
//! The contract with a binary's tracing layer:
//! - Spans have the target [`TARGET`], level INFO, and one of the names `region.submit`, `region.relay`, `region.read`,
//!   `ledger.decide`, `ledger.propose`, `ledger.apply`.
//! - A span with the field [`PARENT_FIELD`] is a child of that remote context and of nothing else: it is a root as far as `tracing`
//!   goes. All steps of a request are thus siblings below the span that its caller put into the submission.
//! - A span without that field (`region.read`) is a child of the current span, and is made only where there is one.
//! - Other fields are `log`, `request_id`, `member`, `seq`, all as text or number.
//!
//! It must cost nothing where nobody looks, because records are applied by the ten thousand a second: no span is made unless the
//! context says that it is sampled ([`sampled`]) and a subscriber wants it. It has no effect on what a member does.

pub use tracing;

/// The target of every span made here.
pub const TARGET: &str = "atoll::trace";
/// The field that names the remote parent.
pub const PARENT_FIELD: &str = "traceparent";

/// Bytes of a version 00 trace context: two digits, 32, 16 and two, with dashes between.
const TRACEPARENT_BYTES: usize = 55;

/// Whether `traceparent` is a trace context whose caller records it (W3C Trace Context, section 3.2: the lowest bit of the flags).
pub fn sampled(traceparent: &str) -> bool {
    // Most are empty, and nothing more is looked at then. Of later versions, the first 55 bytes mean the same.
    let bytes = traceparent.as_bytes();
    let flags = bytes.get(TRACEPARENT_BYTES - 1).and_then(|digit| char::from(*digit).to_digit(16));
    flags.is_some_and(|flags| flags & 1 == 1)
}

/// A span for one step of a request: its name, the request's `traceparent`, and fields. Disabled, unless it is wanted.
///
/// ```
/// let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let span = ports::trace_span!("ledger.apply", traceparent, log = "global", seq = 7_u64);
/// span.in_scope(|| ());
/// ```
#[macro_export]
macro_rules! trace_span {
    ($name:literal, $traceparent:expr $(, $($fields:tt)*)?) => {{
        let traceparent: &str = $traceparent;
        if $crate::trace::sampled(traceparent) {
            $crate::trace::tracing::info_span!(
                target: $crate::trace::TARGET, parent: None, $name, traceparent = traceparent $(, $($fields)*)?
            )
        } else {
            $crate::trace::tracing::Span::none()
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_context_that_its_caller_records_is_sampled() {
        let sampled_one = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(sampled(sampled_one));
        assert!(sampled(&format!("{}3", &sampled_one[..54])));
        for other in ["", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "é".repeat(40).as_str()] {
            assert!(!sampled(other), "{other:?}");
        }
    }
}
