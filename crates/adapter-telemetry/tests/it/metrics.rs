//! Metrics, as a page and as a push.

use std::{sync::Arc, time::Duration};

use adapter_telemetry::{build, http, metrics::LogReading};
use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    collector::{self, Received},
    config, counters, wait_until,
};

#[tokio::test]
async fn the_page_shows_what_was_counted_and_where_the_logs_stand() {
    let metrics = counters();
    let (member, log) = (MemberId(3), Log::Global);
    metrics.observe(&Observation::BecameLeader { member, log: log.clone(), term: 4 });
    metrics.observe(&Observation::Quarantined { member, log: log.clone(), cause: QuarantineCause::Digest });
    let age = Some(Duration::from_millis(1500));
    let reading = LogReading { log, seq: Seq(42), lag: 2, age, leads: true, term: Some(4), in_service: true };
    metrics.set_logs(std::slice::from_ref(&reading));
    metrics.submit_seconds.observe(0.003);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Arc::clone(&metrics);
    let pages: http::Pages = Arc::new(move |path| match path {
        "/metrics" => counted.page(),
        _ => http::Answer::not_found(),
    });
    let calls = async {
        let page = get(address, "GET /metrics").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        for line in [
            "atoll_elections_won_total{log=\"global\"} 1\n",
            "atoll_quarantines_total{log=\"global\",cause=\"digest\"} 1\n",
            "atoll_log_position{log=\"global\"} 42\n",
            "atoll_log_age_seconds{log=\"global\"} 1.5\n",
            "atoll_submit_seconds_count 1\n",
            "atoll_build_info{version=\"1.2.3\",ring=\"test\",region=\"us-east-1\",member=\"m3\"} 1\n",
            "atoll_dropped_spans_total 0\n",
        ] {
            assert!(page.contains(line), "no {line} in {page}");
        }
        assert!(page.contains("process_resident_memory_bytes "));
        assert!(get(address, "GET /other").await.starts_with("HTTP/1.1 404"));
        assert!(get(address, "POST /metrics").await.starts_with("HTTP/1.1 405"));
    };
    metrics.set_logs(std::slice::from_ref(&reading));
    let (served, calls) = (std::pin::pin!(http::serve(listener, pages)), std::pin::pin!(calls));
    futures_util::future::select(served, calls).await;
    metrics.set_logs(&[LogReading { age: None, ..reading }]);
    assert!(!metrics.page().body.contains("atoll_log_age_seconds{"), "an age that is not proven is not shown");
}

async fn get(address: std::net::SocketAddr, what: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{what} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

#[test]
fn a_collector_is_sent_sums_gauges_and_histograms() {
    let seen = Received::default();
    let metrics = counters();
    metrics.flushes.inc_by(17);
    metrics.free_bytes.set(5);
    for seconds in [0.00005, 0.003, 1000.0] {
        metrics.commit_seconds.observe(seconds);
    }
    let (_subscriber, guard) = build(&config(Some(collector::start(seen.clone()))), &metrics).unwrap();
    wait_until("metrics", || !seen.metrics.lock().unwrap().is_empty());
    drop(guard);

    let received = seen.metrics.lock().unwrap().clone();
    let find = |name: &str| {
        let metric = received.iter().find(|metric| metric.name == name);
        metric.unwrap_or_else(|| panic!("no {name} in {received:?}")).data.clone().unwrap()
    };
    let metric::Data::Sum(sum) = find("atoll_store_flushes_total") else { panic!("no sum") };
    assert!(sum.is_monotonic);
    assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsDouble(17.0)));
    let metric::Data::Gauge(gauge) = find("atoll_data_free_bytes") else { panic!("no gauge") };
    assert_eq!(gauge.data_points[0].value, Some(number_data_point::Value::AsDouble(5.0)));
    let metric::Data::Histogram(histogram) = find("atoll_commit_seconds") else { panic!("no histogram") };
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.bucket_counts.iter().sum::<u64>()), (3, 3));
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    assert_eq!((point.bucket_counts[0], point.bucket_counts.last()), (1, Some(&1)));
}
