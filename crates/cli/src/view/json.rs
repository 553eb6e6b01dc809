//! The proto3 JSON form: lowerCamelCase, 64-bit numbers as strings, bytes in base64, times in RFC 3339, empty fields left out.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use prost_types::{Duration, Timestamp};
use serde_json::{Map, Value};

/// A JSON object in the making. Empty values are left out.
#[derive(Default)]
pub struct Object {
    fields: Map<String, Value>,
}

impl Object {
    pub fn value(mut self, name: &str, value: Value) -> Self {
        let empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Bool(true) | Value::Object(_) => false,
        };
        if !empty {
            self.fields.insert(name.to_owned(), value);
        }
        self
    }

    /// One that is kept also where it is false: not set is something else.
    pub fn set(mut self, name: &str, value: Option<bool>) -> Self {
        self.fields.extend(value.map(|value| (name.to_owned(), Value::from(value))));
        self
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.value(name, Value::from(value))
    }

    /// An enum's value by its full name; the unspecified one is empty.
    pub fn word<E>(self, name: &str, value: Result<&'static str, E>) -> Self {
        self.text(name, value.ok().filter(|value| !value.ends_with("_UNSPECIFIED")).unwrap_or_default())
    }

    pub fn texts(self, name: &str, values: &[String]) -> Self {
        self.value(name, Value::from(values.to_vec()))
    }

    pub fn number(self, name: &str, value: u64) -> Self {
        self.text(name, &if value == 0 { String::new() } else { value.to_string() })
    }

    pub fn bytes(self, name: &str, value: &[u8]) -> Self {
        self.text(name, &BASE64_STANDARD.encode(value))
    }

    pub fn time(self, name: &str, value: Option<&Timestamp>) -> Self {
        self.text(name, &value.map(time).unwrap_or_default())
    }

    pub fn duration(self, name: &str, value: Option<&Duration>) -> Self {
        let text = |value: &Duration| match value.nanos {
            0 => format!("{}s", value.seconds),
            nanos => format!("{}.{}s", value.seconds, format!("{:09}", nanos.abs()).trim_end_matches('0')),
        };
        self.text(name, &value.map(text).unwrap_or_default())
    }

    pub fn done(self) -> Value {
        Value::Object(self.fields)
    }
}

/// RFC 3339, in UTC.
pub fn time(time: &Timestamp) -> String {
    jiff::Timestamp::new(time.seconds, time.nanos).map(|time| time.to_string()).unwrap_or_default()
}

/// RFC 4648, section 5, without padding: bytes in JSON Web Keys.
pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_proto3_json_form() {
        let made = Object::default()
            .number("seq", 42)
            .number("zero", 0)
            .duration("age", Some(&Duration { seconds: 1, nanos: 500_000_000 }))
            .duration("none", None)
            .time("at", Some(&Timestamp { seconds: 0, nanos: 250_000_000 }))
            .value("done", Value::Bool(false))
            .done();
        assert_eq!(made.to_string(), r#"{"seq":"42","age":"1.5s","at":"1970-01-01T00:00:00.25Z"}"#);
    }
}
