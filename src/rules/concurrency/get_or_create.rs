//! `row, created = get_or_create(…)` in the place of a query, a test and `create()`.

use super::check_then_create::Check;
use crate::model::{Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, Lookup};
use crate::rules::DraftRewrite;
use crate::trace::{EventKind, Trace};

/// The rewrite, where the code has one of the usual forms and the fields that are looked for are the unique ones.
pub fn rewrite(project: &Project, trace: &Trace, check: &Check<'_>, created: usize) -> Option<DraftRewrite> {
    let (asked, creates) = (trace.events.get(check.asked)?, trace.events.get(created)?);
    let EventKind::Query(query) = &creates.kind else { return None };
    let (find, make) = (asked.site?, creates.site?);
    // Both in one function, and the values are those of the look-up.
    if asked.via != creates.via || find.file != make.file || query.assigned.open || !only_these(trace, check) {
        return None;
    }
    let module = project.module(find.file);
    let form = rewrite::looked_up_or_made(&module.ir, find.span, make.span)?;
    let text = |span| project.text(Site::new(find.file, span)).trim().to_owned();
    let one_line = |text: &String| !text.contains('\n');
    let mut looked: Vec<String> = Vec::new();
    let mut defaults: Vec<String> = Vec::new();
    let quote = rewrite::Quote::of(module.source.text());
    for (name, value) in &form.made {
        match check.fields.contains(&name.as_str()) {
            true => looked.push(format!("{name}={}", text(*value))),
            false => defaults.push(format!("{}: {}", quote.text(name), text(*value))),
        }
    }
    if looked.len() != check.fields.len() {
        return None;
    }
    if !defaults.is_empty() {
        looked.push(format!("defaults={{{}}}", defaults.join(", ")));
    }
    let call = format!("{}.get_or_create({})", text(form.manager), looked.join(", "));
    let end = module.source.text().len() as u32;
    let rest =
        rewrite::rest_of_function(&module.ir, form.whole).unwrap_or(crate::model::Span { start: form.whole.end, end });
    let taken = rewrite::read_in(&module.ir, rest).contains("created");
    let line = match &form.bound {
        Lookup::Bound(name) if !taken => format!("{name}, created = {call}\n"),
        Lookup::Bound(_) => return None,
        Lookup::Unbound => format!("{call}\n"),
    };
    if !one_line(&line.trim_end().to_owned()) {
        return None;
    }
    let mut edits = vec![rewrite::replace_line(&module.source, Site::new(find.file, form.whole), &line)?];
    if let Some(first) = form.before {
        edits.push(rewrite::FileEdit::replace(rewrite::whole_lines(&module.source, Site::new(find.file, first))?, ""));
    }
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Let the unique constraint decide: get_or_create()".to_owned(),
        note: "The values of `defaults` are computed in every call. get_or_create() makes the row in a transaction of its \
               own, so that one around it goes on after a conflict."
            .to_owned(),
        edits,
    })
}

/// The query asks for nothing but the fields that are set.
fn only_these(trace: &Trace, check: &Check<'_>) -> bool {
    check.query.queryset.is_some_and(|id| {
        let queryset = trace.queryset(id);
        let own = queryset.filters.iter().filter(|filter| filter.site.is_some());
        own.clone().all(|f| f.lookup == "exact" && !f.negated && f.path.len() == 1)
            && own.count() == check.fields.len()
            && queryset.related_to.is_none()
            && queryset.slice.is_none()
            && !queryset.locked
    })
}
