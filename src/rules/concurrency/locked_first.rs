//! A line that locks both rows in the order of their keys, before they are read one by one.

use crate::model::{Safety, Site, Span};
use crate::project::Project;
use crate::rewrite::{self, Quote};
use crate::rules::DraftRewrite;
use crate::trace::{Cause, Event, Query, QuerySet};

type Lock<'t> = (&'t Event, &'t Query, &'t QuerySet);

/// The rewrite, where both are looked up by a plain name for the key, which is known before the first.
pub fn rewrite(project: &Project, first: Lock<'_>, second: Lock<'_>) -> Option<DraftRewrite> {
    let (one, two) = (first.0, second.0);
    let (from, to) = (one.statement?, two.statement?);
    if from.file != to.file || one.via != two.via || one.arms != two.arms || one.loops != two.loops {
        return None;
    }
    let module = project.module(from.file);
    let (receiver, key) = looked_up(project, first)?;
    let (again, other) = looked_up(project, second)?;
    let between = Span { start: from.span.start, end: to.span.start };
    let bound = rewrite::bound_between(&module.ir, between);
    let root = other.split('.').next().unwrap_or(other);
    if receiver != again
        || key == other
        || bound.contains(root)
        || !rewrite::runs_once(&module.ir, from.span, one.site?.span)
    {
        return None;
    }
    let pk = Quote::of(module.source.text()).text("pk");
    let line = format!("list({receiver}.filter(pk__in=[{key}, {other}]).order_by({pk}))\n");
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Lock both rows in the order of their keys first".to_owned(),
        note: "One query more; the two that follow find their rows locked already. Every other place that locks these rows \
               must keep to the order as well."
            .to_owned(),
        edits: vec![rewrite::insert_before(&module.source, from, &line)?],
    })
}

/// `Account.objects.select_for_update()` and the name that its `get()` looks for.
fn looked_up<'p>(project: &'p Project, (event, query, queryset): Lock<'_>) -> Option<(&'p str, &'p str)> {
    let site = event.site?;
    let [only] = queryset.filters.as_slice() else { return None };
    let by_key = matches!(only.path.as_slice(), [path] if path == "pk" || path == "id") && only.lookup == "exact";
    let get = matches!(&query.cause, Cause::Method(method) if method == "get");
    let module = project.module(site.file);
    let callee = project.text(Site::new(site.file, rewrite::call_at(&module.ir, site.span)?.callee));
    let receiver = callee.strip_suffix(".get")?;
    let (_, value) = project.text(only.site?).split_once('=')?;
    let value = value.trim();
    let plain = value.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    (by_key && get && plain && !receiver.contains('\n')).then_some((receiver, value))
}
