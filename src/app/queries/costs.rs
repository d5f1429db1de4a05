//! Where the time goes: by endpoint and by fingerprint, as areas and bars with their numbers beside them.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::digest::digest;
use super::overview::endpoint_name;
use super::treemap::{Tile, squarified};
use super::{Choice, Part, Step};
use crate::app::state::{App, Reviewed};
use crate::app::widgets::{count, milliseconds};
use crate::app::worker::ShapeWindow;
use crate::model::{Report, Severity};
use crate::protocol::Sort;

/// Fingerprints that stand by themselves; the others are told together.
const MOST: u32 = 30;

/// One row: an endpoint or a fingerprint.
#[derive(Debug, Clone, PartialEq)]
struct Cost {
    /// Id of the request or fingerprint that a click shows; none for what is told together.
    id: Option<String>,
    name: String,
    /// What its area has room for: the tables of a statement.
    short: String,
    /// Milliseconds; statements where the input has no times.
    value: f64,
    /// Requests, or runs.
    times: Option<u64>,
    severity: Option<Severity>,
}

#[component]
pub fn Costs(review: Reviewed, choice: Choice) -> impl IntoView {
    let app = App::get();
    let has_times = review.report.requests.iter().any(|request| request.total_ms.is_some());
    let of_endpoints = endpoints(&review.report, has_times);
    let of_shapes = RwSignal::new(Vec::new());
    let sort = if has_times { Sort::Total } else { Sort::Executions };
    let reviewed = review.clone();
    spawn_local(async move {
        let window = ShapeWindow { from: 0, to: MOST, sort, descending: true, filter: String::new() };
        // What cannot be listed is said by the table of fingerprints, which asks the same.
        let Ok((total, rows)) = app.log.shapes(window).await else { return };
        let all = |value: f64, share: f64| if share > 0.0 { value / share } else { 0.0 };
        let value = |ms: Option<f64>, runs: u64| if has_times { ms.unwrap_or(0.0) } else { runs as f64 };
        let whole = rows.first().map_or(0.0, |row| all(value(row.total_ms, row.executions), row.share));
        let severity = |findings: &[u32]| {
            findings.iter().filter_map(|at| reviewed.finding(*at as usize)).map(|finding| finding.severity).max()
        };
        let mut costs: Vec<Cost> = rows
            .iter()
            .map(|row| Cost {
                id: Some(row.fingerprint.clone()),
                name: digest(&row.sql),
                short: if row.tables.is_empty() { row.kind.clone() } else { row.tables.join(", ") },
                value: value(row.total_ms, row.executions),
                times: Some(row.executions),
                severity: severity(&row.findings),
            })
            .collect();
        costs.extend(others(total.saturating_sub(MOST), whole, &costs));
        of_shapes.try_set(costs);
    });
    let show_request = Callback::new(move |id: String| {
        choice.choose_request(id);
        choice.part.set(Part::Statements);
        choice.go(Step::Statements);
    });
    let show_shape = Callback::new(move |id: String| {
        choice.choose_shape(id);
        choice.go(Step::Shape);
    });
    let unit = if has_times { "Time" } else { "Statements" };
    view! {
        <div class="costs" data-testid="costs">
            <h2>"By statement"</h2>
            {move || of_shapes.with(|costs| map(costs, has_times, show_shape))}
            {move || of_shapes.with(|costs| table("Statement", unit, "Runs", costs, has_times, show_shape))}
            {(of_endpoints.len() > 1)
                .then(|| {
                    view! {
                        <h2>"By endpoint"</h2>
                        {table("Endpoint", unit, "Requests", &of_endpoints, has_times, show_request)}
                    }
                })}
        </div>
    }
}

/// Dearest first. A click shows the dearest request.
fn endpoints(report: &Report, has_times: bool) -> Vec<Cost> {
    let mut known: BTreeMap<&str, (Cost, f64)> = BTreeMap::new();
    for request in &report.requests {
        let value = if has_times { request.total_ms.unwrap_or(0.0) } else { request.queries as f64 };
        let name = endpoint_name(request);
        let (cost, dearest) = known.entry(name).or_insert_with(|| {
            let name = if name.is_empty() { "The whole input" } else { name }.to_owned();
            (Cost { id: None, short: name.clone(), name, value: 0.0, times: Some(0), severity: None }, -1.0)
        });
        cost.value += value;
        cost.times = cost.times.map(|times| times + 1);
        if value > *dearest {
            *dearest = value;
            cost.id = Some(request.id.clone());
        }
    }
    let mut out: Vec<Cost> = known.into_values().map(|(cost, _)| cost).collect();
    out.sort_by(|a, b| b.value.total_cmp(&a.value));
    out
}

/// What `whole` has beyond the listed ones.
fn others(number: u32, whole: f64, listed: &[Cost]) -> Option<Cost> {
    let value = whole - listed.iter().map(|cost| cost.value).sum::<f64>();
    let name = format!("{} more", count(number.into()));
    (number > 0 && value > 0.0).then_some(Cost {
        id: None,
        short: name.clone(),
        name,
        value,
        times: None,
        severity: None,
    })
}

fn spelled(value: f64, has_times: bool) -> String {
    if has_times { milliseconds(value) } else { count(value.round() as u64) }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

/// For the eye: the table says the same.
fn map(costs: &[Cost], has_times: bool, show: Callback<String>) -> AnyView {
    const SIZE: (f64, f64) = (100.0, 24.0);
    let values: Vec<f64> = costs.iter().map(|cost| cost.value).collect();
    let tile = |(cost, tile): (&Cost, Tile)| {
        let severity = cost.severity.map_or("", Severity::as_str);
        let class = format!("tile {severity}{}", if cost.id.is_none() { " others" } else { "" });
        let title = format!("{}: {}", cost.name, spelled(cost.value, has_times));
        let share = |part: f64, whole: f64| format!("{:.3}%", percent(part, whole));
        let id = cost.id.clone();
        // Too small to read.
        let label = (tile.width > 5.0 && tile.height > 5.0).then(|| {
            view! { <span>{cost.short.clone()}</span> <b>{spelled(cost.value, has_times)}</b> }
        });
        view! {
            <div
                class=class
                title=title
                style:left=share(tile.left, SIZE.0)
                style:top=share(tile.top, SIZE.1)
                style:width=share(tile.width, SIZE.0)
                style:height=share(tile.height, SIZE.1)
                on:click=move |_| {
                    if let Some(id) = id.clone() {
                        show.run(id);
                    }
                }
            >
                {label}
            </div>
        }
        .into_any()
    };
    let tiles: Vec<AnyView> = costs.iter().zip(squarified(&values, SIZE)).map(tile).collect();
    view! { <div class="treemap" data-testid="treemap" aria-hidden="true">{tiles}</div> }.into_any()
}

fn table(
    what: &'static str,
    unit: &'static str,
    times: &'static str,
    costs: &[Cost],
    has_times: bool,
    show: Callback<String>,
) -> AnyView {
    let whole: f64 = costs.iter().map(|cost| cost.value).sum();
    let most = costs.iter().filter(|cost| cost.id.is_some()).map(|cost| cost.value).fold(0.0, f64::max);
    let row = |cost: &Cost| {
        let class = format!("cost-bar {}", cost.severity.map_or("", Severity::as_str));
        let name = match cost.id.clone() {
            Some(id) => {
                view! { <button class="link" title=cost.name.clone() on:click=move |_| show.run(id.clone())>{cost.name.clone()}</button> }
                    .into_any()
            }
            None => view! { <span class="soft">{cost.name.clone()}</span> }.into_any(),
        };
        let width = format!("{:.2}%", percent(cost.value, most).min(100.0));
        view! {
            <tr>
                <th scope="row">{name} <span class=class aria-hidden="true" style:width=width></span></th>
                <td>{spelled(cost.value, has_times)}</td>
                <td>{format!("{:.1} %", percent(cost.value, whole))}</td>
                <td>{cost.times.map(count)}</td>
            </tr>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = costs.iter().map(row).collect();
    view! {
        <table class="cost-table">
            <thead>
                <tr><th scope="col">{what}</th><th scope="col">{unit}</th><th scope="col">"Share"</th><th scope="col">{times}</th></tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Request;

    fn request(id: &str, name: &str, queries: u64, total_ms: Option<f64>) -> Request {
        Request { id: id.into(), name: name.into(), queries, total_ms, duplicates: 0 }
    }

    #[test]
    fn requests_of_one_endpoint_are_summed_and_lead_to_the_dearest() {
        let requests = vec![
            request("1", "GET /a/?page=1", 9, Some(4.0)),
            request("2", "GET /a/?page=2", 1, Some(7.0)),
            request("3", "GET /b/", 90, Some(10.0)),
        ];
        let report = Report { requests, ..Report::default() };
        let shown = |has_times| {
            let costs = endpoints(&report, has_times).into_iter();
            costs.map(|cost| (cost.id.unwrap(), cost.name, cost.value, cost.times)).collect::<Vec<_>>()
        };
        let expected = [("2", "GET /a/", 11.0, Some(2)), ("3", "GET /b/", 10.0, Some(1))];
        assert_eq!(
            shown(true),
            expected.map(|(id, name, value, times)| (id.to_owned(), name.to_owned(), value, times))
        );
        let expected = [("3", "GET /b/", 90.0, Some(1)), ("1", "GET /a/", 10.0, Some(2))];
        assert_eq!(
            shown(false),
            expected.map(|(id, name, value, times)| (id.to_owned(), name.to_owned(), value, times))
        );
    }

    #[test]
    fn what_is_not_listed_is_told_together() {
        let listed =
            [Cost { id: None, name: String::new(), short: String::new(), value: 60.0, times: None, severity: None }];
        assert_eq!(others(12, 100.0, &listed).map(|cost| (cost.name, cost.value)), Some(("12 more".to_owned(), 40.0)));
        assert_eq!(others(0, 100.0, &listed), None);
        assert_eq!(others(3, 60.0, &listed), None);
    }
}
