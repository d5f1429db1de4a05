//! One line of the code view with its gutter.

use leptos::prelude::*;

use super::loaded::Slot;
use super::tokens::{class_name, pieces};
use crate::app::review::desk::{Desk, Opened, Step};
use crate::app::state::App;
use crate::app::widgets::{Formula, SeverityMark, count, milliseconds, plural};
use crate::protocol::{Bracket, BracketPart, Measured, Row, RowKind};

#[component]
pub fn CodeRow(at: Slot) -> impl IntoView {
    let Some(row) = at.row().cloned() else { return view! { <div class="row"></div> }.into_any() };
    if row.kind == RowKind::Gap {
        let text = format!("⋮ {} not shown", plural(row.count.into(), "line", "lines"));
        return view! {
            <div class="row gap">
                <span class="gutter"></span>
                <span class="text">{text}</span>
            </div>
        }
        .into_any();
    }
    let desk = Desk::get();
    let (class, sign) = match row.kind {
        RowKind::Added => ("row added", "+"),
        RowKind::Removed => ("row removed", "-"),
        _ => ("row", " "),
    };
    let line = row.new.filter(|_| row.kind != RowKind::Removed);
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let (old, new) = (number(row.old), number(row.new));
    let text: Vec<_> = pieces(&row.text, &row.tokens)
        .into_iter()
        .map(|(class, piece)| match class {
            Some(class) => view! { <span class=class_name(class)>{piece.to_owned()}</span> }.into_any(),
            None => piece.to_owned().into_any(),
        })
        .collect();
    // What the gutter has no room for.
    let seen = row.seen.as_ref().map(measured);
    let opens: Vec<String> = row.loops.iter().filter(|bracket| opens(bracket)).map(label).collect();
    view! {
        <div
            class=class
            data-testid="code-row"
            data-line=line.map(|line| line.to_string())
            class:sought=move || line.is_some() && desk.line.get() == line
        >
            <span class="gutter">
                <span class="old">{old}</span>
                <span class="new">{new.clone()}</span>
                <Trips row=row.clone() />
                <Mark findings=row.findings />
                <Brackets loops=row.loops />
            </span>
            <span class="sign">{sign}</span>
            <span class="text">{text}</span>
            {(!opens.is_empty()).then(|| view! { <span class="aside">{opens.join(", ")}</span> })}
            {seen.map(|seen| view! { <span class="aside" data-testid="seen">{seen}</span> })}
        </div>
    }
    .into_any()
}

fn opens(bracket: &Bracket) -> bool {
    matches!(bracket.part, BracketPart::Start | BracketPart::Only)
}

/// `N = rows of forum.Topic (line 9)`
fn label(bracket: &Bracket) -> String {
    format!("{} = {}", bracket.letter, bracket.over)
}

/// How often the line, or the function that begins here, asks the database. Opens what it asks.
#[component]
fn Trips(row: Row) -> impl IntoView {
    let desk = Desk::get();
    let Row { new, trips, function_trips, queries, seen, .. } = row;
    let place = new.map(|line| format!(", line {line}")).unwrap_or_default();
    let total = function_trips.map(|total| {
        let title = format!("One call of this function: {total} round trips");
        view! { <span class="total" title=title>"⇄ " <Formula text=total /></span> }
    });
    let badge = trips.map(|trips| {
        let run = seen.map(|seen| format!(", {}", measured(&seen))).unwrap_or_default();
        let label = format!("{trips} round trips{place}{run}: show the SQL");
        let opened = Opened { line: new, trips: trips.clone(), queries };
        let open = move |_| {
            desk.opened.update(|now| *now = if now.as_ref() == Some(&opened) { None } else { Some(opened.clone()) });
        };
        view! {
            <button class="badge" data-testid="badge" title=label.clone() aria-label=label on:click=open>
                "⇄ "
                <Formula text=trips />
            </button>
        }
    });
    view! { <span class="trips">{total} {badge}</span> }
}

/// `seen 48×, 31.0 ms`
fn measured(seen: &Measured) -> String {
    // Some logs count whole milliseconds.
    let time = seen.total_ms.filter(|ms| *ms >= 0.05).map(|ms| format!(", {}", milliseconds(ms))).unwrap_or_default();
    format!("seen {}×{time}", count(seen.executions))
}

/// The worst finding of the line.
#[component]
fn Mark(findings: Vec<u32>) -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let worst = app.code_review.with_untracked(|review| {
        let review = review.as_ref()?;
        let known = findings.iter().filter_map(|index| Some((*index as usize, review.finding(*index as usize)?)));
        known
            .max_by_key(|(index, finding)| (finding.severity, std::cmp::Reverse(*index)))
            .map(|(index, finding)| (index, finding.severity, finding.message.clone()))
    });
    let mark = worst.map(|(index, severity, message)| {
        let open = move |_| {
            desk.choose(app, index);
            desk.enter(Step::Panel);
        };
        view! {
            <button class="mark" data-testid="mark" title=message on:click=open>
                <SeverityMark severity icon_only=true />
            </button>
        }
    });
    view! { <span class="marks">{mark}</span> }
}

/// At most three nested loops fit; outer ones come first.
#[component]
fn Brackets(loops: Vec<Bracket>) -> impl IntoView {
    let parts: Vec<_> = loops
        .iter()
        .take(3)
        .map(|bracket| {
            let class = match bracket.part {
                BracketPart::Start => "bracket start",
                BracketPart::Middle => "bracket",
                BracketPart::End => "bracket end",
                BracketPart::Only => "bracket start end",
            };
            view! { <span class=class title=label(bracket)></span> }
        })
        .collect();
    view! { <span class="brackets">{parts}</span> }
}
