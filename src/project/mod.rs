//! What the project's sources say beside their statements: which module is which file, models, settings, versions.

mod binding;
mod effects;
mod given;
mod host;
mod migrations;
mod models;
mod names;
mod outside;
mod role;
mod seldom;
mod settings;
mod templates;
mod transactions;
mod versions;

#[cfg(test)]
mod tests;

pub use binding::{Binding, ClassRef, FunctionRef, ValueRef};
pub use effects::{Effects, Receivers};
pub use migrations::{
    Added, AppMigrations, Column, DefaultValue, Migration, Migrations, Operation, OperationKind, RawIndex,
};

use std::collections::{BTreeSet, HashMap};

use smol_str::SmolStr;

use crate::model::{FileId, Loop, LoopId, Over, Place, Site};
use crate::python::ir;
use crate::schema::{ModelId, Schema};
use crate::sql::{Dialect, Texts};
use crate::text::Source;
use crate::trace::Trace;
use models::sources::Sources;
use names::Names;

type ManagerClasses = (Option<(FileId, u32)>, Option<(FileId, u32)>);

/// One Python file of the input, parsed.
#[derive(Debug)]
pub struct Module {
    pub id: FileId,
    pub source: Source,
    pub ir: ir::Module,
    /// Dotted name from the path, `src/` and the like cut where imports show it: `forum.models`.
    pub dotted: SmolStr,
}

/// All that the rules and the interpreter may know of the input as a whole.
#[derive(Debug, Default)]
pub struct Project {
    /// Indexed by [`FileId`].
    pub modules: Vec<Module>,
    pub schema: Schema,
    pub settings: Settings,
    pub django: DjangoVersion,
    /// Said by the hints, the settings or a driver, in this order; PostgreSQL where nothing says.
    pub dialect: Dialect,
    /// Something said it.
    pub dialect_known: bool,
    pub migrations: Migrations,
    names: Names,
    templates: templates::Templates,
    /// Class statement (file, number in its file) → model, and back.
    model_of_class: HashMap<(FileId, u32), ModelId>,
    class_of_model: HashMap<ModelId, (FileId, u32)>,
    /// Dotted name of a model that is known without source → it.
    outside_models: HashMap<SmolStr, ModelId>,
    /// (model, manager attribute) → its manager class and its queryset class, where they are in the input.
    managers: HashMap<(ModelId, SmolStr), ManagerClasses>,
    user: Option<ModelId>,
    /// Directories that all files stand in and that say nothing of what any of them is for: `tests/samples/forum` of a
    /// whole project that is kept there.
    above: usize,
    receivers: Receivers,
    /// The whole tree of an application, and no change to it: what nothing in it calls, nobody calls.
    is_whole: bool,
    /// Of the statements that are predicted.
    pub texts: Texts,
}

/// What is known beside the Python files.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    pub django: Option<DjangoVersion>,
    pub dialect: Option<Dialect>,
    /// Path and text of requirements.txt, pyproject.toml, Pipfile, setup.cfg, poetry.lock and the like.
    pub other_files: Vec<(String, String)>,
    /// Paths of the files that the change under review brings or edits.
    pub changed: BTreeSet<String>,
}

impl Project {
    /// Reads the whole input; the index of a file in `files` becomes its [`FileId`].
    pub fn build(files: Vec<(Source, ir::Module)>, hints: Hints) -> Self {
        let paths: Vec<&str> = files.iter().map(|(source, _)| source.path.as_str()).collect();
        let trees: Vec<&ir::Module> = files.iter().map(|(_, ir)| ir).collect();
        let texts: Vec<&str> = files.iter().map(|(source, _)| source.text()).collect();
        let names = Names::build(&paths, &trees);
        let sources = Sources { names: &names, modules: &trees, paths: &paths, texts: &texts };
        let settings = settings::read(&sources);
        let apps = models::Apps::build(&names, &trees);
        let mut models = models::read(&sources, &apps, &settings);
        let migrations = migrations::read(&sources, &apps, &hints.changed, &mut models.schema);
        let said = hints.dialect.or_else(|| settings.dialect());
        let dialect = said.or_else(|| versions::dialect(&hints.other_files));
        let templates = templates::Templates::build(&paths);
        let modules = files.into_iter().enumerate().map(|(at, (source, ir))| {
            let id = FileId(at as u32);
            Module { id, source, ir, dotted: names.files.dotted(id).into() }
        });
        let modules: Vec<Module> = modules.collect();
        // Without models the input may be the tests alone.
        let above = if models.class_of.is_empty() { 0 } else { role::shared_directories(&modules) };
        let is_whole = hints.changed.is_empty() && settings.site.is_some() && seldom::is_application(&modules);
        let project = Self {
            above,
            is_whole,
            modules,
            names,
            schema: models.schema,
            settings,
            django: hints.django.or_else(|| versions::django(&hints.other_files)).unwrap_or_default(),
            dialect: dialect.unwrap_or_default(),
            dialect_known: said.is_some(),
            migrations,
            templates,
            model_of_class: models.of_class,
            class_of_model: models.class_of,
            outside_models: models.outside,
            managers: models.managers,
            user: models.user,
            receivers: Receivers::default(),
            texts: Texts::default(),
        };
        let receivers = Receivers::read(&project);
        Self { receivers, ..project }
    }

    /// The model of `settings.AUTH_USER_MODEL`, else the project's own user class, else Django's.
    pub fn user_model(&self) -> Option<ModelId> {
        self.user
    }

    pub fn module(&self, id: FileId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The text of a site.
    pub fn text(&self, site: Site) -> &str {
        self.module(site.file).source.slice(site.span)
    }

    pub fn place(&self, site: Site) -> Place {
        self.module(site.file).source.place(site.span)
    }

    /// A loop of a trace as the report describes it.
    pub fn describe_loop(&self, trace: &Trace, id: LoopId) -> Loop {
        let info = trace.loop_info(id);
        let built = info.queryset.and_then(|id| trace.queryset(id).built).unwrap_or(info.site);
        let place = self.place(built);
        let what = match (info.over, &info.model) {
            (Over::Query | Over::Slice, Some(model)) => format!("rows of {model}"),
            (Over::Query | Over::Slice, None) => "rows of a query".to_owned(),
            (Over::Range, _) => "a constant range".to_owned(),
            (Over::Items, _) => format!("items of {}", shortened(self.text(info.site))),
            (Over::Pages, _) => "pages".to_owned(),
        };
        Loop {
            over: info.over,
            text: format!("{what} (line {})", place.line),
            model: info.model.as_ref().map(ToString::to_string),
            path: place.path,
            line: place.line,
            exactly: info.exactly,
            at_most: info.at_most,
        }
    }
}

/// One line of at most 40 characters.
fn shortened(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(39) {
        Some((at, _)) if flat.chars().count() > 40 => format!("{}…", &flat[..at]),
        _ => flat,
    }
}

/// What settings modules say; a field is `None` where no settings are in the input.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub site: Option<Site>,
    pub auth_user_model: Option<SmolStr>,
    pub atomic_requests: Option<bool>,
    /// `postgres`, `mysql`, `sqlite`: from `DATABASES`.
    pub engine: Option<SmolStr>,
    /// Backend class of each cache alias.
    pub caches: Vec<(SmolStr, SmolStr)>,
    pub default_auto_field: Option<SmolStr>,
    pub installed_apps: Vec<SmolStr>,
    /// `REST_FRAMEWORK["DEFAULT_PAGINATION_CLASS"]`
    pub pagination_class: Option<SmolStr>,
    /// `REST_FRAMEWORK["DEFAULT_FILTER_BACKENDS"]`
    pub filter_backends: Vec<SmolStr>,
}

/// `X.Y`; the newest known where nothing says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DjangoVersion(pub u8, pub u8);

impl Default for DjangoVersion {
    fn default() -> Self {
        DjangoVersion(6, 1)
    }
}
