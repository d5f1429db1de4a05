//! One rule's documentation as elements.

use leptos::prelude::*;

use super::catalogue::severity;
use super::example::{Shows, files, shows};
use super::markdown::{Block, blocks};
use super::playground::Playground;
use super::settings::Switch;
use crate::app::widgets::{CopyButton, SeverityMark, marks};
use crate::protocol::RuleDoc;

#[component]
pub fn Document(rule: RuleDoc) -> impl IntoView {
    let blocks: Vec<_> = blocks(&rule.markdown).into_iter().map(element).collect();
    view! {
        <header class="rule-head">
            <h1>{rule.name.clone()}</h1>
            <p>
                <code>{rule.code.clone()}</code>
                <SeverityMark severity=severity(&rule) />
                <span class="soft">{rule.family.clone()}</span>
                {rule.hint.then(|| view! { <span class="soft">"shown with hints only"</span> })}
                <Switch code=rule.code.clone() />
            </p>
        </header>
        {blocks}
    }
}

fn element(block: Block) -> AnyView {
    match block {
        Block::Heading(text) => view! { <h2>{marks(text)}</h2> }.into_any(),
        Block::Paragraph(text) => view! { <p>{marks(text)}</p> }.into_any(),
        Block::List(items) => {
            let items: Vec<_> = items.into_iter().map(|item| view! { <li>{marks(item)}</li> }).collect();
            view! { <ul class="rule-items">{items}</ul> }.into_any()
        }
        Block::Code { info, text } => example(info, text),
    }
}

fn example(info: String, text: String) -> AnyView {
    let shown = shows(&info);
    let files = files(&info, &text);
    let several = files.len() > 1;
    let parts: Vec<_> = files
        .iter()
        .map(|(name, text)| {
            let name = several.then(|| view! { <div class="example-file">{name.clone()}</div> });
            view! { {name} <pre tabindex="0">{text.trim_end().to_owned()}</pre> }
        })
        .collect();
    let opened = RwSignal::new(false);
    let try_it = (shown == Some(Shows::Flagged)).then(|| {
        let turn = move |_| opened.update(|opened| *opened = !*opened);
        view! {
            <button
                data-testid="try-it"
                title="Reviews this example here, as you change it; the workspace stays as it is"
                aria-expanded=move || opened.get().to_string()
                on:click=turn
            >
                "Try it"
            </button>
        }
    });
    let playground = (shown == Some(Shows::Flagged)).then(|| {
        let (info, text) = (info.clone(), text.clone());
        move || opened.get().then(|| view! { <Playground info=info.clone() text=text.clone() /> })
    });
    let class = match shown {
        Some(Shows::Flagged) => "example flagged",
        Some(Shows::Rewritten | Shows::LeftAlone) => "example fine",
        None => "example",
    };
    view! {
        <figure class=class>
            <figcaption>
                <span>{shown.map(Shows::title)}</span>
                {try_it}
                <CopyButton text=move || text.clone() />
            </figcaption>
            {parts}
            {playground}
        </figure>
    }
    .into_any()
}
