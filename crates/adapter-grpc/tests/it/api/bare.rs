//! A connection without what tonic's channel adds: that one ends calls by `grpc-timeout` itself, so nobody sees what the server says.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{SendRequest, handshake},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ports::{BoxFuture, TaskScope};
use tonic::{
    body::Body,
    codegen::{Bytes, Service, http},
};

use super::ring::Ring;

#[derive(Clone)]
pub struct Bare(SendRequest<Body>);

impl Bare {
    pub async fn connect(ring: &Ring, id: u64) -> Self {
        let address = ring.endpoint(id).uri().authority().unwrap().to_string();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (requests, driver) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        TaskScope::default().spawn(async move { drop(driver.await) });
        Self(requests)
    }
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, hyper::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// A request whose message never comes.
pub struct Never;

impl tonic::codegen::Body for Never {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        Poll::Pending
    }
}
