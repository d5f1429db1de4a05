//! Round trips over the number of rows, before and after.

use leptos::prelude::*;

use super::cost::{USUAL_ROWS, curve, grows, most_rows, value};
use crate::app::state::{App, read_latency, tenths};
use crate::app::widgets::{count, milliseconds};
use crate::model::Cost;

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 56.0;
const MOST_ROWS: u64 = 200;

/// Two curves, and a slider that says what they come to, in round trips and in time. Nothing where the cost does not
/// grow.
#[component]
pub fn CostChart(cost: Cost) -> impl IntoView {
    if !grows(&cost) {
        return ().into_any();
    }
    let app = App::get();
    let most = most_rows(&cost, MOST_ROWS).max(2);
    let usual = USUAL_ROWS.min(most);
    let rows = RwSignal::new(usual);
    let highest = value(&cost, &cost.before_terms, most).max(value(&cost, &cost.after_terms, most));
    let before = curve(&cost, &cost.before_terms, most, highest, (WIDTH, HEIGHT));
    let after = curve(&cost, &cost.after_terms, most, highest, (WIDTH, HEIGHT));
    let at = move || (rows.get().saturating_sub(1) as f64 / (most - 1) as f64 * WIDTH).to_string();
    let reading = move || {
        let rows = rows.get();
        let (before, after) = (value(&cost, &cost.before_terms, rows), value(&cost, &cost.after_terms, rows));
        let took = |trips: u64| milliseconds(trips as f64 * f64::from(app.latency.get()) / 10.0);
        (rows, count(before), count(after), format!("{} → {}", took(before), took(after)))
    };
    let reading = Memo::new(move |_| reading());
    let slide = move |event| {
        if let Ok(value) = event_target_value(&event).parse() {
            rows.set(value);
        }
    };
    let set_latency = move |event| {
        if let Some(latency) = read_latency(&event_target_value(&event)) {
            app.latency.set(latency);
        }
    };
    let slide_latency = move |event| {
        if let Ok(tenths) = event_target_value(&event).parse() {
            app.latency.set(tenths);
        }
    };
    view! {
        <figure class="chart">
            <svg viewBox=format!("0 -2 {WIDTH} {}", HEIGHT + 4.0) preserveAspectRatio="none" aria-hidden="true">
                <line class="now" x1=at y1="0" x2=at y2=HEIGHT.to_string() />
                <polyline class="before" points=before />
                <polyline class="after" points=after />
            </svg>
            <div class="chart-sliders">
                <span aria-hidden="true">"Rows " <var>"N"</var></span>
                <input type="range" min="1" max=most.to_string() prop:value=usual.to_string() aria-label="Rows of each loop" on:input=slide />
                <b>{move || reading.get().0}</b>
                <span aria-hidden="true">"Latency"</span>
                // In tenths of a millisecond, as far as databases are near.
                <input
                    type="range"
                    min="0"
                    max="200"
                    data-testid="latency-slider"
                    aria-label="Latency of one round trip, in tenths of a millisecond"
                    aria-valuetext=move || format!("{} ms", tenths(app.latency.get()))
                    prop:value=move || app.latency.get().to_string()
                    on:input=slide_latency
                />
                <label>
                    <input
                        type="number"
                        min="0"
                        max="1000"
                        step="0.1"
                        aria-label="Latency of one round trip, in milliseconds"
                        data-testid="latency"
                        prop:value=move || tenths(app.latency.get())
                        on:change=set_latency
                    />
                    " ms"
                </label>
            </div>
            <figcaption>
                {move || {
                    let (_, before, after, took) = reading.get();
                    view! {
                        <b class="before">{before}</b> " → " <b class="after">{after}</b> " round trips, "
                        <span class="number" data-testid="cost-time">{took}</span>
                    }
                }}
            </figcaption>
        </figure>
    }
    .into_any()
}
