//! Code that runs seldom, from where it stands and what it is called.

use super::{ClassRef, FunctionRef, Module, Project};
use crate::model::FileId;
use crate::trace::Role;

/// Words of the names of decorators that keep what a function gave: `lru_cache`, `settings_cache`, `memoize`.
const KEEPS: [&str; 5] = ["cache", "cached", "memo", "memoize", "memoized"];
/// Words of those that do something else about a cache, or that keep it with the object.
const KEEPS_NOT: [&str; 9] =
    ["bust", "clear", "control", "disable", "invalidate", "invalidates", "never", "no", "property"];
/// Directories and files of what those who run a site use.
const BACK_OFFICE: [&str; 7] =
    ["admin", "administration", "back_office", "backoffice", "dashboard", "moderation", "moderators"];
/// Directories and files of what is done once for an installation.
const ONCE: [&str; 10] =
    ["backfill", "bootstrap", "fixtures", "importer", "importers", "install", "installer", "seed", "seeds", "upgrades"];

/// Methods that Django calls on a model of the project.
const CALLED_BY_MODELS: [&str; 20] = [
    "adelete",
    "arefresh_from_db",
    "asave",
    "check",
    "clean",
    "clean_fields",
    "date_error_message",
    "delete",
    "from_db",
    "full_clean",
    "get_absolute_url",
    "get_constraints",
    "natural_key",
    "prepare_database_save",
    "refresh_from_db",
    "save",
    "save_base",
    "serializable_value",
    "validate_constraints",
    "validate_unique",
];

/// Whether a tree is an application that somebody runs: a library is called by others.
pub fn is_application(modules: &[Module]) -> bool {
    let depth = |path: &str| path.matches('/').count();
    let top = modules.iter().filter(|module| ends(module, "manage.py")).map(|module| depth(&module.source.path)).min();
    top.is_some_and(|top| !modules.iter().any(|module| ends(module, "setup.py") && depth(&module.source.path) <= top))
}

fn ends(module: &Module, name: &str) -> bool {
    module.source.path.rsplit('/').next() == Some(name)
}

impl Project {
    /// What it gave is kept, so that it runs seldom.
    pub fn is_memoised(&self, function: FunctionRef<'_>) -> bool {
        function.function.decorators.iter().any(|decorator| {
            let named = decorator.as_call().map_or(decorator, |call| &call.func).dotted().unwrap_or_default();
            let words = || named.rsplit('.').next().unwrap_or_default().split('_');
            let keeps = words().any(|word| KEEPS.contains(&word));
            keeps && !words().any(|word| KEEPS_NOT.contains(&word))
        })
    }

    /// Whether a file serves those who run a site, who are few: `admin/`, `dashboard/`, `admin.py`.
    pub fn is_back_office(&self, file: FileId) -> bool {
        self.stands_in(file, &BACK_OFFICE)
    }

    /// Whether a function fills a database once: it says so itself, or its file does.
    pub fn is_one_off(&self, function: FunctionRef<'_>) -> bool {
        let name = function.qualified.rsplit('.').next().unwrap_or_default();
        let first = name.trim_start_matches('_').split('_').next().unwrap_or_default();
        let of_importer = function.class.is_some_and(|class| class.class.name.name.ends_with("Importer"));
        of_importer || ONCE.contains(&first) || self.stands_in(function.file, &ONCE)
    }

    fn stands_in(&self, file: FileId, names: &[&str]) -> bool {
        let path = self.modules.get(file.0 as usize).map_or("", |module| module.source.path.as_str());
        let parts = path.split('/').skip(self.above);
        parts.map(|part| part.strip_suffix(".py").unwrap_or(part)).any(|part| names.contains(&part))
    }

    /// Whether nothing of a whole application but its tests names a function: as far as names tell, nobody calls it.
    /// What frameworks call by its name is asked for by its role, its decorators or its class.
    pub fn is_uncalled(&self, function: FunctionRef<'_>) -> bool {
        let name = function.function.name.name.as_str();
        let read = |name: &str| matches!(name, "property" | "cached_property" | "staticmethod" | "classmethod");
        let decorated =
            function.function.decorators.iter().any(|decorator| !decorator.dotted().is_some_and(|d| read(&d)));
        let is_own = function
            .class
            .is_none_or(|class| self.is_subclass(class, &["django.db.models.Model"]) || self.bases(class).is_empty());
        if !self.is_whole || decorated || !is_own || CALLED_BY_MODELS.contains(&name) || name.starts_with("__") {
            return false;
        }
        let own = |module: &Module, at: usize| {
            let text = module.source.text();
            text.get(..at).is_some_and(|before| before.trim_end().ends_with("def"))
                || self.is_within_function(module.id, at as u32, name)
        };
        let called = |module: &Module| {
            self.file_role(module.id) != Role::Test && words(module.source.text(), name).any(|at| !own(module, at))
        };
        self.role(function) == Role::Other && !called(self.module(function.file)) && !self.modules.iter().any(called)
    }

    /// Whether no code of a whole project, but for its tests, puts this key into a session: who asks for it gets None.
    pub fn is_never_in_session(&self, key: &str) -> bool {
        let put = |text: &str| {
            text.match_indices("session").any(|(at, word)| {
                let rest = text.get(at + word.len()..).unwrap_or_default();
                let rest = rest.strip_prefix('[').or_else(|| rest.strip_prefix(".setdefault(")).unwrap_or_default();
                let named = rest.get(1..).and_then(|rest| rest.strip_prefix(key));
                rest.starts_with(['"', '\'']) && named.is_some_and(|rest| rest.starts_with(['"', '\'']))
            })
        };
        let own = self.modules.iter().filter(|module| self.file_role(module.id) != Role::Test);
        self.settings.site.is_some() && !own.map(|module| module.source.text()).any(put)
    }

    /// Whether no code of a whole project names a class of forms: nobody can use it.
    pub fn is_unused_form(&self, class: ClassRef<'_>) -> bool {
        if self.settings.site.is_none() || !self.is_subclass(class, &["django.forms.Form", "django.forms.ModelForm"]) {
            return false;
        }
        let name = class.class.name.name.as_str();
        let mut named = self.modules.iter().flat_map(|module| words(module.source.text(), name));
        named.nth(1).is_none()
    }
}

/// The places where a text has a word.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !part(before) && !part(after)
    })
}
