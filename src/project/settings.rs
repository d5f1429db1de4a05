//! Settings modules: the user model, databases, caches.

use smol_str::SmolStr;

use super::Settings;
use super::models::sources::Sources;
use super::names::{Def, Scope};
use crate::model::{FileId, Site};
use crate::python::ir::{self, ArgKind, DictItem, ExprKind, StmtKind};
use crate::python::walk::statements;
use crate::sql::Dialect;

/// What every settings value is read from, the most telling file first.
pub fn read(sources: &Sources<'_>) -> Settings {
    let mut files: Vec<(u32, FileId)> =
        (0..sources.modules.len() as u32).map(FileId).filter_map(|file| Some((rank(sources, file)?, file))).collect();
    files.sort();
    let mut settings = Settings::default();
    for (_, file) in files {
        merge(&mut settings, sources, file);
    }
    settings
}

/// Lower is asked first: production, then the common ones, then those of developers and tests. `None` for a file that
/// holds no settings.
fn rank(sources: &Sources<'_>, file: FileId) -> Option<u32> {
    let has = |name: &str| setting(sources, file, name).is_some();
    let parts = sources.names.files.parts(file);
    let named = parts.iter().rev().take(2).any(|part| part.contains("settings"));
    let telling = ["INSTALLED_APPS", "DATABASES", "AUTH_USER_MODEL", "ROOT_URLCONF", "CACHES"];
    if !(has("INSTALLED_APPS") || named && telling.iter().any(|name| has(name))) {
        return None;
    }
    let last = parts.last().map_or("", String::as_str);
    let tests = parts.iter().any(|part| matches!(part.as_str(), "tests" | "test"));
    Some(match last {
        _ if tests || last.contains("test") || last == "ci" => 4,
        _ if last.contains("prod") => 0,
        _ if last.contains("local") || last.contains("dev") => 3,
        "base" | "common" | "settings" | "defaults" => 1,
        _ => 2,
    })
}

fn merge(settings: &mut Settings, sources: &Sources<'_>, file: FileId) {
    let value = |name: &str| setting(sources, file, name);
    let text = |name: &str| value(name).and_then(|value| sources.text(file, value));
    let first = value("INSTALLED_APPS").or_else(|| value("DATABASES"));
    settings.site = settings.site.or_else(|| first.map(|value| Site::new(file, value.span)));
    settings.auth_user_model = settings.auth_user_model.take().or_else(|| text("AUTH_USER_MODEL"));
    settings.default_auto_field = settings.default_auto_field.take().or_else(|| text("DEFAULT_AUTO_FIELD"));
    if let Some(api) = value("REST_FRAMEWORK") {
        let pages = entry(sources, file, api, "DEFAULT_PAGINATION_CLASS").and_then(|class| sources.text(file, class));
        settings.pagination_class = settings.pagination_class.take().or(pages);
        let filters = entry(sources, file, api, "DEFAULT_FILTER_BACKENDS");
        if settings.filter_backends.is_empty() {
            settings.filter_backends = filters.map(|filters| sources.texts_of(file, filters)).unwrap_or_default();
        }
    }
    if settings.installed_apps.is_empty()
        && let Some(apps) = value("INSTALLED_APPS")
    {
        settings.installed_apps = sources.texts_of(file, apps);
    }
    let atomic = value("ATOMIC_REQUESTS");
    if let Some(databases) = value("DATABASES") {
        let default = entry(sources, file, databases, "default");
        if settings.engine.is_none() {
            settings.engine =
                default.and_then(|default| engine(sources, file, default)).or_else(|| engine(sources, file, databases));
        }
        let atomic = default.and_then(|default| entry(sources, file, default, "ATOMIC_REQUESTS")).or(atomic);
        settings.atomic_requests = settings.atomic_requests.or_else(|| flag(atomic?));
        // `DATABASES["default"]["ATOMIC_REQUESTS"] = True`
        let module = sources.module(file).map(|module| module.body.as_slice()).unwrap_or_default();
        for stmt in module {
            if let ir::StmtKind::Assign { targets, value } = &stmt.kind
                && targets.iter().any(|target| sources.slice(file, target).contains("ATOMIC_REQUESTS"))
            {
                settings.atomic_requests = flag(value).or(settings.atomic_requests);
            }
        }
    }
    if settings.caches.is_empty()
        && let Some(ExprKind::Dict(items)) = value("CACHES").map(|caches| &caches.kind)
    {
        for item in items {
            if let DictItem::Pair { key, value } = item
                && let Some(alias) = sources.text(file, key)
                && let Some(backend) = entry(sources, file, value, "BACKEND").and_then(|b| sources.text(file, b))
            {
                settings.caches.push((alias, backend));
            }
        }
    }
}

/// The value of a setting: the module's, or in a file of settings that of a class, as django-configurations has them,
/// which may be a property.
fn setting<'a>(sources: &Sources<'a>, file: FileId, name: &str) -> Option<&'a ir::Expr> {
    let index = sources.names.index(file)?;
    if let Some(Def::Value(number)) = index.names.get(name) {
        return sources.value(file, *number);
    }
    let told = |part: &String| part.contains("settings") || part.contains("config");
    if !sources.names.files.parts(file).iter().rev().take(2).any(told) {
        return None;
    }
    let classes = index.classes.iter().filter(|class| class.parent == Scope::Module);
    classes.filter_map(|class| class.members.get(name)).find_map(|def| match def {
        Def::Value(number) => sources.value(file, *number),
        Def::Function(number) => {
            let property = index.function(sources.module(file)?, *number)?;
            statements(&property.body).find_map(|stmt| match &stmt.kind {
                StmtKind::Return(value) => value.as_ref(),
                _ => None,
            })
        }
        _ => None,
    })
}

fn flag(value: &ir::Expr) -> Option<bool> {
    match value.kind {
        ExprKind::True => Some(true),
        ExprKind::False => Some(false),
        _ => None,
    }
}

/// The value of a string key in a dict display or a `dict(…)` call.
fn entry<'a>(sources: &Sources<'_>, file: FileId, dict: &'a ir::Expr, name: &str) -> Option<&'a ir::Expr> {
    match &dict.kind {
        ExprKind::Dict(items) => items.iter().find_map(|item| match item {
            DictItem::Pair { key, value } if sources.text(file, key).as_deref() == Some(name) => Some(value),
            _ => None,
        }),
        ExprKind::Call(call) if call.func.dotted().as_deref() == Some("dict") => call.keyword(name),
        _ => None,
    }
}

/// The engine of one entry of `DATABASES`; of `env.db(default="postgres://…")` by its default's scheme.
fn engine(sources: &Sources<'_>, file: FileId, database: &ir::Expr) -> Option<SmolStr> {
    if let Some(engine) = entry(sources, file, database, "ENGINE") {
        let text = sources.text(file, engine).or_else(|| literal_argument(engine));
        return text.and_then(|text| engine_of(&text));
    }
    literal_argument(database).and_then(|url| engine_of(&url))
}

/// `env("DB_ENGINE", default="django.db.backends.postgresql")`, `dj_database_url.config(default=…)`: the last string
/// that says an engine.
fn literal_argument(expr: &ir::Expr) -> Option<SmolStr> {
    let call = expr.as_call()?;
    let args = call.args.iter().filter(|arg| matches!(arg.kind, ArgKind::Positional | ArgKind::Keyword(_)));
    args.filter_map(|arg| arg.value.as_str()).rfind(|text| engine_of(text).is_some()).map(SmolStr::from)
}

fn engine_of(text: &str) -> Option<SmolStr> {
    let engines =
        [("postg", "postgres"), ("psql", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql"), ("sqlite", "sqlite")];
    let lower = text.to_lowercase();
    engines.iter().find(|(mark, _)| lower.contains(mark)).map(|(_, engine)| SmolStr::from(*engine))
}

impl Settings {
    pub fn dialect(&self) -> Option<Dialect> {
        match self.engine.as_deref()? {
            "postgres" => Some(Dialect::Postgres),
            "mysql" => Some(Dialect::MySql),
            "sqlite" => Some(Dialect::Sqlite),
            _ => None,
        }
    }
}
