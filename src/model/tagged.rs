//! How what JSON spells without a tag is written in a format that names no fields.

use serde::{Deserialize, Serialize};

/// One of two, told by its tag.
#[derive(Serialize, Deserialize)]
pub enum Tagged<A, B> {
    A(A),
    B(B),
}

/// A JSON value of any shape: its text, where the format has no shapes of its own.
pub mod any_json {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            value.serialize(serializer)
        } else {
            value.to_string().serialize(serializer)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            return Value::deserialize(deserializer);
        }
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
