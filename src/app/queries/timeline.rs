//! When the statements of the chosen request ran: a table whose middle column is the waterfall.

use std::fmt::Write;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::digest::digest;
use super::waterfall::{Lane, Scale, Segment, Waterfall};
use super::{Choice, Step};
use crate::app::state::{App, Reviewed};
use crate::app::widgets::{SeverityMark, count, milliseconds, plural};
use crate::app::worker::Failure;
use crate::model::Request;

/// The width of a lane in the units of its drawing.
const WIDTH: f64 = 1000.0;
/// Beyond this share of the width a label would be cut off at its end.
const LAST_LABEL: f64 = 0.75;
/// The share that two labels take at the least width.
const TWO_LABELS: f64 = 0.4;

#[component]
pub fn Timeline(review: Reviewed, choice: Choice) -> impl IntoView {
    let app = App::get();
    let drawn = RwSignal::new(None::<(String, Result<Waterfall, String>)>);
    // Until the first one is there, what stands below it is not shown: it would jump.
    let awaited = RwSignal::new(!review.report.requests.is_empty());
    Effect::new(move |_| {
        let Some(id) = app.router.request() else { return };
        spawn_local(async move {
            let answer = app.log.request(id.clone()).await;
            if app.router.request() != Some(id.clone()) {
                return;
            }
            awaited.try_set(false);
            if matches!(answer, Err(Failure::Cancelled)) {
                return;
            }
            let waterfall = answer.map(|bars| Waterfall::new(&bars)).map_err(|failure| failure.to_string());
            drawn.try_set(Some((id, waterfall)));
        });
    });
    let section = move || {
        let (id, waterfall) = drawn.get()?;
        let request = review.report.requests.iter().find(|request| request.id == id)?;
        let name = if request.name.is_empty() { "The whole input".to_owned() } else { request.name.clone() };
        let body = match waterfall {
            Ok(waterfall) if waterfall.lanes.is_empty() => {
                view! { <p class="soft">"The statements of this request were too many to keep one by one."</p> }
                    .into_any()
            }
            Ok(waterfall) => view! {
                <p class="soft">{facts(request, &waterfall)}</p>
                {lanes(&review, &waterfall, choice)}
            }
            .into_any(),
            Err(failure) => {
                view! { <p class="soft">{format!("Its statements cannot be shown: {failure}.")}</p> }.into_any()
            }
        };
        Some(view! { <section class="timeline" aria-label="Statements of the request"><h2>{name}</h2>{body}</section> })
    };
    view! {
        {move || awaited.get().then(|| view! { <div class="awaited"></div> })}
        {section}
    }
}

/// `49 statements · 31.2 ms in them · 181 ms between`
fn facts(request: &Request, waterfall: &Waterfall) -> String {
    let mut facts = vec![plural(request.queries, "statement", "statements")];
    if let Some(ms) = request.total_ms {
        facts.push(format!("{} in them", milliseconds(ms)));
    }
    let inside: u64 = waterfall.lanes.iter().filter(|lane| lane.in_transaction).map(|lane| lane.count).sum();
    if inside > 0 {
        facts.push(format!("{} in transactions", count(inside)));
    }
    if let (Some(span), Some(busy)) = (waterfall.span_ms, waterfall.busy_ms)
        && span > busy
    {
        facts.push(format!("{} between", milliseconds(span - busy)));
    }
    match waterfall.scale {
        Scale::Clock => {}
        Scale::Durations => facts.push("one after the other, for the input has no start times".to_owned()),
        Scale::Order => facts.push("in order, for the input has no times".to_owned()),
    }
    facts.join(" · ")
}

fn lanes(review: &Reviewed, waterfall: &Waterfall, choice: Choice) -> AnyView {
    let has_times = waterfall.lanes.iter().any(|lane| lane.total_ms.is_some());
    let mut grid = String::new();
    for tick in &waterfall.ticks {
        let _ = write!(grid, "M{:.1} 0v20", tick.at * WIDTH);
    }
    let breaks: String =
        waterfall.breaks.iter().map(|cut| rectangle(Segment { from: cut.from, to: cut.to }, 0, 20)).collect();
    // A label near the end stands before its line; where there is no room, those of the lines before it give way.
    let last = waterfall.ticks.last().map(|tick| tick.at).filter(|at| *at > LAST_LABEL);
    let ticks: Vec<_> = waterfall
        .ticks
        .iter()
        .map(|tick| {
            let class = match last {
                Some(last) if tick.at == last => "before",
                Some(last) if tick.at > last - TWO_LABELS => "gives-way",
                _ => "",
            };
            view! { <span class=class style:left=format!("{:.2}%", tick.at * 100.0)>{milliseconds(tick.ms)}</span> }
        })
        .collect();
    let cuts: Vec<_> = waterfall
        .breaks
        .iter()
        .filter(|cut| cut.from < LAST_LABEL)
        .map(|cut| {
            let text = format!("⋯ {}", milliseconds(cut.ms));
            view! { <span style:left=format!("{:.2}%", cut.from * 100.0) title="A wait that is not drawn to scale">{text}</span> }
        })
        .collect();
    let rows: Vec<_> =
        waterfall.lanes.iter().map(|lane| row(review, lane, has_times, &grid, &breaks, choice)).collect();
    let hidden = (waterfall.hidden > 0).then(|| {
        view! { <p class="soft">{format!("and {} more that are not drawn", count(waterfall.hidden as u64))}</p> }
    });
    view! {
        <div class="lanes">
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="lane-sql">"Statement"</th>
                        <th scope="col" class="lane-bars"><span class="unseen">"When"</span>{ticks}{cuts}</th>
                        <th scope="col" class="lane-times">"Runs"</th>
                        {has_times.then(|| view! { <th scope="col" class="lane-ms">"Time"</th> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {hidden}
        </div>
    }
    .into_any()
}

fn row(review: &Reviewed, lane: &Lane, has_times: bool, grid: &str, breaks: &str, choice: Choice) -> AnyView {
    let finding = lane.finding.and_then(|at| review.finding(at as usize));
    let severity = finding.map(|finding| finding.severity);
    let class = format!("lane-bar {}", severity.map_or("", |severity| severity.as_str()));
    let fingerprint = lane.fingerprint.clone();
    let go = move |_| {
        choice.choose_shape(fingerprint.clone());
        choice.go(Step::Shape);
    };
    let fingerprint = lane.fingerprint.clone();
    let is_chosen = move || choice.shape().is_some_and(|chosen| chosen == fingerprint).then_some("true");
    let bars: String = lane.segments.iter().map(|segment| rectangle(*segment, 4, 12)).collect();
    let testid = if lane.count > 1 { "cluster" } else { "lane" };
    let when = lane.start_ms.map(|ms| format!("starts at {}", milliseconds(ms)));
    view! {
        <tr aria-current=is_chosen data-testid=testid class:in-transaction=lane.in_transaction>
            <th scope="row" class="lane-sql">
                <button class="link" title=lane.sql.clone() on:click=go>
                    {lane.in_transaction.then(|| view! { <span class="unseen">"in a transaction, "</span> })}
                    {severity.map(|severity| view! { <SeverityMark severity icon_only=true /> })}
                    {finding.map(|finding| view! { <span class="unseen">{finding.name.clone()}</span> })}
                    <code>{digest(&lane.sql)}</code>
                </button>
            </th>
            <td class="lane-bars">
                <span class="unseen">{when}</span>
                <svg viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
                    <path class="lane-grid" d=grid.to_owned() />
                    <path class="lane-break" d=breaks.to_owned() />
                    <path class=class d=bars />
                </svg>
            </td>
            <td class="lane-times">{(lane.count > 1).then(|| format!("×{}", count(lane.count)))}</td>
            {has_times.then(|| view! { <td class="lane-ms">{lane.total_ms.map(milliseconds)}</td> })}
        </tr>
    }
    .into_any()
}

/// A rectangle as a part of a path.
fn rectangle(segment: Segment, top: u32, height: u32) -> String {
    let (from, to) = (segment.from * WIDTH, segment.to * WIDTH);
    format!("M{from:.1} {top}H{to:.1}v{height}H{from:.1}z")
}
