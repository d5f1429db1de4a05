//! One model: its columns and where its relations lead.

use smol_str::SmolStr;

use super::Index;
use crate::model::{Orm, Site};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u32);

#[derive(Debug, Clone)]
pub struct Model {
    pub orm: Orm,
    /// App label; empty where nothing tells.
    pub app: SmolStr,
    pub name: SmolStr,
    pub table: SmolStr,
    /// The class statement; none for a model that is known without source.
    pub site: Option<Site>,
    /// Own columns and forward relations, inherited abstract ones included, in Django's order.
    pub fields: Vec<Field>,
    /// Relations of other models that lead here.
    pub reverse: Vec<Reverse>,
    /// Concrete parents (multi-table inheritance) or the proxied model.
    pub parents: Vec<ModelId>,
    pub managers: Vec<Manager>,
    pub options: ModelOptions,
    pub indexes: Vec<Index>,
    pub is_abstract: bool,
    pub is_proxy: bool,
    /// A base class could not be found: fields may be missing.
    pub is_partial: bool,
}

#[derive(Debug, Clone, Default)]
pub struct ModelOptions {
    /// `Meta.ordering`, each with its leading `-`; an expression as it is written.
    pub ordering: Vec<SmolStr>,
    pub default_manager: Option<SmolStr>,
    pub base_manager: Option<SmolStr>,
    /// The `class Meta` statement, for edits.
    pub meta: Option<Site>,
    /// Options come from an abstract base's Meta: one of the model's own would have to build on it.
    pub inherits_meta: bool,
    /// The value of `indexes = [...]` in it.
    pub indexes_list: Option<Site>,
}

/// A manager attribute and the class that it is made of.
#[derive(Debug, Clone)]
pub struct Manager {
    pub name: SmolStr,
    /// Dotted name of the manager class as the project knows it; `django.db.models.Manager` for a plain one.
    pub class: SmolStr,
    /// The queryset class of `as_manager()`/`from_queryset()`.
    pub queryset_class: Option<SmolStr>,
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: SmolStr,
    /// Empty where there is none: many-to-many and generic relations.
    pub column: SmolStr,
    pub kind: FieldKind,
    /// The class as written: `CharField`.
    pub class: SmolStr,
    pub relation: Option<Relation>,
    pub null: bool,
    pub unique: bool,
    pub primary_key: bool,
    /// `db_index=True`, or made by the field's kind (SlugField, ForeignKey).
    pub db_index: bool,
    pub has_choices: bool,
    /// `auto_now`: `save(update_fields)` must list it, `update()` skips it.
    pub auto_now: bool,
    pub site: Option<Site>,
    /// The argument `db_index=True`, where it is written.
    pub flagged: Option<Site>,
    /// Of a generic foreign key: the names of the fields for the content type and the object's key.
    pub generic: Option<(SmolStr, SmolStr)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Auto,
    Integer,
    Decimal,
    Float,
    Boolean,
    Char,
    Text,
    Date,
    DateTime,
    Time,
    Duration,
    Uuid,
    Json,
    Binary,
    File,
    Array,
    Relation,
    /// A relation to any model, through `content_type` and `object_id`; no column of its own.
    GenericForeignKey,
    Other,
}

#[derive(Debug, Clone)]
pub struct Relation {
    pub kind: RelationKind,
    /// As written, resolved where the model is in the input: `app.Model`.
    pub target_label: SmolStr,
    pub target: Option<ModelId>,
    /// Attribute of the target that the column points at; none for its primary key.
    pub to_field: Option<SmolStr>,
    pub through: Option<ModelId>,
    /// The join table of an automatic many-to-many.
    pub join_table: Option<SmolStr>,
    pub on_delete: OnDelete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    ForeignKey,
    OneToOne,
    ManyToMany,
    Generic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    Cascade,
    SetNull,
    Other,
}

/// The far side of a relation.
#[derive(Debug, Clone)]
pub struct Reverse {
    /// Attribute on an instance: `post_set`, or the one-to-one's name.
    pub accessor: SmolStr,
    /// Name in `filter()` and `prefetch_related()` paths.
    pub query_name: SmolStr,
    pub kind: RelationKind,
    /// The model whose field this is, and the field.
    pub model: ModelId,
    pub field: SmolStr,
}

impl Model {
    /// `app.Name`, or the name alone where the app is not known.
    pub fn label(&self) -> String {
        if self.app.is_empty() { self.name.to_string() } else { format!("{}.{}", self.app, self.name) }
    }

    pub fn primary_key(&self) -> Option<&Field> {
        self.fields.iter().find(|f| f.primary_key)
    }
}

impl Field {
    /// False for many-to-many and generic relations.
    pub fn has_column(&self) -> bool {
        !self.column.is_empty()
    }

    /// Few distinct values: an index on this column alone leads to most of the table.
    pub fn is_low_selectivity(&self) -> bool {
        self.kind == FieldKind::Boolean || self.has_choices
    }

    /// Whether its name is that of columns with few values: `status`, `is_open`, `locale`.
    pub fn is_named_for_few(&self) -> bool {
        const FEW: [&str; 20] = [
            "status",
            "state",
            "type",
            "kind",
            "level",
            "role",
            "gender",
            "priority",
            "visibility",
            "active",
            "enabled",
            "deleted",
            "archived",
            "published",
            "locale",
            "language",
            "lang",
            "timezone",
            "currency",
            "country",
        ];
        let last = self.name.rsplit('_').next().unwrap_or("");
        let named = FEW.contains(&last) || self.name.starts_with("is_") || self.name.starts_with("has_");
        matches!(self.kind, FieldKind::Char | FieldKind::Integer) && named
    }

    /// The attribute that holds the raw value: `forum_id` of `forum`.
    pub fn attname(&self) -> SmolStr {
        match &self.relation {
            Some(r) if r.kind != RelationKind::ManyToMany => SmolStr::from(format!("{}_id", self.name)),
            _ => self.name.clone(),
        }
    }
}
