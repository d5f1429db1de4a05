//! Several counts of one base as one `aggregate()`.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::duplicate_period::is_range;
use crate::model::{Safety, Site, Span};
use crate::project::Project;
use crate::rewrite::{self, Call, FileEdit, Quote};
use crate::rules::DraftRewrite;
use crate::trace::{Event, Filter, Query, QuerySet, Step};

/// One `count()`.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'t> {
    pub event: &'t Event,
    pub query: &'t Query,
    pub queryset: &'t QuerySet,
    pub site: Site,
    pub statement: Site,
}

impl Counted<'_> {
    pub fn table(&self) -> &str {
        self.query.statement.facts.tables.first().map_or("", |table| table.as_str())
    }

    /// The very same number.
    pub fn same_as(&self, other: &Counted<'_>) -> bool {
        self.query.identity.is_some() && self.query.identity == other.query.identity
    }
}

/// Calls that do not change how many rows there are, unless they do what [`refuse`] looks for.
const KEPT: [&str; 4] = ["filter", "exclude", "all", "count"];
const NEUTRAL: [&str; 6] = ["order_by", "reverse", "select_related", "prefetch_related", "only", "defer"];

/// One count as it would stand in the aggregate.
struct Part<'t> {
    key: String,
    /// Conditions beside those of all counts, as arguments of `Q()`, each group joined by `&`.
    condition: Vec<String>,
    counted: &'t Counted<'t>,
}

/// A condition of one count: a keyword, or a whole call where its arguments belong together.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    text: String,
    /// What makes two of them equal: the path, lookup and value, not the spelling.
    meaning: String,
    negated: bool,
    /// A call of its own in the common part: `exclude(…)`, or a `filter()` with `Q` objects.
    whole: bool,
}

/// The rewrite, or why merging is not exact or cannot be written here. `earlier`: other rewrites of this kind that may
/// be made in the same function, each with a name of its own.
pub fn merge(project: &Project, group: &[Counted<'_>], earlier: usize) -> Result<DraftRewrite, String> {
    let first = group.first().ok_or("there are none")?;
    for counted in group {
        refuse(project, counted)?;
    }
    let module = project.module(first.site.file);
    let source = &module.source;
    let roots: Vec<Root> = group.iter().map(|counted| root(project, counted)).collect::<Result<_, _>>()?;
    let base = &roots[0];
    if roots.iter().any(|root| root.text != base.text || root.before != base.before) {
        return Err("their querysets are built in different ways".to_owned());
    }
    let conditions: Vec<Vec<Condition>> =
        group.iter().zip(&roots).map(|(counted, root)| conditions(project, counted, root)).collect();
    let common: Vec<&Condition> = conditions[0]
        .iter()
        .filter(|c| conditions.iter().all(|others| others.iter().any(|o| o.meaning == c.meaning)))
        .collect();
    let reads: HashSet<SmolStr> = group.iter().flat_map(|c| rewrite::read_in(&module.ir, c.site.span)).collect();
    let from = group.iter().map(|c| c.statement.span.start).min().unwrap_or(0);
    let until = group.iter().map(|c| c.statement.span.start).max().unwrap_or(0);
    let opening = group.iter().find(|c| c.statement.span.start == from).unwrap_or(first);
    if let Some(name) = rewrite::bound_between(&module.ir, Span { start: from, end: until })
        .into_iter()
        .find(|name| reads.contains(name))
    {
        return Err(format!("{name} is assigned between them"));
    }
    if group.iter().any(|c| rewrite::inside_fstring(&module.ir, c.site.span)) {
        return Err("one of them stands inside of an f-string".to_owned());
    }
    if group.iter().any(|c| !rewrite::dominates(&module.ir, opening.statement.span, c.statement.span)) {
        return Err("they stand in different branches".to_owned());
    }
    if !rewrite::runs_once(&module.ir, opening.statement.span, opening.site.span) {
        return Err("the first one is evaluated again and again by its statement".to_owned());
    }

    let quote = Quote::of(source.text());
    let parts = parts(group, &conditions, &common);
    let wanted: &[&str] =
        if parts.iter().any(|part| !part.condition.is_empty()) { &["Count", "Q"] } else { &["Count"] };
    let imported = rewrite::import(first.site.file, source, &module.ir, "django.db.models", wanted)
        .ok_or("Count or Q means something else in this file")?;
    let count = imported.names.first().map_or("Count", String::as_str);
    let q = imported.names.get(1).map_or("Q", String::as_str);
    let variable = fresh_name(source.text(), first.queryset, earlier);
    let condition = |part: &Part<'_>| {
        let groups: Vec<String> = part.condition.iter().map(|text| text.replacen("Q(", &format!("{q}("), 1)).collect();
        groups.join(" & ")
    };
    let bounds = if have_ranges(group, &common) && parts.iter().all(|part| !part.condition.is_empty()) {
        let each = parts.iter().map(|part| match part.condition.len() {
            1 => condition(part),
            _ => format!("({})", condition(part)),
        });
        format!(".filter(\n    {}\n)", each.collect::<Vec<_>>().join("\n    | "))
    } else {
        String::new()
    };
    let mut lines = format!("{variable} = {}{}{bounds}.aggregate(\n", base.text, common_calls(&common));
    for part in &parts {
        let filter = if part.condition.is_empty() { String::new() } else { format!(", filter={}", condition(part)) };
        lines.push_str(&format!("    {}={count}({}{filter}),\n", part.key, quote.text("pk")));
    }
    lines.push_str(")\n");

    let mut edits: Vec<FileEdit> = imported.edit.into_iter().collect();
    let before = rewrite::insert_before(source, opening.statement, &lines);
    edits.push(before.ok_or("the statement of the first one shares its line with others")?);
    for part in &parts {
        edits.push(FileEdit::replace(part.counted.site, format!("{variable}[{}]", quote.text(&part.key))));
    }
    let unknown_model = first.queryset.model.is_none();
    let whole_table = common.is_empty() && base.before.is_empty() && first.queryset.related_to.is_none();
    let mut concerns = Vec::new();
    if unknown_model {
        concerns.push("Check that no filter crosses a relation to many rows: the model is not in the input.");
    }
    if whole_table && bounds.is_empty() && parts.iter().all(|part| !part.condition.is_empty()) {
        concerns.push("The counts share no filter, so the one statement reads the whole table.");
    }
    if first.queryset.opaque {
        concerns.push("An unknown call in the chain may change what is counted.");
    }
    Ok(DraftRewrite {
        safety: if concerns.is_empty() { Safety::Safe } else { Safety::Review },
        title: format!("Count {} times in one aggregate()", parts.len()),
        note: concerns.join(" "),
        edits,
    })
}

/// What makes a merged number differ from its own count.
fn refuse(project: &Project, counted: &Counted<'_>) -> Result<(), String> {
    let queryset = counted.queryset;
    if queryset.slice.is_some() {
        return Err("a slice is counted".to_owned());
    }
    if queryset.distinct || queryset.combined || !queryset.annotations.is_empty() || queryset.values.is_some() {
        return Err("distinct(), annotations, values() or a union change what is counted".to_owned());
    }
    if queryset.filters.iter().any(|filter| filter.multi_valued) {
        return Err("a filter crosses a relation to many rows, so that every total would count joined rows".to_owned());
    }
    if !counted.event.via.is_empty() {
        return Err("they stand in a function that is called from elsewhere".to_owned());
    }
    let text = project.text(counted.site);
    if !text.trim_end().ends_with(')') {
        return Err("the counting call could not be read".to_owned());
    }
    Ok(())
}

/// What a chain starts from: `Search.objects`, or a variable.
struct Root {
    text: String,
    /// The calls that were made before, in other statements.
    before: Vec<Site>,
}

fn inside<'t>(counted: &Counted<'t>) -> impl Iterator<Item = &'t Step> {
    let site = counted.site;
    counted.queryset.steps.iter().filter(move |step| step.call.file == site.file && site.span.contains(step.call.span))
}

fn root(project: &Project, counted: &Counted<'_>) -> Result<Root, String> {
    let source = &project.module(counted.site.file).source;
    let unknown =
        inside(counted).find(|step| !KEPT.contains(&step.method.as_str()) && !NEUTRAL.contains(&step.method.as_str()));
    if let Some(step) = unknown {
        return Err(format!("{}() may change what is counted", step.method));
    }
    let before = counted.queryset.steps.iter().filter(|s| !counted.site.span.contains(s.call.span)).map(|s| s.call);
    let text = match inside(counted).next() {
        Some(step) => {
            let call = Call { call: step.call, name: step.name, args: step.args };
            source.slice(rewrite::receiver(source, call)).to_owned()
        }
        None => {
            // `base.count()`: all before the last dot.
            let text = project.text(counted.site);
            let (receiver, _) = text.rsplit_once('.').ok_or("the counting call could not be read")?;
            receiver.trim_end().to_owned()
        }
    };
    if text.is_empty() || text.contains(['\n', '\r', '#']) {
        return Err("the chain could not be read".to_owned());
    }
    Ok(Root { text, before: before.collect() })
}

/// The conditions that the expression itself adds, in order.
fn conditions(project: &Project, counted: &Counted<'_>, root: &Root) -> Vec<Condition> {
    let mut out = Vec::new();
    for (at, step) in counted.queryset.steps.iter().enumerate() {
        if root.before.contains(&step.call) || !matches!(step.method.as_str(), "filter" | "exclude") {
            continue;
        }
        let leaves: Vec<&Filter> = counted.queryset.filters.iter().filter(|f| f.step == Some(at)).collect();
        let args = project.text(Site::new(step.call.file, step.args)).trim().trim_end_matches(',').trim_end();
        let negated = step.method == "exclude";
        let keywords = !negated
            && !leaves.is_empty()
            && leaves.iter().all(|f| !f.negated && !f.alternative && f.site.is_some())
            && covers_all(project, step, &leaves);
        if keywords {
            for leaf in leaves {
                let text = leaf.site.map_or("", |site| project.text(site));
                out.push(Condition { text: text.to_owned(), meaning: meaning(leaf), negated: false, whole: false });
            }
        } else if !args.is_empty() {
            let meaning = match leaves.is_empty() {
                true => format!("{}({args})", step.method),
                false => {
                    let all: Vec<String> = leaves.iter().map(|leaf| meaning(leaf)).collect();
                    format!("{}({}) {}", step.method, all.join(","), flattened(args))
                }
            };
            out.push(Condition { text: args.to_owned(), meaning, negated, whole: true });
        }
    }
    out
}

/// Whether the leaves are all that stands between the parentheses: no `**filters`, no `Q` object.
fn covers_all(project: &Project, step: &Step, leaves: &[&Filter]) -> bool {
    let source = &project.module(step.call.file).source;
    let mut rest: String = String::new();
    let mut at = step.args.start;
    let mut spans: Vec<Span> = leaves.iter().filter_map(|leaf| leaf.site).map(|site| site.span).collect();
    spans.sort();
    for span in spans {
        rest.push_str(source.slice(Span { start: at, end: span.start }));
        at = span.end;
    }
    rest.push_str(source.slice(Span { start: at, end: step.args.end }));
    // What is left is commas, white space and comments.
    let code = rest.split(['\n', '\r']).map(|line| line.split('#').next().unwrap_or(""));
    code.flat_map(str::chars).all(|c| c == ',' || c.is_whitespace())
}

fn meaning(leaf: &Filter) -> String {
    format!("{}{}__{}={}", if leaf.negated { "~" } else { "" }, leaf.path.join("__"), leaf.lookup, leaf.value)
}

fn flattened(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an index may find the rows of each count, and none those of all: one statement reads the whole table where
/// several read little.
pub fn is_better_apart(project: &Project, group: &[Counted<'_>]) -> bool {
    let finds = |counted: &Counted<'_>, leaf: &Filter| {
        let field = counted.queryset.model.and_then(|model| project.schema.along(model, &leaf.path));
        let by_value = matches!(leaf.lookup.as_str(), "exact" | "in") || is_range(leaf);
        by_value && !leaf.negated && !leaf.alternative && field.is_some_and(|field| !field.is_low_selectivity())
    };
    let Some((first, others)) = group.split_first() else { return false };
    let has = |counted: &Counted<'_>, leaf: &Filter| {
        counted.queryset.filters.iter().any(|other| meaning(other) == meaning(leaf))
    };
    let of_all = |leaf: &Filter| others.iter().all(|counted| has(counted, leaf));
    let shared = |counted: &Counted<'_>, leaf: &Filter| has(first, leaf) && of_all(leaf) && finds(counted, leaf);
    let own = |counted: &Counted<'_>, leaf: &Filter| !(has(first, leaf) && of_all(leaf)) && finds(counted, leaf);
    let ranged = |counted: &Counted<'_>| -> Vec<Vec<SmolStr>> {
        let ranges = counted.queryset.filters.iter().filter(|leaf| is_range(leaf));
        ranges.map(|leaf| leaf.path.clone()).collect()
    };
    let one_range = ranged(first).iter().any(|path| others.iter().all(|counted| ranged(counted).contains(path)));
    first.queryset.related_to.is_none()
        && !one_range
        && !first.queryset.filters.iter().any(|leaf| shared(first, leaf))
        && group.iter().all(|counted| counted.queryset.filters.iter().any(|leaf| own(counted, leaf)))
}

/// Whether each count has a range of its own over one column: an index serves them together, and rows outside of all
/// of them must not be read.
fn have_ranges(group: &[Counted<'_>], common: &[&Condition]) -> bool {
    let own = |counted: &Counted<'_>| -> Vec<Vec<SmolStr>> {
        let is_own = |leaf: &&Filter| {
            is_range(leaf) && !leaf.negated && !leaf.alternative && !common.iter().any(|c| c.meaning == meaning(leaf))
        };
        counted.queryset.filters.iter().filter(is_own).map(|leaf| leaf.path.clone()).collect()
    };
    let Some((first, others)) = group.split_first() else { return false };
    let others: Vec<_> = others.iter().map(own).collect();
    own(first).iter().any(|path| others.iter().all(|paths| paths.contains(path)))
}

/// `.filter(user=user).exclude(state="x")`
fn common_calls(common: &[&Condition]) -> String {
    let keywords: Vec<&str> = common.iter().filter(|c| !c.whole).map(|c| c.text.as_str()).collect();
    let mut out = String::new();
    if !keywords.is_empty() {
        out.push_str(&format!(".filter({})", keywords.join(", ")));
    }
    for condition in common.iter().filter(|c| c.whole) {
        let method = if condition.negated { "exclude" } else { "filter" };
        out.push_str(&format!(".{method}({})", condition.text));
    }
    out
}

fn parts<'t>(group: &'t [Counted<'t>], conditions: &[Vec<Condition>], common: &[&Condition]) -> Vec<Part<'t>> {
    let fields: HashSet<&str> =
        group.iter().flat_map(|c| &c.queryset.filters).filter_map(|f| f.path.first()).map(SmolStr::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut out = Vec::new();
    for (counted, own) in group.iter().zip(conditions) {
        let rest: Vec<&Condition> = own.iter().filter(|c| !common.iter().any(|k| k.meaning == c.meaning)).collect();
        let keywords: Vec<&str> = rest.iter().filter(|c| !c.whole).map(|c| c.text.as_str()).collect();
        let mut condition = Vec::new();
        if !keywords.is_empty() {
            condition.push(format!("Q({})", keywords.join(", ")));
        }
        for whole in rest.iter().filter(|c| c.whole) {
            condition.push(format!("{}Q({})", if whole.negated { "~" } else { "" }, whole.text));
        }
        let key = key(counted, &fields, &taken);
        taken.insert(key.clone());
        out.push(Part { key, condition, counted });
    }
    out
}

/// The name that the number gets anyway. One that is a field in a filter would be taken for that field.
fn key(counted: &Counted<'_>, fields: &HashSet<&str>, taken: &HashSet<String>) -> String {
    let wanted: String = counted.event.bound_to.as_deref().unwrap_or("").to_owned();
    let fits = wanted.starts_with(|c: char| c.is_ascii_alphabetic())
        && wanted.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !wanted.contains("__");
    let stem = if fits { wanted } else { "count".to_owned() };
    let free = |name: &String| !taken.contains(name) && !fields.contains(name.as_str()) && name != "pk";
    let candidates = [stem.clone(), format!("{stem}_count")].into_iter();
    let numbered = (2u32..).map(|n| format!("{stem}_{n}"));
    candidates.chain(numbered).find(|name| free(name)).unwrap_or(stem)
}

/// A name for the result that the file does not use, nor those before it.
fn fresh_name(text: &str, queryset: &QuerySet, earlier: usize) -> String {
    let model = queryset.model_name.rsplit('.').next().unwrap_or("").to_lowercase();
    let plain = ["counts".to_owned(), format!("{model}_counts")].into_iter().filter(|name| !name.starts_with('_'));
    let numbered = (2u32..).map(|n| format!("counts_{n}"));
    let mut free = plain.chain(numbered).filter(|name| !rewrite::is_used(text, name));
    free.nth(earlier).unwrap_or_else(|| "counts".to_owned())
}
