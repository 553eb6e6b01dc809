//! Calls, told to whoever counts or traces them: when each begins, what it was answered, when the last of it has left.
//!
//! It stands in front of the services and decides nothing; what is counted is the binary's business.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tonic::{
    codegen::{Body, Service, http},
    service::Routes,
};
use tracing::{Instrument, Span};

/// Whoever counts and traces calls.
pub trait Observer: Send + Sync + 'static {
    /// A call of `path`, such as `/atoll.v1.Folders/GetFolder`, begins; `traceparent` is what came with it.
    fn begin(&self, path: &str, traceparent: Option<&str>) -> Begun;
}

/// What an observer makes of a call.
pub struct Begun {
    /// Around all of the work.
    pub span: Span,
    /// Takes the place of the one that came.
    pub traceparent: Option<String>,
    /// Dropped when nothing of the call is left; a stream may go on for long after its answer began.
    pub call: Box<dyn Observed>,
}

/// One call.
pub trait Observed: Send {
    /// The answer, or its stream, begins.
    fn answered(&mut self);

    /// How it ended, by gRPC's code. Told once of each call; a call that the client left before its end is CANCELLED.
    fn ended(&mut self, code: i32);
}

/// `routes`, with every call told to `observer`.
pub fn observed(routes: Routes, observer: Arc<dyn Observer>) -> Routes {
    Routes::from(routes.into_axum_router().layer(Layer { observer }))
}

#[derive(Clone)]
struct Layer {
    observer: Arc<dyn Observer>,
}

impl<S> tower::Layer<S> for Layer {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, observer: Arc::clone(&self.observer) }
    }
}

#[derive(Clone)]
struct Watched<S> {
    inner: S,
    observer: Arc<dyn Observer>,
}

const TRACEPARENT: http::HeaderName = http::HeaderName::from_static(api::metadata::TRACEPARENT);

impl<S, Q, A> Service<http::Request<Q>> for Watched<S>
where
    S: Service<http::Request<Q>, Response = http::Response<A>>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = http::Response<Counted<A>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Q>) -> Self::Future {
        let given = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let Begun { span, traceparent, call } = self.observer.begin(request.uri().path(), given);
        if let Some(value) = traceparent.and_then(|text| http::HeaderValue::try_from(text).ok()) {
            request.headers_mut().insert(TRACEPARENT, value);
        }
        let answering = self.inner.call(request);
        let work = async move {
            // However it goes on, its end is told once.
            let mut call = End { call, told: false };
            let answer = answering.await?;
            call.call.answered();
            // A refusal has its status in front; whoever began well says it at the end.
            if let Some(code) = code_in(answer.headers()) {
                call.tell(code);
            }
            Ok(answer.map(|body| Counted { body, call }))
        };
        Box::pin(work.instrument(span))
    }
}

fn code_in(headers: &http::HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// Tells the end of a call, at the latest when nothing is left of it.
struct End {
    call: Box<dyn Observed>,
    told: bool,
}

impl End {
    fn tell(&mut self, code: i32) {
        if !self.told {
            self.told = true;
            self.call.ended(code);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.tell(tonic::Code::Cancelled.into());
    }
}

/// A body that is known to be there.
pub struct Counted<B> {
    body: B,
    call: End,
}

impl<B: Body + Unpin> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(code) = frame.trailers_ref().and_then(code_in)
        {
            self.call.tell(code);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
