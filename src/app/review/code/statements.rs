//! What a line asks the database, below the code: opened by the line's badge.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::review::desk::{Desk, Opened};
use crate::app::state::App;
use crate::app::widgets::{CopyButton, Formula};
use crate::model::{Prediction, QueryRow};

/// Columns that a statement is laid out for.
const WIDTH: u32 = 88;

#[component]
pub fn Statements() -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let content = move || {
        let Opened { line, trips, queries } = desk.opened.get()?;
        let predictions: Vec<Prediction> = app.code_review.with_untracked(|review| {
            let rows = review
                .iter()
                .flat_map(|review| queries.iter().filter_map(|at| review.report.queries.get(*at as usize)));
            rows.filter_map(|row| match row {
                QueryRow::Predicted(prediction) => Some(prediction.clone()),
                QueryRow::Observed(_) => None,
            })
            .collect()
        });
        let place = line.map(|line| format!("Line {line} asks the database ")).unwrap_or_default();
        let items: Vec<_> = predictions.into_iter().map(|prediction| view! { <One prediction /> }).collect();
        Some(view! {
            <section class="statements" data-testid="statements" aria-label="Predicted statements">
                <header>
                    <p>{place} <Formula text=trips /> "×"</p>
                    <button class="quiet" aria-label="Close" on:click=move |_| desk.opened.set(None)>"✕"</button>
                </header>
                <ol>{items}</ol>
            </section>
        })
    };
    view! { {content} }
}

#[component]
fn One(prediction: Prediction) -> impl IntoView {
    let app = App::get();
    let Prediction { kind, model, sql, loops, built, via, confidence, .. } = prediction;
    let layout = RwSignal::new(sql.clone());
    {
        let sql = sql.clone();
        spawn_local(async move {
            // The plain text stays where the engine is busy or gone.
            if let Ok(text) = app.code.layout(sql, WIDTH).await {
                layout.try_set(text);
            }
        });
    }
    let often = if loops.is_empty() { "once".to_owned() } else { format!("{} times", loops.join("·")) };
    let model = model.map(|model| format!(" on {model}")).unwrap_or_default();
    let built = built.map(|built| format!("; built in {}:{}", built.path, built.line)).unwrap_or_default();
    let via = if via.is_empty() { String::new() } else { format!("; by way of {}", via.join(" → ")) };
    let about = format!("{}{model}, {often}, {}{built}{via}", kind.as_str(), confidence.as_str());
    view! {
        <li>
            <div class="statement-head">
                <span class="soft">{about}</span>
                <CopyButton text=move || layout.get_untracked() label="Copy SQL" />
            </div>
            <pre>{move || layout.get()}</pre>
        </li>
    }
}
