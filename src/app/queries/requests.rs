//! The requests of the log, worst first.

use std::sync::Arc;

use leptos::prelude::*;

use super::overview::{self, Listed};
use super::rows::{Kind, Rows};
use super::{Choice, Part, Step};
use crate::app::state::{App, Reviewed};
use crate::app::widgets::{count, milliseconds, plural};

/// Fewer can be overlooked without a filter.
const MANY: usize = 12;

#[component]
pub fn RequestList(review: Reviewed, choice: Choice) -> impl IntoView {
    let app = App::get();
    let words = RwSignal::new(String::new());
    let all = review.report.requests.len();
    let listed = {
        let review = review.clone();
        Memo::new(move |_| Arc::new(words.with(|words| overview::requests(&review.report, words))))
    };
    let id_at = {
        let review = review.clone();
        move |row: u32| {
            let listed = listed.with_untracked(|listed| listed.get(row as usize).copied())?;
            review.report.requests.get(listed.request).map(|request| request.id.clone())
        }
    };
    // Without a choice, the worst is shown.
    if app.router.request().is_none_or(|id| !review.report.requests.iter().any(|request| request.id == id))
        && let Some(worst) = id_at(0)
    {
        choice.choose_request(worst);
    }
    let chosen = {
        let review = review.clone();
        Memo::new(move |_| {
            let id = app.router.request()?;
            let at = review.report.requests.iter().position(|request| request.id == id)?;
            listed.with(|listed| listed.iter().position(|listed| listed.request == at)).map(|row| row as u32)
        })
    };
    let row = Callback::new(move |at: u32| {
        let review = review.clone();
        (move || listed.with(|listed| listed.get(at as usize).copied()).map(|listed| row_view(&review, listed)))
            .into_any()
    });
    view! {
        <section class="request-list" aria-label="Requests">
            <h2 class="minor">"Requests " <span class="number">{count(all as u64)}</span></h2>
            {(all > MANY)
                .then(|| {
                    view! {
                        <input
                            type="search"
                            placeholder="Filter requests"
                            aria-label="Filter requests"
                            on:input=move |event| words.set(event_target_value(&event))
                        />
                    }
                })}
            <Rows
                id="requests"
                label="Requests, worst first"
                kind=Kind::List
                height=56
                total=Signal::derive(move || listed.with(|listed| listed.len() as u32))
                chosen
                testid="request-row"
                row
                choose=Callback::new(move |row| {
                    if let Some(id) = id_at(row) {
                        choice.choose_request(id);
                    }
                })
                open=Callback::new(move |_| {
                    choice.part.set(Part::Statements);
                    choice.go(Step::Statements);
                })
            />
        </section>
    }
}

fn row_view(review: &Reviewed, listed: Listed) -> Option<AnyView> {
    let request = review.report.requests.get(listed.request)?;
    let budget = listed.endpoint.and_then(|at| review.report.endpoints.get(at)).map(|endpoint| &endpoint.budget);
    let queries = match budget.and_then(|budget| budget.queries) {
        Some(most) if request.queries > most => {
            view! { <span class="missed">{format!("{} / {most} queries ✗", count(request.queries))}</span> }.into_any()
        }
        Some(most) => format!("{} / {most} queries ✓", count(request.queries)).into_any(),
        None => plural(request.queries, "query", "queries").into_any(),
    };
    let duplicates =
        (request.duplicates > 0).then(|| format!(" · {}", plural(request.duplicates, "duplicate", "duplicates")));
    let name = if request.name.is_empty() { "The whole input".to_owned() } else { request.name.clone() };
    let row = view! {
        <span class="request-name" title=name.clone()>{name.clone()}</span>
        <span class="request-facts">
            {queries} {request.total_ms.map(|ms| format!(" · {}", milliseconds(ms)))} {duplicates}
        </span>
    };
    Some(row.into_any())
}
