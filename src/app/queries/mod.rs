//! What logs show: requests, when their statements ran, and the fingerprints with all that is known of each.

mod compared;
mod costs;
mod digest;
mod findings;
mod histogram;
mod order;
mod overview;
mod pages;
mod panel;
mod requests;
mod rows;
mod states;
mod summary;
mod table;
mod timeline;
mod treemap;
mod waterfall;

use leptos::prelude::*;

use super::state::{App, Reviewed};
use crate::model::Report;
use compared::Compared;
use costs::Costs;
use findings::LogFindings;
use panel::ShapePanel;
use requests::RequestList;
use summary::Summary;
use table::ShapeTable;
use timeline::Timeline;

/// Which part a narrow screen shows; a wide one shows all of them side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Requests,
    Statements,
    Shape,
}

impl Step {
    fn id(self) -> &'static str {
        match self {
            Step::Requests => "requests",
            Step::Statements => "statements",
            Step::Shape => "shape",
        }
    }
}

/// What the middle shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Statements,
    Costs,
    Compared,
}

/// What is chosen in this view, and how to choose.
#[derive(Clone, Copy)]
pub struct Choice {
    app: App,
    step: RwSignal<Step>,
    pub part: RwSignal<Part>,
    /// The statement of the worst finding, which is shown until another one is chosen.
    worst: StoredValue<Option<String>>,
}

impl Choice {
    fn new(app: App, report: &Report) -> Self {
        let step = match (app.router.shape(), app.router.request()) {
            (Some(_), _) => Step::Shape,
            (None, Some(_)) => Step::Statements,
            (None, None) => Step::Requests,
        };
        // Whoever brings two captures asks what changed.
        let part =
            if report.comparison.is_some() && app.router.shape().is_none() { Part::Compared } else { Part::Statements };
        let worst = report.findings.iter().find_map(overview::shown_by).map(|(shape, _)| shape.to_owned());
        Self { app, step: RwSignal::new(step), part: RwSignal::new(part), worst: StoredValue::new(worst) }
    }

    pub fn shape(&self) -> Option<String> {
        self.app.router.shape().or_else(|| self.worst.try_get_value().flatten())
    }

    pub fn choose_shape(&self, fingerprint: String) {
        self.app.router.update(|route| route.shape = Some(fingerprint));
    }

    pub fn choose_request(&self, id: String) {
        self.app.router.update(|route| route.request = Some(id));
    }

    /// What a narrow screen shows from now on.
    pub fn go(&self, step: Step) {
        self.step.set(step);
    }

    fn back(&self) {
        self.step.update(|step| {
            *step = match step {
                Step::Shape => Step::Statements,
                Step::Statements | Step::Requests => Step::Requests,
            };
        });
    }
}

#[component]
pub fn Queries() -> impl IntoView {
    let app = App::get();
    view! {
        <section class="queries" data-testid="view-queries" aria-label="Queries">
            {move || match app.log_review.get() {
                Some(review) if review.report.summary.statements > 0 => view! { <Loaded review /> }.into_any(),
                Some(review) => states::nothing_read(&review),
                None if app.log_progress.with(Option::is_some) => states::reading(app),
                None => states::no_log(app),
            }}
        </section>
    }
}

#[component]
fn Loaded(review: Reviewed) -> impl IntoView {
    let compares = review.report.comparison.is_some();
    let choice = Choice::new(App::get(), &review.report);
    let of_part = review.clone();
    let middle = move || {
        let review = of_part.clone();
        match choice.part.get() {
            Part::Statements => {
                view! { <Timeline review=review.clone() choice /> <ShapeTable review choice /> }.into_any()
            }
            Part::Costs => view! { <Costs review choice /> }.into_any(),
            Part::Compared => view! { <Compared review choice /> }.into_any(),
        }
    };
    let back = move |label: &'static str| {
        view! { <button class="back" data-testid="back" on:click=move |_| choice.back()>{label}</button> }
    };
    view! {
        <Summary review=review.clone() choice />
        <div class="queries-parts" data-step=move || choice.step.get().id()>
            <div class="queries-requests">
                <LogFindings review=review.clone() choice />
                <RequestList review=review.clone() choice />
            </div>
            <div class="queries-statements">
                {back("‹ Requests")}
                <div class="parts" role="group" aria-label="What is shown">
                    {part(choice, Part::Statements, "Statements")}
                    {part(choice, Part::Costs, "Where the time goes")}
                    {compares.then(|| part(choice, Part::Compared, "Before and after"))}
                </div>
                {middle}
            </div>
            <div class="queries-shape">
                {back("‹ Statements")}
                <ShapePanel review choice />
            </div>
        </div>
    }
}

fn part(choice: Choice, part: Part, label: &'static str) -> AnyView {
    view! {
        <button
            class="quiet toggle"
            aria-pressed=move || if choice.part.get() == part { "true" } else { "false" }
            on:click=move |_| choice.part.set(part)
        >
            {label}
        </button>
    }
    .into_any()
}
