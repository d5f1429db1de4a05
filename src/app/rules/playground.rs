//! A rule's example, to be changed and reviewed by itself.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::example::files;
use crate::app::finding::{CostLine, RewriteView};
use crate::app::state::App;
use crate::app::widgets::{SeverityMark, marked};
use crate::app::worker::Failure;
use crate::model::Finding;

/// Long enough that a word can be typed.
const DELAY_MS: u32 = 300;

type Answer = Result<Vec<Finding>, Failure>;

/// `info`: of the example's fence, `python flag`.
#[component]
pub fn Playground(info: String, text: String) -> impl IntoView {
    let app = App::get();
    let answer = RwSignal::new(None::<Answer>);
    let newest = StoredValue::new(0_u32);
    let timer = StoredValue::new_local(None::<Timeout>);
    let lines = text.trim_end().split('\n').count().clamp(4, 24).to_string();
    let review = move |text: String, info: &str| {
        let files = files(info, &text);
        let is_code = info.starts_with("python");
        let run = newest.get_value().wrapping_add(1);
        newest.set_value(run);
        spawn_local(async move {
            let engine = if is_code { app.code } else { app.log };
            let found = engine.try_out(files).await;
            if newest.try_get_value() == Some(run) {
                answer.try_set(Some(found));
            }
        });
    };
    review(text.clone(), &info);
    let change = move |event| {
        let (text, info) = (event_target_value(&event), info.clone());
        timer.set_value(Some(Timeout::new(DELAY_MS, move || review(text, &info))));
    };
    on_cleanup(move || timer.set_value(None));
    let found = move || {
        answer.get().map(|answer| match answer {
            Ok(findings) if findings.is_empty() => {
                view! { <p data-testid="try-clean">"Nothing is found in it."</p> }.into_any()
            }
            Ok(findings) => findings.into_iter().map(one).collect::<Vec<_>>().into_any(),
            Err(failure) => {
                view! { <p class="problem">{format!("It could not be reviewed: {failure}.")}</p> }.into_any()
            }
        })
    };
    view! {
        <div class="playground">
            <textarea
                class="mono"
                data-testid="try-text"
                aria-label="The example, to be changed"
                spellcheck="false"
                autocomplete="off"
                rows=lines
                prop:value=text
                on:input=change
            ></textarea>
            <div role="status" aria-live="polite">{found}</div>
        </div>
    }
}

fn one(finding: Finding) -> AnyView {
    let place = finding.path.as_ref().map(|path| match finding.line {
        Some(line) => format!("{path}:{line}"),
        None => path.clone(),
    });
    view! {
        <article class="finding-detail" data-testid="try-finding">
            <p>
                <SeverityMark severity=finding.severity />
                " "
                <b>{finding.name}</b>
                " "
                <span class="number">{finding.rule}</span>
                " "
                {place.map(|place| view! { <span class="mono soft">{place}</span> })}
            </p>
            <p>{marked(&finding.message)}</p>
            {finding.cost.map(|cost| view! { <CostLine cost /> })}
            {match finding.rewrite {
                Some(rewrite) => view! { <RewriteView rewrite /> }.into_any(),
                None => view! { <p>{marked(&finding.advice)}</p> }.into_any(),
            }}
        </article>
    }
    .into_any()
}
