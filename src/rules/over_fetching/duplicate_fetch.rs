//! RT304

use std::collections::HashMap;

use crate::model::{Confidence, Kind, Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::macros::rule;
use crate::rules::n_plus_one::is_plain_read;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Cause, Event, EventKind, Query, Role, RowOp, Trace};

rule! {
    /// Fetches what the same function has fetched already, with nothing written in between.
    ///
    /// ## Why
    /// The second statement gives what a variable still holds. It is easily overlooked where the two stand in
    /// different blocks, or one in a helper.
    ///
    /// ## Example
    /// ```python flag
    /// # file: accounts/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     owner = models.CharField(max_length=80)
    /// # file: accounts/views.py
    /// from accounts.models import Account
    ///
    /// def show(request, pk):
    ///     account = Account.objects.get(pk=pk)
    ///     title = account.owner
    ///     again = Account.objects.get(pk=pk)  # RT304
    ///     return title, again.pk
    /// ```
    /// ```python fix
    /// # file: accounts/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     owner = models.CharField(max_length=80)
    /// # file: accounts/views.py
    /// from accounts.models import Account
    ///
    /// def show(request, pk):
    ///     account = Account.objects.get(pk=pk)
    ///     title = account.owner
    ///     again = account  # RT304
    ///     return title, again.pk
    /// ```
    /// A write in between is a reason to fetch again:
    /// ```python ok
    /// # file: accounts/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     owner = models.CharField(max_length=80)
    /// # file: accounts/views.py
    /// from accounts.models import Account
    ///
    /// def rename(request, pk):
    ///     account = Account.objects.get(pk=pk)
    ///     Account.objects.filter(pk=pk).update(owner="x")
    ///     return account.owner, Account.objects.get(pk=pk).owner
    /// ```
    ///
    /// ## When not to
    /// When the second fetch is there to see what others wrote meanwhile, or to have an unchanged copy.
    pub struct DuplicateFetch: "RT304", "duplicate-fetch", OverFetching, Info, seeds: Warning;
}

impl Rule for DuplicateFetch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if trace.role.is_judged() {
            look(trace, cx);
        }
    }
}

fn look(trace: &Trace, cx: &mut Context<'_>) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut again: Vec<Again> = Vec::new();
    let mut same: Vec<Same> = Vec::new();
    for (at, event, query) in trace.queries() {
        let is_own = |_: &&str| is_fetch(query) && !is_of_turn(trace, event, query);
        let Some(identity) = query.identity.as_deref().filter(is_own) else { continue };
        match first.get(identity).copied() {
            Some(earlier) if covers(trace, earlier, at) => match called_again(trace, earlier, at) {
                Some((_, site)) if loops::is_cached(trace, event, site) => {}
                Some((before, site)) => {
                    let text = cx.project.text(site);
                    let same = |known: &&mut Again| {
                        let one = trace.events.get(known.later).is_some_and(|known| known.site == event.site);
                        known.site == site || one && cx.project.text(known.site) == text
                    };
                    match again.iter_mut().find(same) {
                        Some(known) if known.site == site => known.statements += 1,
                        Some(known) if known.further.contains(&site) => {}
                        Some(known) => known.further.push(site),
                        None => again.push(Again { earlier, later: at, before, site, statements: 1, further: vec![] }),
                    }
                }
                // A third of them repeats the second.
                None => match same.iter_mut().find(|known| known.is_last(earlier) && is_beside(trace, earlier, at)) {
                    Some(known) => known.further.push(at),
                    None => same.push(Same { earlier, later: at, further: Vec::new() }),
                },
            },
            _ => {}
        }
        if !event.arms.iter().any(|arm| arm.memo) {
            first.insert(identity, at);
        }
    }
    same.iter().for_each(|same| report(trace, same, cx));
    again.iter().for_each(|again| report_again(trace, again, cx));
}

/// Fetches of the same, by lines of their own; indexes of their events.
struct Same {
    earlier: usize,
    later: usize,
    further: Vec<usize>,
}

impl Same {
    fn is_last(&self, at: usize) -> bool {
        self.further.last().copied().unwrap_or(self.later) == at
    }
}

/// Whether two events stand in one function, in the same turns.
fn is_beside(trace: &Trace, one: usize, other: usize) -> bool {
    let both = trace.events.get(one).zip(trace.events.get(other));
    both.is_some_and(|(a, b)| a.via == b.via && a.loops == b.loops)
}

/// A function or property that fetches, and is asked twice.
struct Again {
    earlier: usize,
    later: usize,
    /// The calls in the code that both have in common.
    before: Site,
    site: Site,
    statements: u32,
    /// Where the same is written, and fetched, once more.
    further: Vec<Site>,
}

/// Where the ways to two events part, if they lead to the same place in the code.
fn called_again(trace: &Trace, earlier: usize, later: usize) -> Option<(Site, Site)> {
    let (first, second) = (trace.events.get(earlier)?, trace.events.get(later)?);
    if first.site != second.site {
        return None;
    }
    let parted = first.via.iter().zip(second.via.iter()).find(|(one, two)| one.site != two.site);
    parted.map(|(one, two)| (one.site, two.site))
}

fn is_fetch(query: &Query) -> bool {
    let caused = match &query.cause {
        Cause::Evaluation => true,
        Cause::Method(name) => name != "refresh_from_db" && name != "arefresh_from_db",
        Cause::Manager { prefetched, .. } => !prefetched,
        _ => false,
    };
    caused && query.statement.facts.kind.reads() && !query.statement.facts.locked
}

/// Rows of a relation of each turn's row: what loads them for all turns (RT102, RT112) serves every line of the turn.
fn is_of_turn(trace: &Trace, event: &Event, query: &Query) -> bool {
    let Cause::Manager { row, .. } = &query.cause else { return false };
    let driven = row.queryset.is_some_and(|rows| loops::driven_by(trace, event, rows).is_some());
    driven && is_plain_read(trace, query)
}

/// Whether the earlier fetch has always happened when the later one does, in the same turn, and nothing changed since.
pub(super) fn covers(trace: &Trace, earlier: usize, later: usize) -> bool {
    let (Some(first), Some(second)) = (trace.events.get(earlier), trace.events.get(later)) else { return false };
    let happened = first.arms.iter().all(|arm| second.arms.iter().any(|other| other.implies(arm)));
    let same = first.site == second.site && called_again(trace, earlier, later).is_none();
    if !happened || first.loops != second.loops || same {
        return false;
    }
    // In a handler, what the `try` fetched may be what failed.
    let failed = trace.scopes.attempts.iter().any(|attempt| {
        attempt.body.contains(&earlier) && attempt.handlers.iter().any(|handler| handler.events.contains(&later))
    });
    if failed {
        return false;
    }
    let tables = match &second.kind {
        EventKind::Query(query) => &query.statement.facts.tables,
        _ => return false,
    };
    let between = trace.events.get(earlier + 1..later).unwrap_or_default();
    !between.iter().any(|event| match &event.kind {
        EventKind::Query(query) => {
            let facts = &query.statement.facts;
            let writes = !facts.kind.reads() && facts.kind != Kind::Other;
            (writes && (tables.is_empty() || facts.tables.iter().any(|table| tables.contains(table)))) || facts.locked
        }
        EventKind::Row(row) => matches!(row.op, RowOp::Save { .. } | RowOp::Delete | RowOp::Write(_)),
        EventKind::Begin | EventKind::Commit | EventKind::ExternalIo(_) => true,
        _ => false,
    })
}

fn report(trace: &Trace, same: &Same, cx: &mut Context<'_>) {
    let Same { earlier, later, .. } = *same;
    let (Some(first), Some(second)) = (trace.events.get(earlier), trace.events.get(later)) else { return };
    let (Some(before), Some(site)) = (first.site, second.site) else { return };
    let EventKind::Query(query) = &second.kind else { return };
    let queryset = query.queryset.map(|id| trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let opaque = trace.events.get(earlier..later).unwrap_or_default().iter();
    let opaque = opaque.filter(|event| matches!(event.kind, EventKind::Opaque(_))).count() > 0;
    let sure = if opaque { Confidence::Likely } else { Confidence::Certain };
    let what = if model.is_empty() { "the same rows".to_owned() } else { format!("the same {model}") };
    let mut evidence = vec![DraftEvidence::Code { site: before, message: "fetched here already".to_owned() }];
    evidence.extend(loops::calls(first).chain(loops::calls(second)));
    let further: Vec<&Event> = same.further.iter().filter_map(|at| trace.events.get(*at)).collect();
    for site in further.iter().filter_map(|event| event.site) {
        evidence.push(DraftEvidence::Code { site, message: "and here".to_owned() });
    }
    let once = Terms::product(1, second.loops.clone());
    let mut twice = once.clone();
    (0..=further.len()).for_each(|_| twice.add(&once));
    let more = match further.as_slice() {
        [] => String::new(),
        [only] => only.site.map_or_else(String::new, |at| format!(", and so does {}", line(cx.project, at, site))),
        more => format!(", and so do {} other lines", more.len()),
    };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody waits for one statement of a command.
        hint: (trace.role == Role::Command).then_some(true),
        confidence: second.confidence.min(sure).min(wanted(trace, first, second)),
        site: Some(site),
        message: format!("This fetches {what} as {} did{more}.", line(cx.project, before, site)),
        cost: Some(cx.cost(trace, twice, once)),
        evidence,
        rewrite: reuse(cx.project, first, second, before, site).filter(|_| further.is_empty()),
        advice: match cx.project.is_template(site.file) {
            true if matches!(query.cause, Cause::Manager { .. }) && is_plain_read(trace, query) => {
                "Keep the first result by {% with %} around both, or load the rows with their object, by \
                 prefetch_related(): each `.all` then takes them from there."
            }
            true if before.file != site.file => {
                "Read it once for both templates: in the view or the tag that renders them, or by {% with %} around both."
            }
            true => "Keep the first result by {% with %} around both, or list() it in the view and pass that.",
            false => "Keep the first result in a variable and use it here.",
        }
        .to_owned(),
        // What a helper of many models fetches twice is one thing to mend.
        key: query.statement.facts.kind.as_str().to_owned(),
    });
}

fn report_again(trace: &Trace, again: &Again, cx: &mut Context<'_>) {
    let (Some(first), Some(second)) = (trace.events.get(again.earlier), trace.events.get(again.later)) else { return };
    let (Some(fetched), EventKind::Query(query)) = (second.site, &second.kind) else { return };
    let model = query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
    let between = trace.events.get(again.earlier..again.later).unwrap_or_default();
    let opaque = between.iter().any(|event| matches!(event.kind, EventKind::Opaque(_)));
    let sure = if opaque { Confidence::Likely } else { Confidence::Certain };
    let what = if model.is_empty() { "the same rows".to_owned() } else { format!("the same {model}") };
    let mut evidence = vec![
        DraftEvidence::Code { site: again.before, message: "fetched for this already".to_owned() },
        DraftEvidence::Code { site: fetched, message: "sent from here, each time".to_owned() },
    ];
    evidence.extend(loops::calls(second));
    let further = again.further.iter().map(|site| (*site, "and here".to_owned()));
    evidence.extend(further.map(|(site, message)| DraftEvidence::Code { site, message }));
    let once = Terms::product(again.statements, second.loops.clone());
    let mut twice = once.clone();
    for _ in 0..=again.further.len() {
        twice.add(&once);
    }
    let (line, text) = (line(cx.project, again.before, again.site), shown(cx.project.text(again.site)));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody waits for one statement of a command.
        hint: (trace.role == Role::Command).then_some(true),
        confidence: second.confidence.min(first.confidence).min(sure),
        site: Some(again.site),
        message: format!("`{text}` fetches {what} again that {line} has asked for."),
        cost: Some(cx.cost(trace, twice, once)),
        evidence,
        rewrite: None,
        advice: match cx.project.is_template(again.site.file) {
            true => "Keep the first result: by {% with %} around both, or by cached_property.",
            false => "Keep the first result: in a variable, or by cached_property.",
        }
        .to_owned(),
        // What a helper of many models fetches twice is one thing to mend.
        key: query.statement.facts.kind.as_str().to_owned(),
    });
}

/// What another function fetches to write it is read there for good reason, and no variable leads from one function to
/// another that does not call it.
fn wanted(trace: &Trace, first: &Event, second: &Event) -> Confidence {
    let EventKind::Query(query) = &second.kind else { return Confidence::Certain };
    let apart = !second.via.is_empty() && first.via != second.via;
    let written = query.queryset.is_some()
        && trace.events.iter().any(|event| match &event.kind {
            EventKind::Row(row) => {
                let writes = matches!(row.op, RowOp::Write(_) | RowOp::Save { .. } | RowOp::Delete);
                writes && row.row.queryset == query.queryset && event.via == second.via
            }
            _ => false,
        });
    let shared = first.via.iter().zip(second.via.iter()).take_while(|(one, two)| one == two).count();
    let parted = |event: &Event| event.via.get(shared).is_some_and(|step| !step.renders);
    let beside = parted(first) && parted(second);
    if beside || apart && written { Confidence::Possible } else { Confidence::Certain }
}

/// `line 12`, with its file where that is another one than that of `from`.
fn line(project: &Project, site: Site, from: Site) -> String {
    let place = project.place(site);
    if site.file == from.file { format!("line {}", place.line) } else { format!("{} line {}", place.path, place.line) }
}

/// One line of an expression.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts the variable of the first fetch in the place of the second one.
fn reuse(project: &Project, first: &Event, second: &Event, before: Site, site: Site) -> Option<DraftRewrite> {
    let name = first.bound_to.as_ref()?;
    if before.file != site.file || !first.via.is_empty() || !second.via.is_empty() {
        return None;
    }
    let module = project.module(site.file);
    // `name = <first fetch>` and nothing else, and the name is not bound again until the second one.
    let statement = first.statement?.span;
    if rewrite::assigned_name(&module.ir, statement, before.span)? != *name {
        return None;
    }
    let between = Span { start: statement.end, end: second.statement?.span.start };
    if rewrite::bound_between(&module.ir, between).contains(name) || rewrite::inside_fstring(&module.ir, site.span) {
        return None;
    }
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Use {name} again"),
        note: format!("{name} holds what was read then: agree that nothing else writes it in between."),
        edits: vec![FileEdit::replace(site, name.as_str())],
    })
}
