//! RT504, and RT507 where the row that is not there was to be locked.

use super::runs::{self, Risk, Verdict};
use super::singles::{self, Singles};
use super::{get_or_create, rows};
use crate::model::Confidence;
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, models};
use crate::trace::{Cause, Event, EventKind, Query, QuerySet, Role, Trace};

rule! {
    /// Creates a row because a query before has found none, so that two requests at once both create it.
    ///
    /// `exists()`, `first()`, `get()` with `DoesNotExist`, or a count, and then `create()` or `save()` of a row with the
    /// same values, without a lock and without a handler for `IntegrityError`.
    ///
    /// ## Why
    /// Both requests find nothing and both create: there are two rows, on which `get()` raises
    /// `MultipleObjectsReturned` from then on, or, where a constraint forbids it, the second request fails. Only a unique
    /// constraint can decide; `get_or_create()` asks it and reads the row of the other request.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    ///     color = models.CharField(max_length=6)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def tag(request, name):
    ///     try:
    ///         found = Tag.objects.get(name=name)
    ///     except Tag.DoesNotExist:
    ///         found = Tag.objects.create(name=name, color="ff0000")  # RT504
    ///     return found
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    ///     color = models.CharField(max_length=6)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def tag(request, name):
    ///     found, created = Tag.objects.get_or_create(name=name, defaults={"color": "ff0000"})
    ///     return found
    /// ```
    ///
    /// The request that comes second handles what the constraint says:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    /// # file: forum/views.py
    /// from django.db import IntegrityError
    /// from forum.models import Tag
    ///
    /// def tag(request, name):
    ///     if Tag.objects.filter(name=name).exists():
    ///         return "taken"
    ///     try:
    ///         Tag.objects.create(name=name)
    ///     except IntegrityError:
    ///         return "taken"
    /// ```
    ///
    /// ## When not to
    /// Without a unique constraint `get_or_create()` races as well: add the constraint first, and clean up the rows that
    /// are there twice. Where the parent's row is locked before the check, or `IntegrityError` is handled, by
    /// the caller or by the model's own `save()`, all is well. The table of another package's model takes a unique index
    /// by `RunSQL` only.
    pub struct CheckThenCreate: "RT504", "check-then-create", Concurrency, Warning;
}

pub(super) struct Check<'t> {
    pub asked: usize,
    pub query: &'t Query,
    /// Fields that are looked for and set to the same.
    pub fields: Vec<&'t str>,
    /// Fields that are set to what one of several alternatives asks for, and the parent of a manager's rows: a
    /// constraint may hold them as well.
    pub beside: Vec<&'t str>,
    /// It asks for more than that: a range, a column of another table, one of several.
    pub narrower: bool,
    /// It asks for a constant: the row is made once and is there ever after.
    pub once: bool,
}

impl Rule for CheckThenCreate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let mut single: Option<Singles> = None;
        for risk in runs::at_risk(project, traces, |trace, at, event| look(project, trace, at, event, false)) {
            let single = single.get_or_insert_with(|| Singles::of(traces));
            report(&risk, single, cx);
        }
    }
}

/// A row created where a query has found none like it; `locked` ones, or the others.
pub(super) fn look<'t>(
    project: &'t Project,
    trace: &'t Trace,
    at: usize,
    event: &'t Event,
    locked: bool,
) -> Option<Verdict<Check<'t>>> {
    let EventKind::Query(created) = &event.kind else { return None };
    let creates = match &created.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => method == "create",
        Cause::Save => !created.assigned.values.is_empty(),
        _ => false,
    };
    let model = created.statement.facts.tables.first()?;
    if !creates || created.assigned.values.is_empty() && !created.assigned.open {
        return None;
    }
    let absent = trace.asked(event).flat_map(|asked| &asked.absent);
    let check = absent.filter_map(|asked| {
        let Some(EventKind::Query(query)) = trace.events.get(*asked).map(|event| &event.kind) else { return None };
        let same = query.statement.facts.tables.first() == Some(model) && query.cause != created.cause;
        let made_by = matches!(&query.cause, Cause::Method(method) if method.ends_with("or_create"));
        match &query.cause {
            _ if !same || made_by => None,
            // `hasattr(user, "profile")`: the other side of a one-to-one, of which there can be one only.
            Cause::Singular { row, .. } => {
                let fields = vec![set_to(created, &row.identity)?];
                Some(Check { asked: *asked, query, fields, beside: Vec::new(), narrower: false, once: false })
            }
            _ => matching(project, trace, *asked, query, created),
        }
    });
    let check = check.last()?;
    if runs::locks_rows(trace, check.query) != locked {
        return None;
    }
    // Of a row that a relation did not give, the table tells the model.
    let of = check.query.queryset.and_then(|id| trace.queryset(id).model);
    let of = of.or_else(|| project.schema.by_table(model));
    let handled = trace.handlers(at).any(crate::trace::Handler::catches_integrity)
        || of.is_some_and(|model| project.save_handles_conflicts(model));
    // A lock before the check, other than the one of the row itself.
    let held = runs::is_locked(trace, check.asked);
    Some(if handled || held { Verdict::Guarded } else { Verdict::AtRisk(check) })
}

/// The fields that both name; `None` where the new row is another one than the query asked for, or nobody else can ask.
fn matching<'t>(
    project: &'t Project,
    trace: &'t Trace,
    asked: usize,
    query: &'t Query,
    created: &'t Query,
) -> Option<Check<'t>> {
    let queryset = trace.queryset(query.queryset?);
    let mut fields: Vec<&str> = Vec::new();
    let mut beside: Vec<&str> = parent_field(project, queryset).into_iter().collect();
    let mut compared = 0;
    let (mut narrower, mut once, mut constant) = (false, false, true);
    for filter in &queryset.filters {
        let plain = !filter.negated && !filter.alternative && matches!(filter.lookup.as_str(), "exact" | "iexact");
        let [path] = filter.path.as_slice() else {
            narrower = true;
            continue;
        };
        let name = path.strip_suffix("_id").unwrap_or(path);
        let set =
            created.assigned.values.iter().find(|set| set.field.strip_suffix("_id").unwrap_or(&set.field) == name);
        let same = set.is_some_and(|set| set.value == filter.value || is_key_of(&set.value, &filter.value));
        if !plain {
            if same && filter.alternative && !filter.negated && filter.lookup.ends_with("exact") {
                beside.push(path);
            }
            narrower = true;
            continue;
        }
        compared += 1;
        // An object of this run's own: nobody else has it.
        if filter.value.starts_with("new ") {
            return None;
        }
        if same {
            fields.push(path);
            once |= filter.site.is_some_and(|site| is_literal(project.text(site)));
            constant &= is_literal(&filter.value);
        }
    }
    let open = created.assigned.open && compared > 0;
    narrower |= fields.len() < compared;
    once |= constant && !fields.is_empty();
    let made = !fields.is_empty() && fields.len() == compared || open;
    made.then_some(Check { asked, query, fields, beside, narrower, once })
}

/// The field by which the rows of `parent.children` point at their parent.
fn parent_field<'t>(project: &'t Project, queryset: &QuerySet) -> Option<&'t str> {
    let (model, accessor) = (queryset.model?, queryset.related_by.as_ref()?);
    let fields = &project.schema.get(model).fields;
    let leads = |target| project.schema.reverse(target, accessor).filter(|reverse| reverse.model == model);
    let found = fields.iter().find(|field| {
        let target = field.relation.as_ref().and_then(|relation| relation.target);
        target.and_then(leads).is_some_and(|reverse| reverse.field == field.name)
    });
    found.map(|field| field.name.as_str())
}

/// `name="g"`, `name=_("g")`, `pk=1`; not `active=True`, which is a condition.
fn is_literal(text: &str) -> bool {
    let value = text.split_once('=').map_or(text, |(_, value)| value).trim_start();
    let value = ["_(", "gettext("].iter().find_map(|call| value.strip_prefix(call)).unwrap_or(value);
    value.starts_with(['"', '\'']) || value.starts_with(|c: char| c.is_ascii_digit())
}

/// The field of a new row that is set to this object.
fn set_to<'t>(created: &'t Query, identity: &str) -> Option<&'t str> {
    let set = created.assigned.values.iter().find(|set| set.value == identity || is_key_of(&set.value, identity))?;
    Some(set.field.as_str())
}

/// `user` and `user.id` are one key.
fn is_key_of(one: &str, other: &str) -> bool {
    base_of(one) == base_of(other)
}

fn base_of(text: &str) -> &str {
    [".pk", ".id"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text)
}

/// Whether a constraint forbids two rows with these fields; `None` where the model is not known well enough.
pub(super) fn is_unique(project: &Project, check: &Check<'_>, trace: &Trace) -> Option<bool> {
    if matches!(check.query.cause, Cause::Singular { .. }) {
        return Some(true);
    }
    let model = trace.queryset(check.query.queryset?).model?;
    models::is_unique(project, model, &all_of(check))
}

fn all_of<'t>(check: &Check<'t>) -> Vec<&'t str> {
    check.fields.iter().chain(&check.beside).copied().collect()
}

fn report(risk: &Risk<'_, Check<'_>>, single: &Singles, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: check } = risk;
    let (Some(event), Some(asked)) = (trace.events.get(*at), trace.events.get(check.asked)) else { return };
    let queryset = check.query.queryset.map(|id| trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let unique = is_unique(cx.project, check, trace);
    let fields = check.fields.join(", ");
    // The parent of a manager's rows too: a constraint without it would forbid the rows of all others.
    let spanned = if check.narrower { fields.clone() } else { all_of(check).join(", ") };
    let gets = singles::is_get(&check.query.cause);
    let all = all_of(check);
    let known = queryset.and_then(|queryset| queryset.model);
    let gets_elsewhere = known.is_some_and(|model| single.find_two(model, &all));
    let twice = match (gets, gets_elsewhere) {
        (true, _) => "there are two rows then, and this get() raises MultipleObjectsReturned",
        (false, true) => "there are two rows then, and a get() of these fields raises MultipleObjectsReturned",
        (false, false) => "there are two rows then",
    };
    let apart = known.is_some_and(|model| !models::share_a_table(cx.project, model, &check.fields));
    let outside = known.map(|model| cx.project.schema.get(model)).filter(|model| model.site.is_none());
    let outside = outside.map(|model| model.table.as_str());
    let (consequence, cure) = match unique {
        Some(true) => (
            "a constraint lets one of them fail with IntegrityError",
            "Use get_or_create() with the unique fields, or handle IntegrityError around an atomic() of its own."
                .to_owned(),
        ),
        _ if apart => (
            twice,
            "Lock a row that both requests share before the query (its parent, with select_for_update() in a \
             transaction): the fields stand in the tables of several models, and no constraint spans them."
                .to_owned(),
        ),
        // A model of another package: no migration of the project's own can change what it declares.
        _ if outside.is_some() => (
            twice,
            format!(
                "The model comes of another package: a migration of raw SQL (RunSQL) can add a unique index on \
                 {}({spanned}), whose IntegrityError is handled here then. Or lock a row that both requests share before \
                 the query.",
                outside.unwrap_or_default()
            ),
        ),
        // A constraint on these alone would forbid what the query does not ask for.
        _ if check.narrower => (
            twice,
            "Lock a row that both requests share before the query (its parent, with select_for_update() in a \
             transaction), or forbid the second row with a UniqueConstraint that has the condition of this query, and \
             then use get_or_create()."
                .to_owned(),
        ),
        Some(false) => (
            twice,
            format!(
                "No unique constraint covers ({spanned}), so get_or_create() would race too: add a UniqueConstraint (and \
                 remove the rows that are there twice), then use get_or_create()."
            ),
        ),
        None => (
            "without a unique constraint there are two rows then",
            format!(
                "Make sure that a unique constraint covers ({spanned}) (add the file that defines {model} to be sure), and \
                 use get_or_create(), which reads the other request's row."
            ),
        ),
    };
    let confidence = match trace.role {
        Role::Command => Confidence::Possible,
        _ if check.fields.is_empty() => Confidence::Possible,
        // Made at the first request, and there ever after.
        _ if check.once => Confidence::Possible,
        // A second row that nothing trips over is seldom noticed.
        _ if unique != Some(true) && !gets && !gets_elsewhere => Confidence::Possible,
        _ if unique.is_none() => Confidence::Likely,
        _ => event.confidence.min(asked.confidence),
    };
    let of = if model.is_empty() { "a row".to_owned() } else { format!("a row of {model}") };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(*site),
        message: format!("Creates {of} because a query has found none; two requests at once both do: {consequence}."),
        cost: None,
        evidence: rows::evidence(Some((asked, "asked for here")), &[], event),
        rewrite: if unique == Some(true) { get_or_create::rewrite(cx.project, trace, check, *at) } else { None },
        advice: cure,
        key: format!("{model} {fields}"),
    });
}
