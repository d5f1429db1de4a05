//! Above the three columns: the whole at a glance, the filter, what is asked for, and what can be taken along.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::desk::{Desk, Step};
use super::filter::{DISMISSED, toggled};
use super::summary::{families, round_trips_text, worst_function};
use crate::app::export::ExportMenu;
use crate::app::shell::FILTER;
use crate::app::state::{App, Reviewed, is_dismissed};
use crate::app::widgets::{Formula, SeverityMark, count};
use crate::model::{Family, Finding, Severity};
use crate::protocol::Engine;

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
                placeholder="Filter findings"
                title="Words that a finding must have: blocker, family:n-plus-one, file:views, rule:RT101, confidence:certain, or any text; a minus before a word turns it round"
                autocomplete="off"
                spellcheck="false"
                prop:value=move || app.router.filter()
                on:input=type_in
                on:keydown=leave
            />
            <Choices />
            <ExportMenu of=Engine::Code />
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
            {round_trips_text(&review.report.functions, &open)
                .map(|text| view! { <span class="soft" title="One call of each function, 50 rows in each loop">"⇄ " {text}</span> })}
            {worst(&review)}
            {chips(app, &open)}
            {dismissed}
        }
    }
}

/// The function that asks most; a click shows it.
fn worst(review: &Reviewed) -> Option<AnyView> {
    let (function, trips) = worst_function(review)?;
    let (app, desk) = (App::get(), Desk::get());
    let (path, line) = (function.path.clone(), function.line);
    let go = move |_| {
        desk.step.set(Step::Code);
        app.router.update(|route| (route.file, route.line) = (Some(path.clone()), Some(line)));
    };
    let title = format!("{}:{}, {} round trips at N = 50", function.path, function.line, count(trips));
    Some(
        view! {
            <span class="soft" data-testid="worst">
                "most in "
                <button class="link mono" title=title on:click=go>{function.name.clone()}</button>
                " ⇄ "
                <Formula text=function.round_trips.clone() />
            </span>
        }
        .into_any(),
    )
}

/// One for each family that has findings: a filter, and how many it admits.
fn chips(app: App, open: &[&Finding]) -> AnyView {
    let families = families(open);
    // One alone is told by the list.
    if families.len() < 2 {
        return ().into_any();
    }
    let chip = |(family, number): (Family, usize)| {
        let word = format!("family:{}", family.as_str());
        let wanted = word.clone();
        let is_on = move || app.router.filter().split(' ').any(|known| known == wanted);
        let turn = move |_| app.router.update(|route| route.filter = toggled(&route.filter, &word));
        view! {
            <button class="chip" aria-pressed=move || if is_on() { "true" } else { "false" } on:click=turn>
                {family.as_str()} " " <b>{number}</b>
            </button>
        }
        .into_any()
    };
    let chips: Vec<AnyView> = families.into_iter().map(chip).collect();
    view! { <span class="chips" role="group" aria-label="Families of rules" data-testid="families">{chips}</span> }
        .into_any()
}

/// Whether a file of it is a change.
fn is_change(review: &Option<Reviewed>) -> bool {
    review.as_ref().is_some_and(|review| review.files.iter().any(|file| file.added + file.removed > 0))
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
            "With hints"
        </label>
        <Show when=move || app.options.with(|options| options.all_lines) || app.code_review.with(is_change)>
            <label class="choice" title="Also findings in code that the change leaves as it was">
                <input
                    type="checkbox"
                    prop:checked=move || app.options.with(|options| options.all_lines)
                    on:change=move |event| app.options.update(|options| options.all_lines = event_target_checked(&event))
                />
                "In unchanged code"
            </label>
        </Show>
    }
}
