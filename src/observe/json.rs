//! A JSON list read one element at a time, be it the whole or somewhere inside.

use std::fmt;
use std::io;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::input::Ticker;
use super::{Input, Sink};

/// Where a list broke off: 1-based line and what the parser said.
pub(super) type Broken = (u32, String);

/// Hands each element of the list that `input` is to `each`; of `dumpdata --format jsonl`, each line. What stands
/// before a damaged place is read.
pub(super) fn elements(
    input: &mut Input<'_>,
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Value, &mut dyn Sink),
) -> io::Result<Option<Broken>> {
    let first = input.skip_blank()?;
    let mut walk = Walk { ticker: input.ticker(), sink, each, stopped: None, path: &[] };
    let result = if first == Some(b'[') {
        let mut json = serde_json::Deserializer::from_reader(&mut *input);
        (&mut walk).deserialize(&mut json)
    } else {
        let lines = serde_json::Deserializer::from_reader(&mut *input).into_iter::<Value>();
        let mut result = Ok(());
        for value in lines {
            result = value.and_then(|value| walk.step(value));
            if result.is_err() {
                break;
            }
        }
        result
    };
    ended(walk.stopped, result)
}

/// The same for a list inside of an object: `path` leads to it.
pub(super) fn elements_at(
    input: &mut Input<'_>,
    path: &[&str],
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Value, &mut dyn Sink),
) -> io::Result<Option<Broken>> {
    let mut walk = Walk { ticker: input.ticker(), sink, each, stopped: None, path };
    let result = (&mut walk).deserialize(&mut serde_json::Deserializer::from_reader(&mut *input));
    ended(walk.stopped, result)
}

fn ended(stopped: Option<io::Error>, result: serde_json::Result<()>) -> io::Result<Option<Broken>> {
    if let Some(stopped) = stopped {
        return Err(stopped);
    }
    match result {
        Ok(()) => Ok(None),
        Err(error) if error.is_io() => Err(error.into()),
        Err(error) => Ok(Some((u32::try_from(error.line()).unwrap_or(u32::MAX).max(1), error.to_string()))),
    }
}

struct Walk<'a> {
    ticker: Ticker,
    sink: &'a mut dyn Sink,
    each: &'a mut dyn FnMut(Value, &mut dyn Sink),
    stopped: Option<io::Error>,
    /// Keys that still lead to the list.
    path: &'a [&'a str],
}

impl Walk<'_> {
    fn step(&mut self, value: Value) -> serde_json::Result<()> {
        (self.each)(value, self.sink);
        self.ticker.tick(self.sink).map_err(|error| {
            self.stopped = Some(error);
            serde_json::Error::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() { deserializer.deserialize_seq(self) } else { deserializer.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let path = self.path;
        let (wanted, inner) = path.split_first().ok_or_else(|| M::Error::custom("a list"))?;
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                self.path = inner;
                map.next_value_seed(&mut *self)?;
                self.path = path;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<Value>()? {
            self.step(value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// A parameter as text, see [`super::Record::params`].
pub(super) fn render(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_string(),
        Value::Bool(true) => "True".to_string(),
        Value::Bool(false) => "False".to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Seconds or milliseconds as JSON writes them: a number, or a number in a string.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => f64::deserialize(other).ok()?,
    };
    number.is_finite().then_some(number)
}

/// A duration in units of `micros` microseconds, rounded to microseconds.
pub(super) fn micros(amount: f64, micros: f64) -> Option<u64> {
    let us = (amount * micros).round();
    // Longer than a year is not a duration of a statement.
    (0.0..3.2e13).contains(&us).then_some(us as u64)
}
