//! Refusals that are made below the services, where nobody gives a reason: a message that is too large, a deadline that has passed.
//!
//! tonic refuses the one with OUT_OF_RANGE and the other with CANCELLED, both without details. So what is too large is told anew here,
//! and deadlines are looked at here first: a call without time is refused before it is read, and one that is not answered in its time (its
//! message may not have come whole) is told so just before tonic would.

use std::{
    future::{Future, ready},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::{Either, select};
use tonic::{
    Code, Status,
    codegen::{Service, http},
    service::Routes,
};

use super::{
    REQUEST_BYTES_MAX,
    call::{Signature, time_left, timeout_of},
    status::Refusal,
};

/// `routes`, with a reason in every refusal of the kinds above.
pub fn typed(routes: Routes, signature: &Signature) -> Routes {
    Routes::from(routes.into_axum_router().layer(Layer { signature: signature.clone() }))
}

/// A refusal of a request's message in words of this crate; any other is left as it is.
pub fn of_message(status: Status, signature: &Signature) -> Status {
    let too_large = status.code() == Code::OutOfRange && status.details().is_empty();
    if too_large { signature.status(message_too_large()) } else { status }
}

fn message_too_large() -> Refusal {
    let message = format!("read a request message: it is too large, wanted at most {REQUEST_BYTES_MAX} bytes");
    Refusal::new("MESSAGE_TOO_LARGE", message).with("limit_bytes", REQUEST_BYTES_MAX)
}

fn deadline_passed(given: Duration) -> Refusal {
    let message = format!(
        "called with a deadline of {} ms: it passed, and what became of the call is not known",
        given.as_millis()
    );
    Refusal::new("DEADLINE_PASSED", message)
}

#[derive(Clone)]
struct Layer {
    signature: Signature,
}

impl<S> tower::Layer<S> for Layer {
    type Service = Typed<S>;

    fn layer(&self, inner: S) -> Typed<S> {
        Typed { inner, signature: self.signature.clone() }
    }
}

#[derive(Clone)]
struct Typed<S> {
    inner: S,
    signature: Signature,
}

const GRPC_STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";

impl<S, Q, A> Service<http::Request<Q>> for Typed<S>
where
    S: Service<http::Request<Q>, Response = http::Response<A>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    A: Default + Send + 'static,
{
    type Response = http::Response<A>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Q>) -> Self::Future {
        // One that does not read is refused by the service, which names it.
        let given = request.headers().get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(timeout_of);
        let given = match given.map(|given| time_left(given).map(|left| (given, left))).transpose() {
            Ok(given) => given,
            Err(refusal) => return Box::pin(ready(Ok(self.signature.status(refusal).into_http()))),
        };
        let (answering, signature) = (self.inner.call(request), self.signature.clone());
        Box::pin(async move {
            let answer = match given {
                None => answering.await?,
                Some((given, left)) => {
                    // After the service itself would have answered, before tonic does.
                    let last = pin!(tokio::time::sleep(left + given.saturating_sub(left) / 2));
                    match select(pin!(answering), last).await {
                        Either::Left((answer, _)) => answer?,
                        Either::Right(_) => return Ok(signature.status(deadline_passed(given)).into_http()),
                    }
                }
            };
            let headers = answer.headers();
            let code = headers.get(GRPC_STATUS).filter(|_| !headers.contains_key(DETAILS));
            if code.is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::OutOfRange) {
                return Ok(signature.status(message_too_large()).into_http());
            }
            Ok(answer)
        })
    }
}
