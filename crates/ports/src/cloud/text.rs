//! Address ranges as text, where a call is written down: `ids` knows no serde.

use ids::Cidr;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub fn serialize<S: Serializer>(range: &Cidr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(range)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cidr, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
