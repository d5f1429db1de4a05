//! What a function is for, from where it stands and what it is made of.

use super::migrations::is_of_migrations;
use super::{Binding, ClassRef, FunctionRef, Module, Project};
use crate::model::FileId;
use crate::trace::Role;

const REQUEST_BASES: [&str; 11] = [
    "django.views.generic.View",
    "django.contrib.syndication.views.Feed",
    "django.contrib.admin.BaseModelAdmin",
    "django.contrib.admin.SimpleListFilter",
    "django.contrib.sitemaps.Sitemap",
    "django.forms.Form",
    "django.forms.ModelForm",
    "rest_framework.serializers.BaseSerializer",
    "rest_framework.permissions.BasePermission",
    "rest_framework.views.APIView",
    "rest_framework.viewsets.ViewSet",
];

const TEMPLATE_TAGS: [&str; 4] = ["simple_tag", "inclusion_tag", "filter", "simple_block_tag"];
const API_DECORATORS: [&str; 7] =
    ["api_view", "login_required", "require_http_methods", "get", "post", "put", "delete"];

/// How many directories the paths of all modules begin with alike.
pub fn shared_directories(modules: &[Module]) -> usize {
    let directories = |module: &Module| module.source.path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
    let mut modules = modules.iter().map(directories);
    let Some(first) = modules.next() else { return 0 };
    let mut shared: Vec<&str> = first.split('/').collect();
    for other in modules {
        let alike = shared.iter().zip(other.split('/')).take_while(|(one, other)| *one == other).count();
        shared.truncate(alike);
    }
    shared.into_iter().filter(|name| !name.is_empty()).count()
}

impl Project {
    pub fn role(&self, function: FunctionRef<'_>) -> Role {
        // A nested function serves what it stands in.
        let mut outermost = function;
        for _ in 0..64 {
            match self.enclosing_function(outermost) {
                Some(outer) => outermost = outer,
                None => break,
            }
        }
        self.own_role(outermost)
    }

    /// What all of a file is for, going by its path.
    pub fn file_role(&self, file: FileId) -> Role {
        let path = self.modules.get(file.0 as usize).map_or("", |m| m.source.path.as_str());
        let mut directories: Vec<&str> = path.split('/').skip(self.above).collect();
        let name = directories.pop().unwrap_or("");
        let within = |name: &str| directories.contains(&name);
        let named_test =
            name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py" || name == "conftest.py";
        if named_test || within("tests") || within("test") || within("testing") {
            Role::Test
        } else if directories.iter().any(|directory| is_of_migrations(directory)) || self.holds_migration(file) {
            Role::Migration
        } else if within("management") && within("commands") || name == "apps.py" {
            // What an app sets up runs when the program starts, or after it migrates.
            Role::Command
        } else {
            Role::Other
        }
    }

    /// Settings may keep migrations in a directory of any name.
    fn holds_migration(&self, file: FileId) -> bool {
        match self.lookup_dotted(file, "Migration") {
            Some(Binding::Class(class)) => {
                class.file == file && self.is_subclass(class, &["django.db.migrations.Migration"])
            }
            _ => false,
        }
    }

    /// What a class that answers requests is for: mostly that, but for classes of tests.
    pub fn class_role(&self, class: ClassRef<'_>) -> Role {
        match self.file_role(class.file) {
            Role::Other => Role::Request,
            other => other,
        }
    }

    fn own_role(&self, function: FunctionRef<'_>) -> Role {
        let path = self.modules.get(function.file.0 as usize).map_or("", |m| m.source.path.as_str());
        let mut directories: Vec<&str> = path.split('/').skip(self.above).collect();
        let file = directories.pop().unwrap_or("");
        let within = |name: &str| directories.contains(&name);
        let by_file = self.file_role(function.file);
        if by_file == Role::Test {
            return Role::Test;
        }
        let bases = |names: &[&str]| function.class.is_some_and(|class| self.is_subclass(class, names));
        if bases(&["django.test.TestCase", "unittest.TestCase"]) || function.has_decorator("fixture") {
            return Role::Test;
        }
        if by_file != Role::Other {
            return by_file;
        }
        if bases(&["django.core.management.base.BaseCommand"]) {
            return Role::Command;
        }
        if self.is_task(function) || bases(&["celery.Task", "celery.app.task.Task"]) {
            return Role::Task;
        }
        if function.has_decorator("receiver") {
            return Role::Signal;
        }
        let is_request = self.takes_requests(function)
            || within("templatetags")
            || matches!(file, "views.py" | "serializers.py" | "viewsets.py" | "admin.py" | "context_processors.py")
            || within("views")
            || within("serializers")
            || within("viewsets");
        if is_request {
            return Role::Request;
        }
        match file {
            "tasks.py" => Role::Task,
            "signals.py" | "receivers.py" => Role::Signal,
            _ => Role::Other,
        }
    }

    /// Whether requests come in here by what it is, wherever it stands. What stands among views may be a helper of
    /// theirs.
    pub fn takes_requests(&self, function: FunctionRef<'_>) -> bool {
        let first =
            function.function.params.positional.iter().map(|p| p.name.name.as_str()).find(|name| *name != "self");
        let decorated = |names: &[&str]| names.iter().any(|name| function.has_decorator(name));
        function.class.is_some_and(|class| self.is_subclass(class, &REQUEST_BASES))
            || first == Some("request")
            || decorated(&TEMPLATE_TAGS)
            || decorated(&API_DECORATORS)
    }

    fn is_task(&self, function: FunctionRef<'_>) -> bool {
        ["shared_task", "task", "periodic_task", "db_task", "db_periodic_task", "job", "actor"]
            .iter()
            .any(|name| function.has_decorator(name))
    }
}
