//! A collector that keeps what it is sent.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    metrics::v1::Metric,
    trace::v1::Span,
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinSet};

#[derive(Clone, Default)]
pub struct Received {
    pub spans: Arc<Mutex<Vec<Span>>>,
    pub metrics: Arc<Mutex<Vec<Metric>>>,
    pub services: Arc<Mutex<Vec<String>>>,
}

/// Runs on a thread of its own until the test process ends; answers with its address.
pub fn start(received: Received) -> String {
    let (told, address) = std::sync::mpsc::channel();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let received = received.clone();
                let service = service_fn(move |request| take(received.clone(), request));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    };
    std::thread::Builder::new().spawn(run).unwrap();
    address.recv().unwrap()
}

async fn take(received: Received, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    match path.as_str() {
        "/v1/traces" => {
            for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                received.services.lock().unwrap().extend(attributes.into_iter().map(|attribute| attribute.key));
                let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                received.spans.lock().unwrap().extend(spans);
            }
        }
        "/v1/metrics" => {
            let resources = ExportMetricsServiceRequest::decode(body).unwrap().resource_metrics.into_iter();
            let metrics = resources.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics);
            *received.metrics.lock().unwrap() = metrics.collect();
        }
        other => panic!("posted to {other}"),
    }
    Ok(Response::new(Full::default()))
}
