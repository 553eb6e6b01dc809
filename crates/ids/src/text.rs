//! Ids in formats of serde: the text that they print is the text that is read.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{AccountId, Cidr};

macro_rules! as_text {
    ($($id:ty),*) => { $(
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )* };
}

as_text!(AccountId, Cidr);
