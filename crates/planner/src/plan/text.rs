//! Plans as text for an operator. Times are shown as they lie from the moment of the plan.

use std::fmt::{self, Write as _};

use domain::held::Span;

use super::{Cause, Plan, Time, Verb, Waiting};

impl Plan {
    /// The plan, for people: how things stand, what is done and why, what is waited for.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, to: &mut String) -> fmt::Result {
        let status = &self.status;
        writeln!(to, "{}, {}", status.state.name(), status.health.name())?;
        for (condition, (truth, why)) in &status.conditions {
            writeln!(to, "  {:22} {:8} {why}", condition.name(), truth.name())?;
        }
        for (constraint, refusal) in &status.constraints {
            let (truth, why) = refusal.as_ref().map_or(("true", ""), |why| ("false", why.as_str()));
            writeln!(to, "{}", format!("  {:22} {truth:8} {why}", constraint.name()).trim_end())?;
        }
        if let Some(phases) = &status.phases {
            let phases: Vec<_> =
                phases.iter().map(|(phase, state)| format!("{} {}", phase.name(), state.name())).collect();
            writeln!(to, "phases: {}", phases.join(", "))?;
        }
        if self.actions.is_empty() {
            writeln!(to, "nothing to do")?;
        }
        for action in &self.actions {
            let fenced = if action.destructive() { "! " } else { "" };
            write!(to, "- {fenced}{} #{}", action.part, action.generation)?;
            if matches!(action.verb, Verb::Create | Verb::Launch(_)) {
                write!(to, " attempt {}", action.attempt)?;
            }
            write!(to, ": {}", action.verb)?;
            if let Verb::Note(_, edge) = &action.verb {
                write!(to, " {}", when(edge.at(), self.now))?;
            }
            writeln!(to, "; {}", explain(&action.cause, self.now))?;
        }
        for wait in &self.waits {
            let part = wait.part.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
            let until = when(wait.until, self.now);
            writeln!(to, "~ {part}: {}; looked at again {until}", waiting(&wait.why, self.now))?;
        }
        match self.look_again {
            Some(at) => writeln!(to, "next look {}", when(at, self.now)),
            None => Ok(()),
        }
    }
}

/// A time as it lies from another.
fn when(at: Time, now: Time) -> String {
    match at.cmp(&now) {
        std::cmp::Ordering::Less => format!("{} ago", Span(now.since(at))),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("in {}", Span(at.since(now))),
    }
}

/// Why something is done, for people; times as they lie from `now`.
pub fn explain(cause: &Cause, now: Time) -> String {
    let ago = |time: &Time| when(*time, now);
    match cause {
        Cause::Wanted => "it is wanted and was never there".to_owned(),
        Cause::Unanswered { since } => format!("the call of {} was not answered", ago(since)),
        Cause::WasRefused { times, why } => format!("refused {times} times, last with {why}"),
        Cause::FailedBefore { times, why } => format!("failed {times} times, last with {why}"),
        Cause::Hibernation => "the cluster is to hibernate".to_owned(),
        Cause::Waking => "the cluster is to run".to_owned(),
        Cause::Deletion => "it is to be deleted".to_owned(),
        Cause::NotWanted => "it is no part of what is wanted".to_owned(),
        Cause::FoundByTag => "it has our tag and is not in our log".to_owned(),
        Cause::SeenSo => "seen so".to_owned(),
        Cause::Gone => "the one before is gone".to_owned(),
        Cause::EndsUnasked => "the one before is ending, and not by us".to_owned(),
        Cause::Failed(why) => format!("it failed: {why}"),
        Cause::Impaired { since } => format!("impaired for {}", Span(now.since(*since))),
        Cause::NeverJoined { since } => format!("it did not join in {}", Span(now.since(*since))),
        Cause::Replaced => "the one in its place has joined".to_owned(),
        Cause::TwoInOneSlot { kept } => format!("younger than {kept} in the same slot"),
        Cause::Differs(what) => what.clone(),
        Cause::ImageTooOld { built, critical } => {
            let critical = if *critical { "; a newer one mends a critical weakness" } else { "" };
            format!("its image was built {}{critical}", ago(built))
        }
        Cause::MachineTooOld { launched } => format!("launched {}", ago(launched)),
        Cause::PastAge { since } => format!("made {}", ago(since)),
    }
}

fn waiting(waiting: &Waiting, now: Time) -> String {
    let ago = |time: &Time| when(*time, now);
    match waiting {
        Waiting::Listing => "nothing was listed yet".to_owned(),
        Waiting::NotSeen { since, why } => {
            format!("not seen for {} ({why}), which proves nothing", Span(now.since(*since)))
        }
        Waiting::FreshLook => "what was seen is older than the last change".to_owned(),
        Waiting::For(part) => format!("waits for {part}"),
        Waiting::Under(what) => (*what).to_owned(),
        Waiting::Rate { call } => format!("waits for its turn to call {call}: an account may do so only so often"),
        Waiting::Answer { since } => format!("a call of {} may still take effect", ago(since)),
        Waiting::Pause { times, why } => format!("refused {times} times, last with {why}"),
        Waiting::Failed { times, why } => format!("failed {times} times, last with {why}"),
        Waiting::Limit { of, since } => format!("{of}, for {} so far", Span(now.since(*since))),
        Waiting::OneMasterAtATime { other } => format!("{other} comes first: one master at a time"),
        Waiting::Quorum { healthy, majority, cause: why } => {
            let why = explain(why, now);
            format!("{healthy} masters are healthy and etcd needs {majority}, none can be spared: {why}")
        }
        Waiting::OldMembers { living, majority } => {
            let them = format!("{living} masters of before are not proved to have ended");
            format!("{them}, {majority} can go on by themselves: etcd is not restored beside them")
        }
        Waiting::ShortCircuit { ill, of, share } => {
            format!("{ill} of {of} machines are ill, more than {share}%: the cause is elsewhere, nothing is replaced")
        }
        Waiting::Budget { replaced } => format!("{replaced} workers are being replaced, no more may be"),
        Waiting::Window(why) => format!("waits until it may be replaced by choice: {}", explain(why, now)),
        Waiting::Settled(why) => format!("waits until all else is settled: {}", explain(why, now)),
        Waiting::Unchangeable(what) => format!("{what}, which cannot be changed as it is"),
        Waiting::InUse { clusters } => format!("used by {clusters} clusters"),
        Waiting::Workers => "waits until no worker runs".to_owned(),
    }
}
