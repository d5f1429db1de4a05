//! The findings of the log, each a way to its statement.

use leptos::prelude::*;

use super::overview::{findings_of, shown_by};
use super::{Choice, Step};
use crate::app::state::Reviewed;
use crate::app::widgets::{SeverityMark, inlines, marks};

/// More are told by their number: whoever has this many reads the worst ones first.
const MOST: usize = 200;

#[component]
pub fn LogFindings(review: Reviewed, choice: Choice) -> impl IntoView {
    let all = review.report.findings.len();
    let of_review = review.clone();
    let marked =
        Memo::new(move |_| choice.shape().map(|shape| findings_of(&of_review.report, &shape)).unwrap_or_default());
    let items: Vec<_> = (0..all.min(MOST)).filter_map(|at| item(&review, at, choice, marked)).collect();
    view! {
        <section class="log-findings" aria-label="Findings of the log">
            <h3>"Findings " <span class="number">{all}</span></h3>
            {(all == 0)
                .then(|| {
                    view! {
                        <p class="soft" data-testid="queries-clean">
                            "Clean: no statement repeats needlessly, as far as this input can show."
                        </p>
                    }
                })}
            <ul>{items}</ul>
            {(all > MOST).then(|| view! { <p class="soft">{format!("and {} more", all - MOST)}</p> })}
        </section>
    }
}

fn item(review: &Reviewed, at: usize, choice: Choice, marked: Memo<Vec<usize>>) -> Option<AnyView> {
    let finding = review.finding(at)?;
    let shown = shown_by(finding).map(|(shape, request)| {
        let of_name = |name: &str| review.report.requests.iter().find(|known| known.name == name || known.id == name);
        (shape.to_owned(), request.and_then(of_name).map(|request| request.id.clone()))
    });
    let go = move |_| {
        let Some((shape, request)) = shown.clone() else { return };
        choice.choose_shape(shape);
        if let Some(request) = request {
            choice.choose_request(request);
        }
        choice.go(Step::Shape);
    };
    let item = view! {
        <li>
            <button
                class="log-finding"
                data-testid="log-finding"
                aria-current=move || marked.with(|marked| marked.contains(&at)).then_some("true")
                on:click=go
            >
                <SeverityMark severity=finding.severity icon_only=true />
                <span class="log-finding-name">{finding.name.clone()}</span>
                <span class="soft">{marks(inlines(&finding.message))}</span>
            </button>
        </li>
    };
    Some(item.into_any())
}
