//! Round trips over the number of rows, before and after.

use leptos::prelude::*;

use super::cost::{USUAL_ROWS, curve, grows, value};
use crate::app::widgets::count;
use crate::model::Cost;

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 56.0;
const MOST_ROWS: u64 = 200;

/// Two curves, and a slider that says what they come to. Nothing where the cost does not grow.
#[component]
pub fn CostChart(cost: Cost) -> impl IntoView {
    if !grows(&cost) {
        return ().into_any();
    }
    let rows = RwSignal::new(USUAL_ROWS);
    let highest = value(&cost, &cost.before_terms, MOST_ROWS).max(value(&cost, &cost.after_terms, MOST_ROWS));
    let before = curve(&cost, &cost.before_terms, MOST_ROWS, highest, (WIDTH, HEIGHT));
    let after = curve(&cost, &cost.after_terms, MOST_ROWS, highest, (WIDTH, HEIGHT));
    let at = move || (rows.get().saturating_sub(1) as f64 / (MOST_ROWS - 1) as f64 * WIDTH).to_string();
    let reading = move || {
        let rows = rows.get();
        let (before, after) = (value(&cost, &cost.before_terms, rows), value(&cost, &cost.after_terms, rows));
        (rows, count(before), count(after))
    };
    let reading = Memo::new(move |_| reading());
    let slide = move |event| {
        if let Ok(value) = event_target_value(&event).parse() {
            rows.set(value);
        }
    };
    view! {
        <figure class="chart">
            <svg viewBox=format!("0 -2 {WIDTH} {}", HEIGHT + 4.0) preserveAspectRatio="none" aria-hidden="true">
                <line class="now" x1=at y1="0" x2=at y2=HEIGHT.to_string() />
                <polyline class="before" points=before />
                <polyline class="after" points=after />
            </svg>
            <input type="range" min="1" max=MOST_ROWS.to_string() prop:value=USUAL_ROWS.to_string() aria-label="Rows of each loop" on:input=slide />
            <figcaption>
                {move || {
                    let (rows, before, after) = reading.get();
                    view! { "at " <var>"N"</var> {format!(" = {rows}: ")} <b>{before}</b> " → " <b>{after}</b> " round trips" }
                }}
            </figcaption>
        </figure>
    }
    .into_any()
}
