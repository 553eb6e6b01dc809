//! Access policies, bindings, groups and roles.

use client::v1::{self, fact::After};
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, age, json, json::Object, or_dash, short, state};

impl Resource for v1::AccessPolicy {
    const NOUN: &'static str = "access policy";
    const HEADERS: &'static [&'static str] = &["NAME", "BINDINGS", "CHANGED"];
    const WIDE: &'static [&'static str] = &["BY", "ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let all = |bindings: &[v1::Binding]| Value::from(bindings.iter().map(binding).collect::<Vec<_>>());
        Object::default()
            .text("name", &self.name)
            .value("bindings", all(&self.bindings))
            .value("inherited", all(&self.inherited))
            .time("updateTime", self.update_time.as_ref())
            .text("author", &self.author)
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        vec![self.name.clone(), self.bindings.len().to_string(), age(self.update_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![or_dash(&self.author), self.etag.clone()]
    }
}

/// What a fact about access says, for people.
pub fn said(fact: &v1::Fact) -> Option<String> {
    match &fact.after {
        Some(After::Binding(of)) => Some(format!("{} to {}, {}", of.role, of.member, holds(of))),
        Some(After::Group(of)) => Some(format!("{} with {} members", short(&of.name), of.members.len())),
        Some(After::Revoke(of)) => {
            let on = if of.node.is_empty() { "everywhere" } else { &of.node };
            Some(format!("{} of {} on {on}: {}", short(&of.name), of.member, or_dash(&of.reason)))
        }
        Some(After::Lift(of)) => Some(format!("{}: {}", short(&of.name), or_dash(&of.reason))),
        Some(After::BreakGlass(of)) => Some(or_dash(&of.member)),
        Some(After::Role(of)) => Some(format!("{} with {} rights", short(&of.name), of.rights.len())),
        _of_something_else => None,
    }
}

/// A binding with all that is known of it.
pub fn binding(of: &v1::Binding) -> Value {
    fields(of).text("node", &of.node).text("author", &of.author).time("updateTime", of.update_time.as_ref()).done()
}

/// What makes a binding.
pub fn fields(of: &v1::Binding) -> Object {
    Object::default()
        .text("role", &of.role)
        .text("member", &of.member)
        .time("startTime", of.start_time.as_ref())
        .time("endTime", of.end_time.as_ref())
}

/// When a binding holds, for people.
pub fn holds(of: &v1::Binding) -> String {
    match (&of.start_time, &of.end_time) {
        (None, None) => "for good".to_owned(),
        (Some(from), None) => format!("from {}", json::time(from)),
        (None, Some(until)) => format!("until {}", json::time(until)),
        (Some(from), Some(until)) => format!("{} to {}", json::time(from), json::time(until)),
    }
}

impl Resource for v1::Group {
    const NOUN: &'static str = "group";
    const HEADERS: &'static [&'static str] = &["NAME", "MEMBERS", "DISPLAY NAME", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["BY", "ETAG", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .texts("members", &self.members)
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let (name, members) = (format!("group:{}", short(&self.name)), self.members.len().to_string());
        vec![name, members, or_dash(&self.display_name), state(self.state), age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![or_dash(&self.author), self.etag.clone(), or_dash(&self.description)]
    }
}

impl Resource for v1::Revoke {
    const NOUN: &'static str = "revoke";
    const HEADERS: &'static [&'static str] = &["NAME", "MEMBER", "ON", "REASON", "BY", "AGE"];
    const WIDE: &'static [&'static str] = &["LIFTED BY", "ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("member", &self.member)
            .text("node", &self.node)
            .text("reason", &self.reason)
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .text("etag", &self.etag)
            .value("lift", self.lift.as_ref().map_or(Value::Null, Resource::json))
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let on = if self.node.is_empty() { "everywhere" } else { &self.node };
        let (name, age) = (short(&self.name).to_owned(), age(self.create_time.as_ref(), now));
        vec![name, self.member.clone(), on.to_owned(), or_dash(&self.reason), self.author.clone(), age]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let by = self.lift.as_ref().map_or_else(|| "-".to_owned(), |lift| lift.author.clone());
        vec![by, self.etag.clone()]
    }
}

impl Resource for v1::Lift {
    const NOUN: &'static str = "revoke";
    const HEADERS: &'static [&'static str] = &["NAME", "REASON", "BY", "AGE"];
    const WIDE: &'static [&'static str] = &["ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("reason", &self.reason)
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let age = age(self.create_time.as_ref(), now);
        vec![short(&self.name).to_owned(), or_dash(&self.reason), self.author.clone(), age]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone()]
    }
}

impl Resource for v1::BreakGlass {
    const NOUN: &'static str = "break glass";
    const HEADERS: &'static [&'static str] = &["NAME", "MEMBER", "BY", "CHANGED"];
    const WIDE: &'static [&'static str] = &["ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("member", &self.member)
            .time("updateTime", self.update_time.as_ref())
            .text("author", &self.author)
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let changed = age(self.update_time.as_ref(), now);
        vec![self.name.clone(), or_dash(&self.member), or_dash(&self.author), changed]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone()]
    }
}

impl Resource for v1::Role {
    const NOUN: &'static str = "role";
    const HEADERS: &'static [&'static str] = &["NAME", "BOUND ON", "RIGHTS", "DISPLAY NAME", "AGE"];
    const WIDE: &'static [&'static str] = &["BY", "ETAG", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .texts("rights", &self.rights)
            .texts("boundAt", &self.bound_at)
            .value("mustEnd", Value::from(self.must_end))
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let name = match self.name.strip_prefix("roles/") {
            Some(predefined) => predefined.to_owned(),
            None => format!("custom/{}", short(&self.name)),
        };
        let (bound_at, rights) = (self.bound_at.join(","), self.rights.len().to_string());
        vec![name, bound_at, rights, or_dash(&self.display_name), age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![or_dash(&self.author), or_dash(&self.etag), or_dash(&self.description)]
    }
}
