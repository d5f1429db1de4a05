//! All that is known of one finding: what both Review and Queries show beside their lists.

pub mod cost;

mod chart;
mod evidence;
mod rewrite;
mod verdict;

use leptos::prelude::*;

use super::state::{App, Reviewed, View};
use super::widgets::{Formula, SeverityMark, marked, milliseconds};
use crate::model::{Confidence, Cost, Finding};
use chart::CostChart;
use evidence::EvidenceList;
pub use rewrite::RewriteView;
use verdict::VerdictBox;

/// `index`: of the finding in the review's report.
#[component]
pub fn FindingDetail(reviewed: Reviewed, index: usize) -> impl IntoView {
    let Some(finding) = reviewed.finding(index).cloned() else { return ().into_any() };
    let place = finding.path.as_ref().map(|path| match finding.line {
        Some(line) => format!("{path}:{line}"),
        None => path.clone(),
    });
    let decision = view! { <VerdictBox finding=finding.clone() /> };
    view! {
        <article class="finding-detail">
            <Head finding=finding.clone() />
            <p class="message">{marked(&finding.message)}</p>
            {place.map(|place| view! { <p class="place mono">{place}</p> })}
            {finding.cost.map(|cost| view! { <CostLine cost=cost.clone() /> <CostChart cost /> })}
            {finding.rewrite.map(|rewrite| view! { <RewriteView rewrite /> })}
            {(!finding.advice.is_empty()).then(|| view! { <h3>"Advice"</h3> <p>{marked(&finding.advice)}</p> })}
            <EvidenceList evidence=finding.evidence />
            {decision}
        </article>
    }
    .into_any()
}

/// What it is called, how bad, how sure.
#[component]
fn Head(finding: Finding) -> impl IntoView {
    let app = App::get();
    let Finding { rule, name, severity, confidence, hint, introduced, .. } = finding;
    let why = match confidence {
        Confidence::Certain => "Everything that this rests on is in the input",
        Confidence::Likely => "Rests on names and on what is usual; the message says what would settle it",
        Confidence::Possible => "May be right as it is; the message says what to look at",
    };
    let open = {
        let rule = rule.clone();
        move |_| app.router.go(|route| (route.view, route.rule) = (View::Rules, Some(rule.clone())))
    };
    view! {
        <header class="finding-head">
            <h2>{name}</h2>
            <button class="link mono" title="What this rule is about" on:click=open>{rule}</button>
        </header>
        <p class="finding-tags">
            <SeverityMark severity />
            <span class="soft" title=why>{confidence.as_str()}</span>
            {hint.then_some(view! { <span class="soft">"hint"</span> })}
            {(introduced == Some(true)).then_some(view! { <span class="soft">"introduced by this change"</span> })}
        </p>
    }
}

/// `⇄ 1 + N → 1`, and what the letters stand for.
#[component]
pub fn CostLine(cost: Cost) -> impl IntoView {
    let letters: Vec<_> = cost
        .loops
        .into_iter()
        .map(|(letter, known)| {
            let most = known.at_most.filter(|_| known.exactly.is_none()).map(|most| format!(", at most {most}"));
            view! { <li><var>{letter}</var> " = " {known.text} {most}</li> }
        })
        .collect();
    view! {
        <p class="cost">
            <span aria-hidden="true">"⇄ "</span>
            <span class="unseen">"Round trips: "</span>
            <Formula text=cost.before />
            " → "
            <Formula text=cost.after />
            {cost.saved_ms.map(|saved| view! { <span class="soft">" saves " {milliseconds(saved)} " as measured"</span> })}
        </p>
        <ul class="letters soft">{letters}</ul>
    }
}
