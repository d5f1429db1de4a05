//! The whole at a glance, above the parts of the view.

use leptos::prelude::*;

use super::overview::Overview;
use super::{Choice, Part, Step};
use crate::app::export::ExportMenu;
use crate::app::state::Reviewed;
use crate::app::widgets::{SeverityMark, count, milliseconds, plural};
use crate::model::{Endpoint, Severity};
use crate::protocol::Engine;

#[component]
pub fn Summary(review: Reviewed, choice: Choice) -> impl IntoView {
    let report = &review.report;
    let overview = Overview::new(report);
    let needless = match (overview.needless, report.findings.is_empty()) {
        (0, true) => "none found".to_owned(),
        (needless, _) => count(needless),
    };
    let worst = overview.worst.and_then(|at| report.endpoints.get(at)).map(|endpoint| {
        let request = report.requests.iter().find(|request| super::overview::is_of(request, endpoint));
        let id = request.map(|request| request.id.clone());
        let go = move |_| {
            if let Some(id) = id.clone() {
                choice.choose_request(id);
                choice.go(Step::Statements);
            }
        };
        let name = view! { <button class="link" on:click=go>{endpoint.name.clone()}</button> };
        figure("worst endpoint", (name, " ", against_budget(endpoint)).into_any())
    });
    let budgets = (overview.budgets_kept + overview.budgets_missed > 0).then(|| {
        let class = if overview.budgets_missed > 0 { "missed" } else { "kept" };
        let text = match (overview.budgets_missed, overview.budgets_kept) {
            (0, kept) => format!("✓ {kept} kept"),
            (missed, 0) => format!("✗ {missed} missed"),
            (missed, kept) => format!("✗ {missed} missed, {kept} kept"),
        };
        figure("budgets", view! { <span class=class>{text}</span> }.into_any())
    });
    let requests = report.requests.len() as u64;
    let of_severity = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let found: Vec<_> = Severity::ALL
        .into_iter()
        .filter_map(|severity| Some((severity, of_severity(severity))).filter(|(_, count)| *count > 0))
        .map(|(severity, count)| view! { <b>{count}</b> " " <SeverityMark severity /> " " }.into_any())
        .collect();
    let found = (!found.is_empty()).then(|| figure("found", view! { {found} }.into_any()));
    let compared = report.comparison.as_ref().map(|comparison| {
        let text = format!("{} fixed, {} new", comparison.fixed.len(), comparison.new);
        let go = move |_| {
            choice.part.set(Part::Compared);
            choice.go(Step::Statements);
        };
        figure("since before", view! { <button class="link" on:click=go>{text}</button> }.into_any())
    });
    view! {
        <div class="queries-summary">
            <dl class="figures" data-testid="queries-summary">
                {found}
                {figure("statements", count(overview.statements).into_any())}
                {figure("needless", needless.into_any())}
                {overview.total_ms.map(|ms| figure("in statements", milliseconds(ms).into_any()))}
                {(requests > 1).then(|| figure("requests", count(requests).into_any()))}
                {worst}
                {budgets}
                {compared}
            </dl>
            {notes(&review)}
            <ExportMenu of=Engine::Log />
        </div>
    }
}

fn figure(name: &'static str, value: AnyView) -> AnyView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
}

/// `49 / 10 queries ✗`, each part of the budget that is missed; without a budget the number of statements.
pub fn against_budget(endpoint: &Endpoint) -> AnyView {
    let budget = &endpoint.budget;
    let times = |name: &str, seen: Option<f64>, most: Option<f64>| match (seen, most) {
        (Some(seen), Some(most)) => format!("{name} {} / {}", milliseconds(seen), milliseconds(most)),
        _ => name.to_owned(),
    };
    let part = |what: &String| match what.as_str() {
        "queries" => {
            let most = budget.queries.map(count).unwrap_or_default();
            format!("{} / {most} queries", count(endpoint.queries_p95))
        }
        "p95_ms" => times("p95", endpoint.p95_ms, budget.p95_ms),
        "p99_ms" => times("p99", endpoint.p99_ms, budget.p99_ms),
        other => other.to_owned(),
    };
    if endpoint.missed.is_empty() {
        return view! { <span class="soft">{plural(endpoint.queries_p95, "query", "queries")}</span> }.into_any();
    }
    let parts: Vec<String> = endpoint.missed.iter().map(part).collect();
    view! { <span class="missed">{parts.join(", ")}" ✗"</span> }.into_any()
}

/// What the inputs cannot show, and what went wrong.
fn notes(review: &Reviewed) -> Option<AnyView> {
    let report = &review.report;
    let noted = report.inputs.iter().filter(|input| !input.notes.is_empty());
    let notes = noted.map(|input| (input.name.clone(), input.notes.join("; ")));
    let errors = report.errors.iter().map(|error| {
        let at = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        (format!("{}{at}", error.path), error.message.clone())
    });
    let lines: Vec<_> = errors.chain(notes).map(|(name, text)| view! { <li><b>{name}</b>" "{text}</li> }).collect();
    let title = match report.errors.len() as u64 {
        0 => "What this input cannot show".to_owned(),
        errors => format!("{}, and what this input cannot show", plural(errors, "error", "errors")),
    };
    (!lines.is_empty()).then(|| {
        view! {
            <details class="notes" data-testid="queries-notes"><summary>{title}</summary><ul>{lines}</ul></details>
        }
        .into_any()
    })
}
