//! RT407

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::cure;
use crate::model::{Confidence, Orm, Site};
use crate::project::Project;
use crate::rewrite::{Keys, NewIndex, is_used};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule};
use crate::schema::{Field, FieldKind, Index, IndexOrigin, Model, ModelId, Schema, Wanted};
use crate::sql::Dialect;
use crate::trace::{Cause, Filter, QuerySet, Trace};

rule! {
    /// Searches a column in a way that an ordinary index cannot serve.
    ///
    /// ## Why
    /// A B-tree finds values by their beginning. A search for a part of a text, without regard to case, or by what a
    /// function makes of the column (`__date`, `__month`) reads every row, whether the column has an index or not.
    /// Trigrams, an index on the expression, GIN or a range do serve it.
    ///
    /// ## Example
    /// ```python flag
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     email = models.EmailField(db_index=True)
    /// # file: people/views.py
    /// from people.models import Person
    ///
    /// def find(request):
    ///     return Person.objects.filter(email__iexact=request.GET["email"]).first()  # RT407
    /// ```
    /// ```python ok
    /// # file: people/models.py
    /// from django.db import models
    /// from django.db.models.functions import Upper
    ///
    /// class Person(models.Model):
    ///     email = models.EmailField(db_index=True)
    ///
    ///     class Meta:
    ///         indexes = [models.Index(Upper("email"), name="person_email_upper")]
    /// # file: people/views.py
    /// from people.models import Person
    ///
    /// def find(request):
    ///     return Person.objects.filter(email__iexact=request.GET["email"]).first()
    /// ```
    /// Among the rows of one owner there is little to search, and `__year` is a range already:
    /// ```python ok
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     name = models.CharField(max_length=80)
    ///     born = models.DateField(db_index=True)
    /// # file: people/views.py
    /// from people.models import Person
    ///
    /// def find(request, year):
    ///     mine = Person.objects.filter(owner=request.user, name__icontains=request.GET["q"])
    ///     return list(mine), list(Person.objects.filter(born__year=year))
    /// ```
    ///
    /// ## When not to
    /// On tables of a few thousand rows, or in the admin's search where one person waits now and then. A trigram index
    /// is large, and costs each write more than a B-tree.
    pub struct IndexCannotServe: "RT407", "index-cannot-serve", Index, Info as hint;
}

impl Rule for IndexCannotServe {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let mut found: BTreeMap<(ModelId, SmolStr, Need), Vec<(Site, Confidence)>> = BTreeMap::new();
        for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
            for (_, event, query) in trace.queries() {
                let own = matches!(query.cause, Cause::Evaluation | Cause::Method(_));
                let (Some(queryset), Some(site), true) = (query.queryset, event.site, own) else { continue };
                for (model, field, need) in searched(cx.project, trace.queryset(queryset)) {
                    let sites = found.entry((model, field, need)).or_default();
                    if sites.iter().all(|(known, _)| *known != site) {
                        sites.push((site, event.confidence));
                    }
                }
            }
        }
        for ((model, field, need), mut sites) in found {
            sites.sort_by_key(|(site, _)| (site.file, site.span));
            report((model, &field, need), &sites, cx);
        }
    }
}

/// What would serve a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Trigrams {
        upper: bool,
    },
    /// The text in upper case.
    Upper,
    /// A class of operators that compares text byte by byte.
    Beginning,
    /// GIN over the values inside.
    Inner,
    /// The range that `__date` stands for.
    Range,
    /// An index on a part of the date.
    Part,
}

fn searched(project: &Project, queryset: &QuerySet) -> Vec<(ModelId, SmolStr, Need)> {
    let schema = &project.schema;
    let Some(model) = queryset.model.filter(|_| queryset.orm == Orm::Django && !queryset.combined) else {
        return Vec::new();
    };
    if schema.get(model).site.is_none() || queryset.related_to.is_some() || is_narrowed(schema, model, queryset) {
        return Vec::new();
    }
    let of = |filter: &Filter| {
        let [name] = filter.path.as_slice() else { return None };
        let (owner, field) = schema.field(model, name)?;
        let need = need(field, &filter.lookup, project.dialect).filter(|_| owner == model && !filter.negated)?;
        let served = schema.get(model).indexes.iter().any(|index| serves(index, field, need));
        (!served && field.has_column()).then(|| (model, field.name.clone(), need))
    };
    queryset.filters.iter().filter_map(of).collect()
}

/// Other conditions lead to a few rows already.
fn is_narrowed(schema: &Schema, model: ModelId, queryset: &QuerySet) -> bool {
    let plain = |filter: &&Filter| !filter.negated && !filter.alternative;
    let equal = queryset.filters.iter().filter(plain).filter(|filter| matches!(filter.lookup.as_str(), "exact" | "in"));
    let names: Vec<SmolStr> = equal.filter_map(|filter| filter.path.first().cloned()).collect();
    let own = |name: &SmolStr| schema.field(model, name).is_some_and(|(_, field)| !field.is_low_selectivity());
    let names: Vec<SmolStr> = names
        .iter()
        .filter(|name| own(name))
        .filter_map(|name| schema.field(model, name).map(|(_, f)| f.name.clone()))
        .collect();
    schema.served_by(model, &Wanted { equal: &names, ..Wanted::default() }).is_some()
}

fn need(field: &Field, lookup: &str, dialect: Dialect) -> Option<Need> {
    let is_text = matches!(field.kind, FieldKind::Char | FieldKind::Text);
    // MySQL's usual collations compare without regard to case as they are.
    let has_case = dialect != Dialect::MySql;
    Some(match lookup {
        "icontains" | "iendswith" | "istartswith" | "iregex" if is_text => Need::Trigrams { upper: lookup != "iregex" },
        "contains" | "endswith" | "regex" if is_text => Need::Trigrams { upper: false },
        "iexact" if is_text && has_case => Need::Upper,
        "startswith" if is_text && dialect == Dialect::Postgres => Need::Beginning,
        "contains" | "contained_by" | "overlap" | "has_key" | "has_keys" | "has_any_keys"
            if matches!(field.kind, FieldKind::Json | FieldKind::Array) =>
        {
            Need::Inner
        }
        "date" | "date__gte" | "date__gt" | "date__lte" | "date__lt" | "date__range"
            if field.kind == FieldKind::DateTime =>
        {
            Need::Range
        }
        "month" | "day" | "week" | "week_day" | "hour" | "quarter"
            if matches!(field.kind, FieldKind::DateTime | FieldKind::Date) =>
        {
            Need::Part
        }
        _ => return None,
    })
}

/// Whether an index is there that serves the need.
fn serves(index: &Index, field: &Field, need: Need) -> bool {
    let Some(first) = index.columns.first() else { return false };
    let own = first.name == field.name || first.name == field.column;
    let of_column = |text: &str| is_used(text, &field.name) || is_used(text, &field.column);
    let expression = first.expression.as_deref().filter(|text| of_column(text));
    let cased = expression.is_some_and(|text| text.to_lowercase().contains("upper"));
    let opclass = first.opclass.as_deref().unwrap_or("");
    match need {
        Need::Trigrams { .. } => {
            matches!(index.method.as_str(), "gin" | "gist" | "spgist") && (own || expression.is_some())
        }
        Need::Upper => cased,
        // A text field's flag brings a second index for this.
        Need::Beginning => {
            own && (opclass.contains("pattern") || matches!(index.origin, IndexOrigin::FieldFlag | IndexOrigin::Unique))
        }
        Need::Inner => own && index.method == "gin",
        Need::Range | Need::Part => expression.is_some(),
    }
}

fn report((id, field, need): (ModelId, &SmolStr, Need), sites: &[(Site, Confidence)], cx: &mut Context<'_>) {
    let Some((first, confidence)) = sites.first() else { return };
    let project = cx.project;
    let model = project.schema.get(id);
    let Some((_, declared)) = project.schema.field(id, field) else { return };
    let index = keys(declared, need).map(|keys| NewIndex::of(&model.name, keys));
    let postgres = project.dialect == Dialect::Postgres;
    let offered = index.as_ref().filter(|index| project.dialect_known && (postgres || !index.is_of_postgres()));
    let rewrite = offered.and_then(|index| cure::rewrite(project, id, index));
    let advice = match &index {
        Some(index) if postgres || !index.is_of_postgres() => cure::advice(project, model, index, rewrite.is_some()),
        Some(_) => "A full-text index of the database serves searches inside of a text.".to_owned(),
        None => without_index(model, field, need),
    };
    let (how, why) = said(need);
    let evidence = sites
        .iter()
        .skip(1)
        .map(|(site, _)| DraftEvidence::Code { site: *site, message: "searched the same way here".to_owned() })
        .collect();
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: if model.is_partial { Confidence::Likely } else { *confidence },
        site: Some(*first),
        message: format!("{} is searched by {how} `{field}`: {why}, so that every row is read.", model.label()),
        cost: None,
        evidence,
        rewrite,
        advice,
        key: format!("{}:{field}:{need:?}", model.label()),
    });
}

fn said(need: Need) -> (&'static str, &'static str) {
    match need {
        Need::Trigrams { .. } => ("a part of", "no B-tree finds text by what stands inside of it"),
        Need::Upper => ("any case of", "an index of the column has it as it is written, not in upper case"),
        Need::Beginning => ("the beginning of", "in most collations an index without text_pattern_ops cannot do that"),
        Need::Inner => ("what is inside of", "a B-tree has the value as a whole"),
        Need::Range => ("the day of", "the database computes it for each row"),
        Need::Part => ("a part of the date", "the database computes it for each row"),
    }
}

fn keys(field: &Field, need: Need) -> Option<Keys> {
    let column = field.name.to_string();
    Some(match need {
        Need::Trigrams { upper } => Keys::Trigrams { column, upper },
        Need::Upper => Keys::Upper(column),
        Need::Beginning => {
            let opclass = if field.kind == FieldKind::Text { "text_pattern_ops" } else { "varchar_pattern_ops" };
            Keys::Beginning { column, opclass }
        }
        Need::Inner => Keys::Inner(column),
        Need::Range | Need::Part => return None,
    })
}

fn without_index(model: &Model, field: &str, need: Need) -> String {
    match need {
        Need::Range => format!(
            "Compare with the beginning of the day and of the next one ({field}__gte, {field}__lt), in the time zone that \
             is meant: an index on {field} serves that."
        ),
        _ => format!("An index on the expression serves it: models.Index(Extract…(\"{field}\")) in {}.", model.name),
    }
}
