//! Redis `INFO` and `INFO stats`: `keyspace_hits:300`. Seen: Redis 7.0. <https://redis.io/docs/latest/commands/info/>
//!
//! Gaps: one number for all keys and databases of the server, since its start or `CONFIG RESETSTAT`.

use std::io;

use super::super::{Format, Input, Score, Sink};
use crate::trace::{CacheUse, Statistic};

pub(in crate::observe) const FORMAT: Format =
    Format { id: "redis-info", description: "Redis: INFO or INFO stats", endings: &["txt", "info"], sniff, read };

fn sniff(_: &str, head: &str) -> Score {
    let has = |key: &str| head.split('\n').any(|line| line.starts_with(key));
    if has("keyspace_hits:") && has("keyspace_misses:") {
        Score::new(98, "the lines keyspace_hits and keyspace_misses")
    } else if has("redis_version:") {
        Score::new(60, "the line redis_version")
    } else {
        Score::no("no line keyspace_hits")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut line = String::new();
    let (mut hits, mut misses, mut evicted) = (None, None, 0);
    while input.line(&mut line)? {
        if let Some((key, value)) = line.trim().split_once(':') {
            let count = value.trim().parse::<u64>().ok();
            match key {
                "keyspace_hits" => hits = count,
                "keyspace_misses" => misses = count,
                "evicted_keys" => evicted = count.unwrap_or(0),
                _ => {}
            }
        }
        input.checkpoint(sink)?;
    }
    match hits.zip(misses) {
        Some((hits, misses)) => {
            sink.statistic(Statistic::Cache(CacheUse { name: "Redis".into(), hits, misses, evicted }));
            sink.note(format!(
                "Redis found {hits} of {} keys since its start or last CONFIG RESETSTAT: one number for all that use it",
                hits.saturating_add(misses)
            ));
        }
        None => sink.error(Some(1), "expected INFO stats of Redis with keyspace_hits and keyspace_misses".to_owned()),
    }
    Ok(())
}
