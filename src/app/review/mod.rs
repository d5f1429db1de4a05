//! The review of code: findings, the code they stand in, and what is known of the chosen one.

mod bar;
mod code;
mod desk;
mod filter;
mod list;
mod summary;

use leptos::ev;
use leptos::prelude::*;

use super::finding::FindingDetail;
use super::shell::is_for_something_else;
use super::state::{App, Decided, Reviewed, View};
use super::widgets::copy;
use crate::model::Decision;
use bar::Bar;
use code::CodeView;
use desk::{Desk, Step};
use list::FindingList;

#[component]
pub fn Review() -> impl IntoView {
    let app = App::get();
    let desk = Desk::provide(app);
    let keys = window_event_listener(ev::keydown, move |event| {
        if is_for_something_else(&event) {
            return;
        }
        match event.key().as_str() {
            "j" => desk.move_by(app, true),
            "k" => desk.move_by(app, false),
            "c" => copy_rewrite(app, desk),
            "a" => decide(app, desk, Decision::Accept),
            "x" => decide(app, desk, Decision::Dismiss),
            "l" => decide(app, desk, Decision::Later),
            "s" => app.side_by_side.update(|chosen| *chosen = !*chosen),
            "u" => desk.unfolded.update(|unfolded| *unfolded = !*unfolded),
            "Escape" if desk.opened.with_untracked(Option::is_some) => desk.opened.set(None),
            "Escape" => desk.back(),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || keys.remove());
    let is_there = Memo::new(move |_| app.code_review.with(Option::is_some));
    view! {
        <section class="view review" data-testid="view-review" aria-label="Review" data-step=move || desk.step.get().id() class:sides=move || desk.sides.get()>
            {move || match is_there.get() {
                true => view! {
                    <Bar />
                    <div class="columns">
                        <FindingList />
                        <CodeView />
                        <Panel />
                    </div>
                }
                .into_any(),
                false => view! { <Nothing /> }.into_any(),
            }}
        </section>
    }
}

/// What is known of the chosen finding.
#[component]
fn Panel() -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let detail = move || match (app.code_review.get(), desk.chosen.get()) {
        (Some(reviewed), Some(index)) => view! { <FindingDetail reviewed index /> }.into_any(),
        _ => view! { <p class="empty">"No finding is chosen."</p> }.into_any(),
    };
    view! {
        <aside class="panel" id="panel" data-testid="panel" tabindex="-1" aria-label="Finding">
            <header class="column-head narrow-only">
                <button class="quiet back" on:click=move |_| desk.enter(Step::Code)>"‹ Code"</button>
            </header>
            {detail}
        </aside>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let app = App::get();
    view! {
        <div class="empty">
            <p>
                {move || match (app.workspace.is_empty(), app.is_busy()) {
                    (_, true) => "The review is under way.",
                    (true, false) => "Nothing is here to review yet.",
                    (false, false) => "There is no code in the workspace.",
                }}
            </p>
            {move || {
                (!app.is_busy()).then(|| view! {
                    <p><button class="primary" on:click=move |_| app.router.show(View::Inputs)>"Bring something in"</button></p>
                })
            }}
        </div>
    }
}

/// The same decision again takes it back. What goes out of sight makes room for the next finding.
fn decide(app: App, desk: Desk, decision: Decision) {
    let chosen = desk.chosen.get_untracked();
    let found = |review: &Option<Reviewed>| Some(review.as_ref()?.finding(chosen?)?.fingerprint.clone());
    let Some(fingerprint) = app.code_review.with_untracked(found) else { return };
    let known = untrack(|| app.triage.of(&fingerprint));
    let again = known.as_ref().is_some_and(|known| known.decision == decision);
    let reason = known.map(|known| known.reason).unwrap_or_default();
    if decision == Decision::Dismiss && !again {
        desk.move_by(app, true);
    }
    app.triage.decide(&fingerprint, (!again).then_some(Decided { decision, reason }));
}

fn copy_rewrite(app: App, desk: Desk) {
    let chosen = desk.chosen.get_untracked();
    let diff = app
        .code_review
        .with_untracked(|review| Some(review.as_ref()?.finding(chosen?)?.rewrite.as_ref()?.diff.clone()));
    match diff {
        Some(diff) => copy(app, diff, move || app.notices.say("The rewrite was copied.")),
        None => app.notices.say("This finding has no rewrite to copy."),
    }
}
