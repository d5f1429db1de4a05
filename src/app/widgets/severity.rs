//! How bad it is: never by colour alone.

use leptos::prelude::*;

use crate::model::Severity;

/// An icon with its word; with `icon_only` the word is for those who cannot see the icon.
#[component]
pub fn SeverityMark(severity: Severity, #[prop(optional)] icon_only: bool) -> impl IntoView {
    let icon = match severity {
        Severity::Blocker => "●",
        Severity::Warning => "▲",
        Severity::Info => "■",
    };
    let class = format!("severity {}", severity.as_str());
    let word = if icon_only { "unseen" } else { "" };
    view! {
        <span class=class title=severity.as_str()>
            <span aria-hidden="true">{icon}</span>
            <span class=word>{severity.as_str()}</span>
        </span>
    }
}
