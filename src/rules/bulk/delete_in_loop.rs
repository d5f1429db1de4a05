//! RT607

use super::collect;
use super::turns::{self, Repeated, Told};
use crate::model::{Confidence, Safety, Site};
use crate::project::{Effects, Project};
use crate::rewrite::{self, UseOfCall};
use crate::rules::concurrency::rows;
use crate::rules::macros::rule;
use crate::rules::{Context, DraftRewrite, Meta, Rule};
use crate::trace::{Cause, EventKind, Row, Trace};

rule! {
    /// Deletes rows, or links and unlinks them, one by one in a loop.
    ///
    /// `delete()` of each row of a query, and `add()` or `remove()` of a manager with one item each.
    ///
    /// ## Why
    /// Each is one round trip or more: `delete()` looks for what depends on the row every time. `delete()` of the
    /// queryset and `add(*items)` do it for all rows at once.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     old = models.BooleanField(default=False)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def clear(request):
    ///     for topic in Topic.objects.filter(old=True):
    ///         topic.delete()  # RT607
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     old = models.BooleanField(default=False)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def clear(request):
    ///     Topic.objects.filter(old=True).delete()  # RT607
    /// ```
    ///
    /// Items of one manager:
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    ///
    /// class Topic(models.Model):
    ///     tags = models.ManyToManyField(Tag)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def tag(request, pk, tags):
    ///     topic = Topic.objects.get(pk=pk)
    ///     for tag in tags:
    ///         topic.tags.add(tag)  # RT607
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    ///
    /// class Topic(models.Model):
    ///     tags = models.ManyToManyField(Tag)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def tag(request, pk, tags):
    ///     topic = Topic.objects.get(pk=pk)
    ///     topic.tags.add(*tags)  # RT607
    /// ```
    ///
    /// A `delete()` of the model's own is to be called:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Picture(models.Model):
    ///     path = models.CharField(max_length=80)
    ///
    ///     def delete(self, *args, **kwargs):
    ///         print(self.path)
    ///         super().delete(*args, **kwargs)
    /// # file: forum/views.py
    /// from forum.models import Picture
    ///
    /// def clear(request):
    ///     for picture in Picture.objects.all():
    ///         picture.delete()
    /// ```
    ///
    /// ## When not to
    /// `delete()` of a queryset does not call `delete()` of the model; receivers of signals are called for each row, and
    /// what depends on the rows goes with them, as before. `add(*items)` sends `m2m_changed` once for all items. Very
    /// many rows in one transaction hold their locks for long: delete them in batches.
    pub struct DeleteInLoop: "RT607", "delete-in-loop", Bulk, Info;
}

impl Rule for DeleteInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (at, event, query) in trace.queries() {
            let first = |at: usize| at == 0 || trace.events.get(at - 1).is_none_or(|before| before.site != event.site);
            match &query.cause {
                // Of several statements the first speaks: the row's event stands before it.
                Cause::Delete if rows::row_event(&trace.events[at.saturating_sub(1)]).is_some() => {
                    delete(trace, at, cx)
                }
                Cause::Manager { row, accessor, method, .. }
                    if matches!(method.as_str(), "add" | "remove") && first(at) =>
                {
                    link(trace, at, (row, accessor, method), cx);
                }
                _ => {}
            }
        }
    }
}

fn delete(trace: &Trace, at: usize, cx: &mut Context<'_>) {
    let Some(found) = turns::repeated(trace, at, cx.config) else { return };
    let Some(row) = found.row().map(|deleted| &deleted.row) else { return };
    let effects = row.model.map(|model| cx.project.delete_effects(model)).unwrap_or_default();
    let own = found.query.varies_with == Some(found.id);
    if !own || row.made || effects.overridden.is_some() || found.use_of(cx.project) != UseOfCall::Unused {
        return;
    }
    // What else is done with a row that goes away is done because it goes away: its files, its children.
    let busy = turns::in_turn(trace, found.id).any(|(_, event)| match &event.kind {
        EventKind::Query(query) => event.site != found.event.site && !query.statement.facts.kind.reads(),
        EventKind::Opaque(_) | EventKind::Cache(_) => true,
        _ => false,
    });
    let mut confidence = if busy { Confidence::Possible } else { found.confidence(cx.project) };
    if row.model.is_none_or(|model| cx.project.schema.get(model).is_partial) {
        confidence = confidence.min(Confidence::Likely);
    }
    // Of a model that is not known, `delete()` may be its own.
    let known = row.model.is_some();
    if row.model_name.is_empty() {
        confidence = Confidence::Possible;
    }
    let tested = found.is_conditional(found.event);
    // delete() refuses a slice and a union, and without the slice it takes more.
    let some = found.rows().is_some_and(|rows| rows.slice.is_some() || rows.combined);
    let told = Told {
        rule: &META,
        what: format!("Deletes {}", turns::a_row_of(&row.model_name)),
        so: ", a look-up of what depends on it and a DELETE for each",
        confidence,
        advice: match (some, tested) {
            (true, _) => "Keep the keys in a list, and send one filter(pk__in=…).delete().",
            (_, true) => {
                "Put the test into the filter, or keep the keys in a list, and send one filter(pk__in=…).delete()."
            }
            (false, false) => "Delete the queryset: filter(…).delete().",
        }
        .to_owned(),
        rewrite: if busy || tested || !known { None } else { delete_all(cx.project, &found, row, &effects) },
        key: row.model_name.to_string(),
    };
    found.report(told, cx);
}

/// `rows.delete()` in the place of the loop.
fn delete_all(project: &Project, found: &Repeated<'_>, row: &Row, effects: &Effects) -> Option<DraftRewrite> {
    let (whole, turned) = collect::plain_loop(project, found)?;
    let module = project.module(whole.file);
    let queryset = found.rows()?;
    let refined = queryset.slice.is_some() || queryset.combined || queryset.distinct || found.is_streamed();
    let iter = Site::new(whole.file, turned.iter);
    let text = project.text(iter);
    let plain_name = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let itself = found.info().site == iter && (plain_name || queryset.built == Some(iter));
    let of_loop = row.queryset == found.info().queryset && row.path.is_empty();
    let alone = found.event.statement.is_some_and(|statement| turned.body == [statement.span]);
    let no_arguments = rewrite::call_at(&module.ir, found.site.span).is_some_and(|call| call.args.is_empty());
    let commented = module.ir.comments.iter().any(|comment| whole.span.contains(comment.span));
    if refined || !itself || !of_loop || !alone || !no_arguments || commented || text.contains('\n') {
        return None;
    }
    let mut note = "All of it is one transaction: an error leaves every row in its place.".to_owned();
    if !effects.receivers.is_empty() {
        note.push_str(" Receivers of pre_delete and post_delete are still called for each row.");
    }
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Delete all rows at once".to_owned(),
        note,
        edits: vec![rewrite::replace_line(&module.source, whole, &format!("{text}.delete()\n"))?],
    })
}

/// `add(x)` or `remove(x)` of a manager that is the same in each turn.
fn link(trace: &Trace, at: usize, (row, accessor, method): (&Row, &str, &str), cx: &mut Context<'_>) {
    let Some(found) = turns::repeated(trace, at, cx.config) else { return };
    let steady = found.query.varies_with.is_none_or(|varies| varies != found.id);
    // A link that a query of the turn asks for is to be there.
    let asks = turns::in_turn(trace, found.id).any(|(_, event)| {
        matches!(&event.kind, EventKind::Query(query) if query.statement.facts.kind.reads()
            && matches!(&query.cause, Cause::Manager { row: of, accessor: by, .. }
                if of.identity == row.identity && by == accessor))
    });
    let one = rewrite::only_argument(&cx.project.module(found.site.file).ir, found.site.span);
    if !steady || asks || found.step.is_none() && one.is_none() {
        return;
    }
    let of = if row.model_name.is_empty() { String::new() } else { format!("{}.", row.model_name) };
    let (what, so) = match method {
        "add" => ("Links one item to", ", a look-up and an INSERT into the link table for each"),
        _ => ("Unlinks one item from", ", a DELETE in the link table for each"),
    };
    // Which items go where, or what each of them costs beside, may weigh more.
    let mut others: Vec<Option<Site>> = turns::in_turn(trace, found.id)
        .filter(|(_, event)| matches!(event.kind, EventKind::Query(_)) && event.site != found.event.site)
        .map(|(_, event)| event.site)
        .collect();
    others.dedup();
    let part = others.len() > 1 || found.is_conditional(found.event);
    let told = Told {
        rule: &META,
        what: format!("{what} {of}{accessor} with {method}()"),
        so,
        confidence: if part { Confidence::Possible } else { found.confidence(cx.project) },
        advice: format!("Keep the items in a list and call {method}(*items) once."),
        rewrite: one.and_then(|item| link_all(cx.project, &found, method, item)),
        key: format!("{of}{accessor}.{method}"),
    };
    found.report(told, cx);
}

/// `add(*items)`
fn link_all(project: &Project, found: &Repeated<'_>, method: &str, item: crate::model::Span) -> Option<DraftRewrite> {
    let (whole, turned) = collect::plain_loop(project, found)?;
    let module = project.module(whole.file);
    let text = |span| project.text(Site::new(whole.file, span)).trim();
    let call = rewrite::call_at(&module.ir, found.site.span)?;
    let alone = found.event.statement.is_some_and(|statement| turned.body == [statement.span]);
    let commented = module.ir.comments.iter().any(|comment| whole.span.contains(comment.span));
    let (target, iter, item, callee) = (text(turned.target), text(turned.iter), text(item), text(call.callee));
    if !alone || commented || [target, iter, item, callee].iter().any(|part| part.contains('\n')) {
        return None;
    }
    let items = if item == target { iter.to_owned() } else { format!("[{item} for {target} in {iter}]") };
    let line = format!("{callee}(*{items})\n");
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Call {method}() once"),
        note: "m2m_changed is sent once for all items, and an error leaves none of them linked.".to_owned(),
        edits: vec![rewrite::replace_line(&module.source, whole, &line)?],
    })
}
