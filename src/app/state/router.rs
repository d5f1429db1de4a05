//! The route as a signal that follows the address, and the address that follows it.

use gloo_events::EventListener;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{Route, View};

#[derive(Clone, Copy)]
pub struct Router {
    route: RwSignal<Route>,
    view: Memo<View>,
    finding: Memo<Option<String>>,
    filter: Memo<String>,
    shape: Memo<Option<String>>,
    request: Memo<Option<String>>,
    sort: Memo<Option<String>>,
    words: Memo<String>,
    rule: Memo<Option<String>>,
    search: Memo<String>,
}

impl Router {
    pub(super) fn new() -> Self {
        let route = RwSignal::new(Route::parse(&hash()));
        let listener = EventListener::new(&window(), "popstate", move |_| {
            route.set(Route::parse(&hash()));
        });
        listener.forget();
        Self {
            route,
            view: Memo::new(move |_| route.with(|route| route.view)),
            finding: Memo::new(move |_| route.with(|route| route.finding.clone())),
            filter: Memo::new(move |_| route.with(|route| route.filter.clone())),
            shape: Memo::new(move |_| route.with(|route| route.shape.clone())),
            request: Memo::new(move |_| route.with(|route| route.request.clone())),
            sort: Memo::new(move |_| route.with(|route| route.sort.clone())),
            words: Memo::new(move |_| route.with(|route| route.words.clone())),
            rule: Memo::new(move |_| route.with(|route| route.rule.clone())),
            search: Memo::new(move |_| route.with(|route| route.search.clone())),
        }
    }

    /// Where the address names no place.
    pub(super) fn start_at(&self, route: &str) {
        if hash().is_empty() {
            self.update(|known| *known = Route::parse(route));
        }
    }

    /// In place of whatever the address says.
    pub(super) fn replace(&self, route: Route) {
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&route.hash()));
        }
        self.route.set(route);
    }

    /// The whole route; a part of it is better read with one of the others, which tell of fewer changes.
    pub fn route(&self) -> ReadSignal<Route> {
        self.route.read_only()
    }

    pub fn view(&self) -> View {
        self.view.get()
    }

    pub fn finding(&self) -> Option<String> {
        self.finding.get()
    }

    pub fn filter(&self) -> String {
        self.filter.get()
    }

    pub fn shape(&self) -> Option<String> {
        self.shape.get()
    }

    pub fn request(&self) -> Option<String> {
        self.request.get()
    }

    pub fn sort(&self) -> Option<String> {
        self.sort.get()
    }

    pub fn words(&self) -> String {
        self.words.get()
    }

    pub fn search(&self) -> String {
        self.search.get()
    }

    pub fn rule(&self) -> Option<String> {
        self.rule.get()
    }

    /// Goes to a view: a step in the browser's history.
    pub fn show(&self, view: View) {
        self.go(|route| route.view = view);
    }

    /// Changes the route as a step in the browser's history.
    pub fn go(&self, change: impl FnOnce(&mut Route)) {
        self.change(change, |history, hash| history.push_state_with_url(&JsValue::NULL, "", Some(hash)));
    }

    /// Changes the route without a step in the history: a selection, a word of a filter.
    pub fn update(&self, change: impl FnOnce(&mut Route)) {
        self.change(change, |history, hash| history.replace_state_with_url(&JsValue::NULL, "", Some(hash)));
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Route),
        write: impl FnOnce(&web_sys::History, &str) -> Result<(), JsValue>,
    ) {
        let mut route = self.route.get_untracked();
        change(&mut route);
        if self.route.with_untracked(|known| *known == route) {
            return;
        }
        if let Ok(history) = window().history() {
            // A browser that limits how often the address changes is right to: the page goes on without.
            let _ = write(&history, &route.hash());
        }
        self.route.set(route);
    }
}

pub(super) fn hash() -> String {
    window().location().hash().unwrap_or_default()
}
