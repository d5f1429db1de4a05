//! How often code runs: what a cure of seldom run code spares is little.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::model::{FileId, Site};
use crate::project::{FunctionRef, Project};
use crate::trace::{CacheEvent, CacheOp, Event, EventKind, Origin, Query, Renderer, Role, Trace};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heat {
    /// By a person now and then, by those who run the site, or not at all.
    Cold,
    Unknown,
    /// Somebody waits for it, or a loop repeats it.
    Hot,
}

/// What is known of the functions of a project.
pub struct Heats<'p> {
    project: &'p Project,
    functions: FxHashMap<Site, FunctionRef<'p>>,
    /// Forms that nobody uses, as far as they were asked for.
    unused: RefCell<FxHashMap<Site, bool>>,
}

impl<'p> Heats<'p> {
    pub fn of(project: &'p Project) -> Self {
        let functions = project.functions().map(|function| (function.site, function)).collect();
        Self { project, functions, unused: RefCell::default() }
    }

    /// How often the event at `at` happens.
    pub fn heat(&self, trace: &Trace, at: usize, event: &Event, query: &Query) -> Heat {
        let Origin::Code { file, site, .. } = &trace.origin else { return Heat::Hot };
        let function = self.functions.get(site).copied();
        if self.is_seldom(trace, function, event, query) || is_kept(trace, at, event) {
            return Heat::Cold;
        }
        let repeats = event.loops.iter().any(|id| trace.turns(*id) > 3);
        match trace.role {
            _ if repeats && trace.role != Role::Command => Heat::Hot,
            // It waits for work, and asks again and again.
            Role::Command if event.loops.iter().any(|id| trace.loop_info(*id).conditional) => Heat::Hot,
            Role::Command => Heat::Cold,
            Role::Request if self.project.is_back_office(*file) => Heat::Cold,
            Role::Request if self.takes_requests(*file, function) => Heat::Hot,
            _ => Heat::Unknown,
        }
    }

    fn is_seldom(&self, trace: &Trace, function: Option<FunctionRef<'p>>, event: &Event, query: &Query) -> bool {
        let known = |site: &Site| self.functions.get(site).copied();
        let mut called = event.via.iter().filter_map(|step| known(step.defined.as_ref()?)).chain(function);
        let by_admin = event.rendered == Some(Renderer::Admin)
            || query.queryset.is_some_and(|id| trace.queryset(id).listed.is_some());
        let is_dead = || {
            function.and_then(|function| function.class).is_some_and(|class| {
                let site = class.site();
                let mut known = self.unused.borrow_mut();
                *known.entry(site).or_insert_with(|| self.project.is_unused_form(class))
            })
        };
        by_admin
            || called.any(|function| self.project.is_memoised(function) || self.project.is_one_off(function))
            || is_dead()
    }

    /// A class that answers requests, or a function that gets one; another function among views is their helper, and
    /// runs as often as those that call it.
    fn takes_requests(&self, file: FileId, function: Option<FunctionRef<'p>>) -> bool {
        let Some(function) = function else { return true };
        let path = self.project.modules.get(file.0 as usize).map_or("", |module| module.source.path.as_str());
        function.class.is_some() || path.contains("templatetags/") || self.project.takes_requests(function)
    }
}

/// Whether it is asked only where a cache has no answer, and the answer is kept there.
fn is_kept(trace: &Trace, at: usize, event: &Event) -> bool {
    let caches = || {
        trace.events.iter().enumerate().filter_map(|(at, event)| match &event.kind {
            EventKind::Cache(cache) => Some((at, event, cache)),
            _ => None,
        })
    };
    let stores = |op: CacheOp| matches!(op, CacheOp::Set | CacheOp::Add);
    let mut stored = caches().filter(|(after, _, cache)| *after > at && stores(cache.op) && cache.key.is_some());
    stored.any(|(_, set, kept)| {
        let Some(arm) = set.arms.last() else { return false };
        let holds = |event: &Event| event.arms.iter().any(|other| (other.fork, other.arm) == (arm.fork, arm.arm));
        let read = |(before, get, cache): (usize, &Event, &CacheEvent)| {
            before < at && cache.op == CacheOp::Get && cache.key == kept.key && !holds(get)
        };
        holds(event) && caches().any(read)
    })
}
