//! What the view says while it has nothing to show.

use leptos::prelude::*;

use crate::app::state::{App, Reviewed, View};
use crate::app::widgets::plural;

pub fn no_log(app: App) -> AnyView {
    let title = if app.workspace.is_empty() { "No log yet" } else { "No log among the inputs" };
    view! {
        <div class="empty" data-testid="queries-empty">
            <h2>{title}</h2>
            <p>
                "Bring in what a program recorded of its queries: a saved page with the Django Debug Toolbar,
                "<code>"connection.queries"</code>" as JSON, or what "<code>"django.db.backends"</code>" logged. You will
                see each request's statements in order, those that repeat, and where they come from."
            </p>
            <p><button class="primary" on:click=move |_| app.router.show(View::Inputs)>"Bring in a log"</button></p>
        </div>
    }
    .into_any()
}

pub fn reading(app: App) -> AnyView {
    let text = move || Some(format!("The log is being read: {}", app.log_progress.get()?));
    view! { <p class="empty">{text}</p> }.into_any()
}

/// A review without a single statement: what was found out about each input.
pub fn nothing_read(review: &Reviewed) -> AnyView {
    let report = &review.report;
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|error| {
            let at = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            view! { <li><b>{format!("{}{at}", error.path)}</b>" "{error.message.clone()}</li> }
        })
        .collect();
    let understood: Vec<_> = report
        .inputs
        .iter()
        .map(|input| {
            let notes = input.notes.join("; ");
            view! { <li><b>{input.name.clone()}</b>" was read as "{input.format.clone()}" and has no statement. "{notes}</li> }
        })
        .collect();
    let not_understood: Vec<_> = review
        .items
        .iter()
        .filter(|item| !item.why.is_empty())
        .map(|item| view! { <li>{item.why.clone()}</li> })
        .collect();
    let all = report.errors.len() + report.inputs.len();
    view! {
        <div class="empty" data-testid="queries-empty">
            <h2>"No statements were found"</h2>
            <p>{plural(all as u64, "input was", "inputs were")}" looked through. This does not mean that they are clean."</p>
            <ul class="reasons">{errors}{understood}{(all == 0).then_some(not_understood)}</ul>
            <p>"Under Inputs you can say which format it is."</p>
        </div>
    }
    .into_any()
}
