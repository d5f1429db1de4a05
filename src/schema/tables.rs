//! Tables by their names in the database, with what a lookup can use: what is known where there are no models.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{Index, Model, Schema};

#[derive(Debug, Clone, Default)]
pub struct Tables {
    by_name: BTreeMap<SmolStr, Table>,
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Name of the column → what is known of it.
    pub columns: BTreeMap<SmolStr, TableColumn>,
    /// Their columns are called as in the database.
    pub indexes: Vec<Index>,
    /// `forum.Topic`; empty where no model is known.
    pub model: String,
    /// Whoever installs the program says which table it is, and what indexes it has.
    pub is_of_host: bool,
}

#[derive(Debug, Clone, Default)]
pub struct TableColumn {
    /// The model's field; empty where no model is known.
    pub field: SmolStr,
    /// A B-tree over it finds a few rows by value: no flag, no document.
    pub is_selective: bool,
}

impl Tables {
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Table> {
        self.by_name.get(name)
    }

    /// The table with this name, made where it is new.
    pub fn table(&mut self, name: &str) -> &mut Table {
        self.by_name.entry(SmolStr::new(name)).or_default()
    }

    /// Adds the tables of models whose every column is known; `of_host`: the models that are not the program's own.
    pub fn add_models(&mut self, schema: &Schema, of_host: &dyn Fn(&Model) -> bool) {
        let whole = |model: &&Model| !model.is_abstract && !model.is_proxy && !model.is_partial;
        for model in schema.models.iter().filter(whole) {
            let table = self.table(&model.table);
            table.model = model.label();
            table.is_of_host = of_host(model);
            for field in model.fields.iter().filter(|field| field.has_column()) {
                let is_selective = field.is_searchable() && !field.is_low_selectivity() && !field.is_named_for_few();
                let column = TableColumn { field: field.name.clone(), is_selective };
                table.columns.insert(field.column.clone(), column);
            }
            let column = |name: &SmolStr| {
                let field = model.fields.iter().find(|field| field.name == *name || field.attname() == *name);
                field.map_or_else(|| name.clone(), |field| field.column.clone())
            };
            table.indexes.extend(model.indexes.iter().cloned().map(|mut index| {
                for of in &mut index.columns {
                    of.name = column(&of.name);
                }
                index
            }));
        }
    }
}

impl Table {
    /// Whether a B-tree that serves every row leads with one of these columns.
    pub fn is_led_by(&self, columns: &[SmolStr]) -> bool {
        self.indexes.iter().any(|index| {
            let first = index.columns.first().filter(|first| first.expression.is_none());
            let serves = index.condition.is_none() && matches!(index.method.as_str(), "btree" | "hash");
            serves && first.is_some_and(|first| columns.contains(&first.name))
        })
    }
}
