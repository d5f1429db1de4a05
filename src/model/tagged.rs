//! How what JSON spells without a tag is written in a format that names no fields.

use serde::{Deserialize, Serialize};

/// One of two, told by its tag.
#[derive(Serialize, Deserialize)]
pub enum Tagged<A, B> {
    A(A),
    B(B),
}

/// A JSON value of any shape: as an enumeration, where the format has no shapes of its own. Not as its text: reading
/// that would bring a JSON parser into the page.
pub mod any_json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Number, Value};

    #[derive(Serialize, Deserialize)]
    enum Shape {
        Null,
        Bool(bool),
        Unsigned(u64),
        Signed(i64),
        Float(f64),
        String(String),
        Array(Vec<Shape>),
        Object(Vec<(String, Shape)>),
    }

    pub fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { value.serialize(serializer) } else { shape(value).serialize(serializer) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            Value::deserialize(deserializer)
        } else {
            Shape::deserialize(deserializer).map(value)
        }
    }

    /// No deeper than what `serde_json` reads.
    fn shape(value: &Value) -> Shape {
        match value {
            Value::Null => Shape::Null,
            Value::Bool(value) => Shape::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Shape::Unsigned(value),
                (None, Some(value)) => Shape::Signed(value),
                (None, None) => number.as_f64().map_or(Shape::Null, Shape::Float),
            },
            Value::String(text) => Shape::String(text.clone()),
            Value::Array(items) => Shape::Array(items.iter().map(shape).collect()),
            Value::Object(fields) => {
                Shape::Object(fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect())
            }
        }
    }

    fn value(shape: Shape) -> Value {
        match shape {
            Shape::Null => Value::Null,
            Shape::Bool(value) => Value::Bool(value),
            Shape::Unsigned(value) => Value::Number(value.into()),
            Shape::Signed(value) => Value::Number(value.into()),
            Shape::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
            Shape::String(text) => Value::String(text),
            Shape::Array(items) => Value::Array(items.into_iter().map(value).collect()),
            Shape::Object(fields) => {
                Value::Object(fields.into_iter().map(|(name, shape)| (name, value(shape))).collect())
            }
        }
    }
}
