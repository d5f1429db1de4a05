//! App labels: from `AppConfig` classes, else the directory that holds `models.py` or `models/`.

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::model::FileId;
use crate::project::names::Names;
use crate::project::outside;
use crate::python::ir;

#[derive(Debug, Default)]
pub struct Apps {
    /// Directory of an `AppConfig` → its label.
    labels: HashMap<Vec<String>, SmolStr>,
}

impl Apps {
    pub fn build(names: &Names, modules: &[&ir::Module]) -> Self {
        let mut labels = HashMap::new();
        for at in 0..modules.len() {
            let file = FileId(at as u32);
            let Some(index) = names.index(file) else { continue };
            let Some((last, directory)) = names.files.parts(file).split_last() else { continue };
            if last != "apps" {
                continue;
            }
            for number in 0..index.classes.len() as u32 {
                let bases = names.hierarchy.outside((file, number));
                if !bases.iter().any(|base| outside::is_kind_of(base, "django.apps.AppConfig")) {
                    continue;
                }
                let text = |name: &str| {
                    let value = names.class_value(modules, (file, number), name)?.1;
                    value.as_str().map(str::to_owned)
                };
                let label = text("label").or_else(|| Some(text("name")?.rsplit('.').next()?.to_owned()));
                if let Some(label) = label {
                    labels.entry(directory.to_vec()).or_insert_with(|| SmolStr::from(label));
                }
            }
        }
        Self { labels }
    }

    /// The label of what stands in a file; empty where the path says nothing.
    pub fn label(&self, names: &Names, file: FileId) -> SmolStr {
        let parts = names.files.parts(file);
        let known = (0..parts.len()).rev().find_map(|end| self.labels.get(parts.get(..end)?));
        if let Some(label) = known {
            return label.clone();
        }
        // `forum/models.py`, `forum/models/topic.py`, `forum/db.py`
        let at = parts.iter().rposition(|part| part == "models").unwrap_or(parts.len().saturating_sub(1));
        at.checked_sub(1).and_then(|at| parts.get(at)).map_or_else(SmolStr::default, SmolStr::from)
    }
}
