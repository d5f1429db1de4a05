//! RT513 where one query locks several rows: in which order is up to the database, unless the query says.

use super::lock_order::Held;
use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, Quote};
use crate::rules::DraftRewrite;
use crate::trace::{Cause, Filter, Operator, Query, QuerySet};

/// Rows that the request names by their keys, and no order: another request may name some of the same.
pub(super) fn is_unordered(project: &Project, query: &Query, queryset: &QuerySet) -> bool {
    let many = matches!(query.cause, Cause::Evaluation | Cause::Manager { .. });
    let named = in_bulk(project, query, queryset)
        || queryset.filters.iter().any(|filter| names_rows(project, queryset, filter));
    let ordered = queryset.order.first().is_some_and(|by| by != "?");
    many && named && !ordered && queryset.slice.is_none_or(|slice| !slice.index) && !queryset.opaque
}

/// `in_bulk(keys)`, which no filter tells.
fn in_bulk(project: &Project, query: &Query, queryset: &QuerySet) -> bool {
    let key = queryset.model.and_then(|model| project.schema.get(model).primary_key());
    key.is_some_and(|key| {
        let mut compared = query.statement.facts.compared.iter();
        compared.any(|found| found.operator == Operator::In && found.column.name == key.column)
    })
}

/// `pk__in=keys`, `item__in=items`; not `state__in=(…)`, which is the same for all.
fn names_rows(project: &Project, queryset: &QuerySet, filter: &Filter) -> bool {
    let [field] = filter.path.as_slice() else { return false };
    if filter.lookup != "in" || filter.negated || filter.step.is_none() {
        return false;
    }
    // The schema knows `item_id` as well.
    let known = queryset.model.and_then(|model| project.schema.field(model, field));
    let key = known.is_some_and(|(_, field)| field.primary_key || field.unique || field.relation.is_some());
    matches!(field.as_str(), "pk" | "id") || key
}

/// `.order_by("pk")` at the end of the chain.
pub(super) fn rewrite(project: &Project, held: &Held<'_>) -> Option<DraftRewrite> {
    let last = held.queryset.steps.last()?;
    // What is sliced, combined or handed on from another place has its order there.
    let here = held.event.site.is_some_and(|site| site.file == last.call.file) && held.queryset.local;
    if !here || held.queryset.slice.is_some() || held.queryset.combined {
        return None;
    }
    let module = project.module(last.call.file);
    let pk = Quote::of(module.source.text()).text("pk");
    let call = rewrite::Call { call: last.call, name: last.name, args: last.args };
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Lock the rows in the order of their keys".to_owned(),
        note: "The rows come in this order, too. Every other place that locks several of these rows must keep to it."
            .to_owned(),
        edits: vec![rewrite::append_call(&module.source, call, "order_by", &pk)],
    })
}

/// `skip_locked=True` and `nowait=True` wait for nobody.
pub(super) fn waits(project: &Project, queryset: &QuerySet) -> bool {
    let locks = queryset.steps.iter().filter(|step| step.method == "select_for_update");
    let mut told = locks.map(|step| project.text(Site::new(step.call.file, step.args)));
    !told.any(|args| args.contains("skip_locked=True") || args.contains("nowait=True"))
}
