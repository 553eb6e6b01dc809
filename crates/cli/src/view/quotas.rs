//! Quotas.

use client::v1;
use jiff::Timestamp;
use serde_json::Value;

use super::{Resource, age, json::Object, short};

impl Resource for v1::Quota {
    const NOUN: &'static str = "quota";
    const HEADERS: &'static [&'static str] = &["NAME", "SLICES", "CHANGED"];
    const WIDE: &'static [&'static str] = &["ETAG"];

    fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let slice = |slice: &v1::QuotaSlice| {
            // Set to nothing is another thing than not set.
            let number = |number: Option<u64>| number.map_or(Value::Null, |number| Value::from(number.to_string()));
            Object::default()
                .text("location", &slice.location)
                .number("vcpus", slice.vcpus)
                .value("held", number(slice.held))
                .value("used", number(slice.used))
                .done()
        };
        let slices: Vec<Value> = self.slices.iter().map(slice).collect();
        Object::default()
            .text("name", &self.name)
            .value("slices", Value::from(slices))
            .time("updateTime", self.update_time.as_ref())
            .text("etag", &self.etag)
            .done()
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let slices: Vec<String> =
            self.slices.iter().map(|slice| format!("{}={}", short(&slice.location), slice.vcpus)).collect();
        vec![self.name.clone(), slices.join(","), age(self.update_time.as_ref(), now)]
    }

    fn wide(&self, _: Timestamp) -> Vec<String> {
        vec![self.etag.clone()]
    }
}
