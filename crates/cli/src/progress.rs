//! Waiting for long operations, with a line that says how they stand. Ctrl-C leaves them running.

use std::time::Duration;

use client::{Answered, v1};
use futures_util::future::{Either, select};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};

use crate::{
    fail::Fail,
    output::note,
    session::Session,
    view::{short, took},
};

/// How long one call waits: short enough for a line that is true.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// And the first one, so that something is seen at once.
const LOOK_FIRST: Duration = Duration::from_millis(50);

/// Waits until an operation is done, at most `within`.
pub async fn wait(session: &Session, name: &str, within: Option<Duration>) -> Result<Answered<v1::Operation>, Fail> {
    wait_until(session, name, within, |operation| operation.done).await
}

/// Waits until an operation has come so far, at most `within`.
pub async fn wait_until(
    session: &Session,
    name: &str,
    within: Option<Duration>,
    enough: impl Fn(&v1::Operation) -> bool,
) -> Result<Answered<v1::Operation>, Fail> {
    let mut line = Line::new();
    let waiting = async {
        let deadline = within.map(|within| tokio::time::Instant::now() + within);
        let mut look_for = LOOK_FIRST;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(tokio::time::Instant::now()));
            let look = left.map_or(look_for, |left| left.min(look_for));
            look_for = LOOK_EVERY;
            let answer = session.client.operations().wait_once(name, look, &session.read()).await;
            let answer = answer.map_err(|error| session.failed(&format!("wait for {name}"), &error))?;
            line.show(&answer.value);
            if answer.value.done || enough(&answer.value) {
                return Ok(answer);
            }
            if left.is_some_and(|left| left.is_zero()) {
                let over =
                    format!("wait for {name}: it is not done after {:?}, and goes on", within.unwrap_or_default());
                return Err(Fail::plain(over).next(format!("atoll operation wait {name}")));
            }
        }
    };
    let interrupt = Box::pin(tokio::signal::ctrl_c());
    match select(Box::pin(waiting), interrupt).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(Fail::interrupted(format!("wait for {name}: interrupted; the operation goes on"))
            .next(format!("atoll operation wait {name}"))),
    }
}

/// An operation that is done: a failure is an error.
pub fn outcome(operation: &v1::Operation) -> Result<(), Fail> {
    match &operation.error {
        None => Ok(()),
        Some(error) => {
            Err(Fail::found(format!("{} of {}: {}", operation.kind, operation.target, error.message), &error.reason))
        }
    }
}

/// A live line on a terminal, one line for each change elsewhere.
struct Line {
    bar: Option<ProgressBar>,
    last: String,
}

impl Line {
    fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, last: String::new() }
    }

    fn show(&mut self, operation: &v1::Operation) {
        match &self.bar {
            Some(bar) if operation.done => bar.finish_and_clear(),
            Some(bar) => bar.set_message(standing(operation, "\n  ")),
            None => {
                let text = standing(operation, ", ");
                if text != self.last {
                    note(&text);
                    self.last = text;
                }
            }
        }
    }
}

/// How it stands: what is done to what, how far, phase by phase, and what holds it up. `between` parts the phases.
fn standing(operation: &v1::Operation, between: &str) -> String {
    let metadata = operation.metadata.clone().unwrap_or_default();
    let stage = if operation.done { "DONE" } else { metadata.stage.as_str() };
    let mut parts = vec![format!("{} {}: {stage} {}%", operation.kind, short(&operation.target), metadata.percent)];
    parts.extend(metadata.phases.iter().map(|phase| match (&phase.begin_time, &phase.end_time) {
        (Some(begin), Some(end)) => format!("{} done in {}", phase.name, took(begin, end)),
        _under_way => format!("{} under way", phase.name),
    }));
    if !metadata.waiting_for.is_empty() {
        parts.push(format!("waiting for {}", metadata.waiting_for.join(", ")));
    }
    parts.extend(metadata.held_up_by.iter().map(|held_up_by| format!("held up by {held_up_by}")));
    parts.join(between)
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
