//! The findings, by file; each goes to its line.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::desk::{Desk, Step, item_id};
use super::filter::DISMISSED;
use super::summary::{Verdict, verdict};
use crate::app::state::{App, Reviewed, is_dismissed};
use crate::app::widgets::{Formula, SeverityMark, plural};

/// More are not put into the page: nobody reads on, and the filter finds them.
const MOST: usize = 1_000;

#[component]
pub fn FindingList() -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let content = move || {
        let Some(review) = app.code_review.get() else { return ().into_any() };
        let shown = desk.shown.get();
        let groups = groups(&review, &shown);
        let groups: Vec<_> =
            groups.into_iter().map(|(path, items)| view! { <Group review=review.clone() path items /> }).collect();
        let more = (shown.len() > MOST).then(
            || view! { <p class="soft more">{format!("and {} more: narrow the filter", shown.len() - MOST)}</p> },
        );
        view! {
            <VerdictLine review=review.clone() shown=shown.len() />
            {groups}
            {more}
            <OtherFiles review shown />
        }
        .into_any()
    };
    view! { <nav class="findings" aria-label="Findings" data-testid="findings">{content}</nav> }
}

/// Runs of findings in the same file.
fn groups(review: &Reviewed, shown: &[usize]) -> Vec<(Option<String>, Vec<usize>)> {
    let mut groups: Vec<(Option<String>, Vec<usize>)> = Vec::new();
    for index in shown.iter().take(MOST) {
        let path = review.finding(*index).and_then(|finding| finding.path.clone());
        match groups.last_mut().filter(|(last, _)| *last == path) {
            Some((_, items)) => items.push(*index),
            None => groups.push((path, vec![*index])),
        }
    }
    groups
}

/// Why there is nothing, where there is nothing.
#[component]
fn VerdictLine(review: Reviewed, shown: usize) -> impl IntoView {
    let app = App::get();
    // Whoever dismisses one makes the list anew.
    let dismissed = untrack(|| {
        app.triage.with(|decisions| review.report.findings.iter().filter(|one| is_dismissed(decisions, one)).count())
    });
    match verdict(&review, shown, dismissed) {
        Verdict::Findings => ().into_any(),
        Verdict::Clean(text) => {
            view! { <p class="verdict clean" data-testid="verdict"><b>"✓ Clean. "</b>{text}</p> }.into_any()
        }
        Verdict::NotUnderstood(text) => {
            view! { <p class="verdict" data-testid="verdict"><b>"Not understood. "</b>{text}</p> }.into_any()
        }
        Verdict::Dismissed(text) => view! { <OutOfSight word="Dismissed. " text filter=DISMISSED /> }.into_any(),
        Verdict::Filtered(text) => view! { <OutOfSight word="Filtered. " text filter="" /> }.into_any(),
    }
}

/// There are some; `filter` shows them.
#[component]
fn OutOfSight(word: &'static str, text: String, filter: &'static str) -> impl IntoView {
    let app = App::get();
    let show = move |_| app.router.update(|route| filter.clone_into(&mut route.filter));
    view! {
        <p class="verdict" data-testid="verdict">
            <b>{word}</b>
            {text}
            " "
            <button class="link" on:click=show>"Show them"</button>
        </p>
    }
}

#[component]
fn Group(review: Reviewed, path: Option<String>, items: Vec<usize>) -> impl IntoView {
    let (name, folder) = match &path {
        Some(path) => path.rsplit_once('/').map_or((path.clone(), ""), |(folder, name)| (name.to_owned(), folder)),
        None => ("Elsewhere".to_owned(), ""),
    };
    let folder = folder.to_owned();
    view! {
        <h2 class="minor group" title=path.unwrap_or_default()>
            <span class="group-name">{name}</span>
            <span class="group-folder">{folder}</span>
        </h2>
        <ul>{items.into_iter().map(|index| view! { <Item review=review.clone() index /> }).collect::<Vec<_>>()}</ul>
    }
}

#[component]
fn Item(review: Reviewed, index: usize) -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let Some(finding) = review.finding(index).cloned() else { return ().into_any() };
    let choose = move |_| {
        desk.choose(app, index);
        desk.step.set(Step::Code);
    };
    let enter = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            desk.choose(app, index);
            desk.enter(Step::Code);
        }
    };
    let line = finding.line.map(|line| line.to_string()).unwrap_or_default();
    let fingerprint = finding.fingerprint;
    let decided = move || {
        let word = app.triage.of(&fingerprint)?.decision.as_str();
        Some(view! { <span class="soft">{format!(" · {word}")}</span> })
    };
    view! {
        <li>
            <button
                class="item"
                id=item_id(index)
                data-testid="finding"
                data-rule=finding.rule
                title=finding.message
                aria-current=move || (desk.chosen.get() == Some(index)).then_some("true")
                on:click=choose
                on:keydown=enter
            >
                <SeverityMark severity=finding.severity icon_only=true />
                <span class="item-line number">{line}</span>
                <span class="item-name">{finding.name} {decided}</span>
                {finding.cost.map(|cost| view! { <span class="item-cost number">"⇄ " <Formula text=cost.before /></span> })}
            </button>
        </li>
    }
    .into_any()
}

/// The reviewed files of which no finding is shown.
#[component]
fn OtherFiles(review: Reviewed, shown: Vec<usize>) -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let has = |findings: &[u32]| findings.iter().any(|index| shown.contains(&(*index as usize)));
    let others: Vec<(usize, String)> = review
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.rows > 0 && !has(&file.findings))
        .map(|(index, file)| (index, file.path.clone()))
        .take(MOST)
        .collect();
    if others.is_empty() {
        return ().into_any();
    }
    let title = plural(others.len() as u64, "other file", "other files");
    let items = others.into_iter().map(|(index, path)| {
        let name = path.clone();
        view! {
            <li>
                <button
                    class="item file"
                    aria-current=move || (desk.file.get() == Some(index)).then_some("true")
                    on:click=move |_| desk.show_file(app, path.clone())
                >
                    {name}
                </button>
            </li>
        }
    });
    let items: Vec<_> = items.collect();
    view! {
        <details class="others">
            <summary>{title}</summary>
            <ul>{items}</ul>
        </details>
    }
    .into_any()
}
