//! What happens to the page by itself: engines that break, a new build, the name in the tab.

use gloo_events::EventListener;
use leptos::prelude::*;

use crate::app::state::{App, Keeping, View};
use crate::app::widgets;
use crate::app::worker::{Client, State};

pub fn engines(app: App) {
    engine(app, app.code, "code");
    engine(app, app.log, "log");
}

fn engine(app: App, client: Client, name: &'static str) {
    Effect::new(move |_| {
        if let Some(message) = client.death().get() {
            app.notices.warn(format!(
                "The {name} engine stopped and was started again; nothing that you brought in is lost. ({message})"
            ));
            client.forget_death();
        }
    });
    Effect::new(move |_| {
        if let State::Died(message) = client.state().get() {
            app.notices.warn(format!("The {name} engine does not start: {message}. The next review tries again."));
        }
    });
}

/// `boot.js` finds a new build and takes over what is agreed to.
pub fn updates(app: App) {
    let listener = EventListener::new(&window(), "roundtrip:update-ready", move |_| {
        let is_safe = app.workspace.entries().with_untracked(Vec::is_empty)
            || app.kept.keeping().get_untracked() == Keeping::Kept;
        let text = match is_safe {
            true => "A new version of this page is ready.",
            false => "A new version of this page is ready. Loading it empties the workspace; it can also wait.",
        };
        app.notices.offer_update(text);
    });
    listener.forget();
}

pub fn title(app: App) {
    Effect::new(move |_| {
        let name = app.workspace.entries().with(|entries| entries.last().map(|entry| entry.name.clone()));
        document().set_title(&match name {
            Some(name) => format!("{name} – Roundtrip"),
            None => "Roundtrip".to_owned(),
        });
    });
}

/// Whoever came by something that is gone with its view goes on at the beginning of the new one, not of the page.
pub fn focus(app: App) {
    Effect::new(move |before: Option<View>| {
        let view = app.router.view();
        if before.is_some_and(|before| before != view) {
            request_animation_frame(|| {
                let has_focus = document().active_element().is_some_and(|element| element.tag_name() != "BODY");
                if !has_focus {
                    widgets::focus("main");
                }
            });
        }
        view
    });
}
