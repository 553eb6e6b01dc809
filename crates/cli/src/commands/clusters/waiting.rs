//! Waiting for what becomes of a cluster, and saying plainly how it ended.

use client::{Answered, v1};
use tokio::time::Instant;

use crate::{
    fail::Fail,
    output::{note, say},
    progress,
    session::Session,
    view::{cluster::typed, json, lasted},
};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Created,
    Asleep,
    Awake,
    /// Taken back from its deletion.
    Back,
    /// Asleep, until it goes for good.
    Retained,
    Gone,
}

impl Goal {
    /// As in `delete NAME`.
    pub fn asked(self) -> &'static str {
        match self {
            Self::Created => "create",
            Self::Asleep => "hibernate",
            Self::Awake => "wake",
            Self::Back => "undelete",
            Self::Retained | Self::Gone => "delete",
        }
    }

    /// As in `cluster NAME is being deleted`.
    pub fn begun(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Asleep => "is going to sleep",
            Self::Awake => "is waking",
            Self::Back => "is taken back, and waking",
            Self::Retained => "is going to sleep, and is deleted later",
            Self::Gone => "is being deleted",
        }
    }

    fn reached(self) -> &'static str {
        match self {
            Self::Created => "created and running",
            Self::Asleep => "asleep",
            Self::Awake | Self::Back => "awake and running",
            Self::Retained => "asleep",
            Self::Gone => "deleted",
        }
    }
}

/// Waits until a cluster has become what a write asked for.
pub async fn wait(session: &Session, goal: Goal, made: &Answered<v1::Cluster>) -> Result<(), Fail> {
    let began = Instant::now();
    let name = &made.value.name;
    // What was seen is kept now: a wait may be interrupted.
    session.keep_token();
    let operation = session.client.clusters().operation(made, &session.read()).await;
    let operation = operation.map_err(|error| session.failed(&format!("look for what goes on with {name}"), &error))?;
    match operation {
        Some(operation) => {
            let retained = |of: &v1::Operation| {
                goal == Goal::Retained && of.metadata.as_ref().is_some_and(|metadata| metadata.stage == "RETAINED")
            };
            let ended = progress::wait_until(session, &operation, None, retained).await?;
            progress::outcome(&ended.value)?;
        }
        None if matches!(goal, Goal::Gone | Goal::Retained) => {}
        None => check_made(session, goal, name).await?,
    }
    end(session, goal, name, began).await
}

/// Nothing is under way: it is as asked for already, or its region makes nothing of it.
async fn check_made(session: &Session, goal: Goal, name: &str) -> Result<(), Fail> {
    let got = session.client.clusters().get(name, &session.read()).await;
    let got = got.map_err(|error| session.failed(&format!("look at {name}"), &error))?;
    if !got.value.edition.is_empty() {
        return Ok(());
    }
    let what = format!("wait until {name} is {}: its region has no cloud, so it stays PENDING", goal.reached());
    Err(Fail::plain(what).next("leave --wait out, or use a region with a cloud"))
}

/// The last word: what it is now, and how long it took.
async fn end(session: &Session, goal: Goal, name: &str, began: Instant) -> Result<(), Fail> {
    let time = lasted(began.elapsed());
    if goal == Goal::Gone {
        return match session.output.for_programs() {
            true => session.output.value(&serde_json::json!({ "name": name, "deleted": true })),
            false => say(format_args!("cluster {name} {} after {time}", goal.reached())),
        };
    }
    let got = session.client.clusters().get(name, &session.read()).await;
    let got = got.map_err(|error| session.failed(&format!("look at {name}"), &error))?;
    if session.output.for_programs() {
        return session.output.one(&got);
    }
    say(format_args!("cluster {name} {} after {time}", goal.reached()))?;
    if let Some(purge) = &got.value.purge_time {
        note(format_args!(
            "it is deleted for good at {}; until then `atoll cluster undelete {}` takes it back",
            json::time(purge),
            typed(name)
        ));
    }
    Ok(())
}

/// What goes on after a write that was not waited for.
pub fn how_to_go_on(session: &Session, made: &Answered<v1::Cluster>) -> Result<(), Fail> {
    if !session.output.for_programs() && !made.value.operation.is_empty() {
        note(format_args!("`atoll operation wait {}` waits for it", made.value.operation));
    }
    Ok(())
}
