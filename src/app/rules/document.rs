//! One rule's documentation as elements.

use js_sys::Array;
use leptos::prelude::*;
use web_sys::Blob;

use super::catalogue::severity;
use super::example::{Shows, files, shows};
use super::markdown::{Block, blocks};
use super::settings::Switch;
use crate::app::state::{App, Dropped, Part};
use crate::app::widgets::{CopyButton, SeverityMark, marks};
use crate::protocol::RuleDoc;

#[component]
pub fn Document(rule: RuleDoc) -> impl IntoView {
    let blocks: Vec<_> = blocks(&rule.markdown).into_iter().map(|block| element(&rule, block)).collect();
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

fn element(rule: &RuleDoc, block: Block) -> AnyView {
    match block {
        Block::Heading(text) => view! { <h2>{marks(text)}</h2> }.into_any(),
        Block::Paragraph(text) => view! { <p>{marks(text)}</p> }.into_any(),
        Block::List(items) => {
            let items: Vec<_> = items.into_iter().map(|item| view! { <li>{marks(item)}</li> }).collect();
            view! { <ul class="rule-items">{items}</ul> }.into_any()
        }
        Block::Code { info, text } => example(rule, info, text),
    }
}

fn example(rule: &RuleDoc, info: String, text: String) -> AnyView {
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
    let try_it = (shown == Some(Shows::Flagged)).then(|| {
        let (app, code, hint) = (App::get(), rule.code.clone(), rule.hint);
        let on_click = move |_| try_out(app, &code, hint, &files);
        view! {
            <button data-testid="try-it" title="Opens this example as an input" on:click=on_click>"Try it"</button>
        }
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
        </figure>
    }
    .into_any()
}

/// Puts the example into the workspace in place of the sample before it; its review shows by itself.
fn try_out(app: App, code: &str, hint: bool, files: &[(String, String)]) {
    if hint {
        app.options.update(|options| options.hints = true);
    }
    let part = |(name, text): &(String, String)| {
        let blob = Blob::new_with_str_sequence(&Array::of1(&text.as_str().into())).ok()?;
        Some(Part::new(name.clone(), blob))
    };
    let parts = files.iter().filter_map(part).collect();
    app.workspace.add_sample(Dropped { name: format!("Example of {code}"), parts });
}
