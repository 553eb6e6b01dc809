//! As much HTTP/1.1 as telemetry needs: a listener for `/metrics` and the like, and posting to a collector. No TLS: the listener shows
//! nothing of customers and belongs on an address that only operators reach, and the collector is a neighbour.

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

/// Connections served at once.
const CONNECTIONS_MAX: usize = 32;
/// How long a caller may take to say what it wants.
const HEADER_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection lives, whatever happens on it.
const CONNECTION_WITHIN: Duration = Duration::from_secs(60);

/// What a path answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Answer {
    pub fn not_found() -> Self {
        Self { status: 404, content_type: "text/plain; charset=utf-8", body: "no such page\n".to_owned() }
    }
}

/// Answers the path of a GET.
pub type Pages = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

/// Serves `pages` until dropped.
pub async fn serve(listener: TcpListener, pages: Pages) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // No file handle left, most likely; the next try would fail at once as well.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let pages = Arc::clone(&pages);
        connections.spawn(async move {
            let _ = tokio::time::timeout(CONNECTION_WITHIN, serve_one(stream, pages)).await;
            drop(permit);
        });
    }
}

async fn serve_one(stream: TcpStream, pages: Pages) {
    let service = service_fn(move |request: Request<Incoming>| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, Infallible>(answer(&request, &pages)) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN);
    // A caller that breaks off needs no answer.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn answer(request: &Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
    let answer = if request.method() == Method::GET || request.method() == Method::HEAD {
        pages(request.uri().path())
    } else {
        Answer { status: 405, content_type: "text/plain; charset=utf-8", body: "only GET is served\n".to_owned() }
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = header::HeaderValue::from_static(answer.content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Where to post to.
#[derive(Clone, Debug)]
pub struct Target {
    /// `HOST:PORT`.
    authority: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

impl Target {
    /// Reads `http://HOST:PORT`.
    pub fn parse(text: &str) -> Option<Self> {
        let authority = text.strip_prefix("http://")?.trim_end_matches('/');
        let parsed: hyper::http::uri::Authority = authority.parse().ok()?;
        parsed.port_u16().is_some().then(|| Self { authority: authority.to_owned() })
    }

    /// Posts protobuf. A new connection each time: it happens every second at most, and none is left behind half dead.
    pub async fn post(&self, path: &str, body: Vec<u8>) -> Result<(), String> {
        let failed = |what: &str, error: &dyn fmt::Display| format!("{what} {self}: {error}");
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| failed("connected to", &error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| failed("connected to", &error))?;
        let request = Request::post(path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed("made a request for", &error))?;
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| failed("posted to", &error))?;
        if response.status().is_success() { Ok(()) } else { Err(failed("posted to", &response.status())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_an_address_and_nothing_more() {
        assert_eq!(Target::parse("http://127.0.0.1:4318").unwrap().to_string(), "http://127.0.0.1:4318");
        assert_eq!(Target::parse("http://collector:4318/").unwrap().to_string(), "http://collector:4318");
        for text in ["", "127.0.0.1:4318", "https://x:1", "http://x", "http://x:1/v1/traces", "http://x:port"] {
            assert!(Target::parse(text).is_none(), "{text:?}");
        }
    }
}
