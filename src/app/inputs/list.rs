//! The workspace as a list.

use leptos::prelude::*;

use super::share::Share;
use super::understood::understood;
use crate::app::state::{App, Entry, Reviewed, Standing, View};
use crate::app::widgets::{bytes, plural};

#[component]
pub fn WorkspaceList() -> impl IntoView {
    let app = App::get();
    app.load_formats();
    // Rows are made anew when something about them changes: the key holds all that they show.
    let entries = move || app.workspace.entries().get();
    let rows = move || {
        let entries = entries();
        let can_compare = entries.iter().filter(|entry| is_log(entry)).count() > 1;
        entries.into_iter().map(|entry| view! { <Row entry can_compare /> }).collect::<Vec<_>>()
    };
    view! {
        <section class="workspace" aria-labelledby="workspace-title">
            <div class="workspace-head">
                <h2 id="workspace-title">"Workspace"</h2>
                <Share />
                <button class="quiet" data-testid="clear" on:click=move |_| app.workspace.clear()>"Remove all"</button>
            </div>
            <ul data-testid="entries">
                {rows}
            </ul>
            <Next />
        </section>
    }
}

/// Where what was understood is to be seen.
#[component]
fn Next() -> impl IntoView {
    let app = App::get();
    let go = move |view: View, what: String| {
        view! { <button class="primary" data-testid=format!("next-{}", view.id()) on:click=move |_| app.router.show(view)>{what}" →"</button> }
    };
    let findings = |review: &Reviewed| plural(review.report.findings.len() as u64, "finding", "findings");
    let code = move || {
        let review = app.code_review.get().filter(|review| !review.files.is_empty())?;
        Some(go(View::Review, format!("{} in the code", findings(&review))))
    };
    let logs = move || {
        let review = app.log_review.get().filter(|review| review.report.summary.statements > 0)?;
        Some(go(View::Queries, format!("{} in the queries", findings(&review))))
    };
    view! { <p class="next">{code} {logs}</p> }
}

fn is_log(entry: &Entry) -> bool {
    entry.outcomes().any(|(_, outcome)| outcome.understood.iter().any(|(what, _)| what == "statement"))
}

/// `can_compare`: there are several logs.
#[component]
fn Row(entry: Entry, can_compare: bool) -> impl IntoView {
    let app = App::get();
    let entry_size = entry.size();
    let size = bytes(entry_size);
    let seen = understood(entry.outcomes().map(|(part, outcome)| (part.name.as_str(), outcome)));
    let can_compare = (can_compare && is_log(&entry)) || entry.before;
    let Entry { id, name, format, standing, before, .. } = entry;
    let state = match &standing {
        Standing::Waiting => "waiting".to_owned(),
        Standing::SetAside(_) => "set aside".to_owned(),
        // Its errors say why, below.
        Standing::Done if seen.text.is_empty() && seen.errors.is_empty() => seen.why.clone(),
        Standing::Done => seen.text.clone(),
    };
    let set_aside = match standing {
        Standing::SetAside(why) => Some(view! {
            <p class="problem" role="alert">
                <span aria-hidden="true">"▲ "</span>
                {why}
                " "
                <button data-testid="try-again" on:click=move |_| app.workspace.try_again(id)>"Try again"</button>
            </p>
        }),
        _ => None,
    };
    let errors: Vec<_> = seen
        .errors
        .into_iter()
        .map(|error| view! { <p class="problem"><span aria-hidden="true">"▲ "</span>{error}</p> })
        .collect();
    let empty = (entry_size == 0).then(|| view! { <p class="note">"It is empty: there is nothing to review."</p> });
    let notes: Vec<_> = seen.notes.into_iter().map(|note| view! { <p class="note">{note}</p> }).collect();
    let remove = format!("Remove {name}");
    view! {
        <li class="entry" data-testid="entry">
            <span class="entry-name">{name}</span>
            <FormatChoice id chosen=format detected=seen.format why=seen.why />
            <span class="entry-size number">{size}</span>
            <span class="entry-state soft">{state}</span>
            <button class="quiet entry-remove" aria-label=remove on:click=move |_| app.workspace.remove(id)>"✕"</button>
            <div class="entry-more">
                {set_aside} {errors} {empty} {notes} {can_compare.then(|| before_choice(id, before))}
            </div>
        </li>
    }
}

/// One capture from before a change is what the others are compared with.
fn before_choice(id: u32, before: bool) -> AnyView {
    let app = App::get();
    view! {
        <label class="choice" title="The other logs are compared with it, under Queries">
            <input
                type="checkbox"
                data-testid="before"
                prop:checked=before
                on:change=move |event| app.workspace.set_before(id, event_target_checked(&event))
            />
            "Recorded before the change"
        </label>
    }
    .into_any()
}

/// What it was taken for, and the way to say otherwise.
#[component]
fn FormatChoice(id: u32, chosen: Option<String>, detected: String, why: String) -> impl IntoView {
    let app = App::get();
    let automatic = match (&chosen, detected.as_str()) {
        (None, "") => "detecting".to_owned(),
        (None, detected) => detected.to_owned(),
        (Some(_), _) => "as detected".to_owned(),
    };
    let is_chosen = {
        let chosen = chosen.clone();
        move |id: &str| chosen.as_deref() == Some(id)
    };
    let options = move || {
        let known = app.formats.get();
        let option = |format: &crate::protocol::FormatDoc| {
            let selected = is_chosen(&format.id);
            view! {
                <option value=format.id.clone() title=format.description.clone() selected=selected>
                    {format.id.clone()}
                </option>
            }
        };
        known.iter().map(option).collect::<Vec<_>>()
    };
    let change = move |event| {
        let value = event_target_value(&event);
        app.workspace.set_format(id, Some(value).filter(|value| !value.is_empty()));
    };
    view! {
        <select class="entry-format" aria-label="Format" title=why on:change=change>
            <option value="" selected=chosen.is_none()>{automatic}</option>
            {options}
        </select>
    }
}
