//! An aggregate as a subquery over its own relation.

use crate::project::Project;
use crate::rewrite::{self, FileEdit, Quote};
use crate::schema::RelationKind;
use crate::trace::{Aggregate, Aggregation, QuerySet};

/// `Sum("lines__amount")` → `Subquery(Line.objects.filter(order=OuterRef("pk")).values("order").annotate(…).values(…))`,
/// where each row of the queryset gets a sum of its own over the rows that refer to it.
pub fn own(
    project: &Project,
    queryset: &QuerySet,
    aggregation: &Aggregation,
    aggregate: &Aggregate,
) -> Option<Vec<FileEdit>> {
    let ([relation, column], [join]) = (aggregate.path.as_slice(), aggregate.joins.as_slice()) else { return None };
    let plain = aggregation.per_row && aggregate.alone && !aggregate.distinct && !aggregate.has_default;
    if !plain || join.path != *relation || aggregation.filtered_by.iter().any(|known| known.key == join.key) {
        return None;
    }
    let schema = &project.schema;
    let reverse = schema.reverse_query(queryset.model?, relation)?;
    let child = schema.get(reverse.model);
    let (_, field) = schema.field(reverse.model, column)?;
    let leads_by_key = schema.field(reverse.model, &reverse.field)?.1.relation.as_ref()?.to_field.is_none();
    if reverse.kind != RelationKind::ForeignKey || field.relation.is_some() || !leads_by_key || child.is_partial {
        return None;
    }
    let site = aggregate.site?;
    let module = project.module(site.file);
    let call = rewrite::call_at(&module.ir, site.span)?;
    // Only what is over the one path is understood: no filter, no other argument.
    let given = module.source.slice(call.args);
    if given.contains([',', '(']) {
        return None;
    }
    let mut edits = Vec::new();
    let wanted = ["OuterRef", "Subquery"];
    let imported = rewrite::import(site.file, &module.source, &module.ir, "django.db.models", &wanted)?;
    edits.extend(imported.edit);
    let [outer, subquery] = imported.names.as_slice() else { return None };
    let declared = child.site?;
    let model = if declared.file == site.file {
        child.name.to_string()
    } else {
        let from = &project.module(declared.file).dotted;
        let named = rewrite::import(site.file, &module.source, &module.ir, from, &[&child.name])?;
        edits.extend(named.edit);
        named.names.into_iter().next()?
    };
    let quote = Quote::of(module.source.text());
    let function = module.source.slice(call.callee);
    let (name, key) = (quote.text(&aggregate.name), quote.text(&reverse.field));
    let text = format!(
        "{subquery}({model}.objects.filter({field}={outer}({pk})).order_by().values({key}).annotate({own}={function}({column})).values({name}))",
        field = reverse.field,
        pk = quote.text("pk"),
        own = aggregate.name,
        column = quote.text(column),
    );
    // The name must not be a column of the rows that are summed.
    if schema.field(reverse.model, &aggregate.name).is_some() {
        return None;
    }
    edits.push(FileEdit::replace(site, text));
    Some(edits)
}
