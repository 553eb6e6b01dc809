//! One call: its lease of the region, its deadline, its trace context; and the metadata of its answer.

use std::{future::Future, sync::Arc, time::Duration};

use gateway::Need;
use ids::{Hlc, Token};
use ports::{Env, Instant};
use tonic::{
    Request, Response, Status,
    metadata::{Ascii, MetadataMap, MetadataValue},
};

use super::{
    front::{About, Front, Opened},
    gate::{Admitted, Bearer},
    needs::Needs,
    status::Refusal,
    token,
};

/// For a call that names no deadline.
pub const WITHIN: Duration = Duration::from_secs(10);
/// No call is worked on for longer, whatever its deadline.
pub const WITHIN_MAX: Duration = Duration::from_secs(60);
/// The way back of an answer: the least and the most that is left for it, else a tenth of the time.
const WAY_BACK: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// Bytes of a trace context that is passed on; a version 00 one has 55.
const TRACEPARENT_BYTES_MAX: usize = 128;

/// See the module.
pub struct Call {
    pub opened: Arc<Opened>,
    pub traceparent: String,
    pub bearer: Bearer,
    /// What the caller has seen, as its metadata says.
    pub seen: Token,
    /// An earlier try of this call may still take effect, as its metadata says.
    pub retried: bool,
    deadline: Instant,
}

/// What is answered, what it has seen, and how old it may be.
pub struct Answer<T> {
    pub body: T,
    pub token: Token,
    pub age: Option<Duration>,
    /// The body holds what the request implies; the copy here does not hold its result yet.
    pub partial: bool,
}

impl<T> Answer<T> {
    pub fn new(body: T, token: Token, age: Option<Duration>) -> Self {
        Self { body, token, age, partial: false }
    }
}

impl Call {
    /// Begins a call: refuses one whose deadline leaves no time.
    pub fn begin(front: &Front, metadata: &MetadataMap, within: Duration) -> Result<Self, Refusal> {
        let within = time_for(metadata)?.unwrap_or(within).min(WITHIN_MAX);
        let opened = front.lease()?;
        let deadline = opened.env().now().plus(within);
        let (traceparent, seen, retried) = (traceparent(metadata), seen(metadata)?, retried(metadata));
        let bearer = Bearer::of(&front.gate, metadata)?;
        Ok(Self { opened, traceparent, bearer, seen, retried, deadline })
    }

    /// Time that is left.
    pub fn left(&self) -> Duration {
        self.deadline.since(self.opened.env().now())
    }

    pub fn env(&self) -> &dyn Env {
        self.opened.env().as_ref()
    }

    /// The time here, for showing what depends on it. It proves nothing.
    pub fn now(&self) -> Hlc {
        Hlc::at_unix_ms(self.env().wall_ms())
    }
}

impl Front {
    /// Serves a call that changes nothing, of somebody who may make it: `work` is done unless the region is closed meanwhile, which is
    /// refused with the reason of the closing.
    pub(super) async fn serve<Q, A, W>(
        &self,
        request: Request<Q>,
        within: Duration,
        work: impl FnOnce(Arc<Call>, Q) -> W,
    ) -> Result<Response<A>, Status>
    where
        Q: Needs,
        W: Future<Output = Result<Answer<A>, Refusal>>,
    {
        self.serve_to(request, within, |call, _, body| work(call, body)).await
    }

    /// As [`Self::serve`], for what shows only what its caller sees.
    pub(super) async fn serve_to<Q, A, W>(
        &self,
        request: Request<Q>,
        within: Duration,
        work: impl FnOnce(Arc<Call>, Admitted, Q) -> W,
    ) -> Result<Response<A>, Status>
    where
        Q: Needs,
        W: Future<Output = Result<Answer<A>, Refusal>>,
    {
        let unless_closing = |call: Arc<Call>, body: Q| {
            let opened = Arc::clone(&call.opened);
            let work = async move {
                let admitted = call.admit_question(&body).await?;
                work(call, admitted, body).await
            };
            // On the heap: what surrounds it would hold it several times.
            Box::pin(async move { opened.unless_closing(Box::pin(work)).await.and_then(|answered| answered) })
        };
        self.serve_write(request, within, unless_closing).await
    }

    /// Serves a call that may change something: `work` looks to closing itself, because what it says depends on how far it is. Its caller
    /// is known; whether they may make it is looked at where it is submitted, or before, where anything is told before.
    pub(super) async fn serve_write<Q, A, W>(
        &self,
        request: Request<Q>,
        within: Duration,
        work: impl FnOnce(Arc<Call>, Q) -> W,
    ) -> Result<Response<A>, Status>
    where
        W: Future<Output = Result<Answer<A>, Refusal>>,
    {
        let (metadata, _, body) = request.into_parts();
        let answered = match Call::begin(self, &metadata, within) {
            Err(refusal) => Err(refusal),
            Ok(call) => {
                let env = Arc::clone(call.opened.env());
                let work = async move {
                    // Nothing of a request is looked at before its caller has shown who they are.
                    call.admit(&Need::Known).await?;
                    work(Arc::new(call), body).await
                };
                // The region's parts spawn into its own scope.
                env.tasks().enter(work).await
            }
        };
        match answered {
            Ok(answer) => Ok(self.response(answer)),
            Err(refusal) => Err(self.signature.status(refusal)),
        }
    }

    fn response<A>(&self, answer: Answer<A>) -> Response<A> {
        let mut response = Response::new(answer.body);
        let metadata = response.metadata_mut();
        self.signature.sign(metadata);
        if let Ok(token) = MetadataValue::try_from(token::print(&answer.token)) {
            metadata.insert(api::metadata::TOKEN, token);
        }
        if let Some(age) = answer.age {
            let ms = age.as_nanos().div_ceil(1_000_000);
            metadata.insert(api::metadata::AGE_MS, MetadataValue::from(u64::try_from(ms).unwrap_or(u64::MAX)));
        }
        if answer.partial {
            metadata.insert(api::metadata::PARTIAL, MetadataValue::from_static("true"));
        }
        response
    }
}

/// Who answers, as metadata.
#[derive(Clone)]
pub struct Signature {
    region: MetadataValue<Ascii>,
    member: MetadataValue<Ascii>,
}

impl Signature {
    pub fn new(about: &About) -> Self {
        let ascii = |text: String| text.parse().unwrap_or_else(|_| MetadataValue::from_static("unprintable"));
        Self { region: ascii(about.region.to_string()), member: ascii(about.member.0.to_string()) }
    }

    pub fn sign(&self, metadata: &mut MetadataMap) {
        metadata.insert(api::metadata::REGION, self.region.clone());
        metadata.insert(api::metadata::MEMBER, self.member.clone());
    }

    /// A refusal as a status that says who refused.
    pub fn status(&self, refusal: Refusal) -> Status {
        let mut status = refusal.into_status();
        self.sign(status.metadata_mut());
        status
    }
}

/// The time that the caller gives, less the way back; `None` when he names none.
fn time_for(metadata: &MetadataMap) -> Result<Option<Duration>, Refusal> {
    const FIELD: &str = "grpc-timeout";
    let Some(value) = metadata.get(FIELD) else { return Ok(None) };
    let given = value.to_str().ok().and_then(timeout_of);
    let Some(given) = given else {
        let shown = String::from_utf8_lossy(value.as_encoded_bytes()).into_owned();
        return Err(Refusal::field(FIELD, &shown, "1 to 8 digits and one of H, M, S, m, u, n"));
    };
    time_left(given).map(Some)
}

/// The time that a call may take which is to be answered within `given`; refused where that leaves none.
pub fn time_left(given: Duration) -> Result<Duration, Refusal> {
    let left = given.saturating_sub((given / 10).clamp(WAY_BACK.0, WAY_BACK.1));
    if left.is_zero() {
        let message = format!(
            "called with a deadline of {} us: nothing was begun, wanted more than {} ms",
            given.as_micros(),
            WAY_BACK.0.as_millis()
        );
        return Err(Refusal::new("DEADLINE_EXCEEDED", message));
    }
    Ok(left)
}

/// Reads gRPC's text of a time span.
pub fn timeout_of(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = token::number(digits).filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _other => return None,
    })
}

/// The caller's trace context, where it looks like one; what is stored in a record must stay small.
fn traceparent(metadata: &MetadataMap) -> String {
    let value = metadata.get(api::metadata::TRACEPARENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fits =
        value.len() <= TRACEPARENT_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if fits { value.to_owned() } else { String::new() }
}

/// Whether there were tries before this one. What does not read as a number is taken for one: that costs a record at most.
fn retried(metadata: &MetadataMap) -> bool {
    metadata.get(api::metadata::PREVIOUS_ATTEMPTS).is_some_and(|attempts| attempts.as_encoded_bytes() != b"0")
}

/// The token in the metadata of a request; empty when there is none.
fn seen(metadata: &MetadataMap) -> Result<Token, Refusal> {
    let text = metadata.get(api::metadata::TOKEN).map_or(Ok(""), MetadataValue::to_str);
    token::parse(api::metadata::TOKEN, text.unwrap_or("not ASCII"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_read_as_grpc_writes_them() {
        assert_eq!(timeout_of("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(timeout_of("250m"), Some(Duration::from_millis(250)));
        assert_eq!(timeout_of("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for text in ["", "1", "S", "-1S", "+1S", "1s", "123456789S", "1.5S", "1é"] {
            assert_eq!(timeout_of(text), None, "{text}");
        }
    }

    #[test]
    fn what_does_not_look_like_a_trace_context_is_left_out() {
        let with = |value: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert(api::metadata::TRACEPARENT, value.parse().unwrap());
            traceparent(&metadata)
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(with(good), good);
        assert_eq!(with("a b"), "");
        assert_eq!(with(&"0".repeat(TRACEPARENT_BYTES_MAX + 1)), "");
    }
}
