//! One line of the code view with its gutter.

use leptos::prelude::*;

use super::lines::At;
use super::loaded::Slot;
use super::tokens::{class_name, pieces};
use super::trail::Trail;
use crate::app::review::desk::{Desk, Opened, Step};
use crate::app::state::App;
use crate::app::widgets::{Formula, SeverityMark, count, milliseconds, plural};
use crate::protocol::{Bracket, BracketPart, Measured, Row, RowKind};

/// A line that shows rows of the file.
pub fn code_row(slot: &Slot, trail: Memo<Trail>) -> AnyView {
    let (before, after) = match slot.at {
        At::Row(row) => (None, Some(row)),
        At::Pair(before, after) => (before, after),
        At::Fold { .. } | At::Inset(_) => return ().into_any(),
    };
    let known = |row: Option<u32>| row.and_then(|row| Some((row, slot.row(row)?.clone())));
    let (left, right) = (known(before), known(after));
    let gap = right.as_ref().filter(|(_, row)| row.kind == RowKind::Gap);
    if let Some((_, row)) = gap {
        let text = format!("⋮ {} not shown", plural(row.count.into(), "line", "lines"));
        return view! { <div class="row gap"><span class="text">{text}</span></div> }.into_any();
    }
    match (slot.at, left, right) {
        (At::Row(_), _, Some((index, row))) => unified(index, row, trail),
        (At::Pair(..), left, right) if left.is_some() || right.is_some() => sides(left, right, trail),
        _ => view! { <div class="row"></div> }.into_any(),
    }
}

fn unified(index: u32, row: Row, trail: Memo<Trail>) -> AnyView {
    let desk = Desk::get();
    let class = match row.kind {
        RowKind::Added => "row added",
        RowKind::Removed => "row removed",
        _ => "row",
    };
    let line = row.new.filter(|_| row.kind != RowKind::Removed);
    let (old, new) = (number(row.old), number(row.new));
    let (text, asides) = (text(&row), asides(&row, index, trail));
    let sign = sign(row.kind);
    view! {
        <div
            class=class
            data-testid="code-row"
            data-line=line.map(|line| line.to_string())
            class:sought=move || line.is_some() && desk.line.get() == line
        >
            <span class="gutter">
                <span class="old">{old}</span>
                <span class="new">{new}</span>
                {beside(row, index, trail)}
            </span>
            <span class="sign">{sign}</span>
            <span class="text">{text}</span>
            {asides}
        </div>
    }
    .into_any()
}

/// Before and after; what asks the database is told of what stands after the change.
fn sides(left: Option<(u32, Row)>, right: Option<(u32, Row)>, trail: Memo<Trail>) -> AnyView {
    let desk = Desk::get();
    let line = right.as_ref().and_then(|(_, row)| row.new);
    let class = |row: &Option<(u32, Row)>| match row.as_ref().map(|(_, row)| row.kind) {
        Some(RowKind::Added) => "half added",
        Some(RowKind::Removed) => "half removed",
        Some(_) => "half",
        None => "half nothing",
    };
    let (left_class, right_class) = (class(&left), class(&right));
    let left = left.map(|(_, row)| {
        view! {
            <span class="gutter"><span class="old">{number(row.old)}</span></span>
            <span class="sign">{if row.kind == RowKind::Removed { "-" } else { " " }}</span>
            <span class="moving"><span class="text">{text(&row)}</span></span>
        }
    });
    let right = right.map(|(index, row)| {
        let (text, asides, sign, new) = (text(&row), asides(&row, index, trail), sign(row.kind), number(row.new));
        view! {
            <span class="gutter"><span class="new">{new}</span> {beside(row, index, trail)}</span>
            <span class="sign">{sign}</span>
            <span class="moving"><span class="text">{text}</span> {asides}</span>
        }
    });
    view! {
        <div
            class="row pair"
            data-testid="code-row"
            data-line=line.map(|line| line.to_string())
            class:sought=move || line.is_some() && desk.line.get() == line
        >
            <span class=left_class>{left}</span>
            <span class=right_class>{right}</span>
        </div>
    }
    .into_any()
}

fn number(line: Option<u32>) -> String {
    line.map(|line| line.to_string()).unwrap_or_default()
}

fn sign(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Added => "+",
        RowKind::Removed => "-",
        _ => " ",
    }
}

fn text(row: &Row) -> Vec<AnyView> {
    let piece = |(class, piece): (Option<_>, &str)| match class {
        Some(class) => view! { <span class=class_name(class)>{piece.to_owned()}</span> }.into_any(),
        None => piece.to_owned().into_any(),
    };
    pieces(&row.text, &row.tokens).into_iter().map(piece).collect()
}

/// The gutter's part that says how often the line asks, what was found, and which loops it is in.
fn beside(row: Row, index: u32, trail: Memo<Trail>) -> AnyView {
    let (findings, loops) = (row.findings.clone(), row.loops.clone());
    view! {
        <Trips row />
        <Mark findings />
        <span class=move || trail.with(|trail| trail.class(index))></span>
        <Brackets loops />
    }
    .into_any()
}

/// What the gutter has no room for.
fn asides(row: &Row, index: u32, trail: Memo<Trail>) -> AnyView {
    let opens: Vec<String> = row.loops.iter().filter(|bracket| opens(bracket)).map(label).collect();
    let seen = row.seen.as_ref().map(measured);
    view! {
        {(!opens.is_empty()).then(|| view! { <span class="aside">{opens.join(", ")}</span> })}
        {seen.map(|seen| view! { <span class="aside" data-testid="seen">{seen}</span> })}
        {move || {
            let label = trail.with(|trail| trail.label(index).map(str::to_owned));
            label.map(|label| view! { <span class="aside way" data-testid="way">"← " {label}</span> })
        }}
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
        let is_open =
            move || new.is_some() && desk.opened.with(|opened| opened.as_ref().is_some_and(|o| o.line == new));
        view! {
            <button
                class="badge"
                data-testid="badge"
                title=label.clone()
                aria-label=label
                aria-expanded=move || if is_open() { "true" } else { "false" }
                on:click=open
            >
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
