//! The fingerprints of the whole log: sorted and filtered by the engine, which is asked for the rows in sight.

use std::ops::Range;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::digest::digest;
use super::order::Order;
use super::pages::Pages;
use super::rows::{Kind, Rows};
use super::{Choice, Step};
use crate::app::shell::{FILTER, is_for_something_else};
use crate::app::state::{App, Reviewed};
use crate::app::widgets::{SeverityMark, count, milliseconds, plural};
use crate::app::worker::{Failure, ShapeWindow};
use crate::model::Finding;
use crate::protocol::{ShapeRow, Sort};

/// In the order in which they stand; the ones after `Executions` need times.
const COLUMNS: [(Sort, &str, &str); 6] = [
    (Sort::Sql, "Statement", "sql"),
    (Sort::Executions, "Runs", "runs"),
    (Sort::Total, "Total", "total"),
    (Sort::Mean, "Mean", "mean"),
    (Sort::P95, "p95", "p95"),
    (Sort::Max, "Max", "max"),
];

#[component]
pub fn ShapeTable(review: Reviewed, choice: Choice) -> impl IntoView {
    let app = App::get();
    let has_times = review.report.requests.iter().any(|request| request.total_ms.is_some());
    let usual = Order::costly_first(has_times);
    let order = Memo::new(move |_| app.router.sort().and_then(|id| Order::from_id(&id)).unwrap_or(usual));
    let words = Memo::new(move |_| app.router.words());
    let pages = RwSignal::new(Pages::<ShapeRow>::default());
    let sight = StoredValue::new(0..0);

    let ask = move |rows: Range<u32>| {
        while let Some(wanted) = pages.try_update_untracked(|pages| pages.next_to_ask(rows.clone())).flatten() {
            let question = pages.with_untracked(Pages::question);
            let Order { by: sort, descending } = order.get_untracked();
            let filter = words.get_untracked();
            let window = ShapeWindow { from: wanted.start, to: wanted.end, sort, descending, filter };
            spawn_local(async move {
                let answer = app.log.shapes(window).await;
                if let Err(Failure::Failed(message)) = &answer {
                    app.notices.warn(format!("The statements cannot be listed: {message}."));
                }
                pages.try_update(|pages| match answer {
                    Ok((total, rows)) => pages.answered(question, wanted.start, total, rows),
                    Err(_) => pages.failed(question, wanted.start),
                });
            });
        }
    };
    Effect::new(move |_| {
        order.track();
        words.track();
        pages.update(Pages::ask_anew);
        ask(sight.get_value());
    });

    let chosen = Memo::new(move |_| {
        let fingerprint = choice.shape()?;
        pages.with(|pages| pages.position(|row| row.fingerprint == fingerprint))
    });
    let choose = Callback::new(move |at: u32| {
        let fingerprint = pages.with_untracked(|pages| pages.get(at).map(|row| row.fingerprint.clone()));
        if let Some(fingerprint) = fingerprint {
            choice.choose_shape(fingerprint);
        }
    });
    let open = Callback::new(move |_| choice.go(Step::Shape));
    let total = Signal::derive(move || pages.with(|pages| pages.total().unwrap_or(0)));
    let row = Callback::new(move |at: u32| {
        let review = review.clone();
        (move || pages.with(|pages| pages.get(at).map(|row| cells(&review, row, has_times)))).into_any()
    });
    listen(choice, chosen, total, choose);

    let header = view! {
        <div class="shape-cells shape-head" role="row" aria-rowindex="1">
            {COLUMNS
                .iter()
                .filter(|(sort, ..)| has_times || matches!(sort, Sort::Sql | Sort::Executions))
                .map(|(sort, name, class)| column(app, order, *sort, name, class))
                .collect::<Vec<_>>()}
        </div>
    };
    view! {
        <section class="shapes" class:timed=has_times aria-label="Statements of the whole input">
            <div class="shapes-title">
                <h2>"Distinct statements "<span class="number">{move || count(u64::from(total.get()))}</span></h2>
                <input
                    id=FILTER
                    type="search"
                    placeholder="Filter by text or table"
                    aria-label="Filter statements"
                    data-testid="shape-filter"
                    prop:value=words
                    on:input=move |event| {
                        let words = event_target_value(&event);
                        app.router.update(|route| route.words = words);
                    }
                />
            </div>
            {move || {
                (pages.with(Pages::total) == Some(0) && !words.with(String::is_empty))
                    .then(|| view! { <p class="empty">"No statement has all of these words."</p> })
            }}
            <Rows
                id="shapes"
                label="Distinct statements"
                kind=Kind::Grid
                height=56
                total
                chosen
                testid="shape-row"
                row
                choose
                open
                seen=Callback::new(move |rows: Range<u32>| {
                    sight.set_value(rows.clone());
                    ask(rows);
                })
                header=header.into_any()
            />
        </section>
    }
}

/// `j` and `k` walk through the table wherever the focus is, as long as no other list has it; Escape goes back.
fn listen(choice: Choice, chosen: Memo<Option<u32>>, total: Signal<u32>, choose: Callback<u32>) {
    let listener = window_event_listener(ev::keydown, move |event| {
        if is_for_something_else(&event) {
            return;
        }
        let last = total.get_untracked().saturating_sub(1);
        if event.key() == "Escape" {
            choice.back();
            return;
        }
        let next = match (event.key().as_str(), chosen.get_untracked()) {
            ("j", None) | ("k", None) => 0,
            ("j", Some(row)) => row.saturating_add(1).min(last),
            ("k", Some(row)) => row.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        choose.run(next);
    });
    on_cleanup(move || listener.remove());
}

fn column(app: App, order: Memo<Order>, sort: Sort, name: &'static str, class: &'static str) -> AnyView {
    let arrow = move || match order.get().aria(sort) {
        "ascending" => " ↑",
        "descending" => " ↓",
        _ => "",
    };
    view! {
        <div role="columnheader" class=class aria-sort=move || order.get().aria(sort)>
            <button
                class="sort"
                data-testid=format!("sort-{class}")
                on:click=move |_| {
                    let order = order.get_untracked().clicked(sort);
                    app.router.update(|route| route.sort = Some(order.id()));
                }
            >
                {name}<span aria-hidden="true">{arrow}</span>
            </button>
        </div>
    }
    .into_any()
}

fn cells(review: &Reviewed, row: &ShapeRow, has_times: bool) -> AnyView {
    let mut by_rule: Vec<(&Finding, u32)> = Vec::new();
    for finding in row.findings.iter().filter_map(|at| review.finding(*at as usize)) {
        match by_rule.iter_mut().find(|(known, _)| known.name == finding.name && known.severity == finding.severity) {
            Some((_, times)) => *times += 1,
            None => by_rule.push((finding, 1)),
        }
    }
    let marks: Vec<_> = by_rule
        .into_iter()
        .map(|(finding, times)| {
            let times = (times > 1).then(|| format!(" ×{times}"));
            view! {
                <span class="shape-mark"><SeverityMark severity=finding.severity icon_only=true />{finding.name.clone()} {times}</span>
            }
        })
        .collect();
    let params = row.distinct_params.filter(|_| row.executions > 1);
    let params = params.map(|params| plural(params, "parameter set", "parameter sets"));
    let kept = marks.is_empty() && params.is_none();
    let time = |ms: Option<f64>, class: &'static str| {
        view! { <div role="gridcell" class=class>{ms.map(milliseconds)}</div> }.into_any()
    };
    let share = format!("{:.1}%", row.share.clamp(0.0, 1.0) * 100.0);
    let bar = view! { <span class="share" aria-hidden="true"><span style:width=share></span></span> };
    let (bar_of_runs, bar_of_time) = if has_times { (None, Some(bar)) } else { (Some(bar), None) };
    view! {
        <div class="shape-cells" role="presentation">
            <div role="gridcell" class="sql">
                <code class:two-lines=kept>{digest(&row.sql)}</code>
                <span class="shape-facts">{marks} {params}</span>
            </div>
            <div role="gridcell" class="runs">{count(row.executions)} {bar_of_runs}</div>
            {has_times
                .then(|| {
                    view! {
                        <div role="gridcell" class="total">{row.total_ms.map(milliseconds)} {bar_of_time}</div>
                        {time(row.mean_ms, "mean")}
                        {time(row.p95_ms, "p95")}
                        {time(row.max_ms, "max")}
                    }
                })}
        </div>
    }
    .into_any()
}
