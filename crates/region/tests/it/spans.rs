//! One request, one trace: every step of it is told with the caller's trace context, wherever in the ring it happens.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use ports::trace::{PARENT_FIELD, TARGET};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan};

use crate::ring::{Ring, cluster, done, submission};

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// A span as it was made: its name, its fields, and whether it is a root.
type Made = (String, BTreeMap<String, String>, bool);

/// Collects spans as a binary's telemetry would.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Made>>>);

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collected {
    fn on_new_span(&self, attributes: &Attributes<'_>, _id: &Id, _context: Context<'_, S>) {
        if attributes.metadata().target() == TARGET {
            let mut fields = Fields(BTreeMap::new());
            attributes.record(&mut fields);
            self.0.lock().unwrap().push((attributes.metadata().name().to_owned(), fields.0, attributes.is_root()));
        }
    }
}

/// The spans of one command that is given to a member that reaches its leader over a relay only.
async fn spans_of(traceparent: &str) -> Vec<Made> {
    let collected = Collected::default();
    let ring = Ring::formed().await.with_project().await;
    ring.cut(1, 2);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let subscriber = tracing_subscriber::registry().with(collected.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let traced = wire::Submission { traceparent: traceparent.to_owned(), ..submission(9, cluster("b", "one")) };
    let seq = done(ring.submit(1, traced).await);
    for id in ring.ids() {
        ring.holds(id, &ids::Log::Region("b".parse().unwrap()), seq).await;
    }
    collected.0.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn one_request_is_one_trace_from_where_it_was_given_to_the_last_region() {
    let made = spans_of(SAMPLED).await;
    let mut names: Vec<_> = made.iter().map(|(name, fields, _)| format!("{name} {}", fields["member"])).collect();
    names.sort_unstable();
    // Given to m1, relayed by m3, led by m2.
    let wanted = [
        "ledger.apply m1",
        "ledger.apply m2",
        "ledger.apply m3",
        "ledger.decide m2",
        "ledger.propose m2",
        "region.relay m3",
        "region.submit m1",
    ];
    assert_eq!(names, wanted);
    for (name, fields, root) in &made {
        assert_eq!((fields[PARENT_FIELD].as_str(), *root), (SAMPLED, true), "{name}");
        assert!(name == "region.relay" || fields["log"] == "region/b", "{name}: {fields:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_records_makes_no_span() {
    for traceparent in ["", UNSAMPLED, "no context at all"] {
        assert_eq!(spans_of(traceparent).await, []);
    }
}
