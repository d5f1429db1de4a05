//! The page's state. Every signal is owned by the page's root and lives as long as the page, so that an answer that
//! comes late never meets one that is gone.
//!
//! A component begins with `let app = App::get();` and reads what it shows:
//!
//! - `app.code`, `app.log`: the two engines, to ask for windows (`app.code.rows(…)`, `app.log.shapes(…)`).
//! - `app.code_review`, `app.log_review`: the last finished review of each, `None` before there is one. A new one
//!   replaces it whole: compare with `==` (same run) and ask again for windows. `Reviewed` is the [`Review`] of the
//!   protocol with a key for each finding.
//! - `app.workspace`: what the user brought in, and what became of it; `add`, `add_sample`, `remove`. Everything that
//!   changes it starts the reviews that follow from it.
//! - `app.router`: what is shown. Read a part with `app.router.view()`, `.finding()`, `.shape()` …; change it with
//!   `app.router.show(view)` (a step that Back undoes) or `app.router.update(|route| …)` (which is none).
//! - `app.options`: what a review is asked for; changing it reviews again. The browser remembers it.
//! - `app.catalogue`: the rules, once `app.load_catalogue()` has been answered.
//! - `app.notices`: what is told above every view; `say` and `warn`.
//! - `app.theme`: light, dark, or as the system has it.
//! - `app.triage`: what the user has decided on findings.
//! - `app.kept`: whether the browser keeps all this for the next visit, and the ways to choose.
//! - `app.latency`: what a round trip is taken to cost.
//! - `app.side_by_side`: how the code view arranges a change.

mod arrangement;
mod kept;
mod latency;
mod link;
mod lock;
mod notice;
mod pace;
mod reviewed;
mod reviewing;
mod route;
mod router;
mod settings;
mod snapshot;
mod store;
mod theme;
mod triage;
mod workspace;

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::Storage;

pub use kept::{Found, Keeping, Kept};
pub use latency::{read as read_latency, tenths};
pub use notice::{Notice, Notices, Tone};
pub use reviewed::Reviewed;
#[cfg(test)]
pub use reviewed::sample_finding;
pub use route::{Route, View};
pub use router::Router;
pub use settings::to_toml;
pub use theme::Theme;
pub use triage::{Decided, Triage, is_dismissed};
pub use workspace::{Dropped, Entry, Part, Standing, Workspace};

use super::worker::Client;
use crate::protocol::{Engine, FormatDoc, Options, RuleDoc};
pub use link::{FILE, hash as link_hash, is_file, packed};
pub use snapshot::{Listed, Snapshot};

/// A copyable handle to all of it.
#[derive(Clone, Copy)]
pub struct App {
    pub code: Client,
    pub log: Client,
    pub workspace: Workspace,
    pub code_review: RwSignal<Option<Reviewed>>,
    pub log_review: RwSignal<Option<Reviewed>>,
    /// How far a running review is; `None` while none runs.
    pub code_progress: RwSignal<Option<String>>,
    pub log_progress: RwSignal<Option<String>>,
    pub options: RwSignal<Options>,
    pub router: Router,
    pub notices: Notices,
    pub theme: RwSignal<Theme>,
    pub triage: Triage,
    pub kept: Kept,
    /// Of one round trip to the database, in tenths of a millisecond: what costs are told with.
    pub latency: RwSignal<u32>,
    pub side_by_side: RwSignal<bool>,
    pub catalogue: RwSignal<Option<Arc<Vec<RuleDoc>>>>,
    /// What an input may be taken for, once `load_formats` has been answered.
    pub formats: RwSignal<Vec<FormatDoc>>,
    runs: reviewing::Runs,
}

impl App {
    /// Makes the state under the present owner, which must be the page's root, and provides it to what is below.
    /// `found`: what an earlier visit left.
    pub fn provide(found: Found) -> Self {
        let app = Self {
            code: Client::new(Engine::Code),
            log: Client::new(Engine::Log),
            workspace: Workspace::new(),
            code_review: RwSignal::new(None),
            log_review: RwSignal::new(None),
            code_progress: RwSignal::new(None),
            log_progress: RwSignal::new(None),
            options: settings::signal(),
            router: Router::new(),
            notices: Notices::new(),
            theme: theme::signal(),
            triage: Triage::new(),
            kept: Kept::new(),
            latency: latency::signal(),
            side_by_side: arrangement::side_by_side(),
            catalogue: RwSignal::new(None),
            formats: RwSignal::new(Vec::new()),
            runs: reviewing::Runs::new(),
        };
        provide_context(app);
        Kept::begin(app, found);
        app.review_what_changes();
        app
    }

    /// The page's state.
    ///
    /// # Panics
    /// Outside of the page.
    pub fn get() -> Self {
        expect_context()
    }

    /// The workspace as it is, without decisions.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            route: self.router.route().with_untracked(Route::hash),
            options: self.options.get_untracked(),
            entries: self.workspace.entries().with_untracked(|entries| entries.iter().map(Listed::of).collect()),
            decisions: Default::default(),
        }
    }

    /// What the browser did not keep until now is written again.
    fn remember_all(&self) {
        self.theme.notify();
        self.latency.notify();
        self.options.notify();
        self.triage.notify();
    }

    /// Whether a review runs.
    pub fn is_busy(&self) -> bool {
        self.code_progress.with(Option::is_some) || self.log_progress.with(Option::is_some)
    }

    /// Asks both engines what they can read, once.
    pub fn load_formats(&self) {
        let app = *self;
        if app.formats.with_untracked(|formats| !formats.is_empty()) {
            return;
        }
        leptos::task::spawn_local(async move {
            let mut formats = app.code.formats().await.unwrap_or_default();
            formats.extend(app.log.formats().await.unwrap_or_default());
            app.formats.set(formats);
        });
    }

    /// Asks for the rules, once.
    pub fn load_catalogue(&self) {
        let app = *self;
        if app.catalogue.with_untracked(Option::is_some) {
            return;
        }
        leptos::task::spawn_local(async move {
            match app.code.catalogue().await {
                Ok(rules) => app.catalogue.set(Some(Arc::new(rules))),
                Err(failure) => app.notices.warn(format!("The rules could not be read: {failure}.")),
            }
        });
    }
}

/// There while the user wants nothing to be kept on the device.
const KEEP_NOTHING: &str = "roundtrip.keep-nothing";

fn keeps_nothing() -> bool {
    let chosen = || window().local_storage().ok()??.get_item(KEEP_NOTHING).ok()?;
    chosen().is_some()
}

/// What the browser remembers; none where that is forbidden, by it or by the user.
fn storage() -> Option<Storage> {
    window().local_storage().ok()?.filter(|_| !keeps_nothing())
}
