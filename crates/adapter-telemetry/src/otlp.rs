//! Spans and metrics as OTLP messages (opentelemetry-proto 1.x), and nothing about sending them.

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
        ScopeMetrics, Sum, metric, number_data_point,
    },
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model as prometheus;

use crate::{
    Config,
    trace::{Ended, FieldValue},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who speaks.
pub fn resource(config: &Config) -> Resource {
    let member = config.member.to_string();
    let attributes = [
        ("service.name", "region-node"),
        ("service.namespace", config.ring.as_str()),
        ("service.instance.id", member.as_str()),
        ("service.version", VERSION),
        ("cloud.region", config.region.as_str()),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| key_value(name, text(value))).collect();
    Resource { attributes, ..Resource::default() }
}

/// Spans as one request.
pub fn spans(resource: &Resource, spans: Vec<Ended>) -> ExportTraceServiceRequest {
    let spans = spans.into_iter().map(span).collect();
    let scope = ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() };
    let spans =
        ResourceSpans { resource: Some(resource.clone()), scope_spans: vec![scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![spans] }
}

fn span(ended: Ended) -> Span {
    let attributes = ended.fields.into_iter().map(|(name, value)| key_value(name, field_value(value))).collect();
    let parent_span_id = if ended.parent == [0; 8] { Vec::new() } else { ended.parent.to_vec() };
    let kind = if ended.name.starts_with("api.") { SpanKind::Server } else { SpanKind::Internal };
    Span {
        trace_id: ended.context.trace_id.to_vec(),
        span_id: ended.context.span_id.to_vec(),
        parent_span_id,
        flags: u32::from(ended.context.sampled),
        name: ended.name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: ended.began_ns,
        end_time_unix_nano: ended.ended_ns,
        attributes,
        ..Span::default()
    }
}

/// Everything in a registry as one request: sums since `began_ns`, and gauges as they are.
pub fn metrics(
    resource: &Resource,
    families: Vec<prometheus::MetricFamily>,
    began_ns: u64,
    now_ns: u64,
) -> ExportMetricsServiceRequest {
    let at = At { began_ns, now_ns };
    let metrics = families.into_iter().map(|family| at.metric(family)).collect();
    let scope = ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() };
    let metrics =
        ResourceMetrics { resource: Some(resource.clone()), scope_metrics: vec![scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![metrics] }
}

struct At {
    began_ns: u64,
    now_ns: u64,
}

impl At {
    fn metric(&self, family: prometheus::MetricFamily) -> Metric {
        let mut numbers = Vec::new();
        let mut histograms = Vec::new();
        let kind = family.r#type();
        for metric in family.metric {
            let labels = metric.label.into_iter();
            let labels: Vec<KeyValue> = labels.map(|label| key_value(&label.name, text(&label.value))).collect();
            histograms.extend(metric.histogram.map(|value| self.histogram(&labels, &value)));
            numbers.extend(metric.counter.map(|counter| self.number(&labels, counter.value)));
            numbers.extend(metric.gauge.map(|gauge| self.number(&labels, gauge.value)));
        }
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let data = match kind {
            prometheus::MetricType::Counter => {
                metric::Data::Sum(Sum { data_points: numbers, aggregation_temporality, is_monotonic: true })
            }
            prometheus::MetricType::Histogram => {
                metric::Data::Histogram(Histogram { data_points: histograms, aggregation_temporality })
            }
            _ => metric::Data::Gauge(Gauge { data_points: numbers }),
        };
        Metric { name: family.name, description: family.help, data: Some(data), ..Metric::default() }
    }

    fn number(&self, labels: &[KeyValue], value: f64) -> NumberDataPoint {
        NumberDataPoint {
            attributes: labels.to_vec(),
            start_time_unix_nano: self.began_ns,
            time_unix_nano: self.now_ns,
            value: Some(number_data_point::Value::AsDouble(value)),
            ..NumberDataPoint::default()
        }
    }

    /// Counts up to each bound become counts between bounds, and a last one for what is above all of them.
    fn histogram(&self, labels: &[KeyValue], value: &prometheus::Histogram) -> HistogramDataPoint {
        let bounded = value.bucket.iter().filter(|bucket| bucket.upper_bound < f64::MAX);
        let explicit_bounds: Vec<f64> = bounded.clone().map(|bucket| bucket.upper_bound).collect();
        let up_to = || bounded.clone().map(|bucket| bucket.cumulative_count);
        let before = std::iter::once(0).chain(up_to());
        let bucket_counts = up_to().chain([value.sample_count]).zip(before).map(|(to, from)| to.saturating_sub(from));
        HistogramDataPoint {
            attributes: labels.to_vec(),
            start_time_unix_nano: self.began_ns,
            time_unix_nano: self.now_ns,
            count: value.sample_count,
            sum: Some(value.sample_sum),
            bucket_counts: bucket_counts.collect(),
            explicit_bounds,
            ..HistogramDataPoint::default()
        }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "atoll".to_owned(), version: VERSION.to_owned(), ..InstrumentationScope::default() }
}

fn key_value(name: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(value: &str) -> any_value::Value {
    any_value::Value::StringValue(value.to_owned())
}

fn field_value(value: FieldValue) -> any_value::Value {
    match value {
        FieldValue::Text(value) => any_value::Value::StringValue(value),
        FieldValue::Int(value) => any_value::Value::IntValue(value),
        FieldValue::Float(value) => any_value::Value::DoubleValue(value),
        FieldValue::Bool(value) => any_value::Value::BoolValue(value),
    }
}
