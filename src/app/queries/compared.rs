//! What changed from the capture of before to the present one: findings that went and came, endpoints, statements.

use leptos::prelude::*;

use super::digest::digest;
use super::{Choice, Step};
use crate::app::state::Reviewed;
use crate::app::widgets::{SeverityMark, count, marked, milliseconds, plural};
use crate::model::{Comparison, EndpointChange, Evidence, Finding, QueryChange, QueryNumbers};

#[component]
pub fn Compared(review: Reviewed, choice: Choice) -> impl IntoView {
    let Some(comparison) = review.report.comparison.clone() else { return ().into_any() };
    let Comparison { before, fixed, not_run, endpoints, queries, .. } = comparison;
    let new: Vec<Finding> =
        review.report.findings.iter().filter(|finding| finding.introduced == Some(true)).cloned().collect();
    let verdict = [
        plural(fixed.len() as u64, "finding was fixed", "findings were fixed"),
        plural(new.len() as u64, "came new", "came new"),
    ];
    let unsaid = (not_run > 0).then(|| {
        let text = plural(not_run.into(), "earlier finding was", "earlier findings were");
        view! { <p class="soft">{format!("{text} in requests that did not run again: nothing is known of them.")}</p> }
    });
    view! {
        <div class="compared" data-testid="compared">
            <h2>{verdict.join(", ")}</h2>
            <p class="soft">{format!("Compared with {}.", before.join(", "))}</p>
            {unsaid}
            {findings("New", "came-new", &new, Some(choice))}
            {findings("Fixed", "went", &fixed, None)}
            {of_endpoints(&endpoints)}
            {of_statements(&queries, choice)}
        </div>
    }
    .into_any()
}

fn findings(title: &'static str, class: &'static str, findings: &[Finding], choice: Option<Choice>) -> Option<AnyView> {
    let item = |finding: &Finding| {
        let shape = finding.evidence.iter().find_map(|evidence| match evidence {
            Evidence::Statements { fingerprint, .. } => Some(fingerprint.clone()),
            Evidence::Code { .. } => None,
        });
        let name = finding.name.clone();
        let name = match choice.zip(shape) {
            Some((choice, shape)) => {
                let go = move |_| {
                    choice.choose_shape(shape.clone());
                    choice.go(Step::Shape);
                };
                view! { <button class="link" on:click=go>{name}</button> }.into_any()
            }
            None => view! { <b>{name}</b> }.into_any(),
        };
        view! {
            <li><SeverityMark severity=finding.severity icon_only=true /> {name} <span class="soft">{marked(&finding.message)}</span></li>
        }
        .into_any()
    };
    let items: Vec<AnyView> = findings.iter().map(item).collect();
    (!items.is_empty())
        .then(|| view! { <section data-testid=class><h3>{title}</h3><ul class=class>{items}</ul></section> }.into_any())
}

/// Before and after in one cell: `49 → 4`, coloured by whether that is much more or less.
fn change(before: Option<f64>, after: Option<f64>, alarming: bool, spelled: fn(f64) -> String) -> AnyView {
    let text = |value: Option<f64>| value.map_or("–".to_owned(), spelled);
    let class = match (before, after) {
        _ if alarming => "missed",
        (Some(before), Some(after)) if after < before => "kept",
        _ => "",
    };
    let sign = if alarming { " ✗" } else { "" };
    let text = if before == after { text(after) } else { format!("{} → {}{sign}", text(before), text(after)) };
    view! { <td class=class>{text}</td> }.into_any()
}

fn whole(value: f64) -> String {
    count(value.round() as u64)
}

fn of_endpoints(endpoints: &[EndpointChange]) -> Option<AnyView> {
    let row = |endpoint: &EndpointChange| {
        let alarming = |what: &str| endpoint.alerts.iter().any(|alert| alert == what);
        let (then, now) = (&endpoint.before, &endpoint.after);
        let queries = [then, now].map(|numbers| Some(numbers.queries_p95 as f64));
        view! {
            <tr>
                <th scope="row">{endpoint.name.clone()}</th>
                {change(queries[0], queries[1], alarming("queries"), whole)}
                {change(then.p95_ms, now.p95_ms, alarming("p95_ms"), milliseconds)}
            </tr>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = endpoints.iter().map(row).collect();
    (!rows.is_empty()).then(|| table("Endpoints", ["Endpoint", "Queries (p95)", "Time (p95)"], rows))
}

fn of_statements(queries: &[QueryChange], choice: Choice) -> Option<AnyView> {
    let row = |query: &QueryChange| {
        let often = |numbers: Option<QueryNumbers>| Some(numbers.map_or(0.0, |numbers| numbers.executions as f64));
        let time = |numbers: Option<QueryNumbers>| numbers.and_then(|numbers| numbers.p95_ms);
        let sql = digest(&query.sql);
        let name = match query.after {
            Some(_) => {
                let fingerprint = query.fingerprint.clone();
                let go = move |_| {
                    choice.choose_shape(fingerprint.clone());
                    choice.go(Step::Shape);
                };
                view! { <button class="link" title=query.sql.clone() on:click=go><code>{sql}</code></button> }
                    .into_any()
            }
            None => view! { <code title=query.sql.clone()>{sql}</code> }.into_any(),
        };
        let word = match (query.before, query.after) {
            (None, _) => Some("new"),
            (_, None) => Some("gone"),
            _ => None,
        };
        view! {
            <tr>
                <th scope="row">{name} {word.map(|word| view! { <span class="soft">{word}</span> })}</th>
                {change(often(query.before), often(query.after), false, whole)}
                {change(time(query.before), time(query.after), false, milliseconds)}
            </tr>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = queries.iter().map(row).collect();
    (!rows.is_empty()).then(|| table("Statements that changed", ["Statement", "Runs", "Time (p95)"], rows))
}

fn table(title: &'static str, heads: [&'static str; 3], rows: Vec<AnyView>) -> AnyView {
    let heads = Vec::from(heads.map(|head| view! { <th scope="col">{head}</th> }.into_any()));
    view! {
        <section>
            <h3>{title}</h3>
            <table class="cost-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
        </section>
    }
    .into_any()
}
