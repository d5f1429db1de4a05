//! Atomic forms of what a read and a write did: counters, and values with an expiry.

use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::DraftRewrite;
use crate::trace::{CacheBackend, CacheEvent, Event};

const NOTE: &str = "The counter starts with add() and is counted up by the cache itself, which is atomic with Redis, \
                    Memcached and local memory within one process. A key that expires between the two makes incr() \
                    raise ValueError.";

/// `add` + `incr` in the place of `get` + `set`, where both are written in one of the usual ways.
pub fn rewrite(project: &Project, read: (&Event, &CacheEvent), write: (&Event, &CacheEvent)) -> Option<DraftRewrite> {
    let (read_event, read) = read;
    let (event, write) = write;
    if write.backend != CacheBackend::Django || read.backend != CacheBackend::Django || !event.via.is_empty() {
        return None;
    }
    let site = event.site?;
    let statement = event.statement?;
    let module = project.module(site.file);
    let (source, ir) = (&module.source, &module.ir);
    // The write is a statement of its own, so that nothing uses its result.
    if statement != site || read_event.statement?.file != site.file {
        return None;
    }
    let receiver = project.text(write.receiver?);
    let key = project.text(write.key_site?);
    let timeout = write.timeout_site.map(|site| project.text(site));
    let simple = |text: &str| !text.is_empty() && !text.contains(['\n', '\r', '(']);
    if !simple(receiver) || !simple(key) || !timeout.is_none_or(simple) {
        return None;
    }
    let last = timeout.map(|timeout| format!(", {timeout}")).unwrap_or_default();
    let value = write.value_site?.span;
    let start = format!("{receiver}.add({key}, 0{last})\n");
    let touch = timeout.map(|timeout| format!("{receiver}.touch({key}, {timeout})\n")).unwrap_or_default();
    let edits = match rewrite::increment(ir, value) {
        // `cache.set(key, n + 1, timeout)`
        Some(step) => {
            let by = step_text(project.text(Site::new(site.file, step.step)))?;
            let lines = format!("{start}{receiver}.incr({key}{by})\n{touch}");
            vec![rewrite::replace_line(source, statement, &lines)?]
        }
        // `n = cache.get(key, 0) + 1` … `cache.set(key, n, timeout)`
        None => {
            let from = read_event.statement?;
            let step = rewrite::assigned_increment(ir, from.span)?;
            let read_here = read_event.site? == Site::new(site.file, step.base);
            if !read_here || project.text(write.value_site?) != step.name || read_event.arms != event.arms {
                return None;
            }
            let between = crate::model::Span { start: from.span.end, end: statement.span.start };
            if rewrite::bound_between(ir, between).contains(&step.name) {
                return None;
            }
            let by = step_text(project.text(Site::new(site.file, step.step)))?;
            let counted = format!("{start}{} = {receiver}.incr({key}{by})\n", step.name);
            let second = match touch.is_empty() {
                true => FileEdit::replace(rewrite::whole_lines(source, statement)?, ""),
                false => rewrite::replace_line(source, statement, &touch)?,
            };
            vec![rewrite::replace_line(source, from, &counted)?, second]
        }
    };
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Count with add() and incr()".to_owned(),
        note: NOTE.to_owned(),
        edits,
    })
}

/// The second argument of `incr`; none for 1.
fn step_text(step: &str) -> Option<String> {
    match step.trim() {
        "1" => Some(String::new()),
        other if !other.is_empty() && other.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            Some(format!(", {other}"))
        }
        _ => None,
    }
}

/// `set(key, value, ex=seconds)` in the place of `set` and `expire`.
pub fn expiry(project: &Project, event: &Event, write: &CacheEvent, expire: &Event) -> Option<DraftRewrite> {
    let crate::trace::EventKind::Cache(later) = &expire.kind else { return None };
    let (site, seconds) = (event.site?, later.timeout_site?);
    let (statement, own) = (expire.statement?, expire.site?);
    // The expire is a statement of its own, and right behind the write.
    if statement != own || !event.via.is_empty() || !expire.via.is_empty() || site.file != own.file {
        return None;
    }
    let source = &project.module(site.file).source;
    let gap = source.slice(crate::model::Span { start: event.statement?.span.end, end: own.span.start });
    let value = write.value_site?;
    let after = source.slice(crate::model::Span { start: value.span.end, end: site.span.end });
    if !gap.trim().is_empty() || after.trim().trim_start_matches(',').trim() != ")" {
        return None;
    }
    let line = rewrite::whole_lines(source, own)?;
    Some(DraftRewrite {
        safety: Safety::Safe,
        title: "Set the value with its expiry".to_owned(),
        note: String::new(),
        edits: vec![FileEdit::insert(value, format!(", ex={}", project.text(seconds))), FileEdit::replace(line, "")],
    })
}
