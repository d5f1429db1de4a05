//! Tables, columns, relations and indexes, as data. Filled by `project` from models and migrations, by `sql` from DDL.

mod index;
mod model;
mod serve;
mod tables;

pub use index::{Index, IndexColumn, IndexOrigin};
pub use model::{Field, FieldKind, Manager, Model, ModelId, ModelOptions, OnDelete, Relation, RelationKind, Reverse};
pub use serve::{Served, Wanted};
pub use tables::{Table, TableColumn, Tables};

use std::collections::HashMap;

use smol_str::SmolStr;

/// Every model of the input, and those of Django's own that it can refer to.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub models: Vec<Model>,
    /// `app.model`, lower case → id.
    by_label: HashMap<String, ModelId>,
}

impl Schema {
    pub fn get(&self, id: ModelId) -> &Model {
        &self.models[id.0 as usize]
    }

    pub fn get_mut(&mut self, id: ModelId) -> &mut Model {
        &mut self.models[id.0 as usize]
    }

    /// Adds a model, or gives the id of the one that has its label already.
    pub fn add(&mut self, model: Model) -> ModelId {
        let id = ModelId(self.models.len() as u32);
        let label = format!("{}.{}", model.app, model.name).to_lowercase();
        if let Some(known) = self.by_label.get(&label) {
            return *known;
        }
        self.by_label.insert(label, id);
        self.models.push(model);
        id
    }

    /// By `app.Model`, case ignored as Django does.
    pub fn by_label(&self, label: &str) -> Option<ModelId> {
        self.by_label.get(&label.to_lowercase()).copied()
    }

    /// By class name alone, where only one model has it; models with source come before those of Django's own.
    pub fn by_name(&self, name: &str) -> Option<ModelId> {
        let only = |with_source: bool| {
            let mut found =
                self.ids().filter(|id| self.get(*id).name == name && self.get(*id).site.is_some() == with_source);
            found.next().map(|first| found.next().is_none().then_some(first))
        };
        only(true).or_else(|| only(false)).flatten()
    }

    pub fn by_table(&self, table: &str) -> Option<ModelId> {
        self.ids().find(|id| self.get(*id).table == table && !self.get(*id).is_proxy)
    }

    pub fn ids(&self) -> impl Iterator<Item = ModelId> + use<> {
        (0..self.models.len() as u32).map(ModelId)
    }

    /// Whether a model's rows are rows of another one, too: by multi-table inheritance, or as its proxy.
    pub fn descends(&self, id: ModelId, from: ModelId) -> bool {
        let mut at = id;
        // No model descends from itself in a project that runs; here the input decides.
        for _ in 0..16 {
            let parents = &self.get(at).parents;
            if parents.contains(&from) {
                return true;
            }
            match parents.first() {
                Some(parent) => at = *parent,
                None => return false,
            }
        }
        false
    }

    /// A field of the model or of one that it inherits from (multi-table), by attribute name: `forum`, `forum_id`, `pk`.
    pub fn field(&self, id: ModelId, name: &str) -> Option<(ModelId, &Field)> {
        let model = self.get(id);
        let own = match name {
            "pk" => model.primary_key(),
            _ => model.fields.iter().find(|f| f.name == name || (f.relation.is_some() && f.attname() == name)),
        };
        own.map(|field| (id, field)).or_else(|| model.parents.iter().find_map(|parent| self.field(*parent, name)))
    }

    /// The field at the end of a path as queries write it: `["lines", "amount"]`.
    pub fn along(&self, id: ModelId, path: &[SmolStr]) -> Option<&Field> {
        let (last, relations) = path.split_last()?;
        let mut at = id;
        for name in relations {
            let forward = self.field(at, name).map(|(_, field)| field.relation.as_ref().and_then(|r| r.target));
            at = match forward {
                Some(target) => target?,
                None => self.reverse_query(at, name)?.model,
            };
        }
        self.field(at, last).map(|(_, field)| field)
    }

    /// A relation that leads here from another model, by accessor name: `post_set`, `posts`.
    pub fn reverse(&self, id: ModelId, accessor: &str) -> Option<&Reverse> {
        let model = self.get(id);
        let own = model.reverse.iter().find(|r| r.accessor == accessor);
        own.or_else(|| model.parents.iter().find_map(|parent| self.reverse(*parent, accessor)))
    }

    /// The same by the name that queries use: `related_query_name`, `related_name` or the model's name.
    pub fn reverse_query(&self, id: ModelId, name: &str) -> Option<&Reverse> {
        let model = self.get(id);
        let own = model.reverse.iter().find(|r| r.query_name == name);
        own.or_else(|| model.parents.iter().find_map(|parent| self.reverse_query(*parent, name)))
    }
}

/// Lower-case `CamelCase` the way Django makes default names.
pub fn default_table(app: &str, model: &str) -> SmolStr {
    SmolStr::from(format!("{app}_{}", model.to_lowercase()))
}
