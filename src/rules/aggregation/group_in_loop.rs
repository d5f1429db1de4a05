//! RT205

use smol_str::SmolStr;

use crate::model::{Confidence, Kind, LoopId, Over, Safety, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit, Quote};
use crate::rules::macros::rule;
use crate::rules::n_plus_one::eager;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::schema::{RelationKind, Reverse};
use crate::trace::{Cause, Event, Filter, Query, QuerySet, Role, Trace};

rule! {
    /// Counts or sums rows once for each key of a loop.
    ///
    /// ## Why
    /// Each turn is a round trip for one number. One query that groups by the key gives all of them, and an annotation of
    /// the rows that the loop runs over keeps those that have none.
    ///
    /// ## Example
    /// ```python flag
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Team(models.Model):
    ///     name = models.CharField(max_length=40)
    ///
    /// class Pull(models.Model):
    ///     team = models.ForeignKey(Team, on_delete=models.CASCADE)
    ///     is_open = models.BooleanField()
    /// # file: teams/report.py
    /// from teams.models import Pull, Team
    ///
    /// def report():
    ///     out = []
    ///     for team in Team.objects.order_by("name"):
    ///         out.append((team.name, Pull.objects.filter(team=team, is_open=True).count()))  # RT205
    ///     return out
    /// ```
    /// ```python fix
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Team(models.Model):
    ///     name = models.CharField(max_length=40)
    ///
    /// class Pull(models.Model):
    ///     team = models.ForeignKey(Team, on_delete=models.CASCADE)
    ///     is_open = models.BooleanField()
    /// # file: teams/report.py
    /// from teams.models import Pull, Team
    /// from django.db.models import Count, Q
    ///
    /// def report():
    ///     out = []
    ///     for team in Team.objects.annotate(pull_count=Count("pull", filter=Q(pull__is_open=True), distinct=True)).order_by("name"):
    ///         out.append((team.name, team.pull_count))  # RT205
    ///     return out
    /// ```
    /// Grouped, all numbers come at once; keys without rows are missing among them:
    /// ```python ok
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Pull(models.Model):
    ///     author = models.CharField(max_length=40)
    /// # file: teams/report.py
    /// from django.db.models import Count
    /// from teams.models import Pull
    ///
    /// def report(authors):
    ///     pulls = Pull.objects.filter(author__in=authors).order_by()
    ///     counts = dict(pulls.values_list("author").annotate(Count("pk")))
    ///     return {author: counts.get(author, 0) for author in authors}
    /// ```
    ///
    /// ## When not to
    /// Where the keys are few and known. A grouped query has no group for a key without rows: fill it in. An order that
    /// the model or the chain asks for becomes part of the groups; `order_by()` takes it away.
    pub struct GroupInLoop: "RT205", "group-in-loop", Aggregation, Warning, seeds: Blocker;
}

impl Rule for GroupInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let mut told: Vec<(Option<LoopId>, Draft)> = Vec::new();
        for (_, event, query) in trace.queries() {
            let Some(turning) = repeats(trace, event, query, cx) else { continue };
            let Some(draft) = draft(trace, event, query, &turning, cx) else { continue };
            let same = |(id, known): &&mut (Option<LoopId>, Draft)| {
                *id == query.varies_with
                    && known.key == draft.key
                    && known.site != draft.site
                    && known.rewrite.is_none()
                    && draft.rewrite.is_none()
            };
            // Several numbers of one table for the same keys are one matter: one statement gives them all.
            match told.iter_mut().find(same) {
                Some((_, known)) => {
                    let more = draft.site.map(|site| DraftEvidence::Code { site, message: "again here".to_owned() });
                    known.evidence.extend(more);
                    known.confidence = known.confidence.min(draft.confidence);
                }
                None => told.push((query.varies_with, draft)),
            }
        }
        told.into_iter().for_each(|(_, draft)| cx.report(draft));
    }
}

/// The loops that repeat a number of one key each.
pub fn repeats(trace: &Trace, event: &Event, query: &Query, cx: &Context<'_>) -> Option<Vec<LoopId>> {
    let kind = query.statement.facts.kind;
    let own = match &query.cause {
        Cause::Method(_) => kind == Kind::Count || kind == Kind::Aggregate,
        // The number of a row's children: RT109.
        Cause::Manager { prefetched, .. } => kind == Kind::Aggregate && !prefetched,
        _ => false,
    };
    if !own || !event.via.is_empty() {
        return None;
    }
    let queryset = trace.queryset(query.queryset?);
    let varies = query.varies_with.filter(|id| trace.loop_info(*id).over != Over::Pages)?;
    let turning = loops::repeating(trace, event, cx.config)?;
    let keyed = queryset.related_to.is_some() || key(queryset, varies).is_some();
    // A test that ends the loop, or waits for something, asks again on purpose.
    let asks_again = trace.loop_info(varies).conditional || query.tested.is_some();
    (keyed && !asks_again && turning.contains(&varies)).then_some(turning)
}

/// The condition on the key: the one equality whose value is another one in each turn.
fn key(queryset: &QuerySet, varies: LoopId) -> Option<&Filter> {
    let equal = |filter: &&Filter| {
        !filter.negated && !filter.alternative && filter.lookup == "exact" && filter.varies_with == Some(varies)
    };
    let mut keys = queryset.filters.iter().filter(equal);
    let first = keys.next()?;
    keys.next().is_none().then_some(first)
}

fn draft(trace: &Trace, event: &Event, query: &Query, turning: &[LoopId], cx: &Context<'_>) -> Option<Draft> {
    let (site, id) = (event.site?, query.queryset?);
    let queryset = trace.queryset(id);
    let model = queryset.model_name.as_str();
    let driver: Vec<LoopId> = query.varies_with.into_iter().collect();
    let outer: Vec<LoopId> = event.loops.iter().copied().filter(|id| !driver.contains(id)).collect();
    let (confidence, why) = loops::doubt(queryset.model.is_some(), event.confidence, model);
    // What the loop itself writes may be another number after the turn before.
    let written = turning.iter().any(|id| loops::writes_within(trace, *id, &query.statement.facts.tables));
    let confidence = if written { confidence.min(Confidence::Possible) } else { confidence };
    let is_worth = |id: &LoopId| {
        let info = trace.loop_info(*id);
        info.over == Over::Query || info.exactly.is_some()
    };
    let computes = if query.statement.facts.kind == Kind::Count { "counts" } else { "aggregates" };
    Some(Draft {
        rule: &META,
        severity: META.severity,
        // Items that are neither rows nor listed in the code are few as a rule, or one.
        hint: Some(!driver.iter().any(is_worth) || trace.role == Role::Command),
        confidence,
        site: Some(site),
        message: format!(
            "This {computes} {} once per turn of the loop over {}, each time for another key{why}.",
            if model.is_empty() { "rows" } else { model },
            loops::described(cx.project, trace, &driver)
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::product(1, outer))),
        evidence: loops::evidence(trace, event, Some(queryset), turning),
        rewrite: if written { None } else { cure(cx.project, trace, event, query, queryset) },
        advice: advice(query.varies_with.and_then(|varies| key(queryset, varies))),
        key: format!("{model}.{computes}"),
    })
}

fn advice(key: Option<&Filter>) -> String {
    match key {
        Some(filter) => {
            let path = filter.path.join("__");
            format!(
                "Ask for all keys at once before the loop, grouped by the key: \
                 .filter({path}__in=…).order_by().values_list(\"{path}\").annotate(…) as a dictionary, with 0 for keys that \
                 have no rows. Or annotate the rows that the loop runs over."
            )
        }
        None => "Annotate the rows that the loop runs over, where they are fetched: those without related rows stay."
            .to_owned(),
    }
}

/// The number with the rows of the loop, where the key is a foreign key to them.
fn cure(project: &Project, trace: &Trace, event: &Event, query: &Query, counted: &QuerySet) -> Option<DraftRewrite> {
    let site = event.site?;
    let plain = query.statement.facts.kind == Kind::Count
        && counted.related_to.is_none()
        && !counted.distinct
        && !counted.combined
        && counted.values.is_none()
        && counted.slice.is_none()
        && counted.annotations.is_empty()
        && !counted.opaque;
    let varies = query.varies_with?;
    let rows = trace.loop_info(varies).queryset.filter(|_| plain)?;
    let parents = trace.queryset(rows);
    let key = key(counted, varies)?;
    let reverse = leads_back(project, parents, counted, key)?;
    let row = row_name(project, key)?;
    let fits = parents.annotations.is_empty()
        && parents.values.is_none()
        && parents.related_to.is_none()
        && !parents.combined
        && !parents.locked
        && !parents.distinct
        && !parents.opaque
        && !parents.filters.iter().any(|filter| filter.multi_valued);
    let model = parents.model.filter(|_| fits)?;
    let name = format!("{}_count", reverse.query_name);
    let declared = project.schema.get(model).site.map_or("", |site| project.text(site));
    if project.schema.field(model, &name).is_some() || rewrite::is_used(declared, &name) {
        return None;
    }
    let conditions = conditions(project, counted, key, &reverse.query_name)?;
    let built = parents.steps.first().map(|step| step.call.file)?;
    let module = project.module(built);
    let wanted: &[&str] = if conditions.is_empty() { &["Count"] } else { &["Count", "Q"] };
    let imported = rewrite::import(built, &module.source, &module.ir, "django.db.models", wanted)?;
    let count = imported.names.first()?;
    let filter = match imported.names.get(1) {
        Some(q) => format!(", filter={q}({})", conditions.join(", ")),
        None => String::new(),
    };
    let path = Quote::of(module.source.text()).text(&reverse.query_name);
    let args = format!("{name}={count}({path}{filter}, distinct=True)");
    let mut edits = eager::append(project, trace, parents, "annotate", &args).ok()?;
    edits.extend(imported.edit);
    edits.push(FileEdit::replace(site, format!("{row}.{name}")));
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Count {} with the rows", reverse.query_name),
        note: format!("The annotation groups the rows and adds {name} to them; the numbers are of one moment."),
        edits,
    })
}

/// The relation of the loop's rows to what is counted.
fn leads_back<'p>(project: &'p Project, parents: &QuerySet, counted: &QuerySet, key: &Filter) -> Option<&'p Reverse> {
    let [name] = key.path.as_slice() else { return None };
    let (owner, field) = project.schema.field(counted.model?, name)?;
    let relation = field.relation.as_ref().filter(|r| r.kind == RelationKind::ForeignKey && r.to_field.is_none())?;
    if relation.target != parents.model {
        return None;
    }
    let reverse = &project.schema.get(parents.model?).reverse;
    reverse.iter().find(|reverse| reverse.model == owner && reverse.field == field.name)
}

/// `team` of `team=team`, `team_id=team.pk`.
fn row_name(project: &Project, key: &Filter) -> Option<SmolStr> {
    let text = project.text(key.site?);
    let value = text.split_once('=')?.1.trim();
    let name = value.strip_suffix(".pk").or_else(|| value.strip_suffix(".id")).unwrap_or(value);
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && name.starts_with(|c: char| !c.is_numeric());
    plain.then(|| name.into())
}

/// The other conditions, seen from the rows of the loop: `pull__is_open=True`; `None` where they are not plain keywords
/// with the same value in every turn.
fn conditions(project: &Project, counted: &QuerySet, key: &Filter, lead: &str) -> Option<Vec<String>> {
    let others = counted.filters.iter().filter(|filter| !std::ptr::eq(*filter, key));
    others
        .map(|filter| {
            let text = project.text(filter.site?);
            let constant = filter.value.starts_with(['"', '\'']) || matches!(&*filter.value, "True" | "False" | "None");
            let plain = !filter.negated && !filter.alternative && constant && !text.contains(['\n', '(']);
            plain.then(|| format!("{lead}__{text}"))
        })
        .collect::<Option<Vec<String>>>()
        .filter(|all| all.len() + 1 == counted.filters.len() && counted.filters.iter().all(|f| f.step.is_some()))
}
