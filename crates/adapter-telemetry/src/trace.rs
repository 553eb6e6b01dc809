//! Spans of requests, for a collector.
//!
//! Only spans with the target [`TARGET`] are looked at. A span with the field `traceparent` (W3C Trace Context) is a child of that remote
//! context; one without is a child of the span around it. What is neither, or whose context is not sampled, is not recorded.
//! A span whose id others must know beforehand, because it is sent along as the parent of what follows, brings it in the field
//! `span_id`, 16 hexadecimal digits; all others get one here.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use prometheus_client::metrics::counter::Counter;
use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use tokio::sync::mpsc::Sender;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// The target of spans that belong to a request.
pub const TARGET: &str = "atoll::trace";

/// Where a span stands in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`; `None` for what is none. Of versions after 00, what is known of them is read.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let [_] = hex::<1>(version).filter(|_| known)?;
        let [flags] = hex::<1>(flags)?;
        let context = Self { trace_id: hex(trace)?, span_id: hex(span)?, sampled: flags & 1 == 1 };
        (context.trace_id != [0; 16] && context.span_id != [0; 8]).then_some(context)
    }

    /// The id of the span alone, as the field `span_id` wants it.
    pub fn span_id_text(&self) -> String {
        self.span_id.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("00-")?;
        self.trace_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("-")?;
        self.span_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "-{:02x}", u8::from(self.sampled))
    }
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != N * 2 || !lower {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..text.len()).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Ids nobody else draws, and the decision which requests that came without a trace get one.
pub struct Sampler {
    share: f64,
    rng: Mutex<SmallRng>,
}

impl Sampler {
    /// `share` of the requests, 0 to 1. `seed` must differ from process to process, or ids meet.
    pub fn new(share: f64, seed: u64) -> Self {
        Self { share: share.clamp(0.0, 1.0), rng: Mutex::new(SmallRng::seed_from_u64(seed)) }
    }

    /// A trace for a request that came without one, or none. Its span id is that of the request's first span.
    pub fn begin(&self) -> Option<TraceContext> {
        if self.share <= 0.0 {
            return None;
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        if !rng.random_bool(self.share) {
            return None;
        }
        let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
        rng.fill_bytes(&mut trace_id);
        rng.fill_bytes(&mut span_id);
        Some(TraceContext { trace_id, span_id, sampled: true })
    }

    /// A new span of the same trace.
    pub fn child(&self, of: TraceContext) -> TraceContext {
        let mut span_id = [0; 8];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut span_id);
        TraceContext { span_id, ..of }
    }
}

/// A value of a span's field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// A span that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub context: TraceContext,
    /// Zero: it is the first of its trace.
    pub parent: [u8; 8],
    pub name: &'static str,
    pub fields: Vec<(&'static str, FieldValue)>,
    pub began_ns: u64,
    pub ended_ns: u64,
}

/// Collects spans and puts them on the queue of the exporter.
pub struct SpanLayer {
    queue: Sender<Ended>,
    dropped: Counter,
    ids: Mutex<SmallRng>,
}

impl SpanLayer {
    /// `seed` must differ from process to process, or ids meet.
    pub fn new(queue: Sender<Ended>, dropped: Counter, seed: u64) -> Self {
        Self { queue, dropped, ids: Mutex::new(SmallRng::seed_from_u64(seed)) }
    }

    fn fresh_id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut id);
        id
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut read = Fields::default();
        attributes.record(&mut read);
        let remote = read.traceparent.as_deref().and_then(TraceContext::parse);
        let local = || span.parent()?.extensions().get::<Ended>().map(|ended| ended.context);
        // A field that holds no context makes no trace of its own out of the span's surroundings.
        let parent = if read.traceparent.is_some() { remote } else { local() };
        let Some(parent) = parent.filter(|parent| parent.sampled) else { return };
        let own = read.span_id.as_deref().and_then(hex::<8>).unwrap_or_else(|| self.fresh_id());
        let first = own == parent.span_id;
        let began = now_ns();
        span.extensions_mut().insert(Ended {
            context: TraceContext { span_id: own, ..parent },
            parent: if first { [0; 8] } else { parent.span_id },
            name: attributes.metadata().name(),
            fields: read.fields,
            began_ns: began,
            ended_ns: began,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(ended) = span.extensions_mut().get_mut::<Ended>() {
            let mut read = Fields::default();
            values.record(&mut read);
            ended.fields.append(&mut read.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(mut ended) = span.extensions_mut().remove::<Ended>() else { return };
        ended.ended_ns = now_ns();
        if self.queue.try_send(ended).is_err() {
            self.dropped.inc();
        }
    }
}

/// Unix time, as spans are told in it.
#[expect(
    clippy::disallowed_methods,
    reason = "a span says when it was, by the clock on the wall; nothing is decided by it"
)]
pub(crate) fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[derive(Default)]
struct Fields {
    traceparent: Option<String>,
    span_id: Option<String>,
    fields: Vec<(&'static str, FieldValue)>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: FieldValue) {
        match (field.name(), value) {
            ("traceparent", FieldValue::Text(text)) => self.traceparent = Some(text),
            ("span_id", FieldValue::Text(text)) => self.span_id = Some(text),
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, FieldValue::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, FieldValue::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, FieldValue::Int(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, FieldValue::Int(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, FieldValue::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, FieldValue::Bool(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_context_reads_back_as_it_was_written() {
        let context = TraceContext::parse(GOOD).unwrap();
        assert!(context.sampled);
        assert_eq!(context.to_string(), GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert!(!TraceContext::parse(&unsampled).unwrap().sampled);
        assert_eq!(TraceContext::parse(&GOOD.replacen("00-", "cc-", 1).replace("-01", "-01-more")), Some(context));
    }

    #[test]
    fn what_is_no_context_is_none() {
        let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        let upper = GOOD.to_uppercase();
        let longer = format!("{GOOD}-more");
        let other_version = GOOD.replacen("00-", "ff-", 1);
        for text in ["", "00", zero_trace, zero_span, &upper, &longer, &other_version, &GOOD.replace("0a", "é")] {
            assert_eq!(TraceContext::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_share_says_how_many_requests_are_traced() {
        assert_eq!(Sampler::new(0.0, 1).begin(), None);
        let (all, some) = (Sampler::new(1.0, 1), Sampler::new(0.1, 1));
        let first = all.begin().unwrap();
        assert_ne!(Some(first), all.begin(), "each is a trace of its own");
        let traced = (0..10_000).filter(|_| some.begin().is_some()).count();
        assert!((800..1200).contains(&traced), "{traced} of 10000 at a tenth");
    }
}
