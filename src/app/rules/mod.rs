//! The catalogue of rules: what each flags, why, what to write instead, and when not to.

mod catalogue;
mod document;
mod example;
mod markdown;
mod playground;
mod settings;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::shell::FILTER;
use super::state::App;
use super::widgets::{SeverityMark, focus, marked, plural};
use crate::protocol::RuleDoc;
use catalogue::{groups, severity, step};
use document::Document;
use settings::{Settings, is_off};

/// Id of the list; its entries' ids begin with it.
const LIST: &str = "rules";

#[component]
pub fn Rules() -> impl IntoView {
    let app = App::get();
    app.load_catalogue();
    let words = Memo::new(move |_| app.router.search());
    let found = Memo::new(move |_| {
        app.catalogue.with(|rules| {
            rules.as_ref().map(|rules| words.with(|words| catalogue::matching(rules, words))).unwrap_or_default()
        })
    });
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let by = match event.key().as_str() {
            "ArrowDown" | "j" => 1,
            "ArrowUp" | "k" => -1,
            _ => return,
        };
        event.prevent_default();
        let chosen = app.router.rule();
        let next = app.catalogue.with(|rules| {
            let rules = rules.as_ref()?;
            found.with(|found| step(rules, found, chosen.as_deref(), by))
        });
        if let Some(code) = next {
            focus(&format!("{LIST}-{code}"));
            app.router.update(|route| route.rule = Some(code));
        }
    };
    let list = move || {
        app.catalogue.with(|rules| {
            let rules = rules.as_ref()?;
            let groups = found.with(|found| groups(rules, found));
            let groups: Vec<_> = groups.into_iter().map(|(family, members)| group(rules, family, &members)).collect();
            Some(groups)
        })
    };
    let number = move || plural(found.with(Vec::len) as u64, "rule", "rules");
    let chosen = Memo::new(move |_| {
        let code = app.router.rule()?;
        app.catalogue.with(|rules| rules.as_ref()?.iter().find(|rule| rule.code.eq_ignore_ascii_case(&code)).cloned())
    });
    view! {
        <section class="rules" data-testid="view-rules" aria-label="Rules" data-step=move || {
            if chosen.with(Option::is_some) { "rule" } else { "list" }
        }>
            <div class="rules-list">
                <input
                    id=FILTER
                    type="search"
                    placeholder="Code, name, family, severity or text"
                    aria-label="Filter rules"
                    data-testid="rule-filter"
                    prop:value=words
                    on:input=move |event| {
                        let words = event_target_value(&event);
                        app.router.update(|route| route.search = words);
                    }
                />
                <Settings />
                <p class="number" role="status">{number}</p>
                <nav aria-label="Rules" on:keydown=on_key>{list}</nav>
            </div>
            <article class="rule" data-testid="rule" tabindex="-1">
                <button
                    class="back"
                    data-testid="back"
                    on:click=move |_| app.router.update(|route| route.rule = None)
                >
                    "‹ Rules"
                </button>
                {move || match chosen.get() {
                    Some(rule) => view! { <Document rule /> }.into_any(),
                    None => view! { <p class="empty">"Choose a rule to see what it flags, and what to write instead."</p> }.into_any(),
                }}
            </article>
        </section>
    }
}

fn group(rules: &[RuleDoc], family: &str, members: &[usize]) -> AnyView {
    let entries: Vec<_> = members.iter().filter_map(|at| rules.get(*at)).map(entry).collect();
    view! { <section><h2 class="minor">{family.to_owned()}</h2><ul>{entries}</ul></section> }.into_any()
}

fn entry(rule: &RuleDoc) -> AnyView {
    let app = App::get();
    let code = rule.code.clone();
    let is_chosen = {
        let code = code.clone();
        move || app.router.rule().is_some_and(|chosen| chosen == code).then_some("true")
    };
    let id = format!("{LIST}-{code}");
    let off = {
        let code = code.clone();
        move || {
            app.options.with(|options| is_off(options, &code)).then_some(view! { <span class="soft">" · off"</span> })
        }
    };
    view! {
        <li>
            <button
                id=id
                class="rule-row"
                data-testid="rule-row"
                aria-current=is_chosen
                on:click=move |_| app.router.update(|route| route.rule = Some(code.clone()))
            >
                <SeverityMark severity=severity(rule) icon_only=true />
                <span class="rule-name">{rule.name.clone()} {off}</span>
                <span class="number">{rule.code.clone()}</span>
                <span class="rule-summary">{marked(&rule.summary)}</span>
            </button>
        </li>
    }
    .into_any()
}
