//! RT202

use smol_str::SmolStr;

use crate::model::{Orm, Safety, Site};
use crate::project::{DjangoVersion, Project};
use crate::rewrite::{self, Call, FileEdit, Quote};
use crate::rules::growth::is_few;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::schema::{Field, FieldKind};
use crate::trace::{CallStep, Event, EventKind, Fold, Folded, Origin, QuerySet, Role, Trace};

rule! {
    /// Fetches all rows to compute one number of them.
    ///
    /// ## Why
    /// Every row is sent and made an object, so that Python can add up one column. `aggregate()` and `count()` give the
    /// number alone, however many rows there are.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     quantity = models.IntegerField()
    /// # file: shop/services.py
    /// from shop.models import Order
    ///
    /// def ordered(customer):
    ///     return sum(order.quantity for order in Order.objects.filter(customer=customer))  # RT202
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     quantity = models.IntegerField()
    /// # file: shop/services.py
    /// from shop.models import Order
    /// from django.db.models import Sum
    ///
    /// def ordered(customer):
    ///     return Order.objects.filter(customer=customer).aggregate(total=Sum("quantity", default=0))["total"]  # RT202
    /// ```
    /// Rows that are needed for something else are there anyway, and a property is no column:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     quantity = models.IntegerField()
    ///     price = models.IntegerField()
    ///
    ///     @property
    ///     def amount(self):
    ///         return self.quantity * self.price
    /// # file: shop/services.py
    /// from shop.models import Order
    ///
    /// def ordered(customer):
    ///     orders = Order.objects.filter(customer=customer)
    ///     rows = [(order.pk, order.quantity) for order in orders]
    ///     return rows, sum(order.quantity for order in orders)
    ///
    /// def spent(customer):
    ///     return sum(order.amount for order in Order.objects.filter(customer=customer))
    /// ```
    ///
    /// ## When not to
    /// Where the rows are few and used elsewhere: of a table that stays small, and of the parts of one thing, it is a
    /// hint. The database's result has the column's type; of floating-point numbers
    /// it may differ in the last digits, and `NULL` is left out where Python raises `TypeError`. The greatest of nothing
    /// is `None` and no `ValueError`.
    pub struct PythonAggregate: "RT202", "python-aggregate", Aggregation, Warning;
}

impl Rule for PythonAggregate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        let mut told: Vec<(&[CallStep], Draft)> = Vec::new();
        for event in &trace.events {
            if let EventKind::Folded(folded) = &event.kind {
                told.extend(look(trace, event, folded, cx).map(|draft| (&event.via[..], draft)));
            }
        }
        together(told).into_iter().for_each(|draft| cx.report(draft));
    }
}

/// The same of one model in one function is one matter, and one edit.
fn together(told: Vec<(&[CallStep], Draft)>) -> Vec<Draft> {
    let mut out: Vec<(&[CallStep], Draft)> = Vec::new();
    for (via, draft) in told {
        let same = |(from, known): &&mut (&[CallStep], Draft)| {
            *from == via
                && known.key == draft.key
                && known.hint == draft.hint
                && known.site != draft.site
                && known.rewrite.is_some() == draft.rewrite.is_some()
        };
        let Some((_, known)) = out.iter_mut().find(same) else {
            out.push((via, draft));
            continue;
        };
        known.confidence = known.confidence.min(draft.confidence);
        known.evidence.extend(draft.site.map(|site| DraftEvidence::Code { site, message: "the same here".to_owned() }));
        if let (Some(rewrite), Some(more)) = (&mut known.rewrite, draft.rewrite) {
            let new: Vec<FileEdit> = more.edits.into_iter().filter(|edit| !rewrite.edits.contains(edit)).collect();
            rewrite.edits.extend(new);
        }
    }
    out.into_iter().map(|(_, draft)| draft).collect()
}

fn look(trace: &Trace, event: &Event, folded: &Folded, cx: &Context<'_>) -> Option<Draft> {
    let queryset = trace.queryset(folded.queryset);
    // A slice is a few rows, and what is not plain is counted in another way; what each row has computed is added up
    // like a column.
    let computed = folded.field.as_ref().filter(|field| queryset.annotations.contains(field));
    let plain = queryset.slice.is_none()
        && !queryset.combined
        && !queryset.distinct
        && (queryset.annotations.is_empty() || computed.is_some())
        && queryset.orm == Orm::Django;
    // The length decides a test: RT301.
    let asked = trace.queries().any(|(_, _, query)| query.queryset == Some(folded.queryset) && query.tested.is_some());
    if !plain || asked {
        return None;
    }
    let field = match &folded.field {
        Some(_) if computed.is_some() => None,
        Some(name) => match queryset.model.and_then(|model| cx.project.schema.field(model, name)) {
            Some((_, field)) if fits(field, folded.function) => Some(field),
            _ => return None,
        },
        None => None,
    };
    let model = if queryset.model_name.is_empty() { "the table" } else { queryset.model_name.as_str() };
    let name = field.map(|field| &field.name).or(computed);
    let of = |what: &str, function: &str, name: &SmolStr| {
        (format!("{what} `{name}`"), format!("aggregate({function}(\"{name}\"))"))
    };
    let (what, instead) = match (folded.function, name) {
        (Fold::Length, _) => ("know how many there are".to_owned(), "count()".to_owned()),
        (Fold::Sum | Fold::Added, Some(name)) => of("add up", "Sum", name),
        (Fold::Least, Some(name)) => of("find the least", "Min", name),
        (Fold::Greatest, Some(name)) => of("find the greatest", "Max", name),
        (_, None) => return None,
    };
    let (confidence, why) = loops::doubt(queryset.model.is_some(), event.confidence, &queryset.model_name);
    let in_office = matches!(&trace.origin, Origin::Code { file, .. } if cx.project.is_back_office(*file));
    let is_apart = trace.role == Role::Command || in_office;
    Some(Draft {
        rule: &META,
        severity: META.severity,
        // A few rows are fetched as fast as their number, and by a statement either way.
        hint: Some(is_apart || is_few(cx.project, queryset)),
        confidence,
        site: event.site,
        message: format!("All rows of {model} are fetched to {what}; the database can do that{why}."),
        cost: None,
        evidence: loops::evidence(trace, event, Some(queryset), &[]),
        rewrite: event.site.and_then(|site| cure(cx.project, site, queryset, folded, field)),
        advice: format!("Ask the database: {instead}."),
        key: format!("{model}.{what}"),
    })
}

/// Columns of which the database computes what Python does.
fn fits(field: &Field, function: Fold) -> bool {
    use FieldKind::{Auto, Date, DateTime, Decimal, Duration, Float, Integer};
    match function {
        Fold::Sum | Fold::Added => matches!(field.kind, Integer | Decimal | Float),
        _ => matches!(field.kind, Auto | Integer | Decimal | Float | Date | DateTime | Duration),
    }
}

fn cure(
    project: &Project,
    site: Site,
    queryset: &QuerySet,
    folded: &Folded,
    field: Option<&Field>,
) -> Option<DraftRewrite> {
    let module = project.module(site.file);
    let source = &module.source;
    let rows = rows_text(project, queryset, folded)?;
    let (function, key) = match folded.function {
        Fold::Length => {
            let edits = vec![FileEdit::replace(site, format!("{rows}.count()"))];
            let note = "Nothing else may need the rows.".to_owned();
            return Some(DraftRewrite {
                safety: Safety::Review,
                title: "Count in the database".to_owned(),
                note,
                edits,
            });
        }
        Fold::Sum | Fold::Added => ("Sum", "total"),
        Fold::Least => ("Min", "least"),
        Fold::Greatest => ("Max", "greatest"),
    };
    let column = field?.name.as_str();
    let imported = rewrite::import(site.file, source, &module.ir, "django.db.models", &[function])?;
    let quote = Quote::of(source.text());
    let (called, key_text, column) = (imported.names.first()?, quote.text(key), quote.text(column));
    let of_sum = matches!(folded.function, Fold::Sum | Fold::Added);
    let has_default = of_sum && project.django >= DjangoVersion(4, 0);
    let default = if has_default { ", default=0" } else { "" };
    let value = format!("{rows}.aggregate({key}={called}({column}{default}))[{key_text}]");
    let value = if of_sum && !has_default { format!("({value} or 0)") } else { value };
    let mut edits: Vec<FileEdit> = imported.edit.into_iter().collect();
    edits.push(match folded.function {
        Fold::Added => {
            let total = rewrite::added_to(&module.ir, site.span)?;
            rewrite::replace_line(source, site, &format!("{} += {value}", source.slice(total)))?
        }
        _ => FileEdit::replace(site, value),
    });
    let note = match folded.function {
        Fold::Sum | Fold::Added => "The result has the column's type; rows without a value are left out.",
        _ => "Of no rows it is None, where Python raises ValueError.",
    };
    let title = format!("Compute the {key} in the database");
    Some(DraftRewrite { safety: Safety::Review, title, note: note.to_owned(), edits })
}

/// The queryset as it stands in the code, without the call that takes one column of it.
fn rows_text(project: &Project, queryset: &QuerySet, folded: &Folded) -> Option<String> {
    let source = &project.module(folded.rows.file).source;
    let last = queryset.steps.last().filter(|step| step.call == folded.rows);
    let text = match last {
        Some(step) if queryset.values.is_some() => {
            source.slice(rewrite::receiver(source, Call { call: step.call, name: step.name, args: step.args }))
        }
        _ if queryset.values.is_some() => return None,
        _ => project.text(folded.rows),
    };
    // Of a list there is no count(), and no aggregate() either.
    if text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && rewrite::has_other_values(&project.module(folded.rows.file).ir, folded.rows.span, text)
    {
        return None;
    }
    (!text.is_empty() && !text.contains(['\n', '\r', '#'])).then(|| text.to_owned())
}
