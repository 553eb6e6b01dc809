//! Organizations, folders, projects, cloud accounts, operations.

use client::v1::{self, fact::After};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Resource, Watched, age, cluster::phase, enum_name, inside, json::Object, list_or_dash, or_dash, short, state,
};

impl Resource for v1::Organization {
    const NOUN: &'static str = "organization";
    const HEADERS: &'static [&'static str] = &["NAME", "DISPLAY NAME", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["ETAG", "UID", "ACCOUNT", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .text("cloudAccount", &self.cloud_account)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let name = short(&self.name).to_owned();
        vec![name, or_dash(&self.display_name), state(self.state), age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let account = or_dash(short(&self.cloud_account));
        vec![self.etag.clone(), self.uid.clone(), account, or_dash(&self.description)]
    }
}

impl Resource for v1::Folder {
    const NOUN: &'static str = "folder";
    const HEADERS: &'static [&'static str] = &["NAME", "FOLDER", "DISPLAY NAME", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["ETAG", "UID", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("parent", &self.parent)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let (name, folder) = (short(&self.name).to_owned(), inside(&self.parent));
        vec![name, folder, or_dash(&self.display_name), state(self.state), age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone(), self.uid.clone(), or_dash(&self.description)]
    }
}

impl Resource for v1::Project {
    const NOUN: &'static str = "project";
    const HEADERS: &'static [&'static str] = &["NAME", "FOLDER", "DISPLAY NAME", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["ETAG", "UID", "AWAITING", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("parent", &self.parent)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .texts("awaiting", &self.awaiting)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let (name, folder) = (short(&self.name).to_owned(), inside(&self.parent));
        vec![name, folder, or_dash(&self.display_name), state(self.state), age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone(), self.uid.clone(), list_or_dash(&self.awaiting), or_dash(&self.description)]
    }
}

impl Resource for v1::CloudAccount {
    const NOUN: &'static str = "account";
    const HEADERS: &'static [&'static str] = &["ID", "STATE", "ORGANIZATION", "AGE"];
    const WIDE: &'static [&'static str] = &["ETAG", "CHANGED"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .word("state", v1::cloud_account::State::try_from(self.state).map(|state| state.as_str_name()))
            .text("organization", &self.organization)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = v1::cloud_account::State::try_from(self.state).map(|state| state.as_str_name());
        vec![
            short(&self.name).to_owned(),
            enum_name(state, ""),
            or_dash(short(&self.organization)),
            age(self.create_time.as_ref(), now),
        ]
    }

    fn wide(&self, now: Timestamp) -> Vec<String> {
        vec![self.etag.clone(), age(self.update_time.as_ref(), now)]
    }
}

impl Resource for v1::Operation {
    const NOUN: &'static str = "operation";
    const HEADERS: &'static [&'static str] = &["NAME", "KIND", "TARGET", "STATE", "PROGRESS", "WAITING FOR", "AGE"];
    const WIDE: &'static [&'static str] = &["ERROR"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let metadata = self.metadata.as_ref().map(|metadata| {
            Object::default()
                .text("stage", &metadata.stage)
                .value("percent", Value::from(metadata.percent))
                .texts("waitingFor", &metadata.waiting_for)
                .time("createTime", metadata.create_time.as_ref())
                .time("updateTime", metadata.update_time.as_ref())
                .value("phases", Value::from(metadata.phases.iter().map(phase).collect::<Vec<_>>()))
                .texts("heldUpBy", &metadata.held_up_by)
                .time("purgeTime", metadata.purge_time.as_ref())
                .done()
        });
        let error = self.error.as_ref().map(|error| {
            Object::default()
                .value("code", Value::from(error.code))
                .text("reason", &error.reason)
                .text("message", &error.message)
                .done()
        });
        Object::default()
            .text("name", &self.name)
            .text("kind", &self.kind)
            .text("target", &self.target)
            .value("done", Value::from(self.done))
            .value("metadata", metadata.unwrap_or_default())
            .value("error", error.unwrap_or_default())
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let metadata = self.metadata.clone().unwrap_or_default();
        let state = match (self.done, &self.error) {
            (true, None) => "DONE".to_owned(),
            (true, Some(_)) => "FAILED".to_owned(),
            (false, _) => or_dash(&metadata.stage),
        };
        vec![
            short(&self.name).to_owned(),
            self.kind.clone(),
            short(&self.target).to_owned(),
            state,
            format!("{}%", metadata.percent),
            list_or_dash(&if metadata.waiting_for.is_empty() { metadata.held_up_by } else { metadata.waiting_for }),
            age(metadata.create_time.as_ref(), now),
        ]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.error.as_ref().map_or_else(|| "-".to_owned(), |error| format!("{}: {}", error.reason, error.message))]
    }
}

macro_rules! watched {
    ($message:ident, $log:expr, $deleted:expr) => {
        impl Watched for v1::$message {
            fn etag(&self) -> &str {
                &self.etag
            }

            fn log(name: &str) -> String {
                let log: fn(&str) -> String = $log;
                log(name)
            }

            fn after(after: After) -> Option<Self> {
                if let After::$message(found) = after { Some(found) } else { None }
            }

            fn is_deleted(&self) -> bool {
                let deleted: fn(&Self) -> bool = $deleted;
                deleted(self)
            }
        }
    };
}

watched!(Organization, |_| "global".to_owned(), |one| one.state() == v1::State::Deleted);
watched!(Folder, |_| "global".to_owned(), |one| one.state() == v1::State::Deleted);
watched!(Project, |_| "global".to_owned(), |one| one.state() == v1::State::Deleted);
watched!(CloudAccount, |_| "global".to_owned(), |_| false);
