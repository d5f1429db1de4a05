//! What was found about a statement, and what it rests on.

use leptos::prelude::*;

use crate::app::queries::Choice;
use crate::app::queries::digest::digest;
use crate::app::state::{App, Reviewed, View};
use crate::app::widgets::{DiffView, Formula, SeverityMark, count, milliseconds};
use crate::model::{Evidence, Finding};
use crate::protocol::ShapeRow;

pub fn findings(review: &Reviewed, row: &ShapeRow, choice: Choice) -> Option<AnyView> {
    let all = row.findings.iter().filter_map(|at| review.finding(*at as usize));
    let all: Vec<_> = all.map(|finding| one(finding, &row.fingerprint, choice)).collect();
    (!all.is_empty()).then(|| view! { <section class="panel-findings">{all}</section> }.into_any())
}

fn one(finding: &Finding, shown: &str, choice: Choice) -> AnyView {
    let app = App::get();
    let rule = finding.rule.clone();
    let open_rule = move |_| {
        let rule = rule.clone();
        app.router.go(|route| (route.view, route.rule) = (View::Rules, Some(rule)));
    };
    let cost = finding.cost.as_ref().map(|cost| {
        let saved = cost.saved_ms.filter(|ms| *ms > 0.0).map(|ms| format!(", saves about {}", milliseconds(ms)));
        view! {
            <p class="panel-cost">
                "⇄ "<Formula text=cost.before.clone() />" → "<Formula text=cost.after.clone() />{saved}
            </p>
        }
    });
    let evidence: Vec<_> = finding.evidence.iter().map(|evidence| item(evidence, shown, choice)).collect();
    let rewrite = finding.rewrite.as_ref().map(|rewrite| {
        view! { <p>{rewrite.title.clone()}</p><DiffView diff=rewrite.diff.clone() /> }
    });
    view! {
        <article class="panel-finding" data-testid="panel-finding">
            <p class="panel-finding-head">
                <SeverityMark severity=finding.severity />
                <b>{finding.name.clone()}</b>
                <button class="link" title="What this rule says" on:click=open_rule>{finding.rule.clone()}</button>
                <span class="soft">{finding.confidence.as_str()}</span>
            </p>
            <p>{finding.message.clone()}</p>
            {cost}
            <p class="panel-advice">{finding.advice.clone()}</p>
            {rewrite}
            <details>
                <summary>"Evidence"</summary>
                <ul class="panel-evidence">{evidence}</ul>
            </details>
        </article>
    }
    .into_any()
}

fn item(evidence: &Evidence, shown: &str, choice: Choice) -> AnyView {
    match evidence {
        Evidence::Code { path, line, message } => {
            view! { <li>{message.clone()}" "<code>{format!("{path}:{line}")}</code></li> }.into_any()
        }
        Evidence::Statements { fingerprint, sql, count: times, total_ms, request } => {
            let facts = [
                Some(format!("seen {}×", count(*times))),
                total_ms.map(milliseconds),
                request.as_ref().map(|request| format!("in {request}")),
            ];
            let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(", ");
            let text = view! { <code>{digest(sql)}</code> };
            let statement = if fingerprint == shown {
                text.into_any()
            } else {
                let fingerprint = fingerprint.clone();
                view! { <button class="link" on:click=move |_| choice.choose_shape(fingerprint.clone())>{text}</button> }.into_any()
            };
            view! { <li>{statement}<span class="soft">{facts}</span></li> }.into_any()
        }
    }
}
