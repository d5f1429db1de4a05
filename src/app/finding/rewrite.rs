//! The rewrite of a finding, to read and to take along.

use leptos::prelude::*;

use crate::app::widgets::{CopyButton, DiffView};
use crate::model::{Rewrite, Safety};

#[component]
pub fn RewriteView(rewrite: Rewrite) -> impl IntoView {
    let (word, meaning) = match rewrite.safety {
        Safety::Safe => ("✓ safe", "Results cannot change"),
        Safety::Review => ("◇ to be read", "A person must agree that results may change as noted"),
    };
    let class = match rewrite.safety {
        Safety::Safe => "safety safe",
        Safety::Review => "safety",
    };
    let patch = rewrite.diff.clone();
    view! {
        <div class="rewrite-head">
            <h3>"Rewrite"</h3>
            <span class=class title=meaning>{word}</span>
            <CopyButton text=move || patch.clone() label="Copy patch" testid="copy-rewrite" />
        </div>
        <p>{rewrite.title}</p>
        {(!rewrite.note.is_empty()).then(|| view! { <p class="soft">{rewrite.note}</p> })}
        <DiffView diff=rewrite.diff />
    }
}
