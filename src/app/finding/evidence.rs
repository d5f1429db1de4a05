//! What a finding rests on; a click goes there.

use leptos::prelude::*;

use crate::app::state::{App, View};
use crate::app::widgets::{count, milliseconds};
use crate::model::Evidence;

#[component]
pub fn EvidenceList(evidence: Vec<Evidence>) -> impl IntoView {
    if evidence.is_empty() {
        return ().into_any();
    }
    let items: Vec<_> = evidence.into_iter().map(|evidence| view! { <li><One evidence /></li> }).collect();
    view! { <h3>"Evidence"</h3> <ul class="evidence" data-testid="evidence">{items}</ul> }.into_any()
}

#[component]
fn One(evidence: Evidence) -> impl IntoView {
    let app = App::get();
    match evidence {
        Evidence::Code { path, line, message } => {
            let place = format!("{}:{line}", path.rsplit('/').next().unwrap_or_default());
            let title = format!("{path}:{line}");
            let go = move |_| {
                app.router.go(|route| {
                    (route.view, route.file, route.line) = (View::Review, Some(path.clone()), Some(line));
                });
            };
            view! { <button class="link mono" title=title on:click=go>{place}</button> " " <span>{message}</span> }
                .into_any()
        }
        Evidence::Statements { fingerprint, sql, count: times, total_ms, request } => {
            let seen = format!("seen {}×", count(times));
            let took = total_ms.map(|total| format!(", {}", milliseconds(total)));
            let go = move |_| {
                app.router.go(|route| (route.view, route.shape) = (View::Queries, Some(fingerprint.clone())));
            };
            view! {
                <button class="link" on:click=go>{seen} {took}</button>
                {request.map(|request| format!(" in {request}"))}
                <code class="clamped">{sql}</code>
            }
            .into_any()
        }
    }
}
