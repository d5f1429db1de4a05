//! Templates by the names that views give them.

use std::collections::HashMap;

use super::Project;
use crate::model::FileId;
use crate::template::is_template;

/// Template files by their last name.
#[derive(Debug, Default)]
pub struct Templates(HashMap<String, Vec<FileId>>);

impl Templates {
    pub fn build(paths: &[&str]) -> Self {
        let mut files: HashMap<String, Vec<FileId>> = HashMap::new();
        for (at, path) in paths.iter().enumerate().filter(|(_, path)| is_template(path)) {
            files.entry(last(path).to_owned()).or_default().push(FileId(at as u32));
        }
        Self(files)
    }
}

impl Project {
    /// The template that `name` means in `from`: below a `templates` folder first, then by any end of a path; of
    /// several the one whose folders are nearest to those of `from`.
    pub fn template(&self, name: &str, from: FileId) -> Option<FileId> {
        let path = |file: FileId| self.modules.get(file.0 as usize).map_or("", |module| module.source.path.as_str());
        let own = path(from);
        let rate = |file: &&FileId| {
            let found = path(**file);
            let folder = found.strip_suffix(name).unwrap_or_default();
            let shared = own.split('/').zip(found.split('/')).take_while(|(a, b)| a == b).count();
            let root = matches!(folder.trim_end_matches('/').rsplit('/').next(), Some("templates" | "jinja2"));
            (root, shared)
        };
        let ends = |file: &&FileId| {
            let found = path(**file);
            found.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        // The first of equals: files are sorted by path.
        self.templates.0.get(last(name))?.iter().filter(ends).rev().max_by_key(rate).copied()
    }

    /// Whether a file of the input is a template.
    pub fn is_template(&self, file: FileId) -> bool {
        self.modules.get(file.0 as usize).is_some_and(|module| is_template(&module.source.path))
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
