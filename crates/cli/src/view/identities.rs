//! Identity providers and service accounts.

use client::v1::{self, fact::After};
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, age, json::Object, or_dash, short, state};

/// What a fact about whose tokens are taken says, for people.
pub fn said(fact: &v1::Fact) -> Option<String> {
    match &fact.after {
        Some(After::IdentityProvider(of)) => {
            Some(format!("{}: {} for {}, with {} keys", short(&of.name), of.issuer, of.audience, keys(&of.keys)))
        }
        Some(After::ServiceAccount(of)) => {
            let disabled = if of.disabled { ", disabled" } else { "" };
            Some(format!("{} with {} keys{disabled}", short(&of.name), of.keys.len()))
        }
        _of_something_else => None,
    }
}

/// How many keys are in a key set.
fn keys(text: &str) -> usize {
    let set: Option<Value> = serde_json::from_str(text).ok();
    set.as_ref().and_then(|set| set.get("keys")?.as_array()).map_or(0, Vec::len)
}

impl Resource for v1::IdentityProvider {
    const NOUN: &'static str = "identity provider";
    const HEADERS: &'static [&'static str] = &["NAME", "ISSUER", "AUDIENCE", "KEYS", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["USER CLAIM", "GROUPS CLAIM", "DISPLAY NAME", "BY", "ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .text("issuer", &self.issuer)
            .text("audience", &self.audience)
            .text("userClaim", &self.user_claim)
            .text("groupsClaim", &self.groups_claim)
            .text("keys", &self.keys)
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let (name, keys) = (short(&self.name).to_owned(), keys(&self.keys).to_string());
        let age = age(self.create_time.as_ref(), now);
        vec![name, self.issuer.clone(), self.audience.clone(), keys, state(self.state), age]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        let texts = [&self.user_claim, &self.groups_claim, &self.display_name, &self.author, &self.etag];
        texts.map(|text| or_dash(text)).into()
    }
}

impl Resource for v1::ServiceAccount {
    const NOUN: &'static str = "service account";
    const HEADERS: &'static [&'static str] = &["NAME", "KEYS", "DISPLAY NAME", "STATE", "AGE"];
    const WIDE: &'static [&'static str] = &["BY", "ETAG", "DESCRIPTION"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let key = |key: &v1::ServiceAccountKey| {
            Object::default()
                .text("id", &key.id)
                .text("jwk", &key.jwk)
                .time("createTime", key.create_time.as_ref())
                .time("expireTime", key.expire_time.as_ref())
                .done()
        };
        Object::default()
            .text("name", &self.name)
            .text("uid", &self.uid)
            .text("displayName", &self.display_name)
            .text("description", &self.description)
            .value("disabled", Value::from(self.disabled))
            .value("keys", Value::from(self.keys.iter().map(key).collect::<Vec<_>>()))
            .word("state", v1::State::try_from(self.state).map(|state| state.as_str_name()))
            .text("author", &self.author)
            .time("createTime", self.create_time.as_ref())
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let state = if self.disabled { "DISABLED".to_owned() } else { state(self.state) };
        let (name, keys) = (format!("serviceAccount:{}", short(&self.name)), self.keys.len().to_string());
        vec![name, keys, or_dash(&self.display_name), state, age(self.create_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![or_dash(&self.author), self.etag.clone(), or_dash(&self.description)]
    }
}
