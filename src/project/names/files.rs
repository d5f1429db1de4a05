//! Dotted names → files, by the ends of their paths.

use std::collections::{HashMap, HashSet};

use crate::model::FileId;

/// Packages that a file of the project with the same name never stands for.
const KNOWN_OUTSIDE: [&str; 37] = [
    "asyncio",
    "boto3",
    "channels",
    "collections",
    "concurrent",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "django_filters",
    "email",
    "enum",
    "fastapi",
    "flask",
    "functools",
    "graphene",
    "hashlib",
    "http",
    "httpx",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "random",
    "re",
    "redis",
    "requests",
    "string",
    "sys",
    "time",
    "types",
    "typing",
    "uuid",
];

/// Packages that stay outside even where their sources are in the input: rules and interpreter know them by name.
const FRAMEWORKS: [&str; 5] = ["celery", "django", "mptt", "rest_framework", "sqlalchemy"];

/// Longest end of a path that names are looked up by, in parts.
const MAX_SUFFIX: usize = 12;

#[derive(Debug, Default)]
pub struct Files {
    /// Parts of each file's path, `__init__` left out: `["src", "forum", "models"]`; by [`FileId`].
    parts: Vec<Vec<String>>,
    is_package: Vec<bool>,
    /// Every dotted end of a path → the files that have it.
    by_suffix: HashMap<String, Vec<FileId>>,
    /// Directories that hold an `__init__.py`, `/`-joined.
    packages: HashSet<String>,
}

impl Files {
    pub fn build<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut files = Self::default();
        for (at, path) in paths.enumerate() {
            let id = FileId(at as u32);
            let clean = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi")).unwrap_or(path);
            let clean = if crate::template::is_template(path) { "" } else { clean };
            let mut parts: Vec<String> =
                clean.split(['/', '\\']).filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect();
            let is_package = parts.last().is_some_and(|last| last == "__init__");
            if is_package {
                parts.pop();
                files.packages.insert(parts.join("/"));
            }
            let mut suffix = String::new();
            for part in parts.iter().rev().take(MAX_SUFFIX) {
                suffix = if suffix.is_empty() { part.clone() } else { format!("{part}.{suffix}") };
                files.by_suffix.entry(suffix.clone()).or_default().push(id);
            }
            files.parts.push(parts);
            files.is_package.push(is_package);
        }
        files
    }

    pub fn parts(&self, id: FileId) -> &[String] {
        self.parts.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The file's own dotted name: from the directory above its outermost package on; without packages, the path
    /// below `src` or the like.
    pub fn dotted(&self, id: FileId) -> String {
        let parts = self.parts(id);
        let directories = parts.len().saturating_sub(usize::from(!self.is_package(id)));
        let packaged = (0..directories).find(|depth| {
            (*depth..directories).all(|end| self.packages.contains(&parts.get(..=end).unwrap_or(parts).join("/")))
        });
        let root = parts.iter().rposition(|part| matches!(part.as_str(), "src" | "site-packages" | "backend" | "lib"));
        let start = packaged.or(root.map(|at| at + 1)).filter(|start| *start < parts.len()).unwrap_or(0);
        parts.get(start..).unwrap_or_default().join(".")
    }

    fn is_package(&self, id: FileId) -> bool {
        self.is_package.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// The file that `import dotted` means when `from` says it.
    pub fn absolute(&self, from: FileId, dotted: &str) -> Option<FileId> {
        let head = dotted.split('.').next().unwrap_or("");
        let length = dotted.split('.').count();
        let own = self.parts(from);
        if FRAMEWORKS.contains(&head) {
            return None;
        }
        let outside = KNOWN_OUTSIDE.contains(&head);
        let found = self.by_suffix.get(dotted).into_iter().flatten().filter(|id| **id != from);
        let rated = found.filter_map(|id| {
            let parts = self.parts(*id);
            let root = parts.get(..parts.len() - length)?;
            let common = parts.iter().zip(own).take_while(|(a, b)| a == b).count();
            // `redis` is the package of that name, not app/redis.py, unless it is importable from where `from` is.
            let in_package = self.packages.contains(&root.join("/"));
            let above = own.starts_with(root);
            if (length == 1 || outside) && (in_package || !above) {
                return None;
            }
            if outside && length == 1 && !self.is_package(*id) {
                return None;
            }
            Some(((!in_package, above, common, std::cmp::Reverse(parts.len()), std::cmp::Reverse(id.0)), *id))
        });
        if let Some((_, id)) = rated.max() {
            return Some(id);
        }
        if outside {
            return None;
        }
        // Loose files: `models.py` alone may be what `forum.models` names.
        let tail = dotted.split('.').skip(1).collect::<Vec<_>>();
        (0..tail.len()).find_map(|skip| {
            let whole = tail.get(skip..)?;
            let candidates = self.by_suffix.get(&whole.join("."))?;
            let mut exact = candidates.iter().filter(|id| **id != from && self.parts(**id).len() == whole.len());
            let first = exact.next()?;
            exact.next().is_none().then_some(*first)
        })
    }

    /// The parts of the package that `level` dots in `from` mean.
    fn package(&self, from: FileId, level: u32) -> Option<&[String]> {
        let parts = self.parts(from);
        let up = (level as usize).saturating_sub(usize::from(self.is_package(from)));
        parts.get(..parts.len().checked_sub(up)?)
    }

    /// The file of `from ..dotted import`; `dotted` may be empty.
    pub fn relative(&self, from: FileId, level: u32, dotted: &str) -> Option<FileId> {
        let package = self.package(from, level)?;
        let mut wanted: Vec<&str> = package.iter().map(String::as_str).collect();
        wanted.extend(dotted.split('.').filter(|part| !part.is_empty()));
        self.exact(&wanted)
    }

    /// The file at exactly this path.
    pub fn exact(&self, parts: &[&str]) -> Option<FileId> {
        let start = parts.len().saturating_sub(MAX_SUFFIX);
        let candidates = self.by_suffix.get(&parts.get(start..)?.join("."))?;
        candidates.iter().copied().find(|id| self.parts(*id).iter().eq(parts.iter()))
    }

    /// A dotted name for what a relative import means, where no file of the input is it.
    pub fn relative_name(&self, from: FileId, level: u32, dotted: &str) -> String {
        let mut parts: Vec<&str> = self.package(from, level).unwrap_or(&[]).iter().map(String::as_str).collect();
        parts.extend(dotted.split('.').filter(|part| !part.is_empty()));
        parts.join(".")
    }
}
