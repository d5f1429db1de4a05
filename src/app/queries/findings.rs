//! The findings of the log, each a way to its statement.

use leptos::prelude::*;

use super::overview::{findings_of, shown_by};
use super::{Choice, Part, Step};
use crate::app::state::{App, Reviewed, is_dismissed};
use crate::app::widgets::{SeverityMark, inlines, marks};

/// More are told by their number: whoever has this many reads the worst ones first.
const MOST: usize = 200;

#[component]
pub fn LogFindings(review: Reviewed, choice: Choice) -> impl IntoView {
    let all = review.report.findings.len();
    let of_review = review.clone();
    let marked =
        Memo::new(move |_| choice.shape().map(|shape| findings_of(&of_review.report, &shape)).unwrap_or_default());
    let app = App::get();
    let with_dismissed = RwSignal::new(false);
    let of_review = review.clone();
    let dismissed = Memo::new(move |_| -> Vec<usize> {
        app.triage.with(|decisions| {
            let is = |at: &usize| of_review.finding(*at).is_some_and(|finding| is_dismissed(decisions, finding));
            (0..all).filter(is).collect()
        })
    });
    let items = move || {
        let hidden = if with_dismissed.get() { Vec::new() } else { dismissed.get() };
        let shown = (0..all).filter(|at| !hidden.contains(at)).take(MOST);
        shown.filter_map(|at| item(&review, at, choice, marked)).collect::<Vec<_>>()
    };
    let turn = move |_| with_dismissed.update(|with| *with = !*with);
    let put_away = move || {
        let number = dismissed.with(Vec::len);
        let label = if with_dismissed.get() { "hide the dismissed" } else { "show" };
        (number > 0).then(|| {
            view! {
                <p class="soft">
                    {format!("{number} dismissed: ")}
                    <button class="link" data-testid="log-dismissed" on:click=turn>{label}</button>
                </p>
            }
        })
    };
    view! {
        <section class="log-findings" aria-label="Findings of the log">
            <h2 class="minor">"Findings " <span class="number">{move || all - dismissed.with(Vec::len)}</span></h2>
            {(all == 0)
                .then(|| {
                    view! {
                        <p class="soft" data-testid="queries-clean">
                            "Clean: no statement repeats needlessly, as far as this input can show."
                        </p>
                    }
                })}
            <ul>{items}</ul>
            {put_away}
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
            choice.part.set(Part::Statements);
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
