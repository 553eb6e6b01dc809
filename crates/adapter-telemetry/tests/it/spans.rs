//! Spans of requests.

use std::{net::TcpListener, time::Duration};

use adapter_telemetry::{
    build,
    trace::{Sampler, TARGET, TraceContext},
};
use opentelemetry_proto::tonic::trace::v1::Span;
use ports::trace_span;

use crate::{
    collector::{self, Received},
    config, counters, wait_until,
};

const FROM_CLIENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn received(spans: &[Span], name: &str) -> Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} in {spans:?}")).clone()
}

#[test]
fn the_spans_of_one_request_are_one_trace_below_what_its_caller_sent() {
    let seen = Received::default();
    let collector = collector::start(seen.clone());
    let (subscriber, guard) = build(&config(Some(collector)), &counters()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let client = TraceContext::parse(FROM_CLIENT).unwrap();
        let own = TraceContext { span_id: [9; 8], ..client };
        let (traceparent, span_id) = (FROM_CLIENT, "0909090909090909");
        let call = tracing::info_span!(target: TARGET, parent: None, "api.CreateFolder", traceparent, span_id, method = "CreateFolder");
        call.in_scope(|| {
            let submission = own.to_string();
            drop(trace_span!("ledger.apply", &submission, log = "global", seq = 7_u64));
            drop(tracing::info_span!(target: TARGET, "region.read"));
        });
        drop(tracing::info_span!(target: TARGET, "region.read outside of any request"));
        drop(trace_span!("ledger.decide", &FROM_CLIENT.replace("-01", "-00"), log = "global"));
    });
    wait_until("three spans", || seen.spans.lock().unwrap().len() >= 3);
    drop(guard);

    let spans = seen.spans.lock().unwrap().clone();
    assert_eq!(spans.len(), 3, "{spans:?}");
    let (call, apply, read) =
        (received(&spans, "api.CreateFolder"), received(&spans, "ledger.apply"), received(&spans, "region.read"));
    let client = TraceContext::parse(FROM_CLIENT).unwrap();
    assert!(spans.iter().all(|span| span.trace_id == client.trace_id));
    assert_eq!((call.parent_span_id, &call.span_id), (client.span_id.to_vec(), &vec![9; 8]));
    assert_eq!((apply.parent_span_id, read.parent_span_id), (vec![9; 8], vec![9; 8]));
    assert_ne!(apply.span_id, read.span_id);
    assert!(call.end_time_unix_nano >= apply.end_time_unix_nano);
    let fields: Vec<_> = apply.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(fields, ["log", "seq"]);
    assert!(seen.services.lock().unwrap().iter().any(|key| key == "service.name"));
}

#[test]
fn a_request_without_a_trace_begins_one_where_it_is_sampled() {
    let seen = Received::default();
    let collector = collector::start(seen.clone());
    let (subscriber, guard) = build(&config(Some(collector)), &counters()).unwrap();
    let begun = Sampler::new(1.0, 5).begin().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let (traceparent, span_id) = (begun.to_string(), begun.span_id_text());
        drop(tracing::info_span!(target: TARGET, parent: None, "api.GetFolder", traceparent, span_id));
    });
    drop(guard);
    let spans = seen.spans.lock().unwrap().clone();
    let first = received(&spans, "api.GetFolder");
    assert_eq!((first.trace_id, first.span_id), (begun.trace_id.to_vec(), begun.span_id.to_vec()));
    assert_eq!(first.parent_span_id, Vec::<u8>::new(), "nothing is above the first");
}

#[test]
fn a_collector_that_is_gone_holds_up_nobody_and_what_it_missed_is_counted() {
    // A listener that never accepts takes connections into its backlog and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let metrics = counters();
        let (subscriber, guard) = build(&config(Some(format!("http://{address}"))), &metrics).unwrap();
        let spans = 20_000;
        #[expect(clippy::disallowed_methods, reason = "what is measured is the host's time")]
        let began = std::time::Instant::now();
        tracing::subscriber::with_default(subscriber, || {
            (0..spans).for_each(|_| drop(trace_span!("ledger.apply", FROM_CLIENT)));
        });
        assert!(began.elapsed() < Duration::from_secs(2), "{spans} spans took {:?}", began.elapsed());
        // The queue holds 4096; of a collector that refuses at once even those are given up soon.
        let at_least = if address == gone { spans } else { spans - 4096 };
        wait_until("dropped spans are counted", || metrics.dropped_spans.get() >= at_least);
        drop(guard);
    }
}
