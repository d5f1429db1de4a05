//! RT501

use super::{counter, grave};
use crate::config::Preset;
use crate::model::{Severity, Site};
use crate::project::Project;
use crate::rewrite;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::trace::{BlockKind, CacheBackend, CacheEvent, CacheOp, Event, EventKind, Trace, ValueChange};

rule! {
    /// Writes a cache value that was computed from the one read before, so that updates at the same time are lost.
    ///
    /// Also a `get` that only asks whether a key is there before `set` takes it as a lock, and a Redis `set` whose
    /// expiry is a second command.
    ///
    /// ## Why
    /// Two requests read 4, both write 5. A counter of failed log-ins that loses updates lets an attacker try more often
    /// than the limit says. Retrying does not help: the write overwrites without an error. In a measurement with eight
    /// threads, 400 increments left 83 to 160, with a retry loop 61 to 162, with `add` and `incr` 400.
    ///
    /// ## Example
    /// ```python flag
    /// from django.core.cache import cache
    ///
    /// def failed(username):
    ///     key = f"attempts:{username}"
    ///     attempts = cache.get(key, 0)
    ///     cache.set(key, attempts + 1, 900)  # RT501
    /// ```
    /// ```python fix
    /// from django.core.cache import cache
    ///
    /// def failed(username):
    ///     key = f"attempts:{username}"
    ///     attempts = cache.get(key, 0)
    ///     cache.add(key, 0, 900)
    ///     cache.incr(key)
    ///     cache.touch(key, 900)  # RT501
    /// ```
    /// A value that does not come from the cache fills it, and loses nothing:
    /// ```python ok
    /// from django.core.cache import cache
    ///
    /// def report(pk, compute):
    ///     value = cache.get(f"report:{pk}")
    ///     if value is None:
    ///         value = compute(pk)
    ///         cache.set(f"report:{pk}", value, 300)
    ///     return value
    /// ```
    ///
    /// ## When not to
    /// `incr` is atomic where the backend makes it so: Redis, Memcached, and local memory within one process; not in the
    /// database and file backends. A list or a dictionary has no such operation: keep it in a Redis sorted set or change
    /// it in a Lua script, under a lock, or in a locked row. A value that one process alone writes needs none of this.
    pub struct CacheReadModifyWrite: "RT501", "cache-read-modify-write", Concurrency, Warning, seeds: Blocker;
}

impl Rule for CacheReadModifyWrite {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (at, event, write) in cache_events(trace) {
            if write.op != CacheOp::Set || locked(trace, at) {
                continue;
            }
            if let Some((read_at, read)) = write.derives_from.and_then(|at| read_of(trace, at)) {
                // What is put back as it was read, or made anew because nothing was there, is no update.
                let fills = trace.asked(event).any(|asked| asked.absent.contains(&read_at))
                    || is_otherwise(cx.project, event, read);
                if same_key(write, cache_of(read)) && write.change.is_some() && !fills {
                    lost_update(trace, (read_at, read), (event, write), cx);
                }
            } else if let Some(read) = guarding(trace, at, event, write) {
                if is_marker(cx.project, write) {
                    racing_lock(read, event, write, cx);
                }
            } else if let Some(expire) = expires_later(trace, at, event, write) {
                two_commands(expire, event, write, cx);
            }
        }
    }
}

fn cache_of(event: &Event) -> Option<&CacheEvent> {
    match &event.kind {
        EventKind::Cache(cache) => Some(cache),
        _ => None,
    }
}

fn cache_events(trace: &Trace) -> impl Iterator<Item = (usize, &Event, &CacheEvent)> {
    trace.events.iter().enumerate().filter_map(|(at, event)| Some((at, event, cache_of(event)?)))
}

fn read_of(trace: &Trace, at: usize) -> Option<(usize, &Event)> {
    let event = trace.events.get(at)?;
    matches!(cache_of(event)?.op, CacheOp::Get).then_some((at, event))
}

fn same_key(write: &CacheEvent, read: Option<&CacheEvent>) -> bool {
    read.is_some_and(|read| write.key.is_some() && read.key == write.key)
}

/// `if kept := cache.get(key): … else: cache.set(key, made)`
fn is_otherwise(project: &Project, write: &Event, read: &Event) -> bool {
    let (Some(write), Some(read)) = (write.site, read.site) else { return false };
    let tests = rewrite::tests_around(&project.module(write.file).ir, write.span);
    write.file == read.file && tests.into_iter().any(|(test, holds)| !holds && test.contains(read.span))
}

/// A lock is around it, or taken before and not given back.
fn locked(trace: &Trace, at: usize) -> bool {
    if trace.blocks_around(at).any(|block| block.kind == BlockKind::Lock) {
        return true;
    }
    trace.events.get(..at).unwrap_or_default().iter().any(|event| {
        cache_of(event).is_some_and(|cache| cache.op == CacheOp::Lock)
            || matches!(&event.kind, EventKind::Query(query) if query.statement.facts.locked)
    })
}

/// `if not cache.get(key): cache.set(key, …)`
fn guarding<'t>(trace: &'t Trace, at: usize, event: &Event, write: &CacheEvent) -> Option<&'t Event> {
    trace.events.get(..at)?.iter().rev().find(|earlier| {
        let Some(read) = cache_of(earlier) else { return false };
        read.op == CacheOp::Get && read.guards && same_key(write, Some(read)) && event.arms.len() > earlier.arms.len()
    })
}

/// What is written says only that the key is taken.
fn is_marker(project: &Project, write: &CacheEvent) -> bool {
    let Some(site) = write.value_site else { return false };
    let text = project.text(site).trim();
    let quoted = text.starts_with(['"', '\'']) && !text.contains(' ');
    matches!(text, "True" | "1") || quoted
}

fn expires_later<'t>(trace: &'t Trace, at: usize, event: &Event, write: &CacheEvent) -> Option<&'t Event> {
    if write.backend != CacheBackend::Redis || write.timeout_site.is_some() {
        return None;
    }
    let next = trace.events.get(at + 1..)?.iter().find(|later| cache_of(later).is_some())?;
    let expire = cache_of(next)?;
    let fits = expire.op == CacheOp::Expire && same_key(write, Some(expire)) && next.arms == event.arms;
    (fits && next.loops == event.loops).then_some(next)
}

fn lost_update(trace: &Trace, read: (usize, &Event), write: (&Event, &CacheEvent), cx: &mut Context<'_>) {
    let (event, cache) = write;
    let Some(site) = event.site else { return };
    let mut evidence = Vec::new();
    if let Some(read_site) = read.1.site {
        evidence.push(DraftEvidence::Code { site: read_site, message: "the value is read here".to_owned() });
    }
    evidence.extend(loops::calls(event));
    let rewrite = match cache.change {
        Some(ValueChange::Increment) => cache_of(read.1).and_then(|r| counter::rewrite(cx.project, (read.1, r), write)),
        _ => None,
    };
    let advice = match cache.change {
        Some(ValueChange::Increment) => {
            "Count with cache.add(key, 0, timeout) and cache.incr(key): the cache adds, and no update is lost."
        }
        _ => {
            "No cache operation changes a list or dictionary in place: keep the entries in a Redis sorted set or change \
             them in a Lua script, guard the section with a lock, or use a locked row. If only their number matters, \
             count with cache.add() and cache.incr()."
        }
    };
    cx.report(Draft {
        rule: &META,
        severity: severity(trace, cx, site, cache),
        hint: None,
        confidence: event.confidence,
        site: Some(site),
        message: format!(
            "The value set for `{}` comes from the get before it: what another request writes in between is lost.",
            key_text(cx.project, cache)
        ),
        cost: None,
        evidence,
        rewrite,
        advice: advice.to_owned(),
        key: format!("update {}", key_text(cx.project, cache)),
    });
}

fn racing_lock(read: &Event, event: &Event, cache: &CacheEvent, cx: &mut Context<'_>) {
    let Some(site) = event.site else { return };
    let evidence = read.site.map(|site| DraftEvidence::Code { site, message: "asked for here".to_owned() });
    let key = key_text(cx.project, cache);
    cx.report(Draft {
        rule: &META,
        severity: preset(cx, META.severity),
        hint: None,
        confidence: event.confidence,
        site: Some(site),
        message: format!("Two requests can both find `{key}` absent and both set it: this is no lock."),
        cost: None,
        evidence: evidence.into_iter().collect(),
        rewrite: None,
        advice: "Take it with cache.add(key, value, timeout), which is true for the one request that set the key."
            .to_owned(),
        key: format!("lock {key}"),
    });
}

fn two_commands(expire: &Event, event: &Event, cache: &CacheEvent, cx: &mut Context<'_>) {
    let (Some(site), Some(expire_site)) = (event.site, expire.site) else { return };
    let rewrite: Option<DraftRewrite> = counter::expiry(cx.project, event, cache, expire);
    let key = key_text(cx.project, cache);
    cx.report(Draft {
        rule: &META,
        severity: preset(cx, META.severity),
        hint: None,
        confidence: event.confidence,
        site: Some(site),
        message: format!("`{key}` stays for ever if the process ends between set and expire."),
        cost: None,
        evidence: vec![DraftEvidence::Code { site: expire_site, message: "expires only from here on".to_owned() }],
        rewrite,
        advice: "Set the value and its expiry in one command: set(key, value, ex=seconds).".to_owned(),
        key: format!("expiry {key}"),
    });
}

fn key_text(project: &Project, cache: &CacheEvent) -> String {
    cache.key_site.map_or_else(
        || "the key".to_owned(),
        |site| project.text(site).split_whitespace().collect::<Vec<_>>().join(" "),
    )
}

fn severity(trace: &Trace, cx: &Context<'_>, site: Site, cache: &CacheEvent) -> Severity {
    let key = cache.key.clone().unwrap_or_default();
    let grave = grave::is_grave(trace, cx.project, site, &[&key, &key_text(cx.project, cache)]);
    preset(cx, if grave { Severity::Blocker } else { META.severity })
}

fn preset(cx: &Context<'_>, own: Severity) -> Severity {
    match cx.config.preset {
        Preset::Seeds => META.seeds.unwrap_or(own),
        Preset::Default => own,
    }
}
