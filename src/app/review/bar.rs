//! Above the three columns: the whole at a glance, the filter, what is asked for, and what can be taken along.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::desk::{Desk, Step};
use super::export::ExportMenu;
use super::filter::DISMISSED;
use super::summary::round_trips_text;
use crate::app::shell::FILTER;
use crate::app::state::{App, Reviewed, is_dismissed};
use crate::app::widgets::SeverityMark;
use crate::model::{Finding, Severity};

#[component]
pub fn Bar() -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let type_in = move |event| {
        let filter = event_target_value(&event);
        app.router.update(|route| route.filter = filter);
    };
    let leave = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Escape" | "Enter") {
            event.prevent_default();
            desk.enter(Step::List);
        }
    };
    view! {
        <div class="bar">
            <div class="glance" data-testid="summary">
                {move || app.code_review.with(|review| review.clone().map(|review| view! { <Glance review /> }))}
            </div>
            <input
                id=FILTER
                type="search"
                data-testid="filter"
                aria-label="Filter findings"
                placeholder="⌕ blocker family:n-plus-one file:vi"
                title="Severities, family: file: rule: confidence:, or text; a minus turns a word round"
                autocomplete="off"
                spellcheck="false"
                prop:value=move || app.router.filter()
                on:input=type_in
                on:keydown=leave
            />
            <Choices />
            <ExportMenu />
        </div>
    }
}

/// What is in sight, and how much is not.
#[component]
fn Glance(review: Reviewed) -> impl IntoView {
    let app = App::get();
    let show = move |_| app.router.update(|route| DISMISSED.clone_into(&mut route.filter));
    move || {
        let (dismissed, open): (Vec<&Finding>, Vec<&Finding>) = app
            .triage
            .with(|decisions| review.report.findings.iter().partition(|finding| is_dismissed(decisions, finding)));
        let counts: Vec<_> = Severity::ALL
            .into_iter()
            .filter_map(|severity| {
                let count = open.iter().filter(|finding| finding.severity == severity).count();
                (count > 0)
                    .then(|| view! { <span class="glance-count"><b>{count}</b> " " <SeverityMark severity /></span> })
            })
            .collect();
        let dismissed = (!dismissed.is_empty()).then(|| {
            let text = format!("{} dismissed", dismissed.len());
            view! { <button class="link" data-testid="dismissed" on:click=show>{text}</button> }
        });
        view! {
            {counts}
            {round_trips_text(&open).map(|text| view! { <span class="soft">"⇄ " {text}</span> })}
            {dismissed}
        }
    }
}

/// What a review is asked for.
#[component]
fn Choices() -> impl IntoView {
    let app = App::get();
    view! {
        <label class="choice" title="Also findings that are worth a look but often right as they are">
            <input
                type="checkbox"
                prop:checked=move || app.options.with(|options| options.hints)
                on:change=move |event| app.options.update(|options| options.hints = event_target_checked(&event))
            />
            "Hints"
        </label>
        <label class="choice" title="Of a diff, also what stood there before the change">
            <input
                type="checkbox"
                prop:checked=move || app.options.with(|options| options.all_lines)
                on:change=move |event| app.options.update(|options| options.all_lines = event_target_checked(&event))
            />
            "All lines"
        </label>
    }
}
