//! What the user decides on a finding: accepted, dismissed, or for later, with a reason.

use leptos::prelude::*;

use crate::app::state::{App, Decided};
use crate::app::widgets::CopyButton;
use crate::model::{Decision, Finding};

/// What a decision is called, what the button that makes it says, and what it means.
fn words(decision: Decision) -> (&'static str, &'static str, &'static str) {
    match decision {
        Decision::Accept => ("Accepted", "Accept", "It is true: it stays in the report (a)"),
        Decision::Dismiss => ("Dismissed", "Dismiss", "It is not shown again, here and with --triage (x)"),
        Decision::Later => ("For later", "Later", "It stays, marked (l)"),
    }
}

/// Three buttons and a reason; what was decided, and a way back.
#[component]
pub fn VerdictBox(finding: Finding) -> impl IntoView {
    let app = App::get();
    let (fingerprint, known) = (finding.fingerprint.clone(), finding.fingerprint.clone());
    let decided = Memo::new(move |_| app.triage.of(&known));
    let reason = RwSignal::new(decided.with_untracked(|decided| decided.clone().map_or(String::new(), |d| d.reason)));
    let buttons: Vec<_> = Decision::ALL
        .into_iter()
        .map(|decision| {
            let (_, label, meaning) = words(decision);
            let fingerprint = fingerprint.clone();
            let is_chosen = move || decided.with(|decided| decided.as_ref().is_some_and(|d| d.decision == decision));
            let decide = move |_| {
                let decided = (!is_chosen()).then(|| Decided { decision, reason: reason.get_untracked() });
                app.triage.decide(&fingerprint, decided);
            };
            view! {
                <button
                    title=meaning
                    data-testid=format!("decide-{}", decision.as_str())
                    aria-pressed=move || if is_chosen() { "true" } else { "false" }
                    on:click=decide
                >
                    {label}
                </button>
            }
        })
        .collect();
    let write = move |event| {
        let text = event_target_value(&event);
        reason.set(text.clone());
        if let Some(decided) = decided.get_untracked() {
            app.triage.decide(&fingerprint, Some(Decided { reason: text, ..decided }));
        }
    };
    let rule = finding.rule;
    let comment = move || match reason.get_untracked().as_str() {
        "" => format!("# roundtrip: ignore[{rule}]"),
        reason => format!("# roundtrip: ignore[{rule}] {reason}"),
    };
    view! {
        <h3>"Decision"</h3>
        <div class="decide" role="group" aria-label="Decision">
            {buttons}
            <input
                type="text"
                placeholder="Reason"
                aria-label="Reason of the decision"
                autocomplete="off"
                prop:value=move || reason.get()
                on:change=write
            />
            <CopyButton text=comment label="Copy ignore comment" testid="copy-ignore" />
        </div>
        <p class="unseen" aria-live="polite">
            {move || decided.with(|decided| decided.as_ref().map(|decided| words(decided.decision).0))}
        </p>
    }
}
