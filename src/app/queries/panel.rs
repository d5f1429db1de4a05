//! All that is known of the chosen fingerprint.

mod parts;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Choice;
use crate::app::finding::FindingDetail;
use crate::app::state::{App, Reviewed};
use crate::app::widgets::{CopyButton, count, milliseconds};
use crate::app::worker::Failure;
use crate::protocol::ShapeDetail;

#[component]
pub fn ShapePanel(review: Reviewed, choice: Choice) -> impl IntoView {
    let app = App::get();
    let known = RwSignal::new(None::<Result<ShapeDetail, String>>);
    Effect::new(move |_| {
        let Some(fingerprint) = choice.shape() else {
            known.set(None);
            return;
        };
        spawn_local(async move {
            let answer = app.log.shape(fingerprint.clone()).await;
            if !matches!(answer, Err(Failure::Cancelled)) && choice.shape() == Some(fingerprint) {
                known.try_set(Some(answer.map_err(|failure| failure.to_string())));
            }
        });
    });
    view! {
        <aside class="shape-panel" data-testid="shape-panel" aria-label="The chosen statement">
            {move || {
                known.with(|known| match known {
                    None => view! { <p class="soft">"Choose a statement to see where it comes from."</p> }.into_any(),
                    Some(Ok(shape)) => detail(&review, shape, choice),
                    Some(Err(failure)) => {
                        view! { <p class="soft">{format!("There is nothing known of this statement: {failure}.")}</p> }.into_any()
                    }
                })
            }}
        </aside>
    }
}

fn detail(review: &Reviewed, shape: &ShapeDetail, choice: Choice) -> AnyView {
    let row = &shape.row;
    let sql = shape.layout.clone();
    let title = match row.tables.is_empty() {
        true => row.kind.clone(),
        false => format!("{} of {}", row.kind, row.tables.join(", ")),
    };
    let findings: Vec<_> = row
        .findings
        .iter()
        .map(|at| view! { <FindingDetail reviewed=review.clone() index=*at as usize /> }.into_any())
        .collect();
    let findings = (!findings.is_empty()).then(|| view! { <section data-testid="panel-findings">{findings}</section> });
    view! {
        <h2>{title}</h2>
        {figures(shape)}
        {findings}
        <section>
            <div class="panel-title"><h3>"Statement"</h3><CopyButton text=move || sql.clone() /></div>
            <pre class="sql-text" tabindex="0">{shape.layout.clone()}</pre>
        </section>
        {parts::parent(review, shape, choice)}
        {parts::stacks(shape)}
        {parts::params(shape)}
        {parts::distribution(shape)}
    }
    .into_any()
}

fn figures(shape: &ShapeDetail) -> AnyView {
    let row = &shape.row;
    let time = |name, ms: Option<f64>| ms.map(|ms| (name, milliseconds(ms)));
    let number = |value, one, many| (if value == 1 { one } else { many }, count(value));
    let all = [
        Some(number(row.executions, "run", "runs")),
        row.distinct_params.map(|params| number(params, "parameter set", "parameter sets")),
        row.requests.map(|requests| number(requests, "request", "requests")),
        time("total", row.total_ms),
        time("mean", row.mean_ms),
        time("p95", row.p95_ms),
        time("max", row.max_ms),
    ];
    let figures: Vec<_> =
        all.into_iter().flatten().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect();
    view! { <dl class="figures">{figures}</dl> }.into_any()
}
